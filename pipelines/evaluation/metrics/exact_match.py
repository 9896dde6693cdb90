"""Exact match: the output is the reference, character by character.

White space around a text and the kind of line ends do not count; Unicode is compared in its composed form (NFC). Case,
punctuation and the spacing inside count. For JSON answers `json_exact` is the fairer figure.
"""

import unicodedata
from collections.abc import Sequence

from pipelines.evaluation.registry import MetricContext, metric


@metric(
    name="exact_match",
    title="Exact match",
    description="1 where the output equals the reference character by character, else 0.",
    applies="all",
)
def exact_match(predictions: Sequence[str], references: Sequence[str], context: MetricContext) -> list[float]:
    """Score 1 where both texts are the same, else 0."""
    return [float(_plain(given) == _plain(wanted)) for given, wanted in zip(predictions, references, strict=True)]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).replace("\r\n", "\n").strip()
