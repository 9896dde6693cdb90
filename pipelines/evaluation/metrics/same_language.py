"""Same language: the output is in the language of the reference; 1 less the mean is the rate of other languages.

Languages are told by `pipelines.quality.language`; close pairs (Danish, Norwegian) count as one. Where one of the two
texts is too short to tell (under 25 letters), or where the model is not sure of it, nothing speaks against it: 1.
"""

from collections.abc import Sequence

import polars as pl

from pipelines.evaluation.registry import MetricContext, metric
from pipelines.quality.language import identify_languages
from pipelines.quality.language import same_language as one_language

LEAST_PROBABILITY = 0.9


@metric(
    name="same_language",
    title="Same language",
    description="0 where the output is surely in another language than the reference, else 1.",
    applies="text",
    default=False,
)
def same_language(predictions: Sequence[str], references: Sequence[str], context: MetricContext) -> list[float]:
    """Score 0 where both languages are sure and differ, else 1."""
    given, wanted = (identify_languages(pl.Series(list(texts), dtype=pl.String)) for texts in (predictions, references))
    return [float(not _differ(one, other)) for one, other in zip(given, wanted, strict=True)]


def _differ(one: tuple[str, float] | None, other: tuple[str, float] | None) -> bool:
    if one is None or other is None or min(one[1], other[1]) < LEAST_PROBABILITY:
        return False
    return not one_language(one[0], other[0])
