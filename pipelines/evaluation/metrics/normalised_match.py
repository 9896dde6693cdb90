"""Normalised match: both texts are equal without case, punctuation, articles and repeated white space.

Source: Rajpurkar et al. 2016, "SQuAD: 100,000+ Questions for Machine Comprehension of Text", section 6.1, whose English
articles (a, an, the) and punctuation marks are left out; here the marks of all scripts are, not those of ASCII alone.
A text of nothing else, such as "The", is then empty, and two such texts are equal.
"""

import re
import string
import unicodedata
from collections.abc import Sequence

from pipelines.evaluation.registry import MetricContext, metric

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


@metric(
    name="normalised_match",
    title="Normalised match",
    description="1 where the texts are equal without case, punctuation, English articles and repeated blanks, else 0.",
    applies="text",
    default=False,
)
def normalised_match(predictions: Sequence[str], references: Sequence[str], context: MetricContext) -> list[float]:
    """Score 1 where both normalised texts are the same, else 0."""
    return [
        float(normalised(given) == normalised(wanted)) for given, wanted in zip(predictions, references, strict=True)
    ]


def normalised(text: str) -> str:
    """Return a text in lower case without punctuation, articles and repeated white space."""
    lower = unicodedata.normalize("NFC", text).lower()
    letters = "".join(sign for sign in lower if sign not in string.punctuation and unicodedata.category(sign)[0] != "P")
    return " ".join(_ARTICLES.sub(" ", letters).split())
