"""The nearest rows of a row: brute force is the oracle, exactly for few rows and nearly for many in cells."""

import numpy as np
import pytest

from pipelines.quality import nearest
from pipelines.quality.nearest import NearestRows, nearest_cosines


def vectors_about_topics(count: int) -> np.ndarray:
    generator = np.random.default_rng(4)
    raw = generator.normal(size=(40, 16))[generator.integers(40, size=count)]
    raw = raw + 0.6 * generator.normal(size=(count, 16))
    return (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)


def by_brute_force(vectors: np.ndarray, row: int, count: int, leave_out: list[int]) -> set[int]:
    order = np.argsort(-(vectors @ vectors[row]), kind="stable")
    return set([other for other in order.tolist() if other not in leave_out][:count])


def test_few_rows_are_looked_at_one_by_one() -> None:
    vectors = vectors_about_topics(500)
    rows = NearestRows(vectors)
    for row in range(0, 500, 25):
        leave_out = [row, (row + 7) % 500]
        assert set(rows.of(row, 12, leave_out=leave_out)) == by_brute_force(vectors, row, 12, leave_out)


def test_among_many_rows_nearly_the_same_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "EVERY_ROW", 100)
    vectors = vectors_about_topics(6_000)
    rows, shares = NearestRows(vectors), []
    for row in range(0, 6_000, 60):
        found = rows.of(row, 20, leave_out=[row])
        assert len(found) == len(set(found)) == 20
        assert row not in found
        shares.append(len(set(found) & by_brute_force(vectors, row, 20, [row])) / 20)
    assert np.mean(shares) > 0.9


def test_where_nothing_is_left_nothing_is_found() -> None:
    vectors = vectors_about_topics(3)
    assert NearestRows(vectors).of(0, 5, leave_out=[0, 1, 2]) == []
    assert set(NearestRows(vectors).of(0, 5, leave_out=[0])) == {1, 2}
    assert NearestRows(vectors).of(0, 0, leave_out=[]) == []


def test_the_cosines_of_all_rows_to_their_nearest_are_nearly_those_of_brute_force() -> None:
    vectors = vectors_about_topics(4_000)
    every = vectors @ vectors.T
    np.fill_diagonal(every, -np.inf)
    expected = np.sort(every, axis=1)[:, -5:].mean(axis=1)
    found = nearest_cosines(vectors, 5)
    assert found.shape == (4_000, 5)
    assert (found.mean(axis=1) <= expected + 1e-5).all()
    assert np.quantile(expected - found.mean(axis=1), 0.9) < 0.02
    few = nearest_cosines(vectors[:3], 5)
    assert np.isfinite(few).sum(axis=1).tolist() == [2, 2, 2]
    assert np.isneginf(nearest_cosines(vectors[:1], 2)).all()
