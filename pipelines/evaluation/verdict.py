"""What a difference means, in plain words, from its figures alone.

Four verdicts: "better", "worse", "no evidence" (which is not "equal": the sentence states what would have shown) and
"too few". Values from 0 to 1 are told as points from 0 to 100.
"""

from dataclasses import dataclass

import polars as pl

BETTER, WORSE, NO_EVIDENCE, TOO_FEW = "better", "worse", "no evidence", "too few"


@dataclass(frozen=True)
class Difference:
    """The figures of one difference, variant less against; None where there is none."""

    variant: str
    against: str
    title: str
    value: float | None
    against_value: float | None
    difference: float | None
    low: float | None
    high: float | None
    q_value: float | None
    detectable: float | None
    n: int
    units: int
    least: int
    level: float
    ahead: tuple[int, int] | None = None
    """Units on which variant is ahead, and on which it is behind."""
    posterior: float | None = None
    """Chance that it is ahead on more than half of the units on which they differ."""


def verdict_of(figures: Difference) -> str:
    """Return "better", "worse", "no evidence" or "too few": too few first, then by the corrected p-value."""
    if figures.units < figures.least or figures.q_value is None or figures.difference is None:
        return TOO_FEW
    if figures.q_value > figures.level or figures.difference == 0:
        return NO_EVIDENCE
    return BETTER if figures.difference > 0 else WORSE


def sentence_of(figures: Difference) -> str:
    """Say the verdict in one sentence or two, with the figures that it rests on."""
    if figures.difference is None or figures.value is None or figures.against_value is None:
        return f"{figures.title}: {figures.variant} and {figures.against} have no example in common."
    levels = f"{_points(figures.value)} against {_points(figures.against_value)}"
    interval = f"{_signed(figures.difference)} points{_range(figures)}"
    verdict = verdict_of(figures)
    if verdict == TOO_FEW:
        told = f"{figures.title}: too few to tell {figures.variant} from {figures.against}: {_on(figures)}, "
        return f"{told}{figures.least} are needed ({levels}).{_posterior(figures)}"
    if verdict == NO_EVIDENCE:
        told = f"{figures.title}: no evidence of a difference between {figures.variant} and {figures.against} "
        told += f"({levels}, {interval}, on {_on(figures)})."
        if figures.low is not None and figures.high is not None and not figures.low <= 0 <= figures.high:
            told += " The interval leaves out 0, but among so many comparisons that happens by chance."
        if figures.detectable:
            told += f" A true difference of {_points(figures.detectable)} points would have shown four times in five."
        return told
    told = f"{figures.title}: {figures.variant} is {verdict} than {figures.against}, {levels}: "
    return f"{told}{interval}, on {_on(figures)}."


def summary_sentences(differences: pl.DataFrame) -> list[str]:
    """Say for every variant and its opponent on which metrics it is better, worse or neither.

    Args:
        differences: `pipelines.evaluation.compare.DIFFERENCES`.

    Returns:
        One sentence a pair, in the order of the rows; an empty list where there are none.
    """
    told = []
    for (variant, against), rows in differences.group_by("variant", "against", maintain_order=True):
        named = {verdict: rows.filter(pl.col("verdict") == verdict)["metric"].to_list() for verdict in _ORDER}
        total = rows.height
        parts = [
            f"{said} on {len(named[verdict])} of {total} metrics ({', '.join(named[verdict])})"
            for verdict, said in _ORDER.items()
            if named[verdict]
        ]
        told.append(f"{variant} against {against}: {'; '.join(parts)}.")
    return told


_ORDER = {
    BETTER: "better",
    WORSE: "worse",
    NO_EVIDENCE: "no evidence of a difference",
    TOO_FEW: "too few examples to tell",
}


def _posterior(figures: Difference) -> str:
    """Say what little a few examples say; nothing where the two differ on none."""
    if figures.ahead is None or figures.posterior is None or not sum(figures.ahead):
        return ""
    higher, lower = figures.ahead
    return (
        f" {figures.variant} is ahead on {higher} and behind on {lower}: on that alone the chance is"
        f" {100 * figures.posterior:.0f} % that it is ahead more often than not."
    )


def _points(share: float) -> str:
    return f"{100 * share:.1f}"


def _signed(share: float) -> str:
    return f"{100 * share:+.1f}"


def _range(figures: Difference) -> str:
    if figures.low is None or figures.high is None:
        return ""
    return f" ({_signed(figures.low)} to {_signed(figures.high)})"


def _on(figures: Difference) -> str:
    if figures.units != figures.n:
        return f"{figures.n} examples in {figures.units} groups"
    return f"{figures.n} example{'' if figures.n == 1 else 's'}"
