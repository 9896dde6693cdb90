"""Map coverage: one table of clusters for browsing, and the gaps against production within the same clusters.

    vectors of prompts -> topics and clusters of the pool -> titles, places on the map -> gaps, share that is covered

Not covered: a two-sample test of the whole, coverage by length, language or form.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.coverage.cluster import cluster_prompts
from pipelines.coverage.gaps import GAPS, find_gaps
from pipelines.coverage.headline import covered_share
from pipelines.coverage.map2d import map_vectors
from pipelines.coverage.settings import CoverageSettings
from pipelines.coverage.titles import cluster_titles
from pipelines.embedding.encoder import Vectors
from pipelines.errors import CurationError
from pipelines.examples import check_columns
from pipelines.progress import Progress, no_progress, part_of

PROMPTS = pl.Schema({"example_id": pl.String, "prompt": pl.String, "role": pl.String})
CLUSTERS = pl.Schema(
    {
        "example_id": pl.String,
        "topic_id": pl.Int32,
        "topic": pl.String,
        "cluster_id": pl.Int32,
        "title": pl.String,
        "x": pl.Float32,
        "y": pl.Float32,
    }
)
ROLES = ("production", "train")


@dataclass(frozen=True)
class Coverage:
    """What was found.

    Attributes:
        clusters: columns of `CLUSTERS`, one row an example, by example id; each cluster lies within one
            topic, the largest topic and the largest cluster are number 0.
        gaps: columns of `gaps.GAPS`, the most missing first; empty without production.
        coverage: share of production that has a training example near it (see `headline.py`); None without production.
        settings: that were used.
    """

    clusters: pl.DataFrame
    gaps: pl.DataFrame
    coverage: float | None
    settings: CoverageSettings


def map_coverage(
    examples: pl.DataFrame,
    vectors: Vectors,
    settings: CoverageSettings | None = None,
    *,
    weights: NDArray[np.float64] | None = None,
    progress: Progress = no_progress,
) -> Coverage:
    """Cluster prompts, draw their map, and find what production asks and training lacks.

    Args:
        examples: `example_id`, `prompt`, and `role`, which is "train" or "production".
        vectors: `(n, d)` unit rows of the prompts, aligned to `examples`.
        settings: clusters, test, map.
        weights: `(n,)` how often each production query came; 1 each when left out; those of a repeated row add up.
        progress: is told the steps.

    Returns:
        Clusters, gaps and the headline; the order of rows changes nothing. No rows give empty tables.

    Raises:
        CurationError: a column is missing, a role is another word, or vectors or weights are not aligned.
    """
    settings = settings or CoverageSettings()
    check_columns(examples, PROMPTS, "prompts")
    _check_aligned(examples, vectors, weights)
    numbered = (
        examples.select("example_id", "prompt", "role")
        .with_columns(weight=pl.Series(np.ones(len(examples)) if weights is None else weights, dtype=pl.Float64))
        .with_columns(volume=pl.col("weight").sum().over("example_id", "role"))
        .with_row_index("position")
    )
    pool = numbered.unique(["example_id", "role"], keep="first", maintain_order=True).sort("example_id", "role")
    position = pool["position"].to_numpy().astype(np.int64)
    rows = np.ascontiguousarray(vectors[position], dtype=np.float32)
    volume = pool["volume"].to_numpy()
    production = (pool["role"] == "production").to_numpy()

    progress(0.0, f"Clustering {len(pool):,} prompts")
    found = cluster_prompts(pool["prompt"].to_list(), rows, settings)
    labels = found.clusters
    progress(0.25, "Naming the clusters")
    titles = cluster_titles(pool["prompt"], labels)
    topics = cluster_titles(pool["prompt"], found.topics)
    places = map_vectors(rows, settings, progress=part_of(progress, 0.3, 0.85))
    progress(0.85, "Looking for gaps")
    gaps = find_gaps(pool["prompt"], production, rows, labels, titles, volume, settings)
    share = covered_share(rows[production], rows[~production], volume[production], settings.neighbours)
    clusters = pl.DataFrame(
        {
            "example_id": pool["example_id"],
            "topic_id": found.topics,
            "topic": pl.Series([topics[int(topic)] for topic in found.topics], dtype=pl.String),
            "cluster_id": labels,
            "title": pl.Series([titles[int(label)] for label in labels], dtype=pl.String),
            "x": places[:, 0],
            "y": places[:, 1],
        },
        schema=CLUSTERS,
    ).unique("example_id", keep="first", maintain_order=True)
    progress(1.0, f"Found {len(topics):,} topics, {len(titles):,} clusters and {len(gaps):,} gaps")
    return Coverage(clusters, gaps.match_to_schema(GAPS), share, settings)


def _check_aligned(examples: pl.DataFrame, vectors: Vectors, weights: NDArray[np.float64] | None) -> None:
    if vectors.ndim != 2 or len(vectors) != len(examples):
        raise CurationError(
            f"There are {len(vectors):,} vectors for {len(examples):,} prompts.",
            "Embed the prompts again, one vector for each row in its order.",
        )
    if weights is not None and (len(weights) != len(examples) or not np.all(np.isfinite(weights) & (weights >= 0))):
        raise CurationError(
            "The weights are not one number of 0 or more for each prompt.", "Give how often each query came, or none."
        )
    others = sorted({str(role) for role in examples["role"].unique()} - set(ROLES))
    if others:
        raise CurationError(
            f"The role '{others[0]}' has no place in coverage.", "Hand in rows of the roles train and production only."
        )
