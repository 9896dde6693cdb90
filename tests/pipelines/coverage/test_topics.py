"""Topics and the clusters within them: the tree against scipy's Ward, the number of topics against planted ones."""

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.metrics import adjusted_rand_score

from pipelines.coverage.cells import Cells, cells_of, joined, make_cells
from pipelines.coverage.cluster import cluster_prompts, shares_of
from pipelines.coverage.representation import DIRECTIONS, WORDS_LENGTH, represent
from pipelines.coverage.settings import CoverageSettings
from pipelines.coverage.topics import find_topics, silhouette


def blobs(topics: int, each: int, seed: int = 0, width: float = 0.25) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(topics, 32))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    truth = np.repeat(np.arange(topics), each)
    rows = centres[truth] + generator.normal(scale=width / np.sqrt(32), size=(len(truth), 32))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), truth


@pytest.mark.parametrize("seed", range(5))
def test_the_tree_is_that_of_ward(seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(40, 5))
    cells = Cells(np.arange(40), points.copy(), np.ones(40), np.zeros(40))
    pairs = joined(cells)
    assert len(pairs) == 39
    tree = linkage(points, "ward")
    for groups in (2, 5, 13):
        of = np.arange(40)
        for kept, gone in pairs[: 40 - groups]:
            of[of == gone] = kept
        assert adjusted_rand_score(of, fcluster(tree, groups, "maxclust")) == 1.0


def test_a_cell_of_many_prompts_weighs_as_much_as_they_do() -> None:
    points = np.random.default_rng(1).normal(size=(12, 3))
    weights = np.array([1, 4, 1, 1, 2, 1, 1, 1, 3, 1, 1, 1], dtype=float)
    heavy = joined(Cells(np.arange(12), points, weights, np.zeros(12)))
    copies = np.repeat(np.arange(12), weights.astype(int))
    tree = fcluster(linkage(points[copies], "ward"), 4, "maxclust")
    of = np.arange(12)
    for kept, gone in heavy[: 12 - 4]:
        of[of == gone] = kept
    assert adjusted_rand_score(of[copies], tree) == 1.0


def test_cells_are_described_by_their_own_points() -> None:
    points = np.array([[0, 0], [2, 0], [9, 9]], dtype=np.float32)
    cells = cells_of(points, np.array([1.0, 3.0, 2.0]), np.array([7, 7, 9]))
    # Mean of 0 once and 2 three times: 1.5; squared distances 2.25 once and 0.25 three times: 3 / 4.
    assert cells.of.tolist() == [0, 0, 1]
    assert cells.means.tolist() == [[1.5, 0.0], [9.0, 9.0]]
    assert cells.weight.tolist() == [4.0, 2.0]
    assert cells.spread.tolist() == pytest.approx([0.75, 0.0])


def test_silhouette_by_hand() -> None:
    # Two groups of cells on a line: 0 and 2 (mean 1), 10 (mean 10), no spread. a: 1, 1, 0; b: 10, 8, 9.
    cells = Cells(np.arange(3), np.array([[0.0], [2.0], [10.0]]), np.array([1.0, 1.0, 2.0]), np.zeros(3))
    assert silhouette(cells, np.array([0, 0, 1])) == pytest.approx((0.9 + 0.875 + 2 * 1.0) / 4)


@pytest.mark.parametrize("topics", [3, 8, 25])
def test_the_number_of_planted_topics_is_found(topics: int) -> None:
    points, truth = blobs(topics, 120, seed=topics)
    found = find_topics(points, np.ones(len(points)), None, len(points), 0)
    assert found.max() + 1 == topics
    assert adjusted_rand_score(truth, found) > 0.99


def test_a_given_number_of_topics_and_of_clusters_is_kept() -> None:
    points, _ = blobs(6, 100)
    prompts = [f"row {row}" for row in range(len(points))]
    found = cluster_prompts(prompts, points, CoverageSettings(topics=4, clusters=17))
    assert (found.topics.max() + 1, found.clusters.max() + 1) == (4, 17)
    few = cluster_prompts(prompts, points, CoverageSettings(clusters=3))
    assert few.clusters.max() + 1 == 3


def test_each_cluster_lies_within_one_topic_and_row_order_changes_nothing() -> None:
    points, truth = blobs(5, 150)
    prompts = [f"{'abcde'[topic]} question about {'abcde'[topic] * 3}" for topic in truth]
    found = cluster_prompts(prompts, points, CoverageSettings())
    topics_of: dict[int, set[int]] = {}
    for cluster, topic in zip(found.clusters.tolist(), found.topics.tolist(), strict=True):
        topics_of.setdefault(cluster, set()).add(topic)
    assert all(len(topics) == 1 for topics in topics_of.values())
    assert len(topics_of) > found.topics.max() + 1
    order = np.random.default_rng(4).permutation(len(points))
    again = cluster_prompts([prompts[row] for row in order], points[order], CoverageSettings())
    assert adjusted_rand_score(found.topics[order], again.topics) == 1.0
    assert adjusted_rand_score(found.clusters[order], again.clusters) == 1.0


def test_equal_prompts_are_one_topic_and_one_cluster() -> None:
    points = np.tile(blobs(1, 1)[0], (50, 1))
    found = cluster_prompts(["same"] * 50, points, CoverageSettings())
    assert found.topics.tolist() == found.clusters.tolist() == [0] * 50
    assert len(cluster_prompts([], np.empty((0, 8), dtype=np.float32), CoverageSettings()).topics) == 0


def test_more_points_than_are_fitted_on_are_assigned_too(monkeypatch: pytest.MonkeyPatch) -> None:
    import pipelines.coverage.cells as cells
    import pipelines.coverage.representation as representation

    points, truth = blobs(6, 200)
    whole = represent(["a b c"] * len(points), points, 0)
    monkeypatch.setattr(cells, "FIT_POINTS", 300)
    monkeypatch.setattr(representation, "SAMPLE", 300)
    assert represent(["a b c"] * len(points), points, 0).shape == whole.shape
    assert adjusted_rand_score(truth, make_cells(points, np.ones(len(points)), 6, 3).of) > 0.7
    assert adjusted_rand_score(truth, find_topics(points, np.ones(len(points)), None, 1200, 0)) > 0.99


def test_words_stand_beside_the_vectors_at_half_their_length() -> None:
    points, _ = blobs(2, 20)
    prompts = ["pay the bill"] * 20 + ["play a song"] * 20
    rows = represent(prompts, points, 0)
    words = rows[:, min(DIRECTIONS, 32) :]
    assert np.linalg.norm(words, axis=1) == pytest.approx(np.full(40, WORDS_LENGTH), rel=1e-5)
    assert np.abs(words[0] - words[19]).max() < 1e-6
    assert np.linalg.norm(words[0] - words[39]) == pytest.approx(WORDS_LENGTH * np.sqrt(2), rel=1e-4)
    # Distances between vectors are kept as long as all their directions are.
    left = rows[:, :32]
    assert np.linalg.norm(left[0] - left[7]) == pytest.approx(np.linalg.norm(points[0] - points[7]), rel=1e-4)
    assert represent(["!"] * 40, points, 0).shape == (40, 32)


@pytest.mark.parametrize("total", [1, 3, 7, 100])
def test_clusters_are_shared_out_in_proportion(total: int) -> None:
    sizes = np.array([50.0, 30.0, 20.0])
    shares = shares_of(sizes, total)
    assert shares.sum() == max(total, 3)
    assert (shares >= 1).all()
    assert (np.diff(shares) <= 0).all()


@pytest.mark.parametrize("topics", [3, 8])
def test_topics_by_density_are_the_planted_ones(topics: int) -> None:
    points, truth = blobs(topics, 120, seed=4, width=0.2)
    found = find_topics(points, np.ones(len(points)), None, len(points), 0, dense=True)
    assert adjusted_rand_score(found, truth) > 0.99
    assert sorted(set(found.tolist())) == list(range(topics))


def test_where_all_lies_equally_densely_there_is_one_topic_and_a_count_is_obeyed() -> None:
    same = np.tile(np.array([[1.0, 0.0]], dtype=np.float32), (40, 1))
    assert set(find_topics(same, np.ones(40), None, 40, 0, dense=True).tolist()) == {0}
    points, _ = blobs(6, 60, seed=2)
    asked = find_topics(points, np.ones(len(points)), 4, len(points), 0, dense=True)
    assert len(set(asked.tolist())) == 4
    few = find_topics(points, np.ones(len(points)), None, 3, 0, dense=True)
    assert len(set(few.tolist())) <= 3


def test_many_small_topics_are_joined_so_that_clusters_lie_within_them() -> None:
    points, truth = blobs(80, 12, seed=6, width=0.05)
    prompts = [f"prompt {row}" for row in range(len(points))]
    found = cluster_prompts(prompts, points, CoverageSettings())
    topics, clusters = len(set(found.topics.tolist())), len(set(found.clusters.tolist()))
    assert 2 <= topics <= 30 < clusters
    # A cluster lies within one topic, and a planted topic within one cluster.
    assert len({(a, b) for a, b in zip(found.topics, found.clusters, strict=True)}) == clusters
    assert len(set(zip(truth, found.topics, strict=True))) == 80
    asked = cluster_prompts(prompts, points, CoverageSettings(topics=50))
    assert len(set(asked.topics.tolist())) == 50
