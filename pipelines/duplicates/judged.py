"""Semantic duplicates in two steps: a fast encoder says which pairs may be alike, an accurate one judges those.

The fast encoder's cosine hardly orders near neighbours as the accurate one's does (Spearman 0.5), but what the accurate
one puts above a threshold the fast one rarely puts far below it. So its pairs are looked for from `filter_margin` below
the threshold on, only the rows in them are embedded accurately, and the accurate cosine alone decides and is reported.
What the figures are: `tests/benchmarks/semantic_figures.py --judged`.
"""

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.duplicates.near import PAIRS
from pipelines.duplicates.semantic import find_semantic_duplicates
from pipelines.duplicates.settings import DuplicateSettings
from pipelines.embedding.encoder import Vectors
from pipelines.progress import Progress, no_progress, part_of

# Gives the accurate encoder's unit rows, in order, for positions of rows of the examples.
Judge = Callable[[NDArray[np.int64], Progress], Vectors]
# Pairs whose vectors are multiplied at once.
AT_ONCE = 65_536


def find_judged_duplicates(
    examples: pl.DataFrame,
    vectors: Vectors,
    judge: Judge,
    settings: DuplicateSettings,
    *,
    known: pl.DataFrame,
    progress: Progress = no_progress,
) -> pl.DataFrame:
    """Find the pairs that the fast vectors let through and whose accurate cosine reaches the threshold.

    Args:
        examples: with `example_id`.
        vectors: `(n, d)` unit rows of the fast encoder, aligned to the examples.
        judge: is asked once, for the rows that stand in pairs; not at all where there are none.
        settings: `semantic_threshold` and `filter_margin`.
        known: `example_a`, `example_b` of pairs that need no verdict, being duplicates of another kind already.
        progress: is told each step.

    Returns:
        Columns of `PAIRS` with the accurate cosine, the earlier row as `example_a`, sorted by row.
    """
    lower = settings.model_copy(update={"semantic_threshold": settings.semantic_threshold - settings.filter_margin})
    found = find_semantic_duplicates(examples, vectors, lower, progress=part_of(progress, 0.0, 0.3))
    settled = pl.concat(
        [known.select("example_a", "example_b"), known.select(example_a="example_b", example_b="example_a")]
    )
    candidates = found.join(settled, on=["example_a", "example_b"], how="anti", maintain_order="left")
    if candidates.is_empty():
        return candidates.match_to_schema(PAIRS)
    places = examples.select("example_id").with_row_index("row")
    left, right = (
        candidates.select(example_id=side)
        .join(places, on="example_id", how="left", maintain_order="left")["row"]
        .to_numpy()
        for side in ("example_a", "example_b")
    )
    asked, numbers = np.unique(np.concatenate([left, right]), return_inverse=True)
    progress(0.3, f"Judging {len(candidates):,} pairs of {len(asked):,} examples")
    accurate = judge(asked.astype(np.int64), part_of(progress, 0.3, 1.0))
    cosine = _cosines(accurate, numbers[: len(left)], numbers[len(left) :])
    return candidates.with_columns(similarity=pl.Series(cosine)).filter(
        pl.col("similarity") >= settings.semantic_threshold
    )


def _cosines(vectors: Vectors, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
    cosine = np.empty(len(left), np.float64)
    for start in range(0, len(left), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        cosine[part] = np.einsum("ij,ij->i", vectors[left[part]], vectors[right[part]])
    return np.minimum(cosine, 1.0)
