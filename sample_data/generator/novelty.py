"""Whether a new example is too like one that is there: Jaccard of word bigrams, counted exactly.

Clean examples are drawn until they are new, so that near-duplicates in the data are the planted ones.
"""

import re
from array import array
from itertools import pairwise

import numpy as np

WORD = re.compile(r"\w+")


def bigrams(text: str) -> frozenset[tuple[str, str]]:
    """Return the set of neighbouring word pairs of a text, in lower case."""
    words = WORD.findall(text.lower())
    return frozenset(pairwise(words))


class Novelty:
    """Remember texts and tell the highest similarity of a new one to any of them."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.sizes: list[int] = []
        self.holders: dict[tuple[str, str], array[int]] = {}

    def highest(self, pairs: frozenset[tuple[str, str]]) -> float:
        """Return the highest Jaccard similarity to a remembered text, 0 if there is none."""
        lists = [self.holders[pair] for pair in pairs if pair in self.holders]
        if not lists:
            return 0.0
        counts = np.bincount(
            np.concatenate([np.frombuffer(held, dtype=np.intc) for held in lists]), minlength=len(self.sizes)
        )
        return float((counts / (np.asarray(self.sizes) + len(pairs) - counts)).max())

    def accept(self, text: str) -> bool:
        """Remember the text if it is new enough."""
        pairs = bigrams(text)
        if self.highest(pairs) >= self.limit:
            return False
        for pair in pairs:
            self.holders.setdefault(pair, array("i")).append(len(self.sizes))
        self.sizes.append(len(pairs))
        return True
