"""Semantic duplicates: examples whose vectors point the same way, whatever the words.

A range search: pairs at the threshold or above are found with their true cosine, and none below. Up to 20,000 rows of
different vectors every pair is looked at, block by block. Beyond, each row is compared with the rows of the nearest
cells only (`cells.py`), which finds nearly all. Of a row's pairs with one block or cell of others the first 200 are
listed, and about 10 million in all, lest a crowd become quadratic: a row opens 500 pairs at most where there are
20,000 rows, and 10 where there are a million. Rows of equal vectors are collapsed first.

Not covered: vectors that do not fit into memory.
"""

import hashlib
from collections.abc import Iterator

import numpy as np
import polars as pl

from pipelines.duplicates.cells import close_pairs
from pipelines.duplicates.classes import classes_of, first_rows, spread_pairs
from pipelines.duplicates.exact import NO_PAIRS
from pipelines.duplicates.near import PAIRS
from pipelines.duplicates.settings import DuplicateSettings
from pipelines.embedding.cells import Rows
from pipelines.embedding.encoder import Vectors
from pipelines.errors import CurationError
from pipelines.progress import Progress, no_progress

BLOCK = 2_048
# Up to this many rows every pair is looked at.
EVERY_PAIR = 20_000
# Most pairs that one row may open within a block of columns: a larger crowd is still joined through its first rows.
PAIRS_A_ROW = 200
# Most pairs in all, by which the rows share them; each may open so many at least.
MOST_PAIRS, FEWEST_A_ROW = 10_000_000, 10


def find_semantic_duplicates(
    examples: pl.DataFrame,
    vectors: Vectors,
    settings: DuplicateSettings | None = None,
    *,
    progress: Progress = no_progress,
) -> pl.DataFrame:
    """Find the pairs of examples whose cosine reaches the threshold.

    Args:
        examples: with `example_id`.
        vectors: `(n, d)` unit rows aligned to `examples`, of prompt and completion together.
        settings: the threshold.
        progress: is told each block.

    Returns:
        Columns of `PAIRS`, the earlier row as `example_a`, sorted by row; no guards applied yet.

    Raises:
        CurationError: the vectors are not aligned to the examples.
    """
    settings = settings or DuplicateSettings()
    if vectors.ndim != 2 or len(vectors) != len(examples):
        raise CurationError(
            f"There are {len(vectors):,} vectors for {len(examples):,} examples.",
            "Embed the examples again, one vector for each row in its order.",
        )
    classes = _classes(vectors)
    first = first_rows(classes).to_numpy()
    # Where no two are equal they are searched where they lie, without a copy.
    distinct = np.ascontiguousarray(vectors if len(first) == len(vectors) else vectors[first], dtype=np.float32)
    search = _close_pairs if len(distinct) <= EVERY_PAIR else close_pairs
    parts = [NO_PAIRS]
    opened = np.zeros(len(distinct), np.int64)
    for left, right, cosine in search(distinct, settings.semantic_threshold, most=PAIRS_A_ROW, progress=progress):
        kept = _within_share(left, opened)
        alike = np.minimum(cosine[kept].astype(np.float64), 1.0)
        parts.append(pl.DataFrame({"left": left[kept], "right": right[kept], "similarity": alike}))
    pairs = spread_pairs(classes, pl.concat(parts))
    progress(1.0, f"Found {len(pairs):,} semantic duplicate pairs")
    ids = examples["example_id"]
    return pl.DataFrame(
        {"example_a": ids.gather(pairs["a"]), "example_b": ids.gather(pairs["b"]), "similarity": pairs["similarity"]},
        schema=PAIRS,
    )


def _within_share(left: Rows, opened: Rows) -> Rows:
    """Return the places of pairs that their first rows may still open, and count them in `opened`."""
    share = max(MOST_PAIRS // max(len(opened), 1), FEWEST_A_ROW)
    order = np.argsort(left, kind="stable")
    ranked = left[order]
    place = np.arange(len(left)) - np.searchsorted(ranked, ranked)
    kept = np.sort(order[opened[ranked] + place < share])
    rows, counts = np.unique(left[kept], return_counts=True)
    opened[rows] += counts
    return kept


def _close_pairs(
    vectors: Vectors, threshold: float, *, most: int, progress: Progress
) -> Iterator[tuple[Rows, Rows, Vectors]]:
    """Yield every pair of rows whose cosine reaches the threshold, a pair of blocks at a time; see `close_pairs`."""
    for start in range(0, len(vectors), BLOCK):
        progress(start / len(vectors), f"Comparing vectors {start:,} of {len(vectors):,}")
        for other in range(start, len(vectors), BLOCK):
            cosine = vectors[start : start + BLOCK] @ vectors[other : other + BLOCK].T
            left, right = np.nonzero(cosine >= threshold)
            later = left + start < right + other
            left, right = left[later], right[later]
            kept = np.arange(len(left)) - np.searchsorted(left, left) < most
            left, right = left[kept], right[kept]
            yield left + start, right + other, cosine[left, right]


def _classes(vectors: Vectors) -> pl.DataFrame:
    """Group the rows of equal vectors; rows of zeros, which have no direction, are left out."""
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    filled = np.flatnonzero(rows.any(axis=1))
    # Sixteen bytes for a row: a million rows themselves would be in memory three times.
    keys = [hashlib.blake2b(rows[row], digest_size=16).digest() for row in filled]
    return classes_of(pl.DataFrame({"row": filled, "key": keys}, schema={"row": pl.Int64, "key": pl.Binary}))
