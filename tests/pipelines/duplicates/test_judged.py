"""Filter, then judge: brute force over both encoders' vectors is the oracle, and only what may be alike is judged."""

import numpy as np
import polars as pl
import pytest

from pipelines.duplicates.find import find_duplicates
from pipelines.duplicates.judged import find_judged_duplicates
from pipelines.duplicates.settings import DuplicateSettings
from pipelines.examples import examples_frame
from pipelines.progress import no_progress

ROWS = 120
NONE_KNOWN = pl.DataFrame(schema={"example_a": pl.String, "example_b": pl.String})


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def vectors() -> tuple[np.ndarray, np.ndarray]:
    """A fast and an accurate encoder's vectors, which mostly agree: twenty crowds of four, and forty rows alone."""
    generator = np.random.default_rng(3)
    crowds = np.repeat(generator.normal(size=(60, 16)), [4] * 20 + [1] * 40, axis=0)
    return (
        unit(crowds + generator.normal(size=(ROWS, 16)) * 0.3),
        unit(crowds + generator.normal(size=(ROWS, 16)) * 0.2),
    )


def ids() -> pl.DataFrame:
    return pl.DataFrame({"example_id": [f"{number:032x}" for number in range(ROWS)]})


class Judge:
    def __init__(self, vectors: np.ndarray) -> None:
        self.vectors, self.asked = vectors, np.zeros(0, np.int64)

    def __call__(self, rows, progress):
        self.asked = np.concatenate([self.asked, rows])
        return self.vectors[rows]


def expected(fast: np.ndarray, accurate: np.ndarray, settings: DuplicateSettings) -> tuple[set, set]:
    """Return the pairs by both cosines, and the rows of the pairs that the first lets through."""
    lower, pairs, rows = settings.semantic_threshold - settings.filter_margin, set(), set()
    for one in range(ROWS):
        for other in range(one + 1, ROWS):
            if fast[one] @ fast[other] >= lower:
                rows |= {one, other}
                if accurate[one].astype(float) @ accurate[other] >= settings.semantic_threshold:
                    pairs.add((one, other))
    return pairs, rows


def test_pairs_are_those_that_both_let_through_and_only_their_rows_are_judged(vectors) -> None:
    fast, accurate = vectors
    settings, judge = DuplicateSettings(semantic_threshold=0.9, filter_margin=0.1), Judge(accurate)
    found = find_judged_duplicates(ids(), fast, judge, settings, known=NONE_KNOWN)
    pairs, rows = expected(fast, accurate, settings)
    assert {(int(a, 16), int(b, 16)) for a, b in found.select("example_a", "example_b").rows()} == pairs
    assert sorted(judge.asked.tolist()) == sorted(rows)
    assert len(pairs) > 20
    assert len(rows) < ROWS
    for a, b, similarity in found.select("example_a", "example_b", "similarity").rows():
        assert similarity == pytest.approx(float(accurate[int(a, 16)] @ accurate[int(b, 16)]), abs=1e-5)


def test_what_is_known_is_not_judged_again(vectors) -> None:
    fast, accurate = vectors
    settings = DuplicateSettings(semantic_threshold=0.9, filter_margin=0.1)
    every = find_judged_duplicates(ids(), fast, Judge(accurate), settings, known=NONE_KNOWN)
    # As `find_duplicates` has them, in either order of the two.
    known = pl.concat([every[:5].select(example_a="example_b", example_b="example_a"), every[5:9]], how="diagonal")
    rest = find_judged_duplicates(ids(), fast, Judge(accurate), settings, known=known)
    assert rest.equals(every[9:])
    judge = Judge(accurate)
    lower = settings.model_copy(update={"filter_margin": 0.0, "semantic_threshold": 1.0})
    assert find_judged_duplicates(ids(), fast, judge, lower, known=NONE_KNOWN).is_empty()
    assert not len(judge.asked)


def test_the_judge_decides_and_the_order_of_rows_changes_nothing(vectors) -> None:
    fast, accurate = vectors
    turns = [
        [
            {"role": "user", "content": f"Question {chr(97 + n % 26) * 9}{n}?"},
            {"role": "assistant", "content": f"{n}" * 30},
        ]
        for n in range(ROWS)
    ]
    examples = examples_frame(turns)
    settings = DuplicateSettings(semantic_threshold=0.9)

    def found(order: np.ndarray) -> pl.DataFrame:
        judge = lambda rows, progress: accurate[order][rows]  # noqa: E731
        return find_duplicates(examples[order], settings, vectors=fast[order], judge=judge).pairs

    plain = found(np.arange(ROWS))
    judged = plain.filter(pl.col("kind") == "semantic")
    assert judged["similarity"].min() >= 0.9
    assert judged.height > 20
    assert found(np.random.default_rng(1).permutation(ROWS)).drop("similarity").equals(plain.drop("similarity"))


def test_no_examples_give_no_pairs() -> None:
    none = pl.DataFrame(schema={"example_id": pl.String})
    empty = np.zeros((0, 4), np.float32)
    found = find_judged_duplicates(
        none, empty, lambda rows, _: empty, DuplicateSettings(), known=NONE_KNOWN, progress=no_progress
    )
    assert found.is_empty()
