"""The search in cells against brute force: what it finds is true, and it misses little."""

import numpy as np
import pytest

from pipelines.duplicates import semantic
from pipelines.duplicates.cells import close_pairs
from pipelines.duplicates.semantic import find_semantic_duplicates
from pipelines.examples import examples_frame


def vectors_with_copies(count: int, seed: int = 0) -> np.ndarray:
    """Unit vectors about topics, a fifth of them followed by a copy with some noise."""
    generator = np.random.default_rng(seed)
    topics = generator.normal(size=(20, 24))
    raw = topics[generator.integers(20, size=count)] + generator.normal(size=(count, 24))
    copies = raw[: count // 5] + generator.normal(size=(count // 5, 24)) * generator.uniform(0.05, 0.6, (count // 5, 1))
    raw = np.concatenate([raw, copies])
    return (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)


def found_in_cells(vectors: np.ndarray, threshold: float, most: int = 1_000) -> dict[tuple[int, int], float]:
    pairs = {}
    for left, right, cosine in close_pairs(vectors, threshold, most=most):
        for one, other, alike in zip(left.tolist(), right.tolist(), cosine.tolist(), strict=True):
            assert one < other
            assert (one, other) not in pairs
            pairs[one, other] = alike
    return pairs


@pytest.mark.parametrize("threshold", [0.9, 0.95])
def test_nearly_all_close_pairs_are_found_with_their_true_cosine_each_once(threshold: float) -> None:
    vectors = vectors_with_copies(3_000)
    found = found_in_cells(vectors, threshold)
    cosine = vectors @ vectors.T
    expected = {(i, j) for i, j in np.argwhere(cosine >= threshold).tolist() if i < j}
    assert len(expected) > 300
    assert all(abs(alike - cosine[pair]) < 1e-5 for pair, alike in found.items())
    assert all(cosine[pair] >= threshold - 1e-5 for pair in found)
    assert len(found.keys() & expected) >= 0.95 * len(expected)


def test_a_crowd_gives_a_bounded_number_of_pairs() -> None:
    generator = np.random.default_rng(3)
    raw = np.ones((1_500, 16)) + 0.01 * generator.normal(size=(1_500, 16))
    vectors = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    assert 0 < len(found_in_cells(vectors, 0.9, most=5)) <= 1_500 * 3 * 5


@pytest.mark.parametrize("every_pair", [10, 10_000])
def test_all_rows_of_a_crowd_share_the_most_pairs(monkeypatch: pytest.MonkeyPatch, every_pair: int) -> None:
    generator = np.random.default_rng(3)
    raw = np.ones((1_500, 16)) + 0.01 * generator.normal(size=(1_500, 16))
    vectors = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    examples = examples_frame([[{"role": "user", "content": f"prompt {row}"}] for row in range(1_500)])
    monkeypatch.setattr(semantic, "EVERY_PAIR", every_pair)
    monkeypatch.setattr(semantic, "MOST_PAIRS", 1_500 * 12)
    pairs = find_semantic_duplicates(examples, vectors)
    opened = pairs["example_a"].value_counts()["count"]
    assert opened.max() == 12
    assert len(pairs) > 1_400 * 12
    assert set(pairs["example_a"]) | set(pairs["example_b"]) == set(examples["example_id"])
    assert pairs.unique(["example_a", "example_b"]).height == len(pairs)
    # Where the share is large enough, nothing is left out.
    monkeypatch.setattr(semantic, "MOST_PAIRS", 1_500 * 1_500)
    monkeypatch.setattr(semantic, "PAIRS_A_ROW", 2_000)
    every = len(find_semantic_duplicates(examples, vectors))
    assert every == 1_500 * 1_499 // 2 if every_pair > 1_500 else every > len(pairs)


def test_no_vector_and_one_vector_give_no_pair() -> None:
    assert found_in_cells(np.zeros((0, 8), np.float32), 0.9) == {}
    assert found_in_cells(np.eye(8, dtype=np.float32)[:1], 0.9) == {}


def test_many_rows_are_searched_in_cells_and_give_what_all_pairs_give(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = vectors_with_copies(1_000, seed=5)
    examples = examples_frame([[{"role": "user", "content": f"prompt {row}"}] for row in range(len(vectors))])
    every = find_semantic_duplicates(examples, vectors)
    monkeypatch.setattr(semantic, "EVERY_PAIR", 100)
    some = find_semantic_duplicates(examples, vectors)
    names = ["example_a", "example_b"]
    assert some.join(every, on=names, how="anti").is_empty()
    assert len(some) >= 0.95 * len(every) > 0
