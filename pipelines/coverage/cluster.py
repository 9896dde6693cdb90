"""Clusters of prompts on two levels: topics, and within each topic clusters that are over-fine on purpose.

Training and production prompts are clustered together, without telling which is which: only then is the test for gaps
valid when there is none. How many topics there are is found (`topics.py`); within a topic k-means makes about one
cluster for every 60 prompts, which separates intents well enough to find gaps. Prompts with equal vectors are one point
with a weight.

Not covered: noise points; every prompt is in a cluster.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.coverage.cells import Floats, Ints, Points, distinct_points, make_cells
from pipelines.coverage.representation import represent
from pipelines.coverage.settings import CoverageSettings
from pipelines.coverage.topics import find_topics, joined_topics
from pipelines.embedding.encoder import Vectors

Labels = NDArray[np.int32]
ROWS_A_CLUSTER = 60
# So many topics can be looked through. More of them than half of the clusters would be no level of their own: of data
# written from templates each sentence is a topic.
READABLE = 30


@dataclass(frozen=True)
class Clustering:
    """Two levels: `(n,)` int32 each, numbered from 0 by size, largest first; a cluster lies within one topic."""

    topics: Labels
    clusters: Labels


def cluster_prompts(prompts: Sequence[str], vectors: Vectors, settings: CoverageSettings) -> Clustering:
    """Assign each prompt to a topic and to a cluster within it.

    Args:
        prompts: texts, in an order that does not depend on how they were read (by id).
        vectors: `(n, d)` unit rows, aligned to them.
        settings: number of clusters and topics, or none of them; seed.

    Returns:
        Both levels; empty for no prompts.
    """
    if not len(vectors):
        return Clustering(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32))
    _, first, point_of, counts = distinct_points(vectors)
    points = represent([prompts[row] for row in first], vectors[first], settings.seed)
    weights = counts.astype(np.float64)
    wanted = min(settings.clusters or suggested_clusters(len(vectors)), len(points))
    most = wanted if settings.clusters else len(points)
    topics = find_topics(points, weights, settings.topics, most, settings.seed, dense=settings.topics_by == "hdbscan")
    clusters = _within(points, weights, topics, wanted, settings.seed)
    if settings.topics is None:
        topics = joined_topics(points, weights, topics, max(READABLE, wanted // 2))
    return Clustering(by_size(topics[point_of]), by_size(clusters[point_of]))


def suggested_clusters(rows: int) -> int:
    """Return how many clusters to make: rows / 60, and somewhat more where there are few rows."""
    return max(1, round(rows / ROWS_A_CLUSTER), round(math.sqrt(rows)))


def by_size(labels: Ints) -> Labels:
    """Number clusters by size; among equals the one with the earlier row comes first."""
    names, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    number = np.empty(names.max() + 1, dtype=np.int32)
    number[names[order]] = np.arange(len(names), dtype=np.int32)
    return number[labels]


def shares_of(sizes: Floats, total: int) -> Ints:
    """Share out so many clusters in proportion to sizes: one each at least, the rest by largest remainder."""
    spare = max(0, total - len(sizes))
    exact = np.maximum(sizes / sizes.sum() * total - 1, 0)
    exact *= spare / exact.sum() if exact.sum() > 0 else 0
    given = np.floor(exact).astype(np.int64)
    order = np.argsort(given - exact, kind="stable")
    given[order[: spare - int(given.sum())]] += 1
    return np.asarray(given + 1)


def _within(points: Points, weights: Floats, topics: Ints, count: int, seed: int) -> Ints:
    """Cut every topic into its share of the clusters."""
    labels = np.empty(len(points), dtype=np.int64)
    used = 0
    for topic, share in enumerate(shares_of(np.bincount(topics, weights=weights).astype(np.float64), count).tolist()):
        rows = np.flatnonzero(topics == topic)
        found = make_cells(points[rows], weights[rows], min(share, len(rows)), seed).of
        labels[rows] = used + found
        used += int(found.max()) + 1
    return labels
