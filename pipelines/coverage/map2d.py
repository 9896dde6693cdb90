"""A map of prompts in two dimensions: what is alike lies close together.

Each prompt is tied to its nearest neighbours by cosine, the ties are weighted so that every prompt has about equally
many, and places are moved step by step: tied prompts attract, drawn ones repel. It starts from the first two principal
components and its draws are seeded, so that the same vectors give the same map. Of many prompts a sample is laid out,
and each of the others goes to the weighted mean of the places of the sampled prompts that are most like it.

Distances between far groups mean little; that two prompts lie close means that they are alike.

Source: McInnes, Healy and Melville 2018, arXiv:1802.03426 (UMAP), sections 3.1 and 3.2, with the moves of a step summed
before they are made; initialisation by Kobak and Linderman 2021, doi:10.1038/s41587-020-00809-z.
"""

import numpy as np
from numpy.typing import NDArray

from pipelines.coverage.cells import DECIMALS
from pipelines.coverage.settings import CoverageSettings
from pipelines.embedding.encoder import Vectors
from pipelines.progress import Progress, no_progress, part_of

Places = NDArray[np.float32]
NEIGHBOURS = 15
STEPS = 300
DRAWN = 5
# The curve 1 / (1 + A d^2B) of the attraction for a least distance of 0.1 between points.
A, B = 1.577, 0.895
LONGEST_MOVE = 4.0
START_RADIUS = 10.0
# Fewer points than this have no neighbourhoods to keep: their principal components are the map.
FEWEST_POINTS = 12
BESIDE = 5
# Weight of a neighbour: exp(cosine / SHARPNESS); small, so that a point lies beside its nearest rather than between.
SHARPNESS = 0.03
BLOCK = 4_096


def map_vectors(vectors: Vectors, settings: CoverageSettings, *, progress: Progress = no_progress) -> Places:
    """Lay vectors out on a plane.

    Args:
        vectors: `(n, d)` unit rows, in an order that does not depend on how they were read (by id).
        settings: sample and seed.
        progress: is told the steps.

    Returns:
        `(n, 2)` float32 within -1..1; equal vectors share a place; all zeros when all are equal.
    """
    points, point_of = np.unique(np.round(vectors, DECIMALS), axis=0, return_inverse=True)
    if len(points) < 2:
        return np.zeros((len(vectors), 2), dtype=np.float32)
    chosen = np.arange(len(points))
    if len(points) > settings.map_sample:
        drawn = np.random.default_rng(settings.seed).choice(len(points), settings.map_sample, replace=False)
        chosen = np.sort(drawn)
    progress(0.0, f"Drawing a map of {len(points):,} prompts")
    sample = points[chosen]
    laid_out = _scaled(_layout(sample, settings.seed, part_of(progress, 0.0, 0.7)))
    places = np.empty((len(points), 2), dtype=np.float32)
    places[chosen] = laid_out
    others = np.setdiff1d(np.arange(len(points)), chosen, assume_unique=True)
    for start in range(0, len(others), BLOCK):
        progress(0.7 + 0.3 * start / len(others), f"Placing prompts {start:,} of {len(others):,}")
        rows = others[start : start + BLOCK]
        places[rows] = _beside(points[rows], sample, laid_out)
    progress(1.0, "Drew the map")
    return places[point_of.reshape(-1)]


def principal_components(vectors: Vectors, count: int) -> NDArray[np.float64]:
    """Return coordinates on the first principal axes, `(n, count)`; an axis points where its largest weight is."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :count]
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    coordinates = centred @ (axes * signs)
    missing = count - coordinates.shape[1]
    return np.pad(coordinates, ((0, 0), (0, missing))) if missing > 0 else coordinates


def _layout(points: Vectors, seed: int, told: Progress) -> NDArray[np.float64]:
    """Place points by attraction along their ties and repulsion from drawn points."""
    places = principal_components(points, 2)
    if len(points) < FEWEST_POINTS:
        return places
    places *= START_RADIUS / np.abs(places).max()
    one, other, weight = _ties(points, min(NEIGHBOURS, len(points) - 1))
    degree = np.bincount(one, weights=weight, minlength=len(points))
    generator = np.random.default_rng(seed)
    places += generator.normal(scale=1e-3, size=places.shape)
    for step in range(STEPS):
        if step % 20 == 0:
            told(step / STEPS, "Drawing the map")
        apart = places[one] - places[other]
        square = np.maximum((apart**2).sum(axis=1), 1e-9)
        pull = -2 * A * B * square ** (B - 1) / (1 + A * square**B) * weight
        moves = _summed(one, apart * pull[:, None], len(points)) / degree[:, None]
        for drawn in generator.integers(0, len(points), size=(DRAWN, len(points))):
            apart = places - places[drawn]
            square = (apart**2).sum(axis=1)
            push = 2 * B / ((1e-3 + square) * (1 + A * square**B))
            moves += np.clip(apart * push[:, None], -LONGEST_MOVE, LONGEST_MOVE)
        places += (1 - step / STEPS) * np.clip(moves, -LONGEST_MOVE, LONGEST_MOVE)
    return places


def _ties(points: Vectors, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the ties between nearest neighbours, in both directions, with weights of 0 to 1."""
    from scipy.sparse import csr_array

    near = np.empty((len(points), count), dtype=np.int64)
    far = np.empty((len(points), count), dtype=np.float64)
    for start in range(0, len(points), BLOCK):
        cosine = points[start : start + BLOCK] @ points.T
        rows = np.arange(len(cosine))
        cosine[rows, start + rows] = -np.inf
        found = np.argpartition(-cosine, count - 1, axis=1)[:, :count]
        near[start : start + BLOCK] = found
        far[start : start + BLOCK] = 1 - np.take_along_axis(cosine, found, axis=1)
    beyond = np.maximum(far - far.min(axis=1, keepdims=True), 0.0)
    strength = np.exp(-beyond / _widths(beyond)[:, None])
    rows = np.repeat(np.arange(len(points)), count)
    directed = csr_array((strength.ravel(), (rows, near.ravel())), shape=(len(points), len(points)))
    both = (directed + directed.T - directed * directed.T).tocoo()
    return both.row.astype(np.int64), both.col.astype(np.int64), both.data.astype(np.float64)


def _widths(beyond: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find for each point the width at which its ties add up to log2 of their number, by bisection."""
    low, high = np.full(len(beyond), 1e-4), np.full(len(beyond), 4.0)
    wanted = np.log2(beyond.shape[1])
    for _ in range(30):
        middle = (low + high) / 2
        too_wide = np.exp(-beyond / middle[:, None]).sum(axis=1) > wanted
        high, low = np.where(too_wide, middle, high), np.where(too_wide, low, middle)
    return np.asarray((low + high) / 2)


def _summed(owner: NDArray[np.int64], moves: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    return np.stack([np.bincount(owner, weights=moves[:, axis], minlength=count) for axis in (0, 1)], axis=1)


def _beside(points: Vectors, sample: Vectors, places: Places) -> NDArray[np.float64]:
    cosine = points @ sample.T
    count = min(BESIDE, len(sample))
    nearest = np.argpartition(-cosine, count - 1, axis=1)[:, :count]
    alike = np.take_along_axis(cosine, nearest, axis=1).astype(np.float64)
    weights = np.exp((alike - alike.max(axis=1, keepdims=True)) / SHARPNESS)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray((places[nearest] * weights[:, :, None]).sum(axis=1))


def _scaled(places: NDArray[np.float64]) -> Places:
    """Centre the map and scale it to -1..1, both axes alike."""
    centred = places - (places.max(axis=0) + places.min(axis=0)) / 2
    return np.asarray(centred / max(float(np.abs(centred).max()), 1e-12), dtype=np.float32)
