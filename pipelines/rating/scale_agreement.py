"""How far raters agree on a scale, where a 4 against a 5 is less of a disagreement than a 1 against a 5.

Krippendorff's alpha is 1 - (observed disagreement / disagreement by chance), from the squared distances of all pairs of
scores of a unit. The distance of two scores is their difference (interval), or the number of scores that lie between
them, with half of those at the two ends (ordinal): then it does not matter that the step from 1 to 2 may mean more than
the one from 4 to 5. 1 is full agreement, 0 what chance gives. Beside it the plain shares of pairs that said the same,
and the same within one point.

Source: Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability". Not covered: ratio scales.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Literal

Level = Literal["ordinal", "interval"]
Distance = Callable[[float, float], float]


def scale_alpha(units: Sequence[Sequence[float | None]], level: Level = "ordinal") -> float | None:
    """Return alpha for scores; missing ones (None) are allowed, units with one score are left out.

    None where it is not defined: no unit has two scores, or all scores are the same.
    """
    pairable = _pairable(units)
    totals = Counter(score for scores in pairable for score in scores)
    if len(totals) < 2:
        return None
    n = totals.total()
    distance = _ordinal(totals) if level == "ordinal" else _interval
    by_chance = sum(totals[a] * totals[b] * distance(a, b) for a, b in combinations(totals, 2))
    observed = sum(sum(distance(a, b) for a, b in combinations(scores, 2)) / (len(scores) - 1) for scores in pairable)
    return 1.0 - (n - 1) * observed / by_chance


def share_within(units: Sequence[Sequence[float | None]], points: float) -> float | None:
    """Return the share of pairs of scores of a unit at most some points apart, averaged over units.

    Units with one score are left out; None where no unit has two.
    """
    shares = []
    for scores in _pairable(units):
        pairs = list(combinations(scores, 2))
        shares.append(sum(abs(a - b) <= points for a, b in pairs) / len(pairs))
    return sum(shares) / len(shares) if shares else None


def _pairable(units: Sequence[Sequence[float | None]]) -> list[list[float]]:
    present = ([score for score in scores if score is not None] for scores in units)
    return [scores for scores in present if len(scores) > 1]


def _interval(a: float, b: float) -> float:
    return (a - b) ** 2


def _ordinal(totals: Counter[float]) -> Distance:
    """Return the squared number of scores between two values, counting half of those at either end."""
    ranked, below, rank = sorted(totals), 0, {}
    for value in ranked:
        # The middle of the places that this value takes among all scores.
        rank[value] = below + totals[value] / 2
        below += totals[value]
    return lambda a, b: (rank[a] - rank[b]) ** 2
