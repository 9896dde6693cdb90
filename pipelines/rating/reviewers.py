"""How far reviewers agree who decided about the same examples: each pair of them, and all together.

For two reviewers Cohen's kappa: (p - q) / (1 - q), with p the share of examples on which both said the same and q the
share that two people would agree on by chance who choose as often keep, drop or flag as these two do. 1 is full
agreement, 0 what chance gives, below 0 worse than chance. For all together Krippendorff's alpha and the raw agreement
(`pipelines.rating.agreement`), as not everybody judges every example.

Source: Cohen 1960, "A Coefficient of Agreement for Nominal Scales". Not covered: weighted kappa; keep, drop and flag
have no order that a distance could stand on.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations

import polars as pl

from pipelines.rating.agreement import krippendorff_alpha, raw_agreement

VOTES = pl.Schema({"example_id": pl.String, "reviewer": pl.String, "choice": pl.String})

# Fewer shared examples than this say little: a kappa of 0.6 then has a standard error of about 0.15.
FEW = 30


@dataclass(frozen=True)
class PairAgreement:
    """Two reviewers on the examples that both judged; `kappa` is None where both said one and the same throughout."""

    one: str
    other: str
    examples: int
    raw: float
    kappa: float | None


@dataclass(frozen=True)
class ReviewerAgreement:
    """All reviewers; `raw` and `alpha` are None where they are not defined, and `sentence` says what they mean."""

    raw: float | None
    alpha: float | None
    examples: int
    reviewers: int
    pairs: list[PairAgreement]
    sentence: str


def reviewer_agreement(votes: pl.DataFrame) -> ReviewerAgreement:
    """Compute the agreement over examples that two reviewers or more judged.

    Args:
        votes: `VOTES`, one row a reviewer and example, in any order; no rows give no agreement, and say so.

    Returns:
        Pairs in the order of the reviewers' names.
    """
    said: dict[str, dict[str, str]] = {}
    for example_id, reviewer, choice in votes.select(VOTES.names()).iter_rows():
        said.setdefault(reviewer, {})[example_id] = choice
    units: list[list[str]] = votes.group_by("example_id").agg("choice")["choice"].to_list() if votes.height else []
    shared = sum(len(unit) > 1 for unit in units)
    raw, alpha = raw_agreement(units), krippendorff_alpha(units)
    pairs = [pair for one, other in combinations(sorted(said), 2) if (pair := _pair(one, other, said)) is not None]
    return ReviewerAgreement(raw, alpha, shared, len(said), pairs, _sentence(raw, alpha, shared))


def cohen_kappa(one: Sequence[Hashable], other: Sequence[Hashable]) -> float | None:
    """Return kappa of two raters' choices on the same units, in the same order.

    None where it is not defined: no units, or both gave all of them one and the same choice.

    Raises:
        ValueError: the two have not the same length.
    """
    n = len(one)
    if n == 0 and len(other) == 0:
        return None
    same = sum(a == b for a, b in zip(one, other, strict=True))
    left, right = Counter(one), Counter(other)
    by_chance = sum(left[choice] * right[choice] for choice in left)
    if by_chance == n * n:
        return None
    return (same * n - by_chance) / (n * n - by_chance)


def _pair(one: str, other: str, said: dict[str, dict[str, str]]) -> PairAgreement | None:
    both = sorted(said[one].keys() & said[other].keys())
    if not both:
        return None
    left, right = [said[one][example] for example in both], [said[other][example] for example in both]
    raw = sum(a == b for a, b in zip(left, right, strict=True)) / len(both)
    return PairAgreement(one, other, len(both), raw, cohen_kappa(left, right))


def _sentence(raw: float | None, alpha: float | None, shared: int) -> str:
    if raw is None:
        return "No example was judged by two reviewers yet, so their agreement is not known."
    told = f"Two reviewers say the same {100 * raw:.0f} % of the time, on {shared} shared example"
    told += "" if shared == 1 else "s"
    if alpha is None:
        return f"{told}; everybody said one and the same, so agreement beyond chance is not defined."
    words = "good" if alpha >= 0.8 else "fair" if alpha >= 0.667 else "weak" if alpha > 0 else "no better than chance"
    told += f"; beyond chance that is {words} (alpha {alpha:.2f})."
    if raw >= 0.9 and alpha < 0.667:
        told += " Alpha is low because nearly all choices are alike, not because reviewers differ."
    elif alpha < 0.667:
        told += " Look through the disagreements together, and write down what you settle on."
    return told if shared >= FEW else f"{told} So few examples say little yet."
