"""Clusters, titles, map and gaps together: on made-up topics, and on CLINC150 where it is at hand."""

import gzip
import json
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipelines.coverage.cluster import cluster_prompts
from pipelines.coverage.cover import CLUSTERS, PROMPTS, map_coverage
from pipelines.coverage.gaps import GAPS, find_gaps
from pipelines.coverage.map2d import map_vectors
from pipelines.coverage.settings import CoverageSettings
from pipelines.errors import CurationError

TOPICS = [
    "parcel delivery late",
    "refund money account",
    "kettle leaks lid",
    "password login reset",
    "invoice address tax",
]
HERE = Path(__file__).resolve()
PUBLIC_DATA = Path(os.environ.get("WORKBENCH_PUBLIC_DATA", HERE.parents[4] / "shared" / "data"))


def topics_frame(counts: dict[str, tuple[int, int]], seed: int = 0) -> tuple[pl.DataFrame, np.ndarray]:
    """Prompts about topics, `(train, production)` of each, with vectors around a centre a topic."""
    generator = np.random.default_rng(seed)
    rows, vectors = [], []
    for topic, sizes in counts.items():
        centre = np.random.default_rng(100 + TOPICS.index(topic)).normal(size=24)
        for role, size in zip(("train", "production"), sizes, strict=True):
            for number in range(size):
                words = generator.permutation(topic.split())
                rows.append((f"{len(rows):05}", f"Please help: {' '.join(words)} number {number}", role))
                vectors.append(centre + generator.normal(scale=0.35, size=24))
    matrix = np.array(vectors).reshape(len(rows), 24)
    frame = pl.DataFrame(rows, schema=PROMPTS, orient="row")
    return frame, (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float32)


def test_a_topic_that_training_lacks_is_the_gap_and_the_others_are_not() -> None:
    counts = {topic: (60, 40) for topic in TOPICS[:4]} | {TOPICS[4]: (2, 60)}
    examples, vectors = topics_frame(counts)
    found = map_coverage(examples, vectors, CoverageSettings(clusters=5))
    assert found.gaps.schema == GAPS
    assert len(found.gaps) == 1
    gap = found.gaps.row(0, named=True)
    assert (gap["train_count"], gap["production_count"]) == (2, 60)
    assert set(gap["title"].split(", ")) == {"invoice", "address", "tax"}
    inside = found.clusters.filter(pl.col("cluster_id") == gap["cluster_id"])
    assert len(inside) == 62
    assert inside["title"].unique().to_list() == [gap["title"]]
    assert found.coverage is not None
    assert 0.5 < found.coverage < 1.0


def test_no_difference_gives_no_gap() -> None:
    claims = 0
    for seed in range(5):
        examples, vectors = topics_frame({topic: (60, 40) for topic in TOPICS}, seed)
        labels = cluster_prompts(examples["prompt"].to_list(), vectors, CoverageSettings()).clusters
        titles = {int(label): str(label) for label in labels}
        production = (examples["role"] == "production").to_numpy()
        ones = np.ones(len(examples))
        claims += len(find_gaps(examples["prompt"], production, vectors, labels, titles, ones, CoverageSettings()))
    assert claims == 0


def test_the_order_of_rows_and_another_run_change_nothing() -> None:
    examples, vectors = topics_frame({topic: (30 + 9 * number, 60 - 9 * number) for number, topic in enumerate(TOPICS)})
    weights = np.random.default_rng(3).integers(1, 9, len(examples)).astype(float)
    first = map_coverage(examples, vectors, weights=weights)
    shuffled = np.random.default_rng(1).permutation(len(examples))
    second = map_coverage(examples[shuffled], vectors[shuffled], weights=weights[shuffled])
    assert first.clusters.equals(second.clusters)
    assert first.gaps.equals(second.gaps)
    assert first.coverage == pytest.approx(second.coverage)


def test_a_query_handed_in_several_times_counts_with_all_its_weights() -> None:
    examples, vectors = topics_frame({topic: (60, 40) for topic in TOPICS[:3]} | {TOPICS[4]: (2, 60)})
    asked = len(examples) - 1
    weights = np.ones(len(examples))
    weights[asked] = 9.0
    few = CoverageSettings(clusters=4)
    whole = map_coverage(examples, vectors, few, weights=weights)
    twice = np.array([asked, *range(len(examples))])
    parts = np.array([4.0, *weights[:-1], 5.0])
    again = map_coverage(examples[twice], vectors[twice], few, weights=parts)
    assert whole.gaps["production_volume"][0] == 68
    assert again.gaps.equals(whole.gaps)


def test_every_example_has_one_place_within_the_frame_and_topics_lie_apart() -> None:
    examples, vectors = topics_frame({topic: (40, 10) for topic in TOPICS})
    found = map_coverage(examples, vectors, CoverageSettings(clusters=5))
    assert found.clusters.schema == CLUSTERS
    assert found.clusters["example_id"].to_list() == examples["example_id"].to_list()
    places = found.clusters.select("x", "y").to_numpy()
    assert np.abs(places).max() == pytest.approx(1.0)
    centres = found.clusters.group_by("cluster_id").agg(pl.col("x", "y").mean()).sort("cluster_id")
    distance = np.linalg.norm(places[:, None] - centres.select("x", "y").to_numpy()[None], axis=2)
    assert (distance.argmin(axis=1) == found.clusters["cluster_id"].to_numpy()).mean() > 0.95


def test_points_outside_the_sample_lie_beside_their_like() -> None:
    _, vectors = topics_frame({topic: (80, 0) for topic in TOPICS})
    places = map_vectors(vectors, CoverageSettings(map_sample=150))
    topic = np.repeat(np.arange(5), 80)
    centres = np.array([np.median(places[topic == number], axis=0) for number in range(5)])
    assert (np.linalg.norm(places[:, None] - centres[None], axis=2).argmin(axis=1) == topic).mean() > 0.95


@pytest.mark.parametrize("size", [0, 1, 2, 3, 11, 12, 40])
@pytest.mark.parametrize("equal", [False, True])
def test_few_or_equal_prompts_give_a_stated_result(size: int, equal: bool) -> None:
    examples, vectors = topics_frame({TOPICS[0]: (size, 0)})
    if equal and size:
        vectors = np.repeat(vectors[:1], size, axis=0)
        examples = examples.with_columns(prompt=pl.lit("the same"))
    found = map_coverage(examples, vectors)
    assert len(found.clusters) == size
    assert found.clusters["x"].is_finite().all()
    assert found.gaps.is_empty()
    assert found.gaps.schema == GAPS
    assert found.coverage is None
    if equal and size:
        assert found.clusters["cluster_id"].unique().to_list() == [0]
        assert found.clusters.select("x", "y").unique().rows() == [(0.0, 0.0)]


def test_only_production_has_coverage_zero_and_no_claims() -> None:
    examples, vectors = topics_frame({TOPICS[0]: (0, 30)})
    found = map_coverage(examples, vectors)
    assert found.coverage == 0.0
    assert found.gaps.is_empty()


def test_prompts_without_words_and_in_other_scripts_have_titles() -> None:
    prompts = ["", "!!!", "12345", "日本語の文章です", "<script>alert(1)</script>", "Привет мир"]
    examples = pl.DataFrame({"example_id": list("abcdef"), "prompt": prompts, "role": ["train"] * 6})
    found = map_coverage(examples, np.eye(6, dtype=np.float32), CoverageSettings(clusters=6))
    titles = dict(found.clusters.select("example_id", "title").iter_rows())
    assert len(set(titles.values())) == 6
    assert titles["a"] == "empty"
    assert titles["f"] in {"привет, мир", "мир, привет"}


def test_unaligned_vectors_and_other_roles_are_errors_for_people() -> None:
    examples, vectors = topics_frame({TOPICS[0]: (3, 3)})
    with pytest.raises(CurationError, match="5 vectors for 6 prompts"):
        map_coverage(examples, vectors[:5])
    with pytest.raises(CurationError, match="role 'general'"):
        map_coverage(examples.with_columns(role=pl.lit("general")), vectors)
    with pytest.raises(CurationError, match="weights"):
        map_coverage(examples, vectors, weights=np.array([1.0]))


@pytest.mark.benchmark
@pytest.mark.skipif(not (PUBLIC_DATA / "clinc150").is_dir(), reason="CLINC150 is not on this machine")
def test_gaps_on_clinc150_are_the_intents_that_training_lacks() -> None:
    from pipelines.embedding.embed import embed_texts
    from pipelines.embedding.minilm import load_encoder

    with gzip.open(PUBLIC_DATA / "clinc150" / "clinc150.jsonl.gz", "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    intents = sorted({row["intent"] for row in rows} - {"oos"})[::6]
    lacking, cut = set(intents[::10]), set(intents[5::10])
    train, production = [], []
    for intent in intents:
        texts = [row["text"] for row in rows if row["intent"] == intent]
        answered = 0 if intent in lacking else 8 if intent in cut else 40
        train += [(text, intent) for text in texts[:answered]]
        production += [(text, intent) for text in texts[100:140]]
    pool = train + production
    examples = pl.DataFrame(
        {
            "example_id": [f"{row:05}" for row in range(len(pool))],
            "prompt": [text for text, _ in pool],
            "role": ["train"] * len(train) + ["production"] * len(production),
        }
    )
    found = map_coverage(examples, embed_texts(examples["prompt"].to_list(), load_encoder()))
    clusters = dict(found.clusters.select("example_id", "cluster_id").iter_rows())
    short = lacking | cut
    asked: dict[int, list[bool]] = {}
    for row in range(len(train), len(pool)):
        asked.setdefault(clusters[f"{row:05}"], []).append(pool[row][1] in short)
    truth = {cluster for cluster, wanted in asked.items() if sum(wanted) > len(wanted) / 2}
    claimed = set(found.gaps["cluster_id"])
    assert len(claimed & truth) >= 0.8 * len(claimed) > 0
    assert len(claimed & truth) >= 0.6 * len(truth)
