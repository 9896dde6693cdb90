"""Nearest neighbours by cosine, block by block.

`nearest` gives the k largest cosines to a reference, `connected` the groups that cosines above a threshold join, both
exactly. Their work is rows x reference x dimensions multiplications, in float32, a block of rows at a time, so that
memory stays bounded. Among many rows `NearestRows` answers for one row after the other, and `nearest_cosines` for all,
both in cells.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from pipelines.embedding.cells import Cells
from pipelines.progress import Progress, no_progress

BLOCK = 1024
# Up to this many rows `NearestRows` looks at all of them.
EVERY_ROW = 20_000


def nearest(
    vectors: np.ndarray,
    reference: np.ndarray,
    count: int,
    *,
    groups: tuple[np.ndarray, np.ndarray] | None = None,
    progress: Progress = no_progress,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of `reference` with the largest cosine to each vector.

    Args:
        vectors: (n, d) unit rows.
        reference: (m, d) unit rows.
        count: how many neighbours; as many as there are where there are fewer.
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
        if groups is not None:
            block[groups[0][start : start + BLOCK][:, None] == groups[1][None, :]] = -np.inf
        top = np.argpartition(-block, count - 1, axis=1)[:, :count]
        values = np.take_along_axis(block, top, axis=1)
        order = np.lexsort((top, -values), axis=1)
        rows[start : start + BLOCK] = np.take_along_axis(top, order, axis=1)
        cosines[start : start + BLOCK] = np.take_along_axis(values, order, axis=1)
    return rows, cosines


def nearest_cosines(vectors: np.ndarray, count: int, *, progress: Progress = no_progress) -> np.ndarray:
    """Return the cosines of each row to the rows nearest to it, looked for in its cell and the cells beside it.

    Args:
        vectors: (n, d) unit rows, one at least.
        count: how many neighbours.
        progress: told after each cell.

    Returns:
        (n, count) cosines in no order, -inf where a row has fewer neighbours there.
    """
    vectors = np.ascontiguousarray(vectors, np.float32)
    cosines = np.full((len(vectors), count), -np.inf, dtype=np.float32)
    cells = Cells.of(vectors)
    for cell in range(cells.count):
        progress(cell / cells.count, "Comparing with neighbours")
        near = cells.around(cell)
        for start in range(0, len(inside := cells.inside(cell)), BLOCK):
            rows = inside[start : start + BLOCK]
            block = vectors[rows] @ vectors[near].T
            block[rows[:, None] == near[None, :]] = -np.inf
            found = min(count, len(near))
            cosines[rows, :found] = np.partition(block, len(near) - found, axis=1)[:, len(near) - found :]
    return cosines


class NearestRows:
    """The rows nearest to a row: exactly up to `EVERY_ROW` rows, else among those of the cells that it looks into."""

    def __init__(self, vectors: np.ndarray) -> None:
        """Take (n, d) unit rows; nothing is computed until it is asked."""
        self._vectors = vectors

    def of(self, row: int, count: int, *, leave_out: Sequence[int]) -> list[int]:
        """Return up to `count` rows with the largest cosine to a row, in no order, those left out not among them."""
        near = np.arange(len(self._vectors)) if self._cells is None else self._cells.near(row)
        cosines = (self._vectors if self._cells is None else self._vectors[near]) @ self._vectors[row]
        cosines[np.isin(near, leave_out)] = -np.inf
        count = min(count, int(np.isfinite(cosines).sum()))
        return near[np.argpartition(-cosines, count - 1)[:count]].tolist() if count else []

    @cached_property
    def _cells(self) -> Cells | None:
        return None if len(self._vectors) <= EVERY_ROW else Cells.of(np.ascontiguousarray(self._vectors, np.float32))


def connected(vectors: np.ndarray, threshold: float) -> np.ndarray:
    """Return for each row the first row that a chain of cosines of at least the threshold joins it to, as (n,) int64.

    Memory stays bounded also where all rows are alike: pairs are looked at row by row and never listed.
    """
    first = np.arange(len(vectors))
    for start in range(0, len(vectors), BLOCK):
        near = vectors[start : start + BLOCK] @ vectors[start:].T >= threshold
        for row in np.flatnonzero(np.count_nonzero(near, axis=1) > 1).tolist():
            joined = first[start:][near[row]]
            if (joined != joined[0]).any():
                names = np.unique(joined)
                first[np.isin(first, names)] = names[0]
    return first
