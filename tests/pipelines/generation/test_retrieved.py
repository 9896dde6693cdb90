"""Retrieved examples are the nearest ones, and never of the question's own duplicate group."""

import numpy as np
import pytest

from pipelines.generation.retrieved import nearest_shots


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def choose(questions: np.ndarray, train: np.ndarray, k: int, **given: list) -> list[list[int]]:
    names = {
        "question_groups": [None] * len(questions),
        "train_groups": [None] * len(train),
        "question_prompts": [f"q{i}" for i in range(len(questions))],
        "train_prompts": [f"t{i}" for i in range(len(train))],
    }
    return nearest_shots(questions, train, k, **{**names, **given})


@pytest.mark.parametrize("seed", range(3))
def test_the_nearest_come_last_as_brute_force_finds_them(seed: int) -> None:
    generator = np.random.default_rng(seed)
    questions, train = unit(generator.normal(size=(300, 8))), unit(generator.normal(size=(40, 8)))
    for question, found in zip(questions, choose(questions, train, 3), strict=True):
        cosines = [float(question @ row) for row in train]
        assert found == sorted(range(40), key=lambda place: cosines[place])[-3:]


def test_nothing_of_the_own_duplicate_group_and_no_equal_prompt_is_shown() -> None:
    """t0 and t1 are in the question's group, t2 has its words: t3 and t4 are left, of which t3 is nearer."""
    train = unit(np.array([[1, 0], [1, 0.01], [1, 0.02], [1, 0.5], [0, 1]]))
    found = choose(
        unit(np.array([[1.0, 0.0]])),
        train,
        5,
        question_groups=["g1"],
        train_groups=["g1", "g1", None, None, "g2"],
        question_prompts=["where is it"],
        train_prompts=["a", "b", "where is it", "c", "d"],
    )
    assert found == [[4, 3]]


def test_examples_without_a_group_are_not_taken_for_one_group() -> None:
    train = unit(np.array([[1.0, 0.0], [0.0, 1.0]]))
    assert choose(train, train, 1) == [[0], [1]]


def test_the_order_of_the_training_examples_does_not_matter() -> None:
    generator = np.random.default_rng(0)
    train = unit(np.repeat(generator.normal(size=(5, 4)), 4, axis=0))
    questions, names = unit(generator.normal(size=(6, 4))), [f"t{i:02d}" for i in range(20)]
    order = generator.permutation(20)
    plain = choose(questions, train, 3, train_prompts=names)
    mixed = choose(questions, train[order], 3, train_prompts=[names[place] for place in order])
    named = [[names[place] for place in row] for row in plain]
    assert named == [[names[order[place]] for place in row] for row in mixed]


def test_no_training_examples_or_none_wanted_gives_none() -> None:
    question = unit(np.array([[1.0, 0.0]]))
    assert choose(question, np.empty((0, 2), np.float32), 3) == [[]]
    assert choose(question, question, 0) == [[]]
