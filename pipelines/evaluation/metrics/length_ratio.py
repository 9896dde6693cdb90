"""Length ratio: the shorter text's words over the longer one's, 1 where both are as long.

The corpus figure beside it is all words of the outputs over all words of the references: above 1 the outputs are longer
(the "length ratio" of BLEU's brevity penalty). Two texts without words score 1.
"""

from collections.abc import Sequence

from pipelines.evaluation.registry import MetricContext, metric
from pipelines.evaluation.words import words_of


def corpus_length_ratio(predictions: Sequence[str], references: Sequence[str]) -> float:
    """Return the words of all outputs over the words of all references; 0 where the references have none."""
    wanted = sum(len(words_of(text)) for text in references)
    return sum(len(words_of(text)) for text in predictions) / wanted if wanted else 0.0


@metric(
    name="length_ratio",
    title="Length ratio",
    description="Words of the shorter of output and reference over words of the longer: 1 where both are as long.",
    applies="text",
    corpus=corpus_length_ratio,
    default=False,
)
def length_ratio(predictions: Sequence[str], references: Sequence[str], context: MetricContext) -> list[float]:
    """Score the shorter length over the longer, 0 to 1."""
    return [
        _ratio(len(words_of(given)), len(words_of(wanted)))
        for given, wanted in zip(predictions, references, strict=True)
    ]


def _ratio(one: int, other: int) -> float:
    return min(one, other) / max(one, other) if max(one, other) else 1.0
