"""Whether a judge model may be listened to: how far it agrees with people, and whether the longer answer does as well.

Shared pairs are those that people rated and the judge judged (both orders readable). People's votes on a pair are
averaged and become one verdict: a variant, or a tie ("both bad" is a tie here, as the judge has no such choice). On all
shared pairs: raw agreement, Gwet's AC1 and Krippendorff's alpha of people and judge (`pipelines.rating.agreement`).

The bar is the rule "always the longer answer", which prefers as people do on 62 % of AlpacaEval's pairs without reading
a word. Judge and rule are held against people on the same pairs, those on which people prefer one answer: 1 for the
same, 1/2 for a tie, 0 for the other one. Pairs that people tie are left out there, or a judge who never decides would
beat a rule that always does. The test is paired: mid-p McNemar where nobody ties, else the paired t or sign-flip test
(`pipelines.evaluation.statistics`). A judge is trusted who is better with p under 0.05 on 30 such pairs or more.
Pairs of one duplicate group are one unit of that test.

Not covered: several judges at once.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.evaluation.statistics import paired_estimate
from pipelines.rating.agreement import gwet_ac1, krippendorff_alpha, raw_agreement
from pipelines.rating.ratings import RATINGS, ratings_of_pair
from pipelines.rating.units import count_of, unit_numbers

LEAST_PAIRS = 30
LEVEL = 0.05
RESAMPLES = 5000
VALUES = pl.Schema({"example_id": pl.String, "value": pl.Float64})
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class JudgeTrust:
    """A judge beside people, and beside "always the longer answer".

    `shared` counts pairs with both, `decided` those on which people prefer one answer. `raw`, `ac1` and `alpha` are of
    all shared pairs; `judge_right`, `longer_right`, their `difference` with interval and `p_value` of the decided ones.
    What is not defined is None. `note` says it.
    """

    shared: int
    decided: int
    raw: float | None
    ac1: float | None
    alpha: float | None
    judge_right: float | None
    longer_right: float | None
    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    trusted: bool
    note: str


def values_of_people(ratings: pl.DataFrame, variant: str, against: str) -> pl.DataFrame:
    """Return example_id, value: people's votes on each rated pair, averaged (a win of `variant` 1, a tie 1/2).

    Args:
        ratings: `pipelines.rating.ratings.RATINGS`; those of other pairs of variants are left aside.
        variant: whose wins count 1.
        against: the other one.

    Raises:
        CurationError: the ratings are not sound.
    """
    names = [variant, against]
    mine = ratings.filter(pl.col("left").is_in(names) & pl.col("right").is_in(names)).select(list(RATINGS))
    if mine.is_empty():
        return pl.DataFrame(schema=VALUES)
    rows = ratings_of_pair(mine, variant, against)
    value = pl.when(pl.col("winner") == variant).then(1.0).when(pl.col("winner") == against).then(0.0).otherwise(0.5)
    return rows.group_by("example_id").agg(value.mean().alias("value")).sort("example_id")


def trust_in(
    people: pl.DataFrame,
    judged: pl.DataFrame,
    longer: pl.DataFrame,
    *,
    groups: pl.DataFrame | None = None,
    seed: int = 0,
) -> JudgeTrust:
    """Hold a judge against people and against "always the longer answer".

    Args:
        people: example_id, value 0 to 1 (`values_of_people`).
        judged: example_id, value 1, 1/2 or 0; rows without a value are left aside.
        longer: example_id, value: 1 where the variant's answer is the longer one, 0 where the other is, else 1/2.
        groups: `pipelines.evaluation.compare.GROUPS`; pairs that are not in it stand alone.
        seed: of the resampling (200 decided pairs or more).
    """
    shared = (
        people.join(judged.select("example_id", judge="value").drop_nulls(), on="example_id")
        .join(longer.select("example_id", longer="value"), on="example_id")
        .sort("example_id")
    )
    said = np.sign(shared["value"].to_numpy() - 0.5)
    judge, length = np.sign(shared["judge"].to_numpy() - 0.5), np.sign(shared["longer"].to_numpy() - 0.5)
    units = [[float(one), float(other)] for one, other in zip(said, judge, strict=True)]
    decided = said != 0
    judge_right, longer_right = (_right(said[decided], guess[decided]) for guess in (judge, length))
    n = len(judge_right)
    numbers = unit_numbers(shared["example_id"].filter(pl.Series(decided, dtype=pl.Boolean)), groups)
    raw, ac1, alpha = raw_agreement(units), gwet_ac1(units), krippendorff_alpha(units)
    units_decided = count_of(numbers, n)
    if units_decided < LEAST_PAIRS:
        needed = f"only {units_decided} of the {LEAST_PAIRS} pairs needed were judged by both and preferred one way by"
        needed += " people"
        told = _told(len(units), raw, ac1, alpha, f"not known to beat 'always the longer answer': {needed}")
        mine, longest = (float(judge_right.mean()), float(longer_right.mean())) if n else (None, None)
        return JudgeTrust(len(units), n, raw, ac1, alpha, mine, longest, None, None, None, None, False, told)
    binary = bool(np.isin([judge_right, longer_right], (0.0, 1.0)).all())
    found = paired_estimate(
        judge_right, longer_right, numbers, confidence=1 - LEVEL, resamples=RESAMPLES, seed=seed, binary=binary
    )
    trusted = found.value > 0 and found.p_value is not None and found.p_value < LEVEL
    right = float(judge_right.mean()), float(longer_right.mean())
    chance = "= 1" if found.p_value is None else "< 0.001" if found.p_value < 0.001 else f"= {found.p_value:.3f}"
    told = "better than" if trusted else "not shown to be better than"
    told = (
        f"{told} 'always the longer answer': right on {100 * right[0]:.0f} % against {100 * right[1]:.0f} % of the {n}"
        f" pairs on which people prefer one (p {chance})"
    )
    return JudgeTrust(
        len(units),
        n,
        raw,
        ac1,
        alpha,
        right[0],
        right[1],
        found.value,
        found.low,
        found.high,
        found.p_value,
        trusted,
        _told(len(units), raw, ac1, alpha, told),
    )


def _right(said: Floats, guess: Floats) -> Floats:
    """Return 1 where a guess is what people prefer, 1/2 where it is a tie, 0 where it is the other one."""
    return np.asarray(np.where(guess == 0, 0.5, np.where(guess == said, 1.0, 0.0)), np.float64)


def _told(shared: int, raw: float | None, ac1: float | None, alpha: float | None, against_longer: str) -> str:
    if raw is None or ac1 is None:
        return f"The judge and people share no pair yet, so its agreement is not known. It is {against_longer}."
    beyond = f"Gwet's AC1 {ac1:.2f}, Krippendorff's alpha {'not defined' if alpha is None else f'{alpha:.2f}'}"
    pairs = f"{shared} pair{'' if shared == 1 else 's'}"
    told = f"The judge says what people say on {100 * raw:.0f} % of {pairs} ({beyond})."
    if alpha is not None and raw >= 0.7 and ac1 - alpha > 0.3:
        told += " Alpha is low because nearly all pairs go one way, not because judge and people differ."
    return f"{told} It is {against_longer}."
