"""Semantic duplicates: examples whose vectors point the same way, whatever the words.

A range search over blocks of rows: every pair at the threshold or above is found, with its true cosine, but for rows
in a crowd: of a row's pairs with one block of others the first 200 are listed. Rows of equal vectors are collapsed
first. The pass is quadratic: about 15 CPU-seconds for 20,000 rows of 384 numbers.

Not covered: an index for a million rows.
"""

import numpy as np
import polars as pl

from pipelines.duplicates.classes import classes_of, first_rows, spread_pairs
from pipelines.duplicates.exact import NO_PAIRS
from pipelines.duplicates.near import PAIRS
from pipelines.duplicates.settings import DuplicateSettings
from pipelines.embedding.encoder import Vectors
from pipelines.errors import CurationError
from pipelines.progress import Progress, no_progress

BLOCK = 2_048
# Most pairs that one row may open within a block of columns: a larger crowd is still joined through its first rows.
PAIRS_A_ROW = 200


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
    distinct = np.ascontiguousarray(vectors[first_rows(classes).to_numpy()], dtype=np.float32)
    parts = [NO_PAIRS]
    for start in range(0, len(distinct), BLOCK):
        progress(start / len(distinct), f"Comparing vectors {start:,} of {len(distinct):,}")
        for other in range(start, len(distinct), BLOCK):
            cosine = distinct[start : start + BLOCK] @ distinct[other : other + BLOCK].T
            left, right = np.nonzero(cosine >= settings.semantic_threshold)
            later = left + start < right + other
            left, right = left[later], right[later]
            alike = np.minimum(cosine[left, right].astype(np.float64), 1.0)
            found = pl.DataFrame({"left": left + start, "right": right + other, "similarity": alike})
            parts.append(found.filter(pl.int_range(pl.len()).over("left") < PAIRS_A_ROW))
    pairs = spread_pairs(classes, pl.concat(parts))
    progress(1.0, f"Found {len(pairs):,} semantic duplicate pairs")
    ids = examples["example_id"]
    return pl.DataFrame(
        {"example_a": ids.gather(pairs["a"]), "example_b": ids.gather(pairs["b"]), "similarity": pairs["similarity"]},
        schema=PAIRS,
    )


def _classes(vectors: Vectors) -> pl.DataFrame:
    """Group the rows of equal vectors; rows of zeros, which have no direction, are left out."""
    filled = np.flatnonzero(np.any(vectors != 0, axis=1))
    keys = [row.tobytes() for row in np.ascontiguousarray(vectors[filled], dtype=np.float32)]
    return classes_of(pl.DataFrame({"row": filled, "key": keys}, schema={"row": pl.Int64, "key": pl.Binary}))
