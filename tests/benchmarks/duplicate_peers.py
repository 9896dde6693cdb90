"""What the near-duplicate engine is measured against: an exact join as the truth, and two peers.

The truth is a set-similarity join on shingles that are not hashed (prefix filter, rarest shingles first), plain Python.
rensa is a peer where it is installed.

Source: Bayardo, Ma, Srikant 2007, "Scaling up all pairs similarity search"; datasketch 2.0; rensa 0.5.
"""

import importlib
import importlib.util
import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

Pairs = set[tuple[int, int]]
WORD = re.compile(r"\w+")


def shingles_of(text: str, size: int) -> list[str]:
    """Return the word shingles of a text as people write it: a regular expression and a loop."""
    words = WORD.findall(text.lower())
    return [" ".join(words[at : at + size]) for at in range(max(len(words) - size + 1, 1))] if words else []


def exact_pairs(texts: Sequence[str], size: int, threshold: float) -> Pairs:
    """Return every pair of texts whose shingle sets have at least this Jaccard similarity."""
    sets = [set(shingles_of(text, size)) for text in texts]
    frequency = Counter(shingle for shingles in sets for shingle in shingles)
    rank = {shingle: place for place, (_, shingle) in enumerate(sorted((n, s) for s, n in frequency.items()))}
    rows = [sorted(rank[shingle] for shingle in shingles) for shingles in sets]
    members = [set(row) for row in rows]
    index: dict[int, list[int]] = defaultdict(list)
    found: Pairs = set()
    for row in sorted((row for row in range(len(rows)) if rows[row]), key=lambda row: len(rows[row])):
        size_here = len(rows[row])
        prefix = rows[row][: size_here - math.ceil(threshold * size_here) + 1]
        candidates = {other for shingle in prefix for other in index[shingle]}
        for other in candidates:
            if len(rows[other]) >= threshold * size_here:
                shared = len(members[row] & members[other])
                if shared >= threshold * (size_here + len(rows[other]) - shared):
                    found.add((min(row, other), max(row, other)))
        for shingle in prefix:
            index[shingle].append(row)
    return found


def datasketch_pairs(texts: Sequence[str], size: int, threshold: float) -> Pairs:
    """Return what datasketch finds as its README shows it: 128 permutations, nothing verified."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=threshold, num_perm=128)
    found: Pairs = set()
    for row, text in enumerate(texts):
        sketch = MinHash(num_perm=128)
        sketch.update_batch([shingle.encode() for shingle in shingles_of(text, size)])
        found.update((other, row) for other in index.query(sketch))
        index.insert(row, sketch)
    return found


def rensa_pairs(texts: Sequence[str], size: int, threshold: float) -> Pairs:
    """Return what rensa's R-MinHash finds with 128 permutations in 32 bands, each pair verified by its shingle sets."""
    rensa: Any = importlib.import_module("rensa")
    index = rensa.RMinHashLSH(threshold=threshold, num_perm=128, num_bands=32)
    shingles = [shingles_of(text, size) for text in texts]
    found: Pairs = set()
    for row, own in enumerate(shingles):
        sketch = rensa.RMinHash(num_perm=128, seed=1)
        sketch.update(own)
        mine = set(own)
        for other in index.query(sketch):
            theirs = set(shingles[other])
            if mine and len(mine & theirs) >= threshold * len(mine | theirs):
                found.add((other, row))
        index.insert(row, sketch)
    return found


def has_rensa() -> bool:
    """Whether rensa is installed."""
    return importlib.util.find_spec("rensa") is not None
