"""How far raters agree: raw agreement, Krippendorff's alpha and Gwet's AC1 for nominal categories.

The unit is an example of one pair of variants; what is compared is *who won* (a variant, tie, both bad), not the side,
as sides are drawn for every rater. Raw agreement is the share of pairs of raters of a unit that said the same, averaged
over units. Alpha is 1 - (observed disagreement / disagreement by chance): 1 full agreement, 0 what chance gives, below
0 worse than chance. Where nearly all votes are alike alpha is low although raters agree; AC1 = (raw - chance) /
(1 - chance) takes for chance what raters would agree on who guess only where they are unsure. Read all three.

Sources: Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability"; Gwet 2008, British Journal of Mathematical and
Statistical Psychology 61:29. Not covered: ordinal scales.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import polars as pl

from pipelines.errors import CurationError
from pipelines.rating.ratings import checked_ratings, with_winner


@dataclass(frozen=True)
class Agreement:
    """Agreement of the raters; None where it is not defined, and `note` says why."""

    raw: float | None
    alpha: float | None
    ac1: float | None
    units: int
    votes: int
    raters: int
    note: str


def agreement(ratings: pl.DataFrame) -> Agreement:
    """Compute the agreement over the examples that two or more raters rated.

    Args:
        ratings: `pipelines.rating.ratings.RATINGS`; one vote a rater, pair of variants and example.

    Returns:
        The agreement; `units` and `votes` count what has two raters or more, `raters` all of them.

    Raises:
        CurationError: the ratings are not sound, or one rater rated the same two outputs twice.
    """
    rows = with_winner(checked_ratings(ratings)).with_columns(
        one=pl.min_horizontal("left", "right"), other=pl.max_horizontal("left", "right")
    )
    unit = ["example_id", "one", "other"]
    twice = rows.filter(pl.struct(*unit, "rater").is_duplicated())
    if not twice.is_empty():
        row = twice.row(0, named=True)
        raise CurationError(
            f"'{row['rater']}' rated {row['one']} and {row['other']} twice on example {row['example_id']}.",
            "Hand in one vote a rater and pair.",
        )
    votes: list[list[str]] = rows.group_by(unit, maintain_order=True).agg("winner")["winner"].to_list()
    shared = [unit_votes for unit_votes in votes if len(unit_votes) > 1]
    raters = rows["rater"].n_unique()
    raw, alpha = raw_agreement(shared), krippendorff_alpha(shared)
    ac1 = gwet_ac1(votes)
    count = sum(map(len, shared))
    return Agreement(raw, alpha, ac1, len(shared), count, raters, _note(raw, alpha, ac1, len(shared), raters))


def raw_agreement(units: Sequence[Sequence[Hashable]]) -> float | None:
    """Return the share of agreeing pairs of raters, averaged over units; units with one vote are left out.

    None where no unit has two votes. None among the votes of a unit stands for a missing vote.
    """
    shares = []
    for votes in _pairable(units):
        n = len(votes)
        shares.append(sum(k * (k - 1) for k in Counter(votes).values()) / (n * (n - 1)))
    return sum(shares) / len(shares) if shares else None


def krippendorff_alpha(units: Sequence[Sequence[Hashable]]) -> float | None:
    """Return alpha for nominal categories; missing votes (None) are allowed, units with one vote are left out.

    None where it is not defined: no unit has two votes, or all votes are the same category.
    """
    pairable = _pairable(units)
    totals = Counter(vote for votes in pairable for vote in votes)
    n = totals.total()
    by_chance = n * n - sum(k * k for k in totals.values())
    if by_chance == 0:
        return None
    observed = sum(
        (len(votes) ** 2 - sum(k * k for k in Counter(votes).values())) / (len(votes) - 1) for votes in pairable
    )
    return 1.0 - (n - 1) * observed / by_chance


def gwet_ac1(units: Sequence[Sequence[Hashable]]) -> float | None:
    """Return AC1; missing votes (None) are allowed, units with one vote count for how often a category is chosen.

    None where no unit has two votes. 1 where all votes are the same category.
    """
    raw = raw_agreement(units)
    if raw is None:
        return None
    present = [[vote for vote in votes if vote is not None] for votes in units]
    rated = [votes for votes in present if votes]
    categories = {vote for votes in rated for vote in votes}
    if len(categories) < 2:
        return 1.0
    shares = [sum(votes.count(category) / len(votes) for votes in rated) / len(rated) for category in categories]
    by_chance = sum(share * (1 - share) for share in shares) / (len(categories) - 1)
    return (raw - by_chance) / (1 - by_chance)


def _pairable(units: Sequence[Sequence[Hashable]]) -> list[list[Hashable]]:
    present = ([vote for vote in votes if vote is not None] for votes in units)
    return [votes for votes in present if len(votes) > 1]


def _note(raw: float | None, alpha: float | None, ac1: float | None, units: int, raters: int) -> str:
    if raw is None:
        reason = f"there {'is one rater' if raters == 1 else f'are {raters} raters'} and no example rated by two"
        return f"Agreement cannot be computed: {reason}."
    examples = f"{units} example{'' if units == 1 else 's'}"
    told = f"Two raters agree {100 * raw:.0f} % of the time, on {examples} that several rated"
    if alpha is None:
        return f"{told}; everyone chose the same throughout, so chance agreement (alpha) is not defined."
    told += f"; beyond chance {alpha:.2f} (Krippendorff's alpha), {ac1:.2f} (Gwet's AC1)."
    if raw >= 0.8 and alpha < 0.67:
        told += " Alpha is low because nearly all votes are alike, not because raters differ."
    return told
