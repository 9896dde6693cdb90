"""A range search in cells of vectors: it looks at a part of all pairs, and finds nearly all that are close.

Each vector is compared with the others of the cells that it looks into (`pipelines/embedding/cells.py`); of each pair
the true cosine decides. A pair is missed only when neither vector looks into the other's cell: with a cosine of 0.9 and
more that is rare.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipelines.embedding.cells import Cells, Rows
from pipelines.embedding.encoder import Vectors
from pipelines.progress import Progress, no_progress

BLOCK = 2_048


def close_pairs(
    vectors: Vectors, threshold: float, *, most: int, progress: Progress = no_progress
) -> Iterator[tuple[Rows, Rows, NDArray[np.float32]]]:
    """Yield pairs of rows whose cosine reaches the threshold, each pair once.

    Args:
        vectors: `(n, d)` distinct unit rows.
        threshold: least cosine.
        most: pairs that a row opens with one cell at most, lower rows first.
        progress: is told each cell.

    Yields:
        The smaller rows, the larger rows, and the cosines of the pairs that one cell gives.
    """
    if len(vectors) < 2:
        return
    cells = Cells.of(vectors)
    looked, home = cells.looked, cells.looked[:, 0]
    lookers = np.argsort(looked.reshape(-1), kind="stable")
    looks = np.searchsorted(looked.reshape(-1)[lookers], np.arange(cells.count + 1))
    for cell in range(cells.count):
        progress(cell / cells.count, f"Comparing vectors of cell {cell + 1:,} of {cells.count:,}")
        inside = cells.inside(cell)
        outside = lookers[looks[cell] : looks[cell + 1]] // looked.shape[1]
        for start in range(0, len(outside), BLOCK):
            rows = outside[start : start + BLOCK]
            cosine = vectors[rows] @ vectors[inside].T
            one, other = np.nonzero(cosine >= threshold)
            left, right = rows[one], inside[other]
            # A pair that looks both ways is found in both cells: the smaller row's look counts, else the larger's.
            counts = (left < right) | ((left > right) & ~(looked[right] == home[left][:, None]).any(axis=1))
            left, right, alike = left[counts], right[counts], cosine[one[counts], other[counts]]
            place = np.arange(len(left)) - np.searchsorted(one[counts], one[counts])
            kept = place < most
            left, right, alike = left[kept], right[kept], alike[kept]
            yield np.minimum(left, right), np.maximum(left, right), alike
