"""Cells of vectors: what is near is looked for in a part of the rows, and nearly always found.

Vectors are cut into cells by spherical k-means on a sample. Each looks into the cells whose centres are nearest to
it. What is near in truth is missed only where it lies in none of them.

The sample is drawn in the order of the vectors' content, so that the order of rows does not choose the cells.

Source: inverted lists, Jégou, Douze and Schmid 2011, "Product quantization for nearest neighbor search"; spherical
k-means, Dhillon and Modha 2001.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipelines.embedding.encoder import Vectors

Rows = NDArray[np.int64]

# Least vectors a cell, on average; training vectors a cell, and rounds of k-means.
CELL = 500
TRAINED_ON, ROUNDS = 24, 6
# Cells that a vector looks into, its own among them.
PROBES = 3
BLOCK = 2_048


@dataclass(frozen=True)
class Cells:
    """Which rows lie in which cell.

    Attributes:
        looked: `(n, probes)` cells that each row looks into, the nearest, in which it lies, first.
        centres: `(cells, d)` unit rows.
    """

    looked: Rows
    centres: Vectors

    @property
    def count(self) -> int:
        """Number of cells."""
        return len(self.centres)

    @classmethod
    def of(cls, vectors: Vectors) -> "Cells":
        """Cut `(n, d)` unit rows, one at least, into cells."""
        by_content = np.lexsort(vectors.T[:8])
        centres = _centres(vectors, by_content, _cells(len(vectors)))
        return cls(_nearest_cells(vectors, centres, min(PROBES, len(centres))), centres)

    def inside(self, cell: int) -> Rows:
        """Return the rows that lie in a cell, rising."""
        order, begins = self._members
        return order[begins[cell] : begins[cell + 1]]

    def near(self, row: int) -> Rows:
        """Return the rows of the cells that a row looks into, its own among them; each once."""
        return np.concatenate([self.inside(cell) for cell in self.looked[row].tolist()])

    def around(self, cell: int) -> Rows:
        """Return the rows of a cell and of those whose centres are nearest to its own."""
        return np.concatenate([self.inside(other) for other in self._beside[cell].tolist()])

    @cached_property
    def _beside(self) -> Rows:
        return _nearest_cells(self.centres, self.centres, min(PROBES, self.count))

    @cached_property
    def _members(self) -> tuple[Rows, Rows]:
        home = self.looked[:, 0]
        order = np.argsort(home, kind="stable")
        return order, np.searchsorted(home[order], np.arange(self.count + 1))


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
