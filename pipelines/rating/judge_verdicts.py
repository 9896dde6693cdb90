"""A judge's replies to the two orders of each pair, made into one value a pair, and the judge's bias for a place.

A row, as it is stored: example_id "5f0c…", first "tuned", second "base", verdict "first". `verdict` is "first",
"second", "tie", or None for a reply that could not be read.

Every pair is asked twice, with its answers exchanged. Both replies name the same winner (or both a tie): that is the
pair's value. They differ: the pair is a tie, as place decided and not the answers. One of them cannot be read: the pair
has no value. Only one order was answered so far: the pair is left out.

The bias for a place is the share of first places among the choices, a tie counting half, averaged within each pair:
as each answer stands first once, a judge who looks at the answers gets 1/2 on every pair. Interval: that of the mean
over pairs (`pipelines.evaluation.statistics.mean_estimate`). Source: Zheng et al. 2023, "Judging LLM-as-a-Judge with
MT-Bench and Chatbot Arena", arXiv 2306.05685, section 3.4 (both orders; inconsistent is a tie).
"""

from dataclasses import dataclass

import polars as pl

from pipelines.errors import CurationError
from pipelines.evaluation.statistics import mean_estimate, wilson
from pipelines.examples import check_columns
from pipelines.rating.judge_prompt import FIRST, SECOND, TIE

VERDICTS = pl.Schema({"example_id": pl.String, "first": pl.String, "second": pl.String, "verdict": pl.String})
PAIRS = pl.Schema({"example_id": pl.String, "value": pl.Float64, "agree": pl.Boolean, "first_share": pl.Float64})
RESAMPLES = 2000


@dataclass(frozen=True)
class PositionBias:
    """How often the first place was chosen, and on how many pairs the two orders disagree, each with its interval.

    `pairs` are those with two readable replies.
    """

    first_share: float
    low: float
    high: float
    pairs: int
    disagree: int
    disagree_low: float
    disagree_high: float
    note: str


def pairs_of(verdicts: pl.DataFrame, variant: str, against: str) -> pl.DataFrame:
    """Make one row of the two replies to each pair.

    Args:
        verdicts: `VERDICTS` of one judge; those of other pairs of variants are left aside.
        variant: whose wins count 1.
        against: the other one.

    Returns:
        `PAIRS` of the pairs whose two orders were answered, by example_id: `value` 1, 1/2 or 0 (None where a reply is
        unreadable), whether both orders `agree`, the `first_share` of their choices. No verdicts give no rows.

    Raises:
        CurationError: a column is missing, or one order of a pair was judged twice.
    """
    check_columns(verdicts, VERDICTS, "verdicts")
    rows = verdicts.select(list(VERDICTS)).filter(
        pl.col("first").is_in([variant, against]) & pl.col("second").is_in([variant, against])
    )
    twice = rows.filter(pl.struct("example_id", "first").is_duplicated())
    if not twice.is_empty():
        raise CurationError(
            f"One order of example {twice['example_id'][0]} was judged twice.", "Hand in one verdict an order."
        )
    value = (
        pl.when(pl.col("verdict") == TIE)
        .then(0.5)
        .when(pl.col("verdict").is_null())
        .then(None)
        .otherwise(((pl.col("verdict") == FIRST) == (pl.col("first") == variant)).cast(pl.Float64))
    )
    place = pl.col("verdict").replace_strict({FIRST: 1.0, TIE: 0.5, SECOND: 0.0}, return_dtype=pl.Float64)
    both = rows.with_columns(value=value, place=place)
    one = both.filter(pl.col("first") == variant).select("example_id", "value", "place")
    other = both.filter(pl.col("first") == against).select("example_id", "value", "place")
    agree = pl.col("value") == pl.col("value_other")
    readable = pl.col("value").is_not_null() & pl.col("value_other").is_not_null()
    return (
        one.join(other, on="example_id", suffix="_other")
        .select(
            "example_id",
            value=pl.when(~readable).then(None).when(agree).then("value").otherwise(0.5),
            agree=pl.when(readable).then(agree),
            first_share=pl.when(readable).then((pl.col("place") + pl.col("place_other")) / 2),
        )
        .sort("example_id")
    )


def position_bias(pairs: pl.DataFrame, *, confidence: float = 0.95, seed: int = 0) -> PositionBias | None:
    """Return the judge's bias for a place; None where no pair has two readable replies.

    Args:
        pairs: `PAIRS`.
        confidence: of both intervals.
        seed: of the bootstrap (200 pairs or more).
    """
    readable = pairs.drop_nulls("value")
    n = readable.height
    if n == 0:
        return None
    shares = readable["first_share"].to_numpy()
    found = mean_estimate(shares, None, confidence=confidence, resamples=RESAMPLES, seed=seed)
    low, high = (0.0, 1.0) if found.low is None or found.high is None else (found.low, found.high)
    disagree = int((~readable["agree"]).sum())
    rate = wilson(disagree, n, confidence)
    side = "first" if low > 0.5 else "second" if high < 0.5 else None
    told = f"The judge favours the {side} place" if side else "No evidence that the judge favours a place"
    note = (
        f"{told}: the first one has {100 * found.value:.0f} % of its choices ({100 * low:.0f} to {100 * high:.0f} %),"
        f" and its two orders disagree on {disagree} of {n} pairs ({100 * rate[0]:.0f} to {100 * rate[1]:.0f} %);"
        " these are ties."
    )
    return PositionBias(found.value, low, high, n, disagree, *rate, note)
