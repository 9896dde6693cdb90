"""Whether a rater favours a side, whatever stands on it.

Sides are drawn at random, so a rater who looks at the answers chooses left half of the time; ties and "both bad" say
nothing about it and are left out. Share of left among the decided votes with Wilson's interval.
"""

import polars as pl

from pipelines.evaluation.statistics import wilson
from pipelines.rating.ratings import checked_ratings

SIDE_BIAS = pl.Schema(
    {
        "rater": pl.String,
        "left": pl.Int64,
        "right": pl.Int64,
        "share_left": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "note": pl.String,
    }
)


def side_bias(ratings: pl.DataFrame, *, confidence: float = 0.95) -> pl.DataFrame:
    """Return how often each rater chose the left side: `SIDE_BIAS`, sorted by rater.

    A rater who decided nothing has no share; no ratings give an empty frame.

    Raises:
        CurationError: the ratings are not sound.
    """
    rows = checked_ratings(ratings)
    found = []
    for (rater,), votes in rows.sort("rater").group_by("rater", maintain_order=True):
        left, right = (int((votes["choice"] == side).sum()) for side in ("left", "right"))
        decided = left + right
        if decided == 0:
            note = f"{rater} chose no side in {votes.height} votes."
            found.append({"rater": rater, "left": 0, "right": 0, "note": note})
            continue
        low, high = wilson(left, decided, confidence)
        side = "left" if low > 0.5 else "right" if high < 0.5 else None
        note = f"{rater} favours the {side} side." if side else f"No evidence that {rater} favours a side."
        row = {"rater": rater, "left": left, "right": right, "share_left": left / decided}
        found.append(row | {"low": low, "high": high, "note": f"{note} {left} of {decided} decided votes went left."})
    return pl.DataFrame(found, schema=SIDE_BIAS)
