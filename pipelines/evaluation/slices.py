"""Slices on which a variant is bad, or worse than the variant it has to beat, corrected for how many were looked at.

Two questions a slice, each a test on units (duplicate groups where examples are alike, else examples):

    bad     does the variant fail more often here than on the rest?      Fisher's exact test, one-sided
    worse   does it fail more often here than the other variant does?    mid-p McNemar, two-sided, paired; over groups
                                                                         the paired t or bootstrap of `statistics`

All p-values of a call are corrected together (Benjamini-Hochberg). A slice with fewer than `least` units is listed
without a test; one that holds all examples is none. A unit fails here when half or more of its examples do.

Sources: Fisher 1935, The Design of Experiments; Benjamini and Hochberg 1995. Not covered: slices of slices, and
searching for slices (a search needs held-out data of its own).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from pydantic import BaseModel, Field

from pipelines.evaluation.compare import GROUPS
from pipelines.evaluation.failures import FAILURES
from pipelines.evaluation.features import FEATURES
from pipelines.evaluation.statistics import benjamini_hochberg, paired_estimate, wilson
from pipelines.examples import check_columns

SLICES = pl.Schema(
    {
        "variant": pl.String,
        "kind": pl.String,
        "against": pl.String,
        "dimension": pl.String,
        "slice": pl.String,
        "n": pl.Int64,
        "units": pl.Int64,
        "failed": pl.Int64,
        "failure_rate": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "other_rate": pl.Float64,
        "p_value": pl.Float64,
        "q_value": pl.Float64,
        "finding": pl.Boolean,
        "sentence": pl.String,
    }
)


class SliceSettings(BaseModel, frozen=True, extra="forbid"):
    """Which slices are tested, and when one is a finding."""

    least: int = Field(10, ge=2, description="Fewer units than this in a slice are too few for a test.")
    level: float = Field(0.05, gt=0, le=0.5, description="Expected share of false findings among the findings.")
    resamples: int = Field(2000, ge=200, le=100_000, description="Draws of the paired test over groups.")
    seed: int = Field(0, ge=0, description="Seed of the draws.")


@dataclass(frozen=True)
class Slices:
    """`slices` (`SLICES`): findings first, then by q-value; the settings used."""

    slices: pl.DataFrame
    settings: SliceSettings


def find_slices(
    failures: pl.DataFrame,
    features: pl.DataFrame,
    *,
    against: Sequence[str] = (),
    groups: pl.DataFrame | None = None,
    settings: SliceSettings | None = None,
) -> Slices:
    """Test every slice for every variant.

    Args:
        failures: `pipelines.evaluation.failures.FAILURES`.
        features: `pipelines.evaluation.features.FEATURES`; rows of other examples are left aside.
        against: the variants that the others have to beat, in every slice; none asks only where a variant is bad.
        groups: `GROUPS`; examples that are not in it stand alone.
        settings: least units, level, draws, seed.

    Returns:
        A row a variant, slice and question. No failures or no features give an empty frame.
    """
    settings = settings or SliceSettings()
    check_columns(failures, FAILURES, "failures")
    check_columns(features, FEATURES, "features")
    known = pl.DataFrame(schema=GROUPS) if groups is None else groups.select(list(GROUPS)).unique("example_id")
    rows = failures.sort("variant", "example_id").join(known, on="example_id", how="left", maintain_order="left")
    rows = rows.with_columns(unit=pl.coalesce(pl.lit("g ") + pl.col("group_id"), pl.lit("e ") + pl.col("example_id")))
    members = {
        key: set(frame["example_id"]) for key, frame in features.group_by("dimension", "slice", maintain_order=True)
    }
    found: list[dict[str, Any]] = []
    tables = {str(name): frame for (name,), frame in rows.group_by("variant", maintain_order=True)}
    for (dimension, name), ids in sorted(members.items()):
        for variant, table in tables.items():
            inside = table.filter(pl.col("example_id").is_in(ids))
            if inside.height in (0, table.height):
                continue
            shared = {"variant": variant, "dimension": dimension, "slice": name}
            found.append(shared | _bad(inside, table.filter(~pl.col("example_id").is_in(ids)), settings))
            for opponent in against:
                if opponent != variant and opponent in tables:
                    other = tables[opponent].filter(pl.col("example_id").is_in(ids))
                    found.append(shared | {"against": opponent} | _worse(inside, other, settings))
    return Slices(_with_findings(found, settings), settings)


def _bad(inside: pl.DataFrame, rest: pl.DataFrame, settings: SliceSettings) -> dict[str, Any]:
    from scipy.stats import hypergeom

    here, there = _unit_failures(inside), _unit_failures(rest)
    failed, elsewhere = int(here.sum()), int(there.sum())
    p_value = None
    if len(here) >= settings.least and len(there):
        total = len(here) + len(there)
        p_value = float(hypergeom.sf(failed - 1, total, failed + elsewhere, len(here)))
    other = int(rest["failed"].sum()) / rest.height if rest.height else None
    return {"kind": "bad", "other_rate": other, "p_value": p_value} | _level(inside, here)


def _worse(inside: pl.DataFrame, other: pl.DataFrame, settings: SliceSettings) -> dict[str, Any]:
    pairs = inside.join(other.select("example_id", against_failed="failed"), on="example_id", how="inner")
    here = _unit_failures(inside)
    row: dict[str, Any] = {"kind": "worse", "p_value": None, "other_rate": None}
    if pairs.height:
        row["other_rate"] = int(pairs["against_failed"].sum()) / pairs.height
        numbers = pairs["unit"].rank("dense").cast(pl.Int64).to_numpy()
        alone = len(np.unique(numbers)) == len(numbers)
        if len(np.unique(numbers)) >= settings.least:
            row["p_value"] = paired_estimate(
                pairs["failed"].cast(pl.Float64).to_numpy(),
                pairs["against_failed"].cast(pl.Float64).to_numpy(),
                None if alone else numbers,
                confidence=0.95,
                resamples=settings.resamples,
                seed=settings.seed,
                binary=True,
            ).p_value
    return row | _level(inside, here)


def _level(inside: pl.DataFrame, units: pl.Series) -> dict[str, Any]:
    failed, n = int(inside["failed"].sum()), inside.height
    low, high = wilson(len(units) * failed / n, len(units))
    return {"n": n, "units": len(units), "failed": failed, "failure_rate": failed / n, "low": low, "high": high}


def _unit_failures(rows: pl.DataFrame) -> pl.Series:
    return rows.group_by("unit").agg(pl.col("failed").mean() >= 0.5)["failed"]


def _with_findings(found: list[dict[str, Any]], settings: SliceSettings) -> pl.DataFrame:
    tested = [row for row in found if row["p_value"] is not None]
    q_values = benjamini_hochberg([row["p_value"] for row in tested]) if tested else []
    for row, q_value in zip(tested, q_values, strict=True):
        row["q_value"] = q_value
    for row in found:
        corrected = row.get("q_value")
        sure = corrected is not None and corrected <= settings.level
        row["finding"] = sure and row["failure_rate"] > row["other_rate"]
        row["sentence"] = _sentence(row, settings)
    return pl.DataFrame(found, schema=SLICES).sort(
        ["finding", "q_value", "failure_rate", "variant", "dimension", "slice", "kind", "against"],
        descending=[True, False, True, False, False, False, False, False],
        nulls_last=True,
    )


def _sentence(row: dict[str, Any], settings: SliceSettings) -> str:
    where = f"{row['dimension']} '{row['slice']}'"
    told = f"{row['variant']} fails on {row['failed']} of {row['n']} examples of {where}"
    told += f" ({100 * row['low']:.0f} to {100 * row['high']:.0f} %)"
    if row["p_value"] is None:
        return f"{told}; too few for a test ({row['units']} of {settings.least} units)."
    compared = f"{100 * row['other_rate']:.0f} %"
    than = f"{compared} on all others" if row["kind"] == "bad" else f"{compared} by {row['against']}"
    if row["finding"]:
        return f"{told}, against {than}: {'bad' if row['kind'] == 'bad' else 'worse'} here ({_q(row['q_value'])})."
    return f"{told}, against {than}; no evidence that it is {'worse here' if row['kind'] == 'bad' else 'worse'}."


def _q(value: float) -> str:
    return "q < 0.001" if value < 0.001 else f"q = {value:.3f}"
