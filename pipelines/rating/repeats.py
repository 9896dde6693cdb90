"""Pairs that are shown a second time, to measure a rater's agreement with themself.

One in twenty of a rater's drawn pairs comes again, at least ten places later, with its sides exchanged: a rater who
presses the same key all the time disagrees with themself. A repeat is no further vote: nothing else counts it.

    comparison_id "evaluation-0001:9c1e…:again"  of "evaluation-0001:9c1e…"
"""

import hashlib
from typing import Any

import polars as pl

from pipelines.evaluation.statistics import wilson
from pipelines.rating.draw import COMPARISONS
from pipelines.rating.ratings import with_winner

SHARE = 20
LEAST_DISTANCE = 10
SUFFIX = ":again"
SELF_AGREEMENT = pl.Schema(
    {
        "rater": pl.String,
        "repeats": pl.Int64,
        "same": pl.Int64,
        "agreement": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "note": pl.String,
    }
)


def draw_repeats(comparisons: pl.DataFrame) -> pl.DataFrame:
    """Choose which of newly drawn comparisons come again.

    Args:
        comparisons: `COMPARISONS` of one rater, newly drawn.

    Returns:
        `COMPARISONS` of one in twenty of them (none of fewer than twenty), chosen by their ids alone, with sides
        exchanged and a position at least ten behind the first showing.
    """
    rows = [
        {**row, "comparison_id": row["comparison_id"] + SUFFIX, "left": row["right"], "right": row["left"]}
        for row in chosen_again(comparisons, "comparison_id")
    ]
    return pl.DataFrame(rows, schema=comparisons.schema).select(list(COMPARISONS))


def chosen_again(drawn: pl.DataFrame, name: str) -> list[dict[str, Any]]:
    """Choose one in twenty of newly drawn rows to come again.

    Args:
        drawn: of one rater, with a position each.
        name: the column of their ids, which alone decide.

    Returns:
        the rows with the position at which they come again, at least ten behind the first; none of fewer than twenty.
    """
    if drawn.height < SHARE:
        return []
    last = int(drawn["position"].cast(pl.Int64).max())  # type: ignore[arg-type]  # there is one
    early = drawn.filter(pl.col("position") <= last - LEAST_DISTANCE).to_dicts()
    early.sort(key=lambda row: hashlib.sha256(row[name].encode()).digest())
    return [
        {**row, "position": min(row["position"] + 2 * LEAST_DISTANCE, last)} for row in early[: drawn.height // SHARE]
    ]


def self_agreement(ratings: pl.DataFrame, repeats: pl.DataFrame, *, confidence: float = 0.95) -> pl.DataFrame:
    """Return how often each rater said the same of a pair both times, with Wilson's interval: `SELF_AGREEMENT`.

    Args:
        ratings: comparison_id, rater, left, right, choice of the first showings.
        repeats: the same of the second ones; one whose first showing has no rating (any more) is left aside.
        confidence: of the interval.
    """
    again = with_winner(repeats).select(
        "rater", pl.col("comparison_id").str.strip_suffix(SUFFIX), pl.col("winner").alias("again")
    )
    both = with_winner(ratings).join(again, on=["comparison_id", "rater"]).sort("rater")
    found = []
    for (rater,), rows in both.group_by("rater", maintain_order=True):
        same = int((rows["winner"] == rows["again"]).sum())
        low, high = wilson(same, rows.height, confidence)
        note = (
            f"{rater} said the same of {same} of {rows.height} pairs shown twice"
            f" ({100 * low:.0f} to {100 * high:.0f} %)."
        )
        values = {"rater": rater, "repeats": rows.height, "same": same, "agreement": same / rows.height}
        found.append({**values, "low": low, "high": high, "note": note})
    return pl.DataFrame(found, schema=SELF_AGREEMENT)
