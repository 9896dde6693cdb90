"""MinHash signatures and bands: which pairs are worth a look.

A signature is the minimum, over a text's shingles, of each of many random permutations of 32-bit hashes; two texts
agree in one place with a chance equal to their Jaccard similarity s. Signatures are cut into bands of r places, and
texts that agree in a whole band are a candidate pair: the chance of that is 1 - (1 - s^r)^bands. Candidates are no
result: `near.py` verifies each one.

Signatures equal, value by value, those of datasketch 2's `MinHash(num_perm, seed)` (scheme "affine32").

Source: Broder 1997, "On the resemblance and containment of documents"; Leskovec, Rajaraman, Ullman, "Mining of Massive
Datasets", chapter 3; datasketch 2.0, `minhash.py`.
"""

import numpy as np
from numpy.typing import NDArray

from pipelines.duplicates.shingles import Offsets, mix

Signatures = NDArray[np.uint32]
Pairs = NDArray[np.int64]

# Shingles a block: with its working copy it stays in the second-level cache.
BLOCK = 32_768
# In a bucket up to this size every pair is a candidate. In a larger one each row meets the bucket's first rows and its
# next rows only: 100,000 rows of one template give 1.6 million candidates a band in place of five billion.
WHOLE_BUCKET = 64
FIRST_ROWS = 8
NEXT_ROWS = 8


def minhash_signatures(hashes: NDArray[np.uint32], offsets: Offsets, *, permutations: int, seed: int) -> Signatures:
    """Sign the rows of shingles.

    Args:
        hashes: 32-bit shingle hashes of all rows, one row after the other.
        offsets: `(n + 1,)` where each row begins; an empty row gets the largest value everywhere.
        permutations: length of a signature.
        seed: of the permutations.

    Returns:
        `(n, permutations)` uint32.
    """
    generator = np.random.RandomState(seed)
    factors = generator.randint(0, 1 << 31, permutations, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    summands = generator.randint(0, 1 << 32, permutations, dtype=np.uint32)
    signatures = np.full((len(offsets) - 1, permutations), np.uint32(0xFFFFFFFF), dtype=np.uint32)
    filled = np.flatnonzero(np.diff(offsets))
    mixed = _mix_32(hashes)
    block = 0
    while block < len(filled):
        end = int(np.searchsorted(offsets[filled], offsets[filled[block]] + BLOCK, side="left"))
        rows = filled[block : max(end, block + 1)]
        start, stop = offsets[rows[0]], offsets[rows[-1] + 1]
        part, starts = mixed[start:stop], offsets[rows] - start
        permuted = np.empty_like(part)
        lowest = np.empty((permutations, len(rows)), dtype=np.uint32)
        for place in range(permutations):
            np.multiply(part, factors[place], out=permuted)
            np.add(permuted, summands[place], out=permuted)
            np.minimum.reduceat(permuted, starts, out=lowest[place])
        signatures[rows] = lowest.T
        block = max(end, block + 1)
    return signatures


def band_rows(threshold: float, permutations: int, recall: float) -> int:
    """Return the most places a band at which a pair right at the threshold is a candidate with chance `recall`.

    More places a band mean fewer candidates to verify; one place a band is the least there is.
    """
    for places in range(permutations, 1, -1):
        bands = permutations // places
        if 1.0 - (1.0 - threshold**places) ** bands >= recall:
            return places
    return 1


def candidate_pairs(signatures: Signatures, places: int) -> Pairs:
    """Return the pairs of rows that agree in a whole band.

    Args:
        signatures: `(n, permutations)`; the order of rows is an order of preference, see `FIRST_ROWS`.
        places: places a band.

    Returns:
        `(m, 2)` distinct pairs of row numbers, the smaller first, sorted.
    """
    count = len(signatures)
    keys = [_band_key(signatures[:, start : start + places]) for start in _band_starts(signatures, places)]
    found = np.empty(0, dtype=np.int64)
    for band, key in enumerate(keys):
        bucket_pairs = _pairs_in_buckets(key, keys[(band + 1) % len(keys)])
        found = np.unique(np.concatenate([found, bucket_pairs[:, 0] * count + bucket_pairs[:, 1]]))
    return np.stack([found // max(count, 1), found % max(count, 1)], axis=1)


def _pairs_in_buckets(key: NDArray[np.uint64], tie: NDArray[np.uint64]) -> Pairs:
    """Pair the rows of equal key; in large buckets neighbours by another band's key, and the first rows."""
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    begins = (
        np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(key) else np.empty(0, np.int64)
    )
    sizes = np.diff(np.append(begins, len(key)))
    parts: list[Pairs] = []
    whole = np.repeat((sizes > 1) & (sizes <= WHOLE_BUCKET), sizes)
    parts += _neighbours(order[whole], ordered[whole], WHOLE_BUCKET - 1)
    for begin, size in zip(begins[sizes > WHOLE_BUCKET], sizes[sizes > WHOLE_BUCKET], strict=True):
        rows = order[begin : begin + size]  # ascending: the sort is stable
        for first in rows[:FIRST_ROWS]:
            later = rows[rows > first]
            parts.append(np.stack([np.full(len(later), first), later], axis=1))
        near = rows[np.argsort(tie[rows], kind="stable")]
        parts += _neighbours(near, np.zeros(size, np.uint64), NEXT_ROWS)
    return np.concatenate(parts) if parts else np.empty((0, 2), dtype=np.int64)


def _neighbours(rows: NDArray[np.int64], key: NDArray[np.uint64], reach: int) -> list[Pairs]:
    """Pair each row with those up to `reach` places further that have the same key."""
    parts: list[Pairs] = []
    for distance in range(1, min(reach, len(rows) - 1) + 1):
        same = key[distance:] == key[:-distance]
        if not same.any():
            break
        pair = np.stack([rows[:-distance][same], rows[distance:][same]], axis=1)
        parts.append(np.sort(pair, axis=1))
    return parts


def _band_starts(signatures: Signatures, places: int) -> range:
    return range(0, signatures.shape[1] - places + 1, places)


def _band_key(band: Signatures) -> NDArray[np.uint64]:
    key = np.zeros(len(band), dtype=np.uint64)
    for place in range(band.shape[1]):
        key = mix(key * np.uint64(0x9E3779B97F4A7C15) + band[:, place].astype(np.uint64))
    return key


def _mix_32(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Apply the 32-bit MurmurHash3 finaliser, as datasketch does before it permutes."""
    values = (values ^ (values >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    values = (values ^ (values >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return values ^ (values >> np.uint32(16))
