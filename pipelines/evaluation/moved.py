"""Whether a slice moved since an earlier evaluation.

Where both evaluations hold the same examples of the slice, those are paired (mid-p McNemar); else two samples are
compared (Fisher's exact test, two-sided). Corrected over the slices of a call (Benjamini-Hochberg). Slices are the same
when dimension and name are the same; clusters keep their name only while coverage was not computed anew.

Not covered: duplicate groups (a pair of near-duplicates counts twice); trends over more than two evaluations.
"""

from typing import Any

import polars as pl

from pipelines.evaluation.failures import FAILURES
from pipelines.evaluation.statistics import benjamini_hochberg, mcnemar_mid_p
from pipelines.examples import check_columns

MOVED = pl.Schema(
    {
        "dimension": pl.String,
        "slice": pl.String,
        "before": pl.Float64,
        "after": pl.Float64,
        "n_before": pl.Int64,
        "n_after": pl.Int64,
        "paired": pl.Boolean,
        "p_value": pl.Float64,
        "q_value": pl.Float64,
        "moved": pl.String,
        "sentence": pl.String,
    }
)


def slices_that_moved(
    before: pl.DataFrame, after: pl.DataFrame, features: pl.DataFrame, *, level: float = 0.05
) -> pl.DataFrame:
    """Compare one variant's failures in two evaluations, slice by slice.

    Args:
        before: `FAILURES` of one variant in the earlier evaluation.
        after: `FAILURES` of one variant in the later one.
        features: `pipelines.evaluation.features.FEATURES` of the examples of both.
        level: expected share of false findings.

    Returns:
        `MOVED`; `moved` is "better", "worse" or "no evidence"; sorted by q-value. Slices that one of the two lacks are
        left out; empty input gives an empty frame.
    """
    for frame, name in ((before, "failures before"), (after, "failures after")):
        check_columns(frame, FAILURES, name)
    rows: list[dict[str, Any]] = []
    for (dimension, name), members in features.group_by("dimension", "slice", maintain_order=True):
        ids = members["example_id"].unique().to_list()
        old, new = (frame.filter(pl.col("example_id").is_in(ids)) for frame in (before, after))
        if old.is_empty() or new.is_empty():
            continue
        rows.append({"dimension": dimension, "slice": name} | _compared(old, new))
    q_values = benjamini_hochberg([row["p_value"] for row in rows]) if rows else []
    for row, q_value in zip(rows, q_values, strict=True):
        row["q_value"] = q_value
        row["moved"] = "no evidence" if q_value > level else "better" if row["after"] < row["before"] else "worse"
        row["sentence"] = _sentence(row)
    return pl.DataFrame(rows, schema=MOVED).sort("q_value", "dimension", "slice")


def _compared(old: pl.DataFrame, new: pl.DataFrame) -> dict[str, Any]:
    paired = set(old["example_id"]) == set(new["example_id"])
    if paired:
        both = old.select("example_id", was="failed").join(new.select("example_id", "failed"), on="example_id")
        mended = both.filter(pl.col("was") & ~pl.col("failed")).height
        broken = both.filter(~pl.col("was") & pl.col("failed")).height
        p_value = mcnemar_mid_p(mended, broken)
    else:
        from scipy.stats import fisher_exact

        table = [[int(frame["failed"].sum()), int((~frame["failed"]).sum())] for frame in (old, new)]
        p_value = float(fisher_exact(table).pvalue)
    rates = [int(frame["failed"].sum()) / frame.height for frame in (old, new)]
    return {
        "before": rates[0],
        "after": rates[1],
        "n_before": old.height,
        "n_after": new.height,
        "paired": paired,
        "p_value": p_value,
    }


def _sentence(row: dict[str, Any]) -> str:
    change = f"from {100 * row['before']:.0f} % of {row['n_before']} to {100 * row['after']:.0f} % of {row['n_after']}"
    where = f"{row['dimension']} '{row['slice']}'"
    if row["moved"] == "no evidence":
        return f"{where}: no evidence that it moved; failures went {change}."
    return f"{where}: {row['moved']}, failures went {change} (q = {row['q_value']:.3f})."
