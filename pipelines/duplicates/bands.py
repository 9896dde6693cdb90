"""Bands: which pairs of texts are worth a look.

Texts that agree in a whole band of r places of their signatures are a candidate pair: for a pair of similarity s the
chance of that is 1 - (1 - s^r)^bands. Each band is one sort of numbers (the band's key above the row's number); equal
neighbours are a bucket. Candidates are no result: `near.py` verifies each one.

Buckets of many texts (a template with other values, boilerplate) would make the work quadratic. There each text meets
the bucket's first texts and its next ones in the order of the bands that follow; of all these pairs each text keeps
those with the bucket's first texts, and the most alike ones by their signatures.

Source: Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", chapter 3.
"""

from dataclasses import dataclass, field

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
        found = buckets_of(key, np.arange(len(key), dtype=np.uint64))
        whole.add(found.whole)
        first.add(found.first)
        for crowd in found.crowds:
            following = [sketches.keys[other][crowd.astype(np.int64)] for other in next_bands(band, len(sketches.keys))]
            near.add(crowd_neighbours(crowd, following))
    return kept_pairs(whole.all(), first.all(), near.all(), sketches)


@dataclass(frozen=True)
class Buckets:
    """What the buckets of one band give: pairs as numbers, the smaller row in the upper half.

    Attributes:
        whole: of buckets of up to `WHOLE_BUCKET` rows, every pair.
        first: of larger ones, the pairs with their first rows.
        crowds: the rows of the larger ones, rising; `crowd_neighbours` pairs those that stand together.
    """

    whole: list[NDArray[np.uint64]] = field(default_factory=list)
    first: list[NDArray[np.uint64]] = field(default_factory=list)
    crowds: list[NDArray[np.uint64]] = field(default_factory=list)


def buckets_of(key: NDArray[np.uint32], rows: NDArray[np.uint64]) -> Buckets:
    """Find the buckets of one band.

    Args:
        key: `(n,)` of the band.
        rows: `(n,)` numbers of the rows, below 2^32, each once.
    """
    keyed = np.sort((key.astype(np.uint64) << HALF) | rows)
    rows, keys = keyed & ROW, keyed >> HALF
    edges = np.flatnonzero(np.diff(keys, prepend=ROW + np.uint64(1), append=ROW + np.uint64(1)))
    sizes = np.diff(edges)
    small = np.repeat((sizes > 1) & (sizes <= WHOLE_BUCKET), sizes)
    found = Buckets(_neighbours(rows[small], keys[small], WHOLE_BUCKET - 1))
    for bucket in np.flatnonzero(sizes > WHOLE_BUCKET):
        crowd = rows[edges[bucket] : edges[bucket + 1]]
        found.crowds.append(crowd)
        found.first.extend((one << HALF) | crowd[place + 1 :] for place, one in enumerate(crowd[:FIRST_ROWS]))
    return found


def next_bands(band: int, bands: int) -> list[int]:
    """Return the bands by which the crowds of a band are sorted, the one that counts most last."""
    return [(band + step) % bands for step in (3, 2, 1)]


def crowd_neighbours(crowd: NDArray[np.uint64], following: list[NDArray[np.uint32]]) -> list[NDArray[np.uint64]]:
    """Pair the rows of a crowd with the next ones by their keys in other bands, where the more alike stand together.

    Args:
        crowd: `(n,)` rows, rising.
        following: the rows' keys in the bands that `next_bands` names.
    """
    return _neighbours(crowd[np.lexsort(following)], None, NEXT_ROWS)


def kept_pairs(
    whole: NDArray[np.uint64], first: NDArray[np.uint64], near: NDArray[np.uint64], sketches: Sketches
) -> Pairs:
    """Return the candidate pairs of all bands together; what a later row keeps depends on its own pairs alone.

    Args:
        whole: distinct numbers, see `Buckets`.
        first: distinct numbers, see `Buckets`.
        near: distinct numbers of `crowd_neighbours`.
        sketches: of the rows.
    """
    kept = _most_alike(whole, sketches, WHOLE_BUCKET)
    return as_pairs(distinct_codes([kept, first, _most_alike(near, sketches, KEPT_OF_A_CROWD)]))


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
        return distinct_codes(self._parts)


def distinct_codes(parts: list[NDArray[np.uint64]]) -> NDArray[np.uint64]:
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


def _most_alike(codes: NDArray[np.uint64], sketches: Sketches, most: int) -> NDArray[np.uint64]:
    """Keep of the pairs of each later row those with the most alike earlier rows, at most so many."""
    later = (codes & ROW).astype(np.int64)
    crowded = np.bincount(later)[later] > most
    if not crowded.any():
        return codes
    pairs = as_pairs(codes[crowded])
    order = np.lexsort((pairs[:, 0], -sketches.agreement(pairs), pairs[:, 1]))
    later = pairs[order, 1]
    begins = np.flatnonzero(np.diff(later, prepend=-1))
    place = np.arange(len(later)) - np.repeat(begins, np.diff(np.append(begins, len(later))))
    return np.concatenate([codes[~crowded], codes[crowded][order[place < most]]])


def as_pairs(codes: NDArray[np.uint64]) -> Pairs:
    """Return `(m, 2)` row numbers of pairs that are given as numbers."""
    return np.stack([codes >> HALF, codes & ROW], axis=1).astype(np.int64)
