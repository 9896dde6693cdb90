"""Token F1: how many words output and reference share, whatever their order.

Precision and recall over words counted with their multiplicity, and the harmonic mean of the two. Unlike the SQuAD
script it keeps articles. Two texts without any word score 1, one without scores 0.

Source: Rajpurkar et al. 2016, "SQuAD: 100,000+ Questions for Machine Comprehension of Text", section 6.1.
"""

from collections import Counter
from collections.abc import Sequence

from pipelines.evaluation.registry import MetricContext, metric
from pipelines.evaluation.words import words_of


@metric(
    name="token_f1",
    title="Token F1",
    description="Harmonic mean of the shares of words that output and reference have in common; order does not count.",
    applies="text",
)
def token_f1(predictions: Sequence[str], references: Sequence[str], context: MetricContext) -> list[float]:
    """Score the overlap of words, 0 to 1."""
    return [_overlap(words_of(given), words_of(wanted)) for given, wanted in zip(predictions, references, strict=True)]


def _overlap(given: list[str], wanted: list[str]) -> float:
    if not given and not wanted:
        return 1.0
    shared = (Counter(given) & Counter(wanted)).total()
    return 2.0 * shared / (len(given) + len(wanted))
