"""Bands: which pairs of texts are worth a look.

Texts that agree in a whole band of r places of their signatures are a candidate pair: for a pair of similarity s the
chance of that is 1 - (1 - s^r)^bands. Each band is one sort of numbers (the band's key above the row's number); equal
neighbours are a bucket. Candidates are no result: `near.py` verifies each one.

Buckets of many texts (a template with other values, boilerplate) would make the work quadratic. There each text meets
the bucket's first texts and its next ones in the order of the bands that follow; of all these pairs each text keeps
those with the bucket's first texts, and the most alike ones by their signatures.

Source: Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", chapter 3.
"""

import numpy as np
from numpy.typing import NDArray

from pipelines.duplicates.minhash import Pairs, Sketches

# In a bucket up to this size every pair is a candidate, and over all bands a row keeps so many earlier rows: all that
# it has in groups up to this size, the most alike ones of a crowd.
WHOLE_BUCKET = 64
# In a larger one: how many of the first rows, and of the next ones, each row meets in one band.
FIRST_ROWS, NEXT_ROWS = 4, 2
# How many earlier rows a row keeps of those that it met in large buckets, over all bands, the most alike first.
KEPT_OF_A_CROWD = 12
# Pairs that are gathered before repeats are removed.
GATHERED = 1 << 23
ROW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)


def candidate_pairs(sketches: Sketches) -> Pairs:
    """Return the pairs of rows that agree in a whole band.

    Args:
        sketches: of n rows; their order is an order of preference, see `FIRST_ROWS`.

    Returns:
        `(m, 2)` distinct pairs of row numbers, the smaller first, sorted.
    """
    whole, first, near = _Codes(), _Codes(), _Codes()
    for band, key in enumerate(sketches.keys):
        keyed = np.sort((key.astype(np.uint64) << HALF) | np.arange(len(key), dtype=np.uint64))
        rows, keys = keyed & ROW, keyed >> HALF
        edges = np.flatnonzero(np.diff(keys, prepend=ROW + np.uint64(1), append=ROW + np.uint64(1)))
        sizes = np.diff(edges)
        small = np.repeat((sizes > 1) & (sizes <= WHOLE_BUCKET), sizes)
        whole.add(_neighbours(rows[small], keys[small], WHOLE_BUCKET - 1))
        for bucket in np.flatnonzero(sizes > WHOLE_BUCKET):
            crowd = rows[edges[bucket] : edges[bucket + 1]]
            for place, one in enumerate(crowd[:FIRST_ROWS]):
                first.add([(one << HALF) | crowd[place + 1 :]])
            near.add(_neighbours(_by_next_bands(sketches.keys, band, crowd), None, NEXT_ROWS))
    kept = _most_alike(whole.all(), sketches, WHOLE_BUCKET)
    return _as_pairs(_distinct([kept, first.all(), _most_alike(near.all(), sketches, KEPT_OF_A_CROWD)]))


class _Codes:
    """Pairs as numbers, the smaller row in the upper half; repeats are removed when many have been gathered."""

    def __init__(self) -> None:
        self._parts: list[NDArray[np.uint64]] = []
        self._size = 0
        self._limit = GATHERED

    def add(self, parts: list[NDArray[np.uint64]]) -> None:
        self._parts += parts
        self._size += sum(map(len, parts))
        if self._size > self._limit:
            self._parts = [self.all()]
            self._size = len(self._parts[0])
            self._limit = max(GATHERED, 2 * self._size)

    def all(self) -> NDArray[np.uint64]:
        """Return the distinct numbers, sorted."""
        return _distinct(self._parts)


def _distinct(parts: list[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """Join numbers and sort them without repeats; many times faster than `np.unique`, which hashes."""
    joined: NDArray[np.uint64] = np.sort(np.concatenate([np.empty(0, dtype=np.uint64), *parts]))
    first = np.ones(len(joined), dtype=bool)
    np.not_equal(joined[1:], joined[:-1], out=first[1:])
    return joined[first]


def _neighbours(rows: NDArray[np.uint64], keys: NDArray[np.uint64] | None, reach: int) -> list[NDArray[np.uint64]]:
    """Pair each row with those up to `reach` places further, where keys are given only those of the same key."""
    parts: list[NDArray[np.uint64]] = []
    for distance in range(1, min(reach, len(rows) - 1) + 1):
        one, other = rows[:-distance], rows[distance:]
        if keys is not None:
            same = keys[distance:] == keys[:-distance]
            if not same.any():
                break
            one, other = one[same], other[same]
        parts.append((np.minimum(one, other) << HALF) | np.maximum(one, other))
    return parts


def _by_next_bands(keys: NDArray[np.uint32], band: int, rows: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Sort rows by their keys in the three bands after this one, so that the more alike stand together."""
    following = [keys[(band + step) % len(keys)][rows.astype(np.int64)] for step in (3, 2, 1)]
    return rows[np.lexsort(following)]


def _most_alike(codes: NDArray[np.uint64], sketches: Sketches, most: int) -> NDArray[np.uint64]:
    """Keep of the pairs of each later row those with the most alike earlier rows, at most so many."""
    later = (codes & ROW).astype(np.int64)
    crowded = np.bincount(later)[later] > most
    if not crowded.any():
        return codes
    pairs = _as_pairs(codes[crowded])
    order = np.lexsort((pairs[:, 0], -sketches.agreement(pairs), pairs[:, 1]))
    later = pairs[order, 1]
    begins = np.flatnonzero(np.diff(later, prepend=-1))
    place = np.arange(len(later)) - np.repeat(begins, np.diff(np.append(begins, len(later))))
    return np.concatenate([codes[~crowded], codes[crowded][order[place < most]]])


def _as_pairs(codes: NDArray[np.uint64]) -> Pairs:
    return np.stack([codes >> HALF, codes & ROW], axis=1).astype(np.int64)
