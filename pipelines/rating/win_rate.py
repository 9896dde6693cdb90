"""The win rate of one variant against another, from people's choices, with its interval.

A vote counts 1 for a win, 1/2 for a tie, 0 for a loss; "both bad" counts as a tie, and its number is stated. Votes for
one prompt are averaged first: the unit is the prompt, so that ten raters of one prompt are not ten pieces of evidence.
The win rate is the mean over prompts. Prompts of one duplicate group hang together: the error is then that of the
groups (cluster-robust), and the groups are counted for "too few".

Interval: Wilson's where every prompt is a clean win or loss; else the t interval of the prompts' mean; under 30
prompts, or where all prompts have the same value (all ties), Wilson's with the mean for share, which errs on the wide
side, as no value in [0, 1] varies more than a 0/1 one (groups count there by what they are worth at least).
`standard_error` is the sample's standard deviation over the root of n, as AlpacaEval publishes it (Li et al. 2023,
`alpaca_eval/metrics/winrate.py`), and over groups where there are any.

Not covered: correcting for length, more than two variants, looking at growing results repeatedly.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.evaluation.statistics import standard_error, wilson
from pipelines.rating.ratings import ratings_of_pair
from pipelines.rating.units import count_of, unit_numbers, worth_of

LEAST_PROMPTS = 30


@dataclass(frozen=True)
class WinRate:
    """How often a variant was preferred; `wins` to `both_bad` count votes, `n` prompts."""

    variant: str
    against: str
    wins: int
    losses: int
    ties: int
    both_bad: int
    win_rate: float
    low: float
    high: float
    standard_error: float | None
    n: int
    raters: int
    verdict: str
    note: str
    units: int
    """Duplicate groups among the prompts; as many as prompts where each stands alone."""


def win_rate(
    ratings: pl.DataFrame,
    variant: str,
    against: str,
    *,
    groups: pl.DataFrame | None = None,
    confidence: float = 0.95,
) -> WinRate:
    """Compute the win rate of `variant` against `against`.

    Args:
        ratings: `pipelines.rating.ratings.RATINGS`; ratings of other pairs are left aside.
        variant: whose wins count 1.
        against: the other one.
        groups: `pipelines.evaluation.compare.GROUPS`: prompts that are alike; others stand alone.
        confidence: of the interval.

    Returns:
        The win rate; `verdict` is "better", "worse", "no evidence" or "too few" (under 30 units), `note` says it in
        words. `standard_error` is None for one prompt.

    Raises:
        CurationError: nobody rated these two against each other, or the ratings are not sound.
    """
    rows = ratings_of_pair(ratings, variant, against)
    value = pl.when(pl.col("winner") == variant).then(1.0).when(pl.col("winner") == against).then(0.0).otherwise(0.5)
    rated = rows.group_by("example_id").agg(value.mean().alias("value")).sort("example_id")
    prompts, numbers = rated["value"].to_numpy(), unit_numbers(rated["example_id"], groups)
    n, rate = len(prompts), float(prompts.mean())
    units = count_of(numbers, n)
    error = standard_error(prompts, numbers) if units > 1 else None
    clean = numbers is None and bool(np.isin(prompts, (0.0, 1.0)).all())
    if clean or units < LEAST_PROMPTS or not error:
        worth = worth_of(numbers, n)
        low, high = wilson(rate * worth, worth, confidence)
    else:
        from scipy.stats import t

        half = float(t.ppf((1 + confidence) / 2, units - 1)) * error
        low, high = max(0.0, rate - half), min(1.0, rate + half)
    counts = {name: int((rows["winner"] == name).sum()) for name in (variant, against)}
    ties, both_bad = (int((rows["choice"] == name).sum()) for name in ("tie", "both_bad"))
    verdict = _verdict(units, low, high)
    raters = rows["rater"].n_unique()
    note = _note(variant, against, verdict, rate, low, high, (n, units), rows.height, raters, ties, both_bad)
    return WinRate(
        variant,
        against,
        counts[variant],
        counts[against],
        ties,
        both_bad,
        rate,
        low,
        high,
        error,
        n,
        raters,
        verdict,
        note,
        units,
    )


def _verdict(units: int, low: float, high: float) -> str:
    if units < LEAST_PROMPTS:
        return "too few"
    if low > 0.5:
        return "better"
    return "worse" if high < 0.5 else "no evidence"


def _note(
    variant: str,
    against: str,
    verdict: str,
    rate: float,
    low: float,
    high: float,
    counts: tuple[int, int],
    votes: int,
    raters: int,
    ties: int,
    both_bad: int,
) -> str:
    n, units = counts
    kind = "prompts" if n == units else "groups of like prompts"
    told = {
        "too few": f"Too few to tell {variant} from {against}: {units} of the {LEAST_PROMPTS} {kind} needed.",
        "better": f"{variant} is preferred to {against}.",
        "worse": f"{against} is preferred to {variant}.",
        "no evidence": f"No evidence that either of {variant} and {against} is preferred.",
    }[verdict]
    told += f" Win rate {100 * rate:.1f} % ({100 * low:.1f} to {100 * high:.1f}) on {n} prompt{'' if n == 1 else 's'}"
    told += f" in {units} groups" if units != n else ""
    told += f", {votes} votes by {raters} rater{'' if raters == 1 else 's'}."
    if ties + both_bad == votes:
        return f"{told} Nobody chose either: all votes are ties or both bad, each counted as half a win."
    if ties or both_bad:
        told += f" {ties} ties and {both_bad} times both bad count as half a win."
    return told
