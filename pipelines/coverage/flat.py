"""Clusters of vectors on one level: k-means over unit vectors, over-fine on purpose; what shards are clustered by.

The coverage stage uses topics and words as well (`cluster.py`); over shards each example must find its cluster by its
vector alone. Equal vectors are one point with a weight.

Runs on one thread: sums of floats in the order of their arrival would make the result depend on the machine's load.

Source: Lloyd 1982; k-means++ of Arthur and Vassilvitskii 2007 (scikit-learn).
Not covered: noise points; every prompt is in a cluster.
"""

import math
import warnings

import numpy as np
from numpy.typing import NDArray

from pipelines.coverage.settings import CoverageSettings
from pipelines.embedding.encoder import Vectors

Labels = NDArray[np.int32]
ROWS_A_CLUSTER = 60
# More rows than this add nothing to where the centres lie: they are only assigned.
FIT_ROWS = 50_000
ASSIGNED_AT_ONCE = 1_024
# Vectors that agree in this many decimals are one point: batches of an encoder differ in the seventh.
DECIMALS = 5


def cluster_vectors(vectors: Vectors, settings: CoverageSettings) -> Labels:
    """Assign each row to a cluster.

    Args:
        vectors: `(n, d)` unit rows, in an order that does not depend on how they were read (by id).
        settings: number of clusters and seed.

    Returns:
        `(n,)` int32, clusters numbered from 0 by size, largest first; empty for no rows.
    """
    if not len(vectors):
        return np.empty(0, dtype=np.int32)
    points, point_of, weights = distinct_points(vectors)
    count = min(settings.clusters or suggested_clusters(len(vectors)), len(points))
    labels = np.zeros(len(points), dtype=np.int64)
    if count > 1:
        chosen = np.arange(len(points))
        if len(points) > FIT_ROWS:
            chosen = np.sort(np.random.default_rng(settings.seed).choice(len(points), FIT_ROWS, replace=False))
        once = len(points) > FIT_ROWS // 5
        labels = nearest_centre(points, fit_centres(points[chosen], weights[chosen], count, settings.seed, once=once))
    return by_size(labels[point_of])


def distinct_points(vectors: Vectors) -> tuple[Vectors, NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct points of rounded vectors, sorted; of each row its point; of each point how many rows."""
    points, point_of, weights = np.unique(np.round(vectors, DECIMALS), axis=0, return_inverse=True, return_counts=True)
    return points, point_of.reshape(-1), weights


def suggested_clusters(rows: int) -> int:
    """Return how many clusters to make: rows / 60, and somewhat more where there are few rows."""
    return max(1, round(rows / ROWS_A_CLUSTER), round(math.sqrt(rows)))


def fit_centres(points: Vectors, weights: NDArray[np.int64], count: int, seed: int, *, once: bool) -> Vectors:
    """Find the centres of clusters.

    Args:
        points: `(n, d)` distinct points in an order that does not depend on how they were read.
        weights: how many rows lie at each.
        count: of clusters, at most n.
        seed: of the first centres.
        once: start from one choice of first centres, not from three: for many points.

    Returns:
        `(count, d)` float32.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    model = KMeans(count, n_init=1 if once else 3, random_state=seed)
    with warnings.catch_warnings(), threadpool_limits(limits=1):
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(points, sample_weight=weights.astype(np.float64))
    return np.asarray(model.cluster_centers_, dtype=np.float32)


def nearest_centre(points: Vectors, centres: Vectors) -> NDArray[np.int64]:
    """Return the number of each point's nearest centre; the lower one of two that are equally near."""
    from threadpoolctl import threadpool_limits

    half = (np.square(centres).sum(axis=1) / 2).astype(np.float32)
    nearest = np.empty(len(points), dtype=np.int64)
    with threadpool_limits(limits=1):
        for start in range(0, len(points), ASSIGNED_AT_ONCE):
            block = points[start : start + ASSIGNED_AT_ONCE]
            nearest[start : start + ASSIGNED_AT_ONCE] = (block @ centres.T - half).argmax(axis=1)
    return nearest


def by_size(labels: NDArray[np.int64]) -> Labels:
    """Number clusters by size; among equals the one with the earlier row comes first."""
    names, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    number = np.empty(names.max() + 1, dtype=np.int32)
    number[names[order]] = np.arange(len(names), dtype=np.int32)
    return number[labels]
