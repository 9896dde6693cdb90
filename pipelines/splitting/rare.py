"""Rare-shingle containment: examples about the same thing under different templates.

The template dominates the word pairs of two prompts about different things and dilutes those of two prompts about the
same thing. So word pairs in many examples (the template's) and in one only are dropped; two examples are linked when
they share enough of what is left: |A ∩ B| / min(|A|, |B|). A text is the prompt and its completion: what one template
asks, another one answers ("write a question about ..."), and a list of key words comes back as the sentence made of it.

At most 200 examples are compared for one word pair, so the work grows with the examples, not with their square.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.splitting.settings import LinkSettings
from pipelines.splitting.similar import Similar, word_pairs

_ROWS = 2_048
# Share of the prompts from which a word pair counts as the template's.
_TEMPLATE_SHARE = 0.002
_MOST_HOLDERS = 200
# In small data a word pair in this share of the examples is the template's, though few hold it.
_SMALL_SHARE = 0.05
_FEW = 10


def rare_containment(texts: list[str], settings: LinkSettings) -> Similar:
    """Find the pairs of texts that share enough rare word pairs.

    Args:
        texts: n of them.
        settings: frequency, containment and least number shared.

    Returns:
        pairs (left < right) with their containment.
    """
    from scipy.sparse import csr_matrix

    shingles = pl.DataFrame({"row": np.arange(len(texts)), "shingle": [list(word_pairs(text)) for text in texts]})
    frame = shingles.explode("shingle").drop_nulls()
    frequency = max(settings.rare_frequency, min(int(_TEMPLATE_SHARE * len(texts)), _MOST_HOLDERS))
    frequency = min(frequency, max(_FEW, int(_SMALL_SHARE * len(texts))))
    frame = frame.filter(pl.len().over("shingle").is_between(2, frequency))
    columns = frame["shingle"].rank("dense").to_numpy().astype(np.int64) - 1 if frame.height else np.empty(0, np.int64)
    shape = (len(texts), int(columns.max(initial=0)) + 1)
    matrix = csr_matrix((np.ones(frame.height, np.int32), (frame["row"].to_numpy(), columns)), shape=shape)
    sizes = np.asarray(matrix.sum(axis=1)).ravel()
    transposed = matrix.T.tocsr()
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    for start in range(0, len(texts), _ROWS):
        shared = (matrix[start : start + _ROWS] @ transposed).tocoo()
        left, right = shared.row.astype(np.int64) + start, shared.col.astype(np.int64)
        containment = shared.data / np.minimum(sizes[left], sizes[right])
        keep = (left < right) & (shared.data >= settings.rare_shared) & (containment >= settings.rare_containment)
        found.append((left[keep], right[keep], containment[keep]))
    if not found:
        empty = np.empty(0, np.int64)
        return Similar(empty, empty, np.empty(0, np.float64))
    left, right, values = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((right, left))
    return Similar(left[order], right[order], values[order].astype(np.float64))
