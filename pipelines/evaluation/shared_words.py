"""How much of what is rare in one prompt stands in another: what embeddings hardly notice (names, codes, odd wordings).

    share(q, t) = sum of w over the words that q and t share / sum of w over the words of q that any t has
    w(word)     = ln(n / number of training prompts that have it) ^ 3

The cube lets one rare word outweigh many common ones: in templated prompts the common ones are the template. It is
1 where the other prompt has every word, 0 where it shares none but those that all prompts have; words that no training
prompt has do not count. Not covered: word forms, misspellings.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipelines.evaluation.words import words_of

POWER = 3
Floats = npt.NDArray[np.float32]


class SharedWords:
    """The training prompts, ready to be held against others."""

    def __init__(self, prompts: Sequence[str]) -> None:
        texts = [set(words_of(prompt)) for prompt in prompts]
        counts = Counter(word for words in texts for word in words)
        self._place = {word: place for place, word in enumerate(counts)}
        self._weights = np.array([np.log(len(texts) / count) ** POWER for count in counts.values()], np.float32)
        self._train = self._matrix(texts).T.tocsr()

    def shares(self, prompts: Sequence[str]) -> Floats:
        """Return share(q, t) of each prompt and training prompt: (prompts, training prompts) float32, 0 to 1."""
        texts = [set(words_of(prompt)) for prompt in prompts]
        mine = self._matrix(texts)
        if not len(self._weights):
            return np.zeros((mine.shape[0], self._train.shape[1]), np.float32)
        weighted = mine.multiply(self._weights).tocsr()
        whole = np.asarray(weighted.sum(axis=1), np.float32)
        found: Floats = np.asarray((weighted @ self._train).toarray(), np.float32)
        return np.divide(found, whole, out=np.zeros_like(found), where=whole > 0)

    def _matrix(self, texts: Sequence[set[str]]):  # type: ignore[no-untyped-def]  # scipy has no types
        from scipy.sparse import csr_matrix

        places = [sorted(self._place[word] for word in words if word in self._place) for words in texts]
        ends = np.cumsum([0, *map(len, places)])
        columns = np.fromiter((place for row in places for place in row), np.int64, int(ends[-1]))
        ones = np.ones(len(columns), np.float32)
        return csr_matrix((ones, columns, ends), shape=(len(texts), max(len(self._place), 1)))
