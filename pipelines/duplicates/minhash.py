"""MinHash signatures: how alike two texts are, estimated from the least of their hashed shingles.

A signature is the minimum, over a text's shingles, of each of many random permutations of 32-bit hashes; two texts
agree in one place with a chance equal to their Jaccard similarity s. What is kept of a signature is a key for each band
of places (`bands.py` looks for candidates by them) and one byte of each of 64 places, by which an estimate costs one
line of the processor's cache.

Signatures equal, value by value, those of datasketch 2's `MinHash(num_perm, seed)` (scheme "affine32").

Source: Broder 1997, "On the resemblance and containment of documents"; Li and König 2010, "b-Bit Minwise Hashing";
datasketch 2.0, `minhash.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.duplicates.shingles import Hashes, Offsets, mix

Signatures = NDArray[np.uint32]
Pairs = NDArray[np.int64]

# Shingles a block: with its working copy it stays in the second-level cache.
BLOCK = 32_768
ESTIMATED_PLACES = 64


@dataclass(frozen=True)
class Sketches:
    """What is kept of n signatures.

    Attributes:
        keys: `(bands, n)` uint32, equal where two texts agree in a whole band (else with a chance of 2^-32).
        places: `(n, 64)` uint8, or fewer columns where a signature is shorter: the lowest byte of its first places.
    """

    keys: NDArray[np.uint32]
    places: NDArray[np.uint8]

    def agreement(self, pairs: Pairs) -> NDArray[np.float64]:
        """Estimate the Jaccard similarity of pairs of rows: the share of places that agree, 0 to 1."""
        size = 1 << 16
        parts = [
            (self.places[pairs[start : start + size, 0]] == self.places[pairs[start : start + size, 1]]).mean(axis=1)
            for start in range(0, len(pairs), size)
        ]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float64)


def minhash_signatures(
    hashes: NDArray[np.uint32] | Hashes, offsets: Offsets, *, permutations: int, seed: int
) -> Signatures:
    """Sign the rows of shingles.

    Args:
        hashes: shingle hashes of all rows, one row after the other; of 64 bits the lower 32 count.
        offsets: `(n + 1,)` where each row begins; an empty row gets the largest value everywhere.
        permutations: length of a signature.
        seed: of the permutations.

    Returns:
        `(n, permutations)` uint32.
    """
    signatures = np.full((len(offsets) - 1, permutations), np.uint32(0xFFFFFFFF), dtype=np.uint32)
    for rows, lowest in _blocks(hashes, offsets, permutations, seed):
        signatures[rows] = lowest.T
    return signatures


def sketch_rows(
    hashes: NDArray[np.uint32] | Hashes, offsets: Offsets, *, permutations: int, seed: int, places: int
) -> Sketches:
    """Sign the rows of shingles, and keep of each signature its band keys and an excerpt.

    Args:
        hashes: see `minhash_signatures`.
        offsets: `(n + 1,)` where each row begins; what an empty row gets has no meaning.
        permutations: length of a signature.
        seed: of the permutations.
        places: places of a signature that make a band.
    """
    count = len(offsets) - 1
    keys = np.zeros((permutations // places, count), dtype=np.uint32)
    kept = np.zeros((count, min(ESTIMATED_PLACES, permutations)), dtype=np.uint8)
    for rows, lowest in _blocks(hashes, offsets, permutations, seed):
        keys[:, rows] = band_keys(lowest, places)
        kept[rows] = lowest[: kept.shape[1]].T.astype(np.uint8)
    return Sketches(keys, kept)


def band_keys(signatures: Signatures, places: int) -> NDArray[np.uint32]:
    """Hash the bands of signatures.

    Args:
        signatures: `(permutations, n)`, a column a text.
        places: places a band; what is left over at the end belongs to none.

    Returns:
        `(bands, n)` uint32.
    """
    bands = signatures.shape[0] // places
    key = np.zeros((bands, signatures.shape[1]), dtype=np.uint64)
    for place in range(places):
        key *= np.uint64(0x9E3779B97F4A7C15)
        key += signatures[place : bands * places : places]
        key ^= key >> np.uint64(29)
    return (mix(key) >> np.uint64(32)).astype(np.uint32)


def band_rows(threshold: float, permutations: int, recall: float) -> int:
    """Return the most places a band at which a pair right at the threshold is a candidate with chance `recall`.

    More places a band mean fewer candidates to verify; one place a band is the least there is.
    """
    for places in range(permutations, 1, -1):
        bands = permutations // places
        if 1.0 - (1.0 - threshold**places) ** bands >= recall:
            return places
    return 1


def _blocks(
    hashes: NDArray[np.uint32] | Hashes, offsets: Offsets, permutations: int, seed: int
) -> Iterator[tuple[NDArray[np.int64], Signatures]]:
    """Yield the numbers of successive rows that have shingles, and their signatures, `(permutations, rows)`."""
    generator = np.random.RandomState(seed)
    factors = generator.randint(0, 1 << 31, permutations, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    summands = generator.randint(0, 1 << 32, permutations, dtype=np.uint32)
    filled = np.flatnonzero(np.diff(offsets))
    begins, ends = offsets[filled], offsets[filled + 1]
    row = 0
    while row < len(filled):
        last = max(int(np.searchsorted(ends, begins[row] + BLOCK, side="right")), row + 1)
        part = _mix_32(hashes[begins[row] : ends[last - 1]].astype(np.uint32))
        starts = begins[row:last] - begins[row]
        permuted = np.empty_like(part)
        lowest = np.empty((permutations, last - row), dtype=np.uint32)
        for place in range(permutations):
            np.multiply(part, factors[place], out=permuted)
            np.add(permuted, summands[place], out=permuted)
            np.minimum.reduceat(permuted, starts, out=lowest[place])
        yield filled[row:last], lowest
        row = last


def _mix_32(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Apply the 32-bit MurmurHash3 finaliser, as datasketch does before it permutes."""
    values = (values ^ (values >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    values = (values ^ (values >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return values ^ (values >> np.uint32(16))
