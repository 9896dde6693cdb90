"""Cells of points, and a tree that joins them.

Cells come by k-means, many and small; the tree joins, again and again, the two groups whose joining adds least to the
squared distances from the means (Ward). A cut of the tree is a clustering into any number of groups.

Source: Lloyd 1982; Ward 1963.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]
# Vectors that agree in this many decimals are one point: batches of an encoder differ in the seventh.
DECIMALS = 5
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
# More points than this add nothing to where the means lie: they are only assigned.
FIT_POINTS = 20_000
STEPS = 12
HELD = 32_000_000


@dataclass(frozen=True)
class Cells:
    """Groups of points: `of` (n,) says which; `means` (k, d); `weight` (k,); `spread` (k,), mean squared distance."""

    of: Ints
    means: Floats
    weight: Floats
    spread: Floats


def distinct_points(vectors: Points) -> tuple[Points, Ints, Ints, Ints]:
    """Return the distinct points of rounded vectors, sorted; of each its first row, of each row its point, its rows."""
    points, first, of, counts = np.unique(
        np.round(vectors, DECIMALS), axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    return points, first, of.reshape(-1), counts


def make_cells(points: Points, weights: Floats, count: int, seed: int) -> Cells:
    """Group points by k-means from drawn points; cells that nothing falls into are left out.

    Args:
        points: `(n, d)`, one at least.
        weights: `(n,)` how many prompts each point stands for.
        count: cells wanted, 1 to n.
        seed: of the draws.
    """
    chosen = np.arange(len(points))
    if len(points) > max(FIT_POINTS, 2 * count):
        size = max(FIT_POINTS, 2 * count)
        chosen = np.sort(np.random.default_rng(seed).choice(len(points), size, replace=False))
    means = fit_means(points[chosen], weights[chosen], count, seed)
    return cells_of(points, weights, nearest_mean(points, means))


def fit_means(points: Points, weights: Floats, count: int, seed: int) -> NDArray[np.floating]:
    """Find the means of groups by k-means; arguments as `make_cells`, of whose points these are all or a sample.

    Runs on one thread: sums of floats in the order of their arrival would make the result depend on the machine's load.

    Returns:
        `(count, d)`.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    model = KMeans(count, init="random", n_init=1, max_iter=STEPS, random_state=seed)
    with warnings.catch_warnings(), threadpool_limits(limits=1):
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(points, sample_weight=weights)
    means: NDArray[np.floating] = model.cluster_centers_
    return means


def cells_of(points: Points, weights: Floats, labels: Ints) -> Cells:
    """Describe a grouping of points; its numbers may have holes, those of the result have none."""
    _, of = np.unique(labels, return_inverse=True)
    weight = np.bincount(of, weights=weights).astype(np.float64)
    means = group_sums(points, of, weights) / weight[:, None]
    squared = np.empty(len(points))
    rows = max(1, HELD // points.shape[1])
    for start in range(0, len(points), rows):
        part = slice(start, start + rows)
        squared[part] = ((points[part] - means[of[part]]) ** 2).sum(axis=1)
    return Cells(of, means, weight, np.bincount(of, weights=weights * squared) / weight)


def group_sums(points: NDArray[np.floating], of: Ints, weights: Floats) -> Floats:
    """Return the weighted sum of each group's points, (groups, d)."""
    from scipy.sparse import csr_array

    shape = (int(of.max()) + 1, len(points))
    members = csr_array((weights, (of, np.arange(len(points)))), shape=shape)
    return np.asarray(members @ points, dtype=np.float64)


def nearest_mean(points: Points, means: NDArray[np.floating]) -> Ints:
    """Return for each point the nearest of (k, d) means."""
    from threadpoolctl import threadpool_limits

    turned = np.ascontiguousarray(means.T, dtype=np.float32)
    offset = (turned**2).sum(axis=0) / 2
    found = np.empty(len(points), dtype=np.int64)
    rows = max(1, HELD // len(means))
    with threadpool_limits(limits=1):
        for start in range(0, len(points), rows):
            found[start : start + rows] = (points[start : start + rows] @ turned - offset).argmax(axis=1)
    return found


def joined(cells: Cells) -> list[tuple[int, int]]:
    """Join cells until one group is left.

    Returns:
        The pairs in the order of their joining, (kept, gone): group `gone` becomes part of `kept`, numbered by cells.
    """
    means, weight = cells.means.copy(), cells.weight.copy()
    count = len(means)
    cost = squared_distances(means, means) * weight[:, None] * weight / (weight[:, None] + weight)
    np.fill_diagonal(cost, np.inf)
    nearest = cost.argmin(axis=1)
    least = cost[np.arange(count), nearest]
    alive = np.ones(count, dtype=bool)
    pairs = []
    for _ in range(count - 1):
        one = int(least.argmin())
        kept, gone = sorted((one, int(nearest[one])))
        pairs.append((kept, gone))
        total = weight[kept] + weight[gone]
        means[kept] = (means[kept] * weight[kept] + means[gone] * weight[gone]) / total
        weight[kept] = total
        alive[gone] = False
        least[gone] = np.inf
        new = ((means - means[kept]) ** 2).sum(axis=1) * weight * total / (weight + total)
        new[~alive] = np.inf
        new[kept] = np.inf
        cost[gone, :] = cost[:, gone] = np.inf
        cost[kept, :] = cost[:, kept] = new
        # Whose nearest was one of the two looks again; for all others only the joined group can have come nearer.
        again = np.flatnonzero(alive & ((nearest == kept) | (nearest == gone)))
        closer = alive & (new < least)
        nearest[closer], least[closer] = kept, new[closer]
        for group in (*again, kept):
            nearest[group] = cost[group].argmin()
            least[group] = cost[group, nearest[group]]
    return pairs


def squared_distances(rows: Floats, others: Floats) -> Floats:
    """Return (n, m) squared distances, none below 0."""
    squares = (rows**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * rows @ others.T
    return np.asarray(np.maximum(squares, 0.0))
