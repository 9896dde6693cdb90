"""Topics: how many there are is found, not told.

Small cells of prompts are joined into ever fewer groups (`cells.py`); of all the cuts of that tree the one is taken
whose groups are most clearly apart, by the mean silhouette of the cells: how much nearer a cell's prompts are to the
mean of their own group than to that of the next. Cuts that are nearly as good say the same; the middle one of them is
taken. Then every prompt goes to the nearest mean, some steps long, so that no cell's border stays a topic's border.

As a choice, topics are where cells lie densely (HDBSCAN over the cells' means); cells between them go to the nearest
one. It finds topics of very unequal density better, and loses those that run into each other.

Source: Rousseeuw 1987, with distances to means instead of to all points (simplified silhouette, Hruschka et al. 2006);
Campello, Moulavi, Sander 2013 for HDBSCAN, by scikit-learn.
Not covered: topics of fewer than about twenty prompts; prompts of no topic, which go to the nearest.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from pipelines.coverage.cells import (
    Cells,
    Floats,
    Ints,
    Points,
    cells_of,
    group_sums,
    joined,
    make_cells,
    nearest_mean,
    squared_distances,
)

CELL_PROMPTS = 20
MOST_CELLS = 1_500
# A topic has at least so many cells on average: cuts beyond that tell cells apart, not topics.
CELLS_A_TOPIC = 2
# Cuts whose silhouette is within this share of the best one's say the same.
NEARLY = 0.03
STEPS = 10


def find_topics(
    points: Points, weights: Floats, count: int | None, most: int, seed: int, *, dense: bool = False
) -> Ints:
    """Group points into topics.

    Args:
        points: `(n, d)` what prompts are described by; one at least.
        weights: `(n,)` how many prompts each point stands for.
        count: topics wanted; None to find how many there are.
        most: topics at most.
        seed: of the cells.
        dense: take HDBSCAN's topics, where no count is given; at most one where it finds none.

    Returns:
        `(n,)` the topic of each point, numbered without holes; one topic for a single point.
    """
    wanted = max(2, round(len(points) / CELL_PROMPTS), 2 * (count or 0))
    cells = make_cells(points, weights, min(len(points), wanted, max(MOST_CELLS, 2 * (count or 0))), seed)
    if len(cells.means) < 2 or most < 2:
        return np.zeros(len(points), dtype=np.int64)
    group_of = _dense(cells, most) if dense and count is None else _cut(cells, count, most)
    labels = group_of[cells.of]
    for _ in range(STEPS):
        topics = cells_of(points, weights, labels)
        moved = nearest_mean(points, topics.means)
        if np.array_equal(moved, topics.of):
            break
        labels = moved
    return np.unique(labels, return_inverse=True)[1]


def joined_topics(points: Points, weights: Floats, topics: Ints, most: int) -> Ints:
    """Join topics further where there are more than `most` of them, to the number at which they are most apart."""
    if int(topics.max()) < most:
        return topics
    cells = cells_of(points, weights, topics)
    joins: Ints = _cut(cells, None, most)[cells.of]
    return joins


def _cut(cells: Cells, count: int | None, most: int) -> Ints:
    """Return the group of each cell: so many groups as asked for, or those most clearly apart."""
    pairs = joined(cells)
    size = len(cells.means)
    if count is None:
        largest = min(most, max(2, size // CELLS_A_TOPIC))
        apart = {groups: silhouette(cells, _groups(pairs, size, groups)) for groups in range(2, largest + 1)}
        count = middle_of_best(apart)
    return _groups(pairs, size, min(count, size, most))


def _dense(cells: Cells, most: int) -> Ints:
    """Return the group of each cell by HDBSCAN; cells that it leaves out go to the nearest group's mean."""
    from sklearn.cluster import HDBSCAN
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        found = HDBSCAN(min_cluster_size=CELLS_A_TOPIC, min_samples=1, n_jobs=1, copy=True).fit(cells.means).labels_
    inside = found >= 0
    groups = int(found.max()) + 1
    if groups < 2:
        return np.zeros(len(found), dtype=np.int64)
    if groups > most:
        return _cut(cells, most, most)
    weight = np.bincount(found[inside], weights=cells.weight[inside])
    means = group_sums(cells.means[inside], found[inside], cells.weight[inside]) / weight[:, None]
    nearest = squared_distances(cells.means, means).argmin(axis=1)
    return np.asarray(np.where(inside, found, nearest), dtype=np.int64)


def middle_of_best(apart: Mapping[int, float]) -> int:
    """Return the middle, by ratio, of the numbers around the best one that are nearly as good as it."""
    best = max(apart, key=lambda groups: (apart[groups], -groups))
    low = high = best
    floor = apart[best] - NEARLY * abs(apart[best])
    while apart.get(low - 1, -np.inf) >= floor:
        low -= 1
    while apart.get(high + 1, -np.inf) >= floor:
        high += 1
    return round(math.sqrt(low * high))


def _groups(pairs: Sequence[tuple[int, int]], size: int, groups: int) -> Ints:
    """Undo nothing but the last joins: the group of each cell where so many groups are left."""
    of = np.arange(size)
    for kept, gone in pairs[: size - groups]:
        of[gone] = kept
    # A kept group may be gone later: follow it, always to a smaller number, to the one that is left.
    while not np.array_equal(of[of], of):
        of = of[of]
    return np.unique(of, return_inverse=True)[1]


def silhouette(cells: Cells, group_of: Ints) -> float:
    """Return how clearly groups of cells are apart: mean of 1 - a / b, or of b / a - 1 where b is less.

    `a` and `b` are the root mean squared distances of a cell's points to the mean of its own group and to the nearest
    mean of another one. Two groups at least; -1 to 1, 1 where no group has any width.
    """
    totals = np.bincount(group_of, weights=cells.weight)
    means = group_sums(cells.means, group_of, cells.weight) / totals[:, None]
    squared = squared_distances(cells.means, means) + cells.spread[:, None]
    rows = np.arange(len(group_of))
    own = np.sqrt(squared[rows, group_of])
    squared[rows, group_of] = np.inf
    other = np.sqrt(squared.min(axis=1))
    widest = np.maximum(own, other)
    each = np.where(widest > 0, (other - own) / np.where(widest > 0, widest, 1.0), 0.0)
    return float((cells.weight * each).sum() / cells.weight.sum())
