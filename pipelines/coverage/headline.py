"""The headline: which share of production has a training example near it.

A production prompt is covered when some training prompt is nearer to it than its k-th nearest other production prompt.

Source: "coverage" of Naeem et al. 2020, arXiv:2002.09797, with production as the real and training as the other set.
"""

import numpy as np
from numpy.typing import NDArray

from pipelines.coverage.cells import DECIMALS
from pipelines.embedding.encoder import Vectors

# Similarities held at once: 64 million are 256 MB.
HELD = 64_000_000
BLOCK = 2_048


def covered_share(production: Vectors, train: Vectors, weights: NDArray[np.float64], neighbours: int) -> float | None:
    """Return the share of production volume that training covers.

    Args:
        production: `(n, d)` unit rows; equal ones are one point with the sum of their weights.
        train: `(m, d)` unit rows.
        weights: `(n,)` how often each production query came.
        neighbours: k.

    Returns:
        0 to 1; 0 without training rows; None with fewer than two distinct production prompts, which have no neighbours.
    """
    points, point_of = np.unique(np.round(production, DECIMALS), axis=0, return_inverse=True)
    if len(points) < 2:
        return None
    if not len(train):
        return 0.0
    volume = np.bincount(point_of.reshape(-1), weights=weights)
    place = min(neighbours, len(points) - 1)
    covered = np.zeros(len(points), dtype=bool)
    rows = max(1, min(BLOCK, HELD // len(points)))
    for start in range(0, len(points), rows):
        block = points[start : start + rows]
        alike = block @ points.T
        alike[np.arange(len(block)), start + np.arange(len(block))] = -np.inf
        radius = -np.partition(-alike, place - 1, axis=1)[:, place - 1]
        best = np.full(len(block), -np.inf, dtype=np.float32)
        for other in range(0, len(train), BLOCK):
            best = np.maximum(best, (block @ train[other : other + BLOCK].T).max(axis=1))
        covered[start : start + rows] = best > radius
    return float((volume * covered).sum() / volume.sum()) if volume.sum() > 0 else None
