"""When a rating study may stop: an e-process over prompts that stays valid however often somebody looks.

Whoever looks at a win rate every ten votes and stops when a z-test says "significant" is wrong 28 % of the time. Here
the evidence against "neither is preferred" is an e-value, the likelihood of the prompts under a Beta(a, a) mixture of
win probabilities over that under one half:

    E = B(a + w, a + n - w) / B(a, a) * 2^n        w prompts won of n decided ones

Under one half E is a nonnegative supermartingale that starts at 1, so it ever reaches 1 / alpha with probability alpha
at most, under any rule for stopping (Ville's inequality). The win probabilities p whose own E stays below 1 / alpha
form a confidence sequence, which covers the truth at all times at once. A study ends as *settled* when E >= 1 / alpha,
and as *futile* when the sequence lies inside 45 to 55 %: whoever is better is then better by too little to matter.

One prompt is one unit: its votes are averaged first (a win 1, a loss 0, tie and "both bad" one half), and prompts that
come out at one half are left aside, as they speak for neither. Averages between 0 and 1 keep the guarantee, because
x -> (t / p)^x ((1 - t) / (1 - p))^(1 - x) is convex and so at most linear between 0 and 1. A later vote on a rated
prompt changes a unit that was counted before; with that the bound was checked by simulation, not by proof.

Sources: Robbins 1970, Annals of Mathematical Statistics 41:1397; Ramdas et al. 2023, Statistical Science 38:576.
Prompts of one duplicate group are one unit: their values are averaged too. Not covered: three variants at once.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import BaseModel, Field

from pipelines.rating.ratings import ratings_of_pair
from pipelines.rating.units import unit_names

Floats = npt.NDArray[np.float64]
_BISECTIONS = 50
_NEVER = 1_000_000


class StoppingSettings(BaseModel, frozen=True, extra="forbid"):
    """When to stop."""

    alpha: float = Field(0.05, gt=0, le=0.5, description="Chance of calling a difference where there is none.")
    mixture: float = Field(
        10.0, gt=0, le=10_000, description="a of the Beta(a, a) mixture: 10 is best near 60:40, 20 for smaller leads."
    )
    rope_low: float = Field(0.45, gt=0, lt=0.5, description="A win rate above this is as good as one half.")
    rope_high: float = Field(0.55, gt=0.5, lt=1, description="A win rate below this is as good as one half.")


@dataclass(frozen=True)
class Stopping:
    """How a rating study stands.

    `state` is "settled", "futile" or "go on"; `prompts` counts units, `wins` is the sum of the decided ones' values;
    `share`, `low` and `high` are of decided prompts and None where there are none; `more` is how many more prompts are
    expected to be needed, None where the study may stop. `sentence` names the variants, `blind_sentence` gives no hint
    who leads.
    """

    variant: str
    against: str
    state: str
    prompts: int
    decided: int
    wins: float
    share: float | None
    low: float | None
    high: float | None
    e_value: float
    more: int | None
    sentence: str
    blind_sentence: str


def when_to_stop(
    ratings: pl.DataFrame,
    variant: str,
    against: str,
    *,
    groups: pl.DataFrame | None = None,
    settings: StoppingSettings | None = None,
) -> Stopping:
    """Tell whether the ratings of two variants suffice, and how many more are needed if not.

    Args:
        ratings: `pipelines.rating.ratings.RATINGS`; ratings of other pairs are left aside.
        variant: whose wins count 1.
        against: the other one.
        groups: `pipelines.evaluation.compare.GROUPS`: prompts that are alike count as one.
        settings: level, mixture and what is as good as one half.

    Raises:
        CurationError: nobody rated these two against each other, or the ratings are not sound.
    """
    settings = settings or StoppingSettings()
    rows = ratings_of_pair(ratings, variant, against)
    value = pl.when(pl.col("winner") == variant).then(1.0).when(pl.col("winner") == against).then(0.0).otherwise(0.5)
    prompt_values = rows.group_by("example_id").agg(value.mean().alias("value")).sort("example_id")
    units = prompt_values.with_columns(unit=unit_names(prompt_values["example_id"], groups))
    values = units.group_by("unit", maintain_order=True).agg(pl.col("value").mean())["value"].to_numpy()
    decided = values[np.abs(values - 0.5) > 1e-9]
    prompts, n, wins = len(values), len(decided), float(decided.sum())
    log_e = float(log_e_value(wins, n, settings.mixture))
    low, high = (float(bound) for bound in confidence_sequence(wins, n, settings)) if n else (None, None)
    all_low, all_high = (float(bound) for bound in confidence_sequence(values.sum(), prompts, settings))
    if log_e >= -np.log(settings.alpha):
        state = "settled"
    elif _inside(low, high, settings) or _inside(all_low, all_high, settings):
        state = "futile"
    else:
        state = "go on"
    more = _more(values, decided, settings) if state == "go on" else None
    share = wins / n if n else None
    found: dict[str, Any] = {"share": share, "low": low, "high": high, "more": more, "prompts": prompts, "decided": n}
    return Stopping(
        variant=variant,
        against=against,
        state=state,
        wins=wins,
        e_value=float(np.exp(min(log_e, 700.0))),
        sentence=_sentence(variant, against, state, found, settings)
        + (
            f" {len(prompt_values)} prompts count as {prompts}: some are alike." if len(prompt_values) > prompts else ""
        ),
        blind_sentence=_blind_sentence(state, more),
        **found,
    )


def log_e_value(wins: npt.ArrayLike, n: npt.ArrayLike, mixture: float, p: npt.ArrayLike = 0.5) -> Floats:
    """Return the logarithm of the e-value against the win probability `p` after `wins` of `n`; arrays broadcast.

    Args:
        wins: 0 to n; fractions are sums of averaged votes.
        n: decided prompts; 0 gives 0, no evidence.
        mixture: a of the Beta(a, a) mixture.
        p: the win probability that is tested, between 0 and 1.
    """
    from scipy.special import betaln

    w, total, p = np.asarray(wins, np.float64), np.asarray(n, np.float64), np.asarray(p, np.float64)
    mixed = betaln(mixture + w, mixture + total - w) - betaln(mixture, mixture)
    found: Floats = mixed - w * np.log(p) - (total - w) * np.log1p(-p)
    return found


def confidence_sequence(
    wins: npt.ArrayLike, n: npt.ArrayLike, settings: StoppingSettings | None = None
) -> tuple[Floats, Floats]:
    """Return the win probabilities that are not refuted: (low, high), at all times at once; arrays broadcast.

    No prompts give 0 to 1.
    """
    settings = settings or StoppingSettings()
    w, total = np.broadcast_arrays(np.asarray(wins, np.float64), np.asarray(n, np.float64))
    centre = np.where(total > 0, w / np.maximum(total, 1), 0.5)
    return _edge(w, total, centre, np.zeros_like(centre), settings), _edge(
        w, total, centre, np.ones_like(centre), settings
    )


def _edge(w: Floats, n: Floats, inside: Floats, outside: Floats, settings: StoppingSettings) -> Floats:
    """Halve the way between a point that is not refuted and the end of the scale, where E is largest."""
    tiny, limit = 1e-12, -np.log(settings.alpha)
    for _ in range(_BISECTIONS):
        middle = np.clip((inside + outside) / 2, tiny, 1 - tiny)
        refuted = log_e_value(w, n, settings.mixture, middle) >= limit
        inside, outside = np.where(refuted, inside, middle), np.where(refuted, middle, outside)
    return np.where(np.isclose(outside, np.round(outside), atol=1e-9), np.round(outside), outside)


def prompts_to_settle(share: float, settings: StoppingSettings | None = None, *, wins: float = 0, n: int = 0) -> int:
    """Return how many more decided prompts settle a study, or end it as futile, if they fall as `share`.

    Args:
        share: the true win probability among decided prompts, 0 to 1.
        settings: level, mixture and what is as good as one half.
        wins: of the prompts so far.
        n: prompts so far.

    Returns:
        The smallest m at which the expected tally, wins + m * share of n + m, ends the study; 0 where it has ended.
    """
    settings = settings or StoppingSettings()

    def ended(m: int) -> bool:
        w, total = wins + m * share, n + m
        if total == 0:
            return False
        if float(log_e_value(w, total, settings.mixture)) >= -np.log(settings.alpha):
            return True
        low, high = confidence_sequence(w, total, settings)
        return _inside(float(low), float(high), settings)

    high = 1
    if ended(0):
        return 0
    while not ended(high) and high < _NEVER:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if ended(middle) else (middle, high)
    return high


def _more(values: Floats, decided: Floats, settings: StoppingSettings) -> int:
    """Foretell how many more prompts end the study: by a lead among the decided, or because ties make it futile."""
    ends = []
    for some in (decided, values):
        # One prior prompt each way draws the share of a few prompts towards one half, so that 3:0 promises nothing.
        wins, n = float(some.sum()), len(some)
        rate = (n + 1) / (len(values) + 1)
        ends.append(prompts_to_settle((wins + 1) / (n + 2), settings, wins=wins, n=n) / rate)
    return int(np.ceil(min(ends)))


def _inside(low: float | None, high: float | None, settings: StoppingSettings) -> bool:
    return low is not None and high is not None and low >= settings.rope_low and high <= settings.rope_high


def _sentence(variant: str, against: str, state: str, found: dict[str, Any], settings: StoppingSettings) -> str:
    prompts, decided = found["prompts"], found["decided"]
    if not decided and state == "go on":
        on = f"{prompts} rated prompt{'' if prompts == 1 else 's'}"
        return f"{variant} against {against}: go on rating; none of the {on} was won by either." + _needed(found)
    if not decided:
        return f"You may stop rating: all {prompts} prompts are ties, so neither of {variant} and {against} leads."
    tally = f"{variant} wins {100 * found['share']:.0f} % of {decided} decided prompts"
    sure = f"between {100 * found['low']:.0f} and {100 * found['high']:.0f} % however often one looks"
    if state == "settled":
        better = variant if found["share"] > 0.5 else against
        return f"You may stop rating: {better} is preferred. {tally}, {sure}."
    if state == "futile":
        rope = f"{100 * settings.rope_low:.0f} to {100 * settings.rope_high:.0f} %"
        return f"You may stop rating: any preference between {variant} and {against} is within {rope}. {tally}, {sure}."
    return f"{variant} against {against}: go on rating; not settled yet. {tally}, {sure}.{_needed(found)}"


def _needed(found: dict[str, Any]) -> str:
    return f" If it goes on like this, about {found['more']:,} more prompts settle it."


def _blind_sentence(state: str, more: int | None) -> str:
    if state != "go on":
        return "You may stop: the question is settled, and more ratings would not change the answer."
    return f"Not settled yet: about {more:,} more pairs are expected to settle it."
