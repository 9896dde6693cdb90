"""Strength of one variant over another with ties, by Davidson's model in closed form.

P(win) is proportional to exp(d / 2), P(loss) to exp(-d / 2), P(tie) to nu; for two variants the likelihood has its
maximum at d = ln(wins / losses) and nu = ties / sqrt(wins * losses).

Source: Davidson 1970, JASA 65:317. Not covered: three variants and more, intervals.
"""

import math
from dataclasses import dataclass

from pipelines.errors import CurationError


@dataclass(frozen=True)
class Davidson:
    """Log strength difference `d` (above 0: wins more) and readiness to tie `nu` (0: never)."""

    d: float
    nu: float


def davidson(wins: int, losses: int, ties: int) -> Davidson:
    """Fit the model to the votes of one pair of variants.

    Raises:
        CurationError: a negative count, or no win or no loss: the strength difference is then without bound.
    """
    if min(wins, losses, ties) < 0:
        raise CurationError(f"Counts cannot be negative: {wins}, {losses}, {ties}.", "Hand in numbers of votes.")
    if wins == 0 or losses == 0:
        raise CurationError(
            f"{wins} wins and {losses} losses say nothing about how much stronger one variant is.",
            "Read the win rate and its interval instead, or collect more votes.",
        )
    return Davidson(math.log(wins / losses), ties / math.sqrt(wins * losses))
