"""Nearest neighbours by cosine, exactly, block by block.

`nearest` gives the k largest cosines to a reference; the work is rows x reference x dimensions multiplications, in
float32, a block of rows at a time, so that memory stays bounded. Pairs above a threshold come from `similar_pairs`.
"""

from collections.abc import Iterator

import numpy as np

from pipelines.progress import Progress, no_progress

BLOCK = 1024


def nearest(
    vectors: np.ndarray,
    reference: np.ndarray,
    count: int,
    *,
    own_rows: np.ndarray | None = None,
    groups: tuple[np.ndarray, np.ndarray] | None = None,
    progress: Progress = no_progress,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of `reference` with the largest cosine to each vector.

    Args:
        vectors: (n, d) unit rows.
        reference: (m, d) unit rows.
        count: how many neighbours; as many as there are where there are fewer.
        own_rows: for each reference row the row of `vectors` that it is, so that nothing is its own neighbour.
        groups: group numbers of the vectors and of the reference: members of one group are no neighbours.
        progress: told after each block.

    Returns:
        Row numbers in the reference and cosines, both (n, min(count, m)), largest first; a neighbour that had to be
        left out has the cosine -inf.
    """
    count = min(count, len(reference))
    rows = np.zeros((len(vectors), count), dtype=np.int64)
    cosines = np.full((len(vectors), count), -np.inf, dtype=np.float32)
    if count == 0:
        return rows, cosines
    for start in range(0, len(vectors), BLOCK):
        progress(start / len(vectors), "Comparing with neighbours")
        block = vectors[start : start + BLOCK] @ reference.T
        if own_rows is not None:
            block[np.arange(start, start + len(block))[:, None] == own_rows[None, :]] = -np.inf
        if groups is not None:
            block[groups[0][start : start + BLOCK][:, None] == groups[1][None, :]] = -np.inf
        top = np.argpartition(-block, count - 1, axis=1)[:, :count]
        values = np.take_along_axis(block, top, axis=1)
        order = np.lexsort((top, -values), axis=1)
        rows[start : start + BLOCK] = np.take_along_axis(top, order, axis=1)
        cosines[start : start + BLOCK] = np.take_along_axis(values, order, axis=1)
    return rows, cosines


def similar_pairs(
    vectors: np.ndarray, threshold: float, *, progress: Progress = no_progress
) -> Iterator[tuple[int, int, float]]:
    """Yield every pair (lower row, higher row, cosine) whose cosine is at least the threshold."""
    for start in range(0, len(vectors), BLOCK):
        progress(start / len(vectors), "Looking for questions asked alike")
        block = vectors[start : start + BLOCK] @ vectors[start:].T
        for one, other in zip(*np.nonzero(block >= threshold), strict=True):
            if other > one:
                yield start + int(one), start + int(other), float(block[one, other])
