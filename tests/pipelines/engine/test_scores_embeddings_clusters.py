"""Scores, embeddings and clusters over shards: equal for any shards, and to the stages in memory."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.coverage import cells
from pipelines.coverage.cells import distinct_points, make_cells
from pipelines.coverage.cluster import by_size, suggested_clusters
from pipelines.coverage.settings import CoverageSettings
from pipelines.embedding import static
from pipelines.embedding.choose import open_encoder
from pipelines.embedding.minilm import load_encoder
from pipelines.embedding.settings import EmbeddingSettings
from pipelines.engine import clustering, embedding
from pipelines.engine.clustering import cluster_shards
from pipelines.engine.embedding import embed_shards
from pipelines.engine.executor import LocalExecutor
from pipelines.engine.scoring import lone_scorers, score_shards
from pipelines.engine.shard_files import read_frames, write_frame
from pipelines.engine.stages import Stages
from pipelines.errors import CurationError
from pipelines.quality.score import score_examples
from pipelines.quality.settings import QualitySettings
from tests.pipelines.embedding.tiny_bert import make_tiny_bert
from tests.pipelines.engine.shard_rows import ordered, sample_examples


def test_scores_over_shards_are_those_in_memory(tmp_path: Path) -> None:
    examples = sample_examples(1_500)
    parts, stages = ordered(examples, tmp_path, 3, 4)
    scores = read_frames(score_shards(parts, QualitySettings(), tmp_path / "scores", stages))
    expected = score_examples(examples, QualitySettings(scorers=tuple(lone_scorers()))).scores
    assert_frame_equal(scores.sort("scorer", "example_id"), expected.sort("scorer", "example_id"), check_exact=True)
    assert scores["reason"].count() > 20


def test_a_scorer_that_needs_other_examples_is_refused(tmp_path: Path) -> None:
    parts, stages = ordered(sample_examples(5), tmp_path, 1, 1)
    with pytest.raises(CurationError, match="'length' judges an example beside others"):
        score_shards(parts, QualitySettings(scorers=("empty", "length")), tmp_path / "scores", stages)


def test_embeddings_are_equal_bit_for_bit_however_the_examples_were_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "PARTITION_ROWS", 20)
    examples = sample_examples(50)
    found = []
    for shards, parts in ((1, 1), (3, 4)):
        folder = tmp_path / f"{shards}"
        order, stages = ordered(examples, folder, shards, parts)
        files = embed_shards(order, EmbeddingSettings(), folder / "vectors", stages)
        found.append([read_frames([path]) for path in files])
    assert len(found[0]) == 3
    for own, other in zip(*found, strict=True):
        assert_frame_equal(own, other, check_exact=True)
    rows = pl.concat(found[0]).join(examples.unique("example_id"), on="example_id")
    expected = load_encoder().encode(rows["prompt"].to_list())
    np.testing.assert_allclose(rows["vector"].to_numpy(), expected, atol=1e-5)


def test_the_fast_encoder_is_distilled_once_for_all_partitions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bert = tmp_path / "tiny-bert"
    bert.mkdir()
    make_tiny_bert(bert)
    monkeypatch.setattr(static, "bundled_folder", lambda: bert)
    monkeypatch.setattr(embedding, "PARTITION_ROWS", 20)
    examples = sample_examples(50)
    order, stages = ordered(examples, tmp_path, 2, 2)
    rows = read_frames(embed_shards(order, EmbeddingSettings(encoder="fast"), tmp_path / "vectors", stages))
    kept = tmp_path / "vectors" / "work" / "encoders"
    assert len(list(kept.iterdir())) == 1
    rows = rows.join(examples.unique("example_id"), on="example_id")
    expected = open_encoder("fast", kept).encode(rows["prompt"].to_list())
    np.testing.assert_array_equal(rows["vector"].to_numpy(), expected)


def vector_files(vectors: np.ndarray, folder: Path, files: int, seed: int = 0) -> list[Path]:
    ids = [f"{number:032x}" for number in range(len(vectors))]
    frame = pl.DataFrame({"example_id": ids, "vector": vectors.astype(np.float32)})
    where = np.random.default_rng(seed).integers(files, size=len(vectors))
    paths = [folder / f"{number}.parquet" for number in range(files)]
    for number, path in enumerate(paths):
        write_frame(path, frame.filter(pl.Series(where == number)))
    return paths


def clusters(vectors: np.ndarray, folder: Path, files: int, chosen: CoverageSettings, seed: int = 0) -> list[int]:
    paths = vector_files(vectors, folder / "vectors", files, seed)
    found = cluster_shards(paths, len(vectors), chosen, folder / "clusters", Stages(LocalExecutor(), 5))
    return read_frames(found).sort("example_id")["cluster_id"].to_list()


def in_memory(vectors: np.ndarray, chosen: CoverageSettings) -> list[int]:
    """The same k-means where all vectors are at hand."""
    points, _, point_of, weights = distinct_points(vectors)
    count = min(chosen.clusters or suggested_clusters(len(vectors)), len(points))
    return by_size(make_cells(points, weights.astype(np.float64), count, chosen.seed).of[point_of]).tolist()


def unit_rows(rows: int, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    centres = draw.normal(size=(12, 16))
    vectors = centres[draw.integers(12, size=rows)] + draw.normal(scale=0.3, size=(rows, 16))
    vectors[draw.integers(rows, size=rows // 5)] = vectors[0]
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize(
    "chosen", [CoverageSettings(), CoverageSettings(clusters=9, seed=3), CoverageSettings(clusters=1)]
)
def test_clusters_of_shards_are_those_in_memory(tmp_path: Path, chosen: CoverageSettings) -> None:
    vectors = unit_rows(800, 1)
    expected = in_memory(vectors, chosen)
    assert clusters(vectors, tmp_path / "one", 1, chosen) == expected
    assert clusters(vectors, tmp_path / "five", 5, chosen, seed=2) == expected


def test_where_only_a_sample_is_fitted_the_shards_still_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clustering, "FIT_POINTS", 300)
    monkeypatch.setattr(cells, "FIT_POINTS", 300)
    vectors = unit_rows(900, 2)
    one = clusters(vectors, tmp_path / "one", 1, CoverageSettings(clusters=12))
    assert clusters(vectors, tmp_path / "four", 4, CoverageSettings(clusters=12), seed=3) == one
    sampled = sum(
        len(np.load(path)) for path in (tmp_path / "four" / "clusters" / "work" / "points").rglob("points.npy")
    )
    assert 150 < sampled < 450
    assert np.bincount(one).tolist() == sorted(np.bincount(one), reverse=True)


def test_no_examples_have_no_clusters(tmp_path: Path) -> None:
    assert clusters(np.empty((0, 16)), tmp_path, 2, CoverageSettings()) == []
