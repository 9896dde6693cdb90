"""Conflicting answers and doubtful labels, on cases worked by hand and against scikit-learn."""

import json
import time

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from pipelines.errors import CurationError
from pipelines.quality import labels
from pipelines.quality.conflicts import CONFLICTS, MAJORITY, MINORITY, UNDECIDED, find_conflicts
from pipelines.quality.labels import label_probabilities
from pipelines.quality.nearest import connected, nearest
from pipelines.quality.settings import ConflictSettings
from tests.pipelines.quality.conversations import pairs, word_vectors

RETURNS = "How many days do I have to return a lamp?"


def sides(*turns: tuple[str, str], vectors: bool = False) -> list[str]:
    """Return the opening words of each example's part in an "answers" conflict, in the order of the turns."""
    examples = pairs(*turns)
    found = find_conflicts(examples, prompt_vectors=word_vectors(examples["prompt"].to_list()) if vectors else None)
    details = dict(found.conflicts.filter(pl.col("kind") == "answers").select("example_id", "detail").iter_rows())
    return [details.get(example_id, "").split(" (")[0].split(":")[0] for example_id in examples["example_id"]]


def test_two_against_one_names_the_minority() -> None:
    assert sides(
        (RETURNS, "You have 30 days for that."),
        (RETURNS.lower(), "It is 30 days from delivery."),
        (RETURNS, "You have 14 days for that."),
        ("Where is my parcel?", "On its way."),
    ) == [MAJORITY, MAJORITY, MINORITY, ""]


def test_one_against_one_is_undecided() -> None:
    assert sides((RETURNS, "You have 30 days."), (RETURNS, "You have 14 days.")) == [UNDECIDED, UNDECIDED]
    assert sides(("Is it open?", "Yes, it is."), ("Is it open?", "No, it is not.")) == [UNDECIDED, UNDECIDED]


def test_rewordings_of_one_answer_do_not_conflict() -> None:
    assert sides((RETURNS, "You have 30 days to return it."), (RETURNS, "To return it you have 30 days.")) == ["", ""]


def test_alike_questions_conflict_only_when_they_carry_the_same_numbers_and_names() -> None:
    one = "please tell me where the parcel with my new lamp is now"
    other = "please tell me where the parcel with my new lamp is right now"
    assert sides((one, "It takes 3 days."), (other, "It takes 9 days."), vectors=True) == [UNDECIDED, UNDECIDED]
    assert sides((f"{one} 17", "It takes 3 days."), (f"{other} 18", "It takes 9 days."), vectors=True) == ["", ""]
    assert sides((f"{one} in Bonn", "It takes 3 days."), (f"{other} in Rome", "It takes 9."), vectors=True) == ["", ""]


def test_answers_in_json_conflict_by_field() -> None:
    one, other = ({"intent": "return", "urgency": urgency} for urgency in ("low", "high"))
    examples = pairs(("Send it back", json.dumps(one)), ("send it back!", json.dumps(other)))
    details = find_conflicts(examples).conflicts["detail"].to_list()
    assert all("'urgency' is" in detail for detail in details)
    assert sides(("Send it back", json.dumps(one)), ("send it back!", json.dumps(one, indent=1))) == ["", ""]


SUBJECTS = {
    "delivery": ["parcel", "late", "arrive", "courier", "depot", "street", "track", "delivered", "waiting", "package"],
    "billing": ["invoice", "charged", "twice", "refund", "bank", "amount", "paid", "money", "card", "statement"],
    "account": ["password", "login", "locked", "reset", "username", "email", "profile", "sign", "access", "forgot"],
}


def labelled(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Build tickets whose words come from the subject that their label names."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        label = sorted(SUBJECTS)[number % 3]
        rows.append((" ".join(rng.choice(SUBJECTS[label], 6, replace=False)), json.dumps({"topic": label})))
    return rows


@pytest.mark.parametrize("with_vectors", [True, False])
def test_planted_wrong_labels_are_found_and_no_others(with_vectors: bool) -> None:
    rows = labelled(150)
    planted = {5, 70, 140}
    for place in planted:
        wrong = "billing" if json.loads(rows[place][1])["topic"] != "billing" else "account"
        rows[place] = (rows[place][0], json.dumps({"topic": wrong}))
    examples = pairs(*rows)
    vectors = word_vectors(examples["prompt"].to_list()) if with_vectors else None
    found = find_conflicts(examples, prompt_vectors=vectors)
    assert found.label_fields == ["topic"]
    doubtful = found.conflicts.filter(pl.col("kind") == "label")
    assert set(doubtful["example_id"]) == {examples["example_id"][place] for place in planted}
    assert doubtful["detail"].str.starts_with(MINORITY).all()


def test_a_label_under_two_names_is_one_label() -> None:
    rows = labelled(150)
    renamed = [(prompt, completion.replace("topic", "subject")) for prompt, completion in rows[:50]]
    assert find_conflicts(pairs(*renamed, *rows[50:])).label_fields == ["topic"]
    assert find_conflicts(pairs(*renamed, *rows[50:])).conflicts.is_empty()


def test_labels_that_the_prompt_does_not_decide_are_left_alone() -> None:
    rng = np.random.default_rng(1)
    rows = [(prompt, json.dumps({"topic": str(rng.choice(["a", "b", "c"]))})) for prompt, _ in labelled(240)]
    examples = pairs(*rows)
    found = find_conflicts(examples, prompt_vectors=word_vectors(examples["prompt"].to_list()))
    assert found.label_fields == ["topic"]
    assert "label" not in found.conflicts["kind"]


def test_free_text_is_no_label() -> None:
    rows = [(f"question {number}", json.dumps({"summary": f"text {number}"})) for number in range(100)]
    assert find_conflicts(pairs(*rows)).label_fields == []


def test_neighbour_votes_equal_those_of_brute_force() -> None:
    rng = np.random.default_rng(2)
    vectors = rng.standard_normal((60, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows, cosines = nearest(vectors, vectors, 4, groups=(np.arange(60), np.arange(60)))
    for row in range(60):
        by_hand = sorted(
            (other for other in range(60) if other != row), key=lambda other: -vectors[row] @ vectors[other]
        )
        assert rows[row].tolist() == by_hand[:4]
        assert cosines[row] == pytest.approx([vectors[row] @ vectors[other] for other in by_hand[:4]], abs=1e-6)


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7])
def test_connected_rows_are_the_components_of_scipy(threshold: float) -> None:
    vectors = np.random.default_rng(3).standard_normal((1_500, 6)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[:, 0] += 2 * (threshold == 0.3)  # one large crowd, across the blocks
    _, labels = connected_components(csr_matrix(vectors @ vectors.T >= threshold), directed=False)
    first = {label: int(np.flatnonzero(labels == label)[0]) for label in set(labels)}
    assert connected(vectors, threshold).tolist() == [first[label] for label in labels]


def test_other_sums_are_other_questions() -> None:
    turns = [(f"What is 6{sign}3?", f"It is {result}.") for sign, result in zip("/-*+.", (2, 3, 18, 9, 0), strict=True)]
    assert sides(*turns) == [""] * 5
    assert sides(("What is -5 + 1?", "It is -4."), ("What is 5 + 1?", "It is 6.")) == ["", ""]
    assert sides(('"What is 6/3?"', "It is 2."), ("what is 6/3", "It is 5.")) == [UNDECIDED, UNDECIDED]


def test_a_question_with_very_many_answers_asks_for_variety_and_takes_bounded_time() -> None:
    words = [f"word{number}" for number in range(16)]
    rng = np.random.default_rng(0)
    jokes = [("Tell me a joke", " ".join(rng.choice(words, 9)) + f" {number}") for number in range(3_000)]
    began = time.process_time()
    assert set(sides(*jokes, (RETURNS, "You have 30 days."), (RETURNS, "You have 14 days."))) == {"", UNDECIDED}
    assert time.process_time() - began < 5


def test_prompts_without_a_word_are_no_question() -> None:
    assert sides(("", "It takes 3 days."), ("", "It takes 9 days."), ("?", "Yes."), ("?", "No.")) == [""] * 4


def test_wide_fields_are_judged_by_an_even_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [prompt for prompt, _ in labelled(300)]
    given = np.arange(300) % 3
    whole = label_probabilities(texts, word_vectors(texts), given, 3, ConflictSettings())
    monkeypatch.setattr(labels, "LARGEST_REFERENCE", 120)
    sampled = label_probabilities(texts, word_vectors(texts), given, 3, ConflictSettings())
    assert sampled.sum(axis=1) == pytest.approx(np.ones(300))
    assert not np.allclose(sampled, whole)
    assert (sampled.argmax(axis=1) == whole.argmax(axis=1)).mean() >= 0.9


def test_probabilities_are_distributions_and_blind_to_equal_wording() -> None:
    texts = [prompt for prompt, _ in labelled(60)] + ["only this one here", "only this one here"]
    given = np.array([number % 3 for number in range(60)] + [0, 0])
    table = label_probabilities(texts, word_vectors(texts), given, 3, ConflictSettings())
    assert table.sum(axis=1) == pytest.approx(np.ones(62))
    assert table[60, 0] < 0.9  # its twin, the only other of its words, has no vote


def test_conflicts_do_not_depend_on_the_order_of_the_rows() -> None:
    examples = pairs((RETURNS, "30 days."), (RETURNS, "14 days."), *labelled(120)).unique(
        "example_id", maintain_order=True
    )
    vectors = word_vectors(examples["prompt"].to_list())
    order = np.random.default_rng(0).permutation(examples.height)
    one = find_conflicts(examples, prompt_vectors=vectors).conflicts
    assert one.equals(find_conflicts(examples[order], prompt_vectors=vectors[order]).conflicts)
    assert one.schema == CONFLICTS


def test_no_one_and_odd_examples_give_no_conflict() -> None:
    for turns in ([], [("", "")], [("?", "{"), ("?", "[1"), ("\u0000", "🎉")]):
        assert find_conflicts(pairs(*turns)).conflicts.is_empty()


def test_vectors_of_other_examples_are_refused() -> None:
    with pytest.raises(CurationError, match="there are 1 examples"):
        find_conflicts(pairs(("a", "b")), prompt_vectors=np.zeros((2, 3), np.float32))
