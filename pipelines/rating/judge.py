"""A judge model's verdicts on two variants: whom it prefers, how far it may be trusted, and what it adds to people.

Its agreement with people comes first (`judge_trust`). Only a judge who beats "always the longer answer" is combined
with the ratings, by the prediction-powered mean (`prediction_powered`); it never stands in the place of them. In that
mean a pair with an unreadable reply stands at one half, which says nothing: the mean aims at people's win rate over all
judged pairs whatever stands there, while leaving such pairs out would aim it at the pairs that are easy to judge.
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from pipelines.evaluation.statistics import mean_estimate
from pipelines.rating.judge_trust import JudgeTrust, trust_in, values_of_people
from pipelines.rating.judge_verdicts import RESAMPLES, PositionBias, pairs_of, position_bias
from pipelines.rating.prediction_powered import PredictionPowered, prediction_powered_mean
from pipelines.rating.units import unit_numbers
from pipelines.rating.win_rate import win_rate


@dataclass(frozen=True)
class JudgeReport:
    """What a judge says of `variant` against `against`.

    `pairs` were asked in both orders, `unreadable` of them have a reply that says nothing (no vote), `half` more have
    one order only. `win_rate` is the judge's own, over the readable pairs (None where there are none); `combined` is
    people's, helped by the judge, and None where it is not trusted.
    """

    judge: str
    variant: str
    against: str
    pairs: int
    unreadable: int
    half: int
    trust: JudgeTrust
    bias: PositionBias | None
    win_rate: float | None
    low: float | None
    high: float | None
    combined: PredictionPowered | None
    sentences: list[str]


def judge_report(
    verdicts: pl.DataFrame,
    ratings: pl.DataFrame,
    outputs: pl.DataFrame,
    judge: str,
    variant: str,
    against: str,
    *,
    groups: pl.DataFrame | None = None,
) -> JudgeReport:
    """Report on one judge and one pair of variants.

    Args:
        verdicts: `pipelines.rating.judge_verdicts.VERDICTS` of this judge.
        ratings: people's: `pipelines.rating.ratings.RATINGS`; those of a rater called like the judge are left aside,
            as it would agree with itself.
        outputs: variant, example_id, text.
        judge: its name, for the sentences.
        variant: whose wins count 1.
        against: the other one.
        groups: `pipelines.evaluation.compare.GROUPS`: pairs that are alike hang together.

    Raises:
        CurationError: verdicts or ratings are not sound.
    """
    ratings = ratings.filter(pl.col("rater") != judge)
    pairs = pairs_of(verdicts, variant, against)
    names = [variant, against]
    asked = verdicts.filter(pl.col("first").is_in(names) & pl.col("second").is_in(names))["example_id"].n_unique()
    people = values_of_people(ratings, variant, against)
    trust = trust_in(people, pairs, longer_answer(outputs, variant, against), groups=groups)
    readable = pairs.drop_nulls("value")
    found = None
    if readable.height:
        numbers = unit_numbers(readable["example_id"], groups)
        found = mean_estimate(readable["value"].to_numpy(), numbers, confidence=0.95, resamples=RESAMPLES, seed=0)
    combined = _combined(people, pairs, ratings, (variant, against), groups) if trust.trusted else None
    bias = position_bias(pairs)
    unreadable = pairs["value"].null_count()
    counts = pairs.height, unreadable, asked - pairs.height
    rate = (None, None, None) if found is None else (found.value, found.low, found.high)
    return JudgeReport(
        judge,
        variant,
        against,
        pairs.height,
        unreadable,
        counts[2],
        trust,
        bias,
        rate[0],
        rate[1],
        rate[2],
        combined,
        _sentences(judge, variant, against, counts, trust, bias, rate, combined),
    )


def longer_answer(outputs: pl.DataFrame, variant: str, against: str) -> pl.DataFrame:
    """Return example_id, value: 1 where the variant's answer has more characters, 0 where it has fewer, else 1/2.

    Args:
        outputs: variant, example_id, text; examples without both answers are left out.
        variant: the one.
        against: the other one.
    """
    lengths = outputs.select("variant", "example_id", length=pl.col("text").str.len_chars().cast(pl.Int64))
    difference = pl.col("length") - pl.col("length_other")
    return (
        lengths.filter(pl.col("variant") == variant)
        .join(lengths.filter(pl.col("variant") == against), on="example_id", suffix="_other")
        .select("example_id", value=(difference.sign().cast(pl.Float64) + 1) / 2)
        .drop_nulls()
        .sort("example_id")
    )


def _combined(
    people: pl.DataFrame,
    pairs: pl.DataFrame,
    ratings: pl.DataFrame,
    sides: tuple[str, str],
    groups: pl.DataFrame | None,
) -> PredictionPowered:
    """Combine people and judge; people's own interval is the one that their win rate is told with everywhere else."""
    guesses = pairs.select("example_id", judge=pl.col("value").fill_null(0.5))
    shared = people.join(guesses, on="example_id").sort("example_id")
    only = guesses.join(people, on="example_id", how="anti").sort("example_id")
    found = prediction_powered_mean(
        shared["value"].to_numpy().astype(np.float64),
        shared["judge"].to_numpy(),
        only["judge"].to_numpy(),
        groups=unit_numbers(pl.concat([shared["example_id"], only["example_id"]]), groups),
    )
    mine = ratings.filter(pl.col("example_id").is_in(shared["example_id"].to_list()))
    alone = win_rate(mine, *sides, groups=groups)
    return replace(found, people_low=alone.low, people_high=alone.high)


def _sentences(
    judge: str,
    variant: str,
    against: str,
    counts: tuple[int, int, int],
    trust: JudgeTrust,
    bias: PositionBias | None,
    rate: tuple[float | None, float | None, float | None],
    combined: PredictionPowered | None,
) -> list[str]:
    """Say it: agreement first, then the judge's own verdict, then what people and judge say together."""
    pairs, unreadable, half = counts
    told = f"Judge {judge} on {variant} against {against}: {pairs} pairs asked in both orders"
    told += f", {unreadable} of them with an unreadable reply (no vote)" if unreadable else ""
    told += f"; {half} more in one order only, which do not count yet." if half else "."
    lines = [told, trust.note]
    if bias is not None:
        lines.append(bias.note)
    value, low, high = rate
    if value is not None:
        interval = "" if low is None or high is None else f" ({100 * low:.1f} to {100 * high:.1f} %)"
        lines.append(f"By the judge alone {variant} wins {100 * value:.1f} %{interval} of {pairs - unreadable} pairs.")
    if combined is None:
        lines.append("Its verdicts are not combined with the ratings: people alone decide.")
        return lines
    lines.append(
        f"People and judge together: {variant} wins {100 * combined.value:.1f} % ({100 * combined.low:.1f} to"
        f" {100 * combined.high:.1f} %), from {combined.rated} pairs that people rated and {combined.judged_only} more"
        f" that only the judge saw, whose weight is {combined.weight:.2f}. People alone on the same pairs:"
        f" {100 * combined.people:.1f} % ({100 * combined.people_low:.1f} to {100 * combined.people_high:.1f} %)."
        + (" The judge adds nothing to them here." if combined.standard_error >= combined.people_error else "")
    )
    return lines
