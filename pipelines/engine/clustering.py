"""Clusters of prompts over shards: centres from a sample, then each shard assigned to them.

    vectors -> points of a sample -> centres -> assigned and counted, shard by shard -> numbered by size

The k-means is that of the coverage stage's cells (`pipelines/coverage/cells.py`), on the vectors alone: words and
topics would have to be known of all examples at once, so that these clusters have one level. Up to `FIT_POINTS`
examples the sample is all of them; beyond, a point is in it when its hash is low enough, which no order of shards
changes.
"""

import hashlib
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.coverage.cells import FIT_POINTS, distinct_points, fit_means, nearest_mean
from pipelines.coverage.cluster import suggested_clusters
from pipelines.coverage.settings import CoverageSettings
from pipelines.engine.shard_files import read_frames, whole_file, whole_folder, write_frame
from pipelines.engine.stages import Stages, numbered

STAGES = 5
# The most that the setting `coverage.clusters` allows.
MOST_CLUSTERS = 10_000


def cluster_shards(
    vectors: list[Path], rows: int, settings: CoverageSettings, folder: Path, stages: Stages
) -> list[Path]:
    """Assign each example to a cluster of prompts.

    Args:
        vectors: the files of `embed_shards`.
        rows: how many examples they hold.
        settings: number of clusters and seed.
        folder: for the clusters; what lies between is in `folder/work`.
        stages: runs the work.

    Returns:
        Parquet files with `example_id` and `cluster_id` (int32, from 0 by size), aligned to those of the vectors.
    """
    work = folder / "work"
    jobs = [(path, min(FIT_POINTS / max(rows, 1), 1.0), numbered(work / "points", i)) for i, path in enumerate(vectors)]
    points = stages.run("Choosing points", sample_points, jobs)
    [centres] = stages.run("Finding centres", find_centres, [(points, rows, settings, work / "centres.npy")])
    jobs_of_files = [(path, centres, numbered(work / "assigned", i, ".parquet")) for i, path in enumerate(vectors)]
    assigned = stages.run("Assigning", assign, jobs_of_files)
    [numbers] = stages.run("Numbering clusters", number_clusters, [(assigned, work / "numbers.parquet")])
    return stages.run(
        "Writing clusters",
        write_clusters,
        [(path, numbers, numbered(folder, i, ".parquet")) for i, path in enumerate(assigned)],
    )


def _vectors(path: Path) -> np.ndarray:
    return read_frames([path], ["vector"])["vector"].to_numpy()


def sample_points(vectors: Path, share: float, out: Path) -> None:
    """Write the distinct points of a file that are in the sample, `points.npy`, and how many rows lie at each."""
    points, _, _, weights = distinct_points(_vectors(vectors))
    if share < 1.0:
        kept = np.array([_hash(point) < share * 2.0**64 for point in points], dtype=bool)
        points, weights = points[kept], weights[kept]
    with whole_folder(out) as draft:
        np.save(draft / "points.npy", points)
        np.save(draft / "weights.npy", weights)


def _hash(point: np.ndarray) -> int:
    # Zero has two signs, which are one point.
    return int.from_bytes(hashlib.blake2b((point + 0.0).tobytes(), digest_size=8).digest(), "little")


def find_centres(samples: list[Path], rows: int, settings: CoverageSettings, out: Path) -> None:
    """Write the centres of clusters, `(k, d)` float32; none for no rows."""
    points = np.concatenate([np.load(path / "points.npy") for path in samples])
    weights = np.concatenate([np.load(path / "weights.npy") for path in samples])
    # Texts that differ may have one vector, and lie in several files.
    distinct, of = np.unique(points, axis=0, return_inverse=True)
    total = np.bincount(of.reshape(-1), weights=weights, minlength=len(distinct)).astype(np.float64)
    count = min(settings.clusters or suggested_clusters(rows), MOST_CLUSTERS, len(distinct))
    centres = distinct[:1]
    if count > 1:
        centres = fit_means(distinct, total, count, settings.seed).astype(np.float32)
    with whole_file(out) as draft, draft.open("wb") as file:
        np.save(file, centres)


def assign(vectors: Path, centres: Path, out: Path) -> None:
    """Write `example_id` and `centre`, the number of the nearest one."""
    rows = read_frames([vectors])
    points, _, point_of, _ = distinct_points(rows["vector"].to_numpy())
    nearest = nearest_mean(points, np.load(centres))[point_of] if len(points) else np.empty(0, np.int64)
    write_frame(out, rows.select("example_id", pl.Series("centre", nearest, dtype=pl.Int32)))


def number_clusters(assigned: list[Path], out: Path) -> None:
    """Write `centre` and `cluster_id`: by size, the largest first; among equals by their smallest id."""
    counts = [
        read_frames([path]).group_by("centre").agg(size=pl.len(), first=pl.col("example_id").min()) for path in assigned
    ]
    sizes = pl.concat(counts).group_by("centre").agg(pl.col("size").sum(), pl.col("first").min())
    ordered = sizes.sort("size", "first", descending=[True, False])
    write_frame(out, ordered.select("centre", cluster_id=pl.int_range(pl.len(), dtype=pl.Int32)))


def write_clusters(assigned: Path, numbers: Path, out: Path) -> None:
    """Write `example_id` and `cluster_id`."""
    rows = read_frames([assigned]).join(read_frames([numbers]), on="centre", how="left", maintain_order="left")
    write_frame(out, rows.select("example_id", "cluster_id"))
