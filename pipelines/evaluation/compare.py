"""Compare variants on the same examples: levels with intervals, paired differences, verdicts.

Every difference is taken over the examples that both variants have a score for, so that hard and easy examples weigh
the same on both sides. Where examples belong to groups (near-duplicates, one template) with more than one scored
example, a group is one unit. P-values are corrected over all metrics and variants of the call (Benjamini-Hochberg), and
the verdict follows from the corrected value; under 30 units it is "too few", whatever the figures, with the posterior
chance of being ahead on more than half of the units on which the two differ.

Not covered: slices; several outputs of one variant an example (average them first); looking at the results repeatedly
while they grow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from pydantic import BaseModel, Field

from pipelines.errors import CurationError
from pipelines.evaluation.metrics import METRICS
from pipelines.evaluation.score import SCORES
from pipelines.evaluation.statistics import (
    Groups,
    benjamini_hochberg,
    chance_ahead,
    mean_estimate,
    paired_estimate,
    smallest_detectable,
    units_ahead,
)
from pipelines.evaluation.verdict import Difference, sentence_of, verdict_of
from pipelines.examples import check_columns

GROUPS = pl.Schema({"example_id": pl.String, "group_id": pl.String})
METRIC_VALUES = pl.Schema(
    {
        "variant": pl.String,
        "metric": pl.String,
        "value": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "n": pl.Int64,
        "method": pl.String,
    }
)
DIFFERENCES = pl.Schema(
    {
        "variant": pl.String,
        "against": pl.String,
        "metric": pl.String,
        "value": pl.Float64,
        "against_value": pl.Float64,
        "difference": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "p_value": pl.Float64,
        "q_value": pl.Float64,
        "detectable": pl.Float64,
        "posterior": pl.Float64,
        "n": pl.Int64,
        "units": pl.Int64,
        "method": pl.String,
        "verdict": pl.String,
        "sentence": pl.String,
    }
)


class CompareSettings(BaseModel, frozen=True, extra="forbid"):
    """How variants are compared."""

    resamples: int = Field(2000, ge=200, le=100_000, description="Draws of the bootstrap and of the sign flips.")
    confidence: float = Field(
        0.95, ge=0.5, le=0.999, description="Confidence of every interval; 1 less it is the level of the tests."
    )
    seed: int = Field(0, ge=0, description="Seed of the draws.")
    least: int = Field(30, ge=10, description="Fewer units than this are too few for a verdict.")


@dataclass(frozen=True)
class Comparison:
    """Levels (`METRIC_VALUES`) and differences (`DIFFERENCES`), in the order of metrics, then variants.

    Intervals and `detectable` (the true difference that would show four times in five) hold for one comparison taken
    alone; `q_value` and `verdict` are corrected for all of them.
    """

    metrics: pl.DataFrame
    differences: pl.DataFrame
    settings: CompareSettings


def compare_variants(
    per_example: pl.DataFrame,
    *,
    against: str | Sequence[str] = "base",
    groups: pl.DataFrame | None = None,
    settings: CompareSettings | None = None,
) -> Comparison:
    """Compare every variant with the one (or ones) it has to beat.

    Args:
        per_example: `pipelines.evaluation.score.SCORES`, one row a variant, example and metric.
        against: the variant that the others are measured against, or several: ("base", "few-shot").
        groups: `GROUPS`, at most one row an example; examples that are not in it stand alone.
        settings: resamples, confidence, seed, least number of units.

    Returns:
        The comparison; differences are variant less against, in the metric's own unit (0 to 1). A pair without a
        common example has n = 0, verdict "too few" and no figures.

    Raises:
        CurationError: no scores, an unknown variant to compare against, a score that is missing or no number, two
            scores for one, an example in two groups.
    """
    settings = settings or CompareSettings()
    scores = _checked(per_example)
    numbers = _group_numbers(scores, groups)
    variants = scores["variant"].unique(maintain_order=True).sort().to_list()
    opponents = [against] if isinstance(against, str) else list(dict.fromkeys(against))
    for opponent in opponents:
        if opponent not in variants:
            raise CurationError(
                f"There are no scores of the variant '{opponent}' to compare against.",
                f"Choose one that has scores: {', '.join(variants)}.",
            )
    metrics: list[dict[str, object]] = []
    differences: list[dict[str, Any]] = []
    for name in _ordered(scores["metric"].unique().to_list()):
        rows = scores.filter(pl.col("metric") == name)
        binary = bool(rows["value"].is_in([0.0, 1.0]).all())
        table = {variant: rows.filter(pl.col("variant") == variant) for variant in variants}
        metrics += [_level(frame, numbers, settings) for frame in table.values() if not frame.is_empty()]
        for opponent in opponents:
            differences += [
                _difference(table[variant], table[opponent], numbers, settings, binary)
                | {"variant": variant, "against": opponent, "metric": name}
                for variant in variants
                if variant not in opponents[: opponents.index(opponent) + 1]
            ]
    return Comparison(pl.DataFrame(metrics, schema=METRIC_VALUES), _with_verdicts(differences, settings), settings)


def _checked(per_example: pl.DataFrame) -> pl.DataFrame:
    check_columns(per_example, SCORES, "scores")
    if per_example.is_empty():
        raise CurationError("There are no scores to compare.", "Generate and score the variants' outputs first.")
    bad = per_example.filter(pl.any_horizontal(pl.all().is_null()) | ~pl.col("value").is_finite())
    if not bad.is_empty():
        row = bad.row(0, named=True)
        raise CurationError(
            f"{bad.height} scores are missing or no numbers, the first of variant '{row['variant']}', "
            f"metric '{row['metric']}', example {row['example_id']}.",
            "Score the outputs again, or leave these rows out of all variants.",
        )
    twice = per_example.filter(pl.struct("variant", "example_id", "metric").is_duplicated())
    if not twice.is_empty():
        row = twice.row(0, named=True)
        raise CurationError(
            f"Variant '{row['variant']}' has more than one score by '{row['metric']}' for example {row['example_id']}.",
            "Keep one, or average several outputs of an example first.",
        )
    return per_example.sort("metric", "variant", "example_id")


def _group_numbers(scores: pl.DataFrame, groups: pl.DataFrame | None) -> dict[str, int] | None:
    """Return a number for the group of every scored example, or None where every one stands alone."""
    if groups is None:
        return None
    check_columns(groups, GROUPS, "groups")
    twice = groups.unique(list(GROUPS)).filter(pl.col("example_id").is_duplicated())
    if not twice.is_empty():
        raise CurationError(
            f"The example {twice['example_id'].sort()[0]} belongs to more than one group.",
            "Hand in one group an example.",
        )
    joined = (
        scores.select(pl.col("example_id").unique().sort())
        .join(groups.unique(list(GROUPS)), on="example_id", how="left")
        .sort("example_id")
    )
    if joined["group_id"].drop_nulls().is_unique().all():
        return None
    alone = pl.when(pl.col("group_id").is_null()).then(pl.concat_str(pl.lit("example "), "example_id"))
    keys = joined.select(alone.otherwise(pl.concat_str(pl.lit("group "), "group_id")).rank("dense").alias("key"))["key"]
    return dict(zip(joined["example_id"], (int(key) for key in keys), strict=True))


def _groups_of(examples: pl.Series, numbers: dict[str, int] | None) -> Groups | None:
    if numbers is None:
        return None
    found = np.array([numbers[example] for example in examples], dtype=np.int64)
    return None if len(np.unique(found)) == len(found) else found


def _level(rows: pl.DataFrame, numbers: dict[str, int] | None, settings: CompareSettings) -> dict[str, object]:
    groups = _groups_of(rows["example_id"], numbers)
    found = mean_estimate(
        rows["value"].to_numpy(),
        groups,
        confidence=settings.confidence,
        resamples=settings.resamples,
        seed=settings.seed,
    )
    return {
        "variant": rows["variant"][0],
        "metric": rows["metric"][0],
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "n": rows.height,
        "method": found.method,
    }


def _difference(
    first: pl.DataFrame, second: pl.DataFrame, numbers: dict[str, int] | None, settings: CompareSettings, binary: bool
) -> dict[str, Any]:
    pairs = first.join(second, on="example_id", how="inner", suffix="_against").sort("example_id")
    if pairs.is_empty():
        return {"n": 0, "units": 0, "method": "no common example", "p_value": None}
    groups = _groups_of(pairs["example_id"], numbers)
    value, other = pairs["value"].to_numpy(), pairs["value_against"].to_numpy()
    found = paired_estimate(
        value,
        other,
        groups,
        confidence=settings.confidence,
        resamples=settings.resamples,
        seed=settings.seed,
        binary=binary,
    )
    error = found.standard_error
    ahead = units_ahead(value, other, groups)
    return {
        "ahead": ahead,
        "posterior": chance_ahead(*ahead),
        "value": float(value.mean()),
        "against_value": float(other.mean()),
        "difference": found.value,
        "low": found.low,
        "high": found.high,
        "p_value": found.p_value,
        "detectable": smallest_detectable(error, confidence=settings.confidence) if error else None,
        "n": pairs.height,
        "units": pairs.height if groups is None else len(np.unique(groups)),
        "method": found.method,
    }


def _with_verdicts(differences: list[dict[str, Any]], settings: CompareSettings) -> pl.DataFrame:
    """Correct the p-values of all pairs that have enough units together, then say what follows."""
    tested = [row for row in differences if row["units"] >= settings.least and row["p_value"] is not None]
    q_values = benjamini_hochberg([row["p_value"] for row in tested]) if tested else []
    for row, q_value in zip(tested, q_values, strict=True):
        row["q_value"] = q_value
    for row in differences:
        title = METRICS[row["metric"]].title if row["metric"] in METRICS else row["metric"]
        figures = Difference(
            variant=row["variant"],
            against=row["against"],
            title=title,
            value=row.get("value"),
            against_value=row.get("against_value"),
            difference=row.get("difference"),
            low=row.get("low"),
            high=row.get("high"),
            q_value=row.get("q_value"),
            detectable=row.get("detectable"),
            n=row["n"],
            units=row["units"],
            least=settings.least,
            level=1 - settings.confidence,
            ahead=row.pop("ahead", None),
            posterior=row.get("posterior"),
        )
        row["verdict"] = verdict_of(figures)
        row["sentence"] = sentence_of(figures)
    return pl.DataFrame(differences, schema=DIFFERENCES)


def _ordered(names: list[str]) -> list[str]:
    known = [name for name in METRICS if name in names]
    return known + sorted(set(names) - set(known))
