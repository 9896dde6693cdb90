"""Cells of vectors: a range search that looks at a part of all pairs, and finds nearly all that are close.

Vectors are cut into cells by spherical k-means on a sample. Each vector is compared with the others of the cells whose
centres are nearest to it, and of each pair the true cosine decides. A pair is missed only when neither vector looks
into the other's cell: with a cosine of 0.9 and more that is rare.

The sample is drawn in the order of the vectors' content, so that the order of rows does not choose the cells.

Source: inverted lists, Jégou, Douze and Schmid 2011, "Product quantization for nearest neighbor search"; spherical
k-means, Dhillon and Modha 2001.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipelines.embedding.encoder import Vectors
from pipelines.progress import Progress, no_progress

Rows = NDArray[np.int64]

# Least vectors a cell, on average; training vectors a cell, and rounds of k-means.
CELL = 500
TRAINED_ON, ROUNDS = 24, 6
# Cells that a vector looks into, its own among them.
PROBES = 3
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
    by_content = np.lexsort(vectors.T[:8])
    centres = _centres(vectors, by_content, _cells(len(vectors)))
    looked = _nearest_cells(vectors, centres, min(PROBES, len(centres)))
    home = looked[:, 0]
    cell_of = np.argsort(home, kind="stable")
    begins = np.searchsorted(home[cell_of], np.arange(len(centres) + 1))
    lookers = np.argsort(looked.reshape(-1), kind="stable")
    looks = np.searchsorted(looked.reshape(-1)[lookers], np.arange(len(centres) + 1))
    for cell in range(len(centres)):
        progress(cell / len(centres), f"Comparing vectors of cell {cell + 1:,} of {len(centres):,}")
        inside = cell_of[begins[cell] : begins[cell + 1]]
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


def _cells(rows: int) -> int:
    """Return the number of cells, at which finding each row's cells takes as long as looking into them.

    That grows with the power 1.5 of the rows; with cells of a fixed size it would grow with their square.
    """
    return max(int(rows / max(CELL, (rows / PROBES) ** 0.5)), 1)


def _centres(vectors: Vectors, by_content: Rows, count: int) -> Vectors:
    """Return unit centres of cells, by k-means on a sample that is spread evenly over the vectors' order."""
    size = min(len(vectors), count * TRAINED_ON)
    sample = vectors[by_content[np.linspace(0, len(vectors) - 1, size).astype(np.int64)]]
    centres = sample[np.linspace(0, size - 1, count).astype(np.int64)].copy()
    for _ in range(ROUNDS if count > 1 else 0):
        home = _nearest_cells(sample, centres, 1)[:, 0]
        order = np.argsort(home, kind="stable")
        filled, begins = np.unique(home[order], return_index=True)
        centres[filled] = np.add.reduceat(sample[order], begins, axis=0)
        centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return centres


def _nearest_cells(vectors: Vectors, centres: Vectors, count: int) -> Rows:
    """Return the nearest centres of each vector, the nearest first."""
    found = np.empty((len(vectors), count), dtype=np.int64)
    for start in range(0, len(vectors), BLOCK):
        cosine = vectors[start : start + BLOCK] @ centres.T
        for place in range(count):
            best = cosine.argmax(axis=1)
            found[start : start + BLOCK, place] = best
            cosine[np.arange(len(best)), best] = -2.0
    return found
