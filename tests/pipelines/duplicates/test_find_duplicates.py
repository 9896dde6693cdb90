"""Duplicates of every kind: what is found, what is held apart, who stays."""

import json
import time

import networkx
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.duplicates.find import Duplicates, duplicate_texts, find_duplicates
from pipelines.duplicates.groups import order_by_preference, star_groups
from pipelines.duplicates.settings import DuplicateSettings
from pipelines.errors import CurationError
from pipelines.examples import EXAMPLES, examples_frame

LONG_PROMPT = (
    "Please tell me how I can send back the blue kettle that I bought in your shop last week, it leaks at the lid."
)
LONG_ANSWER = (
    "I am sorry about that. You can send it back free of charge: print the label in your account and drop it off."
)


def frame(*rows: tuple[str, str]) -> pl.DataFrame:
    return examples_frame(
        [[{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}] for prompt, answer in rows]
    )


def guards(found: Duplicates) -> list[str | None]:
    return found.pairs["guard"].to_list()


def survivors(found: Duplicates, examples: pl.DataFrame) -> set[str]:
    extra = found.duplicates.filter(pl.col("example_id") != pl.col("representative_id"))["example_id"]
    return set(examples["example_id"]) - set(extra)


def test_case_and_white_space_make_exact_duplicates_and_one_stays() -> None:
    examples = frame(("Where is it?", "On its way."), ("where  is it? ", "On its\nway."), ("Who?", "Me."))
    found = find_duplicates(examples)
    assert found.pairs["kind"].to_list() == ["exact"]
    assert found.groups == 1
    assert found.extra == 1
    assert len(survivors(found, examples)) == 2


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        (LONG_PROMPT.replace("kettle", "kettel"), LONG_ANSWER),
        (LONG_PROMPT, LONG_ANSWER + " I hope this helps."),
        (LONG_PROMPT, LONG_ANSWER.replace("print", "download")),
        (LONG_PROMPT, LONG_ANSWER[:80]),
        (LONG_PROMPT.upper(), LONG_ANSWER.replace(".", "!")),
        ("It leaks at the lid. " + LONG_PROMPT.removesuffix(", it leaks at the lid."), LONG_ANSWER),
    ],
)
def test_light_edits_are_near_duplicates(prompt: str, answer: str) -> None:
    found = find_duplicates(frame((LONG_PROMPT, LONG_ANSWER), (prompt, answer)))
    assert found.pairs.select("kind", "guarded").rows() == [("near", False)]
    assert found.extra == 1


@pytest.mark.parametrize(
    ("one", "other", "guard"),
    [
        (("Add 3 and 5.", "The sum of both is 8."), ("Add 3 and 6.", "The sum of both is 9."), "numbers"),
        ((LONG_PROMPT, LONG_ANSWER), (LONG_PROMPT, LONG_ANSWER.replace("You can", "You can not")), "negation"),
        (
            ("Write a short letter to our customer Ann about the late parcel", "Dear Ann, your parcel is late."),
            ("Write a short letter to our customer Bob about the late parcel", "Dear Bob, your parcel is late."),
            "names",
        ),
        ((LONG_PROMPT, '{"intent": "return"}'), (LONG_PROMPT, '{"intent": "refund"}'), "answers"),
        ((LONG_PROMPT, "positive"), (LONG_PROMPT, "negative"), "answers"),
        (
            (LONG_PROMPT, "Hello Ann! You can send it back within seven days only. Take care, your desk."),
            (LONG_PROMPT, "Hello Ann! You can send it back within thirty days in its box. Take care, your desk."),
            "numbers",
        ),
        (
            (LONG_PROMPT, "Hello Ann! Please throw it away in silence. Take care, your desk."),
            (LONG_PROMPT, "Hello Ann! We repair every kettle free of charge. Take care, your desk."),
            "answers",
        ),
        (("Is it red?", LONG_ANSWER), ("What about shipping?", LONG_ANSWER), "prompts"),
    ],
)
def test_pairs_that_are_alike_but_not_the_same_are_listed_and_not_grouped(
    one: tuple[str, str], other: tuple[str, str], guard: str
) -> None:
    found = find_duplicates(frame(one, other))
    assert guards(found) == [guard]
    assert found.duplicates.is_empty()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1 and 23", "12 and 3", False),
        ("3.5 and 8", "5.3 and 8", False),
        ("1.5 of it", "15 of it", False),
        ("the 2024-03-01", "the 2024-01-03", False),
        ("12 3", "1 23", False),
        ("1,000 of it", "1000 of it", True),
        ("10:30 today", "10.30 today", True),
        ("the 2024-03-01", "the 2024/03/01", True),
        ("+44 20 7946 0958", "+442079460958", True),
        ("5 of them", "five of them", True),
        ("five of them", "six of them", False),
    ],
)
def test_numbers_are_the_same_whatever_stands_between_them_and_others_are_not(one: str, other: str, same: bool) -> None:
    found = find_duplicates(frame((f"{LONG_PROMPT} {one}", LONG_ANSWER), (f"{LONG_PROMPT} {other}", LONG_ANSWER)))
    assert set(guards(found)) == ({None} if same else {"numbers"})


def test_long_values_of_json_answers_are_compared_in_bounded_time() -> None:
    words = [f"w{place % 997}" for place in range(20_000)]
    one, typo, other = (
        json.dumps({"summary": " ".join(value)})
        for value in (words, [*words[:-1], "x"], words[:9_000] + ["y"] * 11_000)
    )
    began = time.process_time()
    assert guards(find_duplicates(frame((LONG_PROMPT, one), (LONG_PROMPT, typo)))) == [None]
    assert set(guards(find_duplicates(frame((LONG_PROMPT, one), (LONG_PROMPT, other))))) <= {"answers"}
    assert time.process_time() - began < 5


def test_a_misspelt_negation_is_no_other_negation_and_ever_is_not_never() -> None:
    never, nver, ever = (f"{LONG_PROMPT} I will {word} come again!" for word in ("never", "nver", "ever"))
    assert guards(find_duplicates(frame((never, LONG_ANSWER), (nver, LONG_ANSWER)))) == [None]
    assert guards(find_duplicates(frame((never, LONG_ANSWER), (ever, LONG_ANSWER)))) == ["negation"]


def test_a_switched_off_guard_holds_nothing_apart() -> None:
    examples = frame(("Add 3 and 5.", "The sum of both is 8."), ("Add 3 and 6.", "The sum of both is 9."))
    assert find_duplicates(examples, DuplicateSettings(numbers_guard=False)).extra == 1


def test_key_style_and_key_order_of_json_answers_make_no_difference() -> None:
    examples = frame(
        (LONG_PROMPT, '{"intent_name": "return", "urgency": "low"}'),
        (LONG_PROMPT, '{"urgency": "low", "intentName": "Return"}'),
    )
    assert find_duplicates(examples).extra == 1


def test_equal_short_answers_alone_make_no_duplicates() -> None:
    found = find_duplicates(
        frame(("The film bored me to tears.", "negative"), ("Great soup, friendly staff!", "negative"))
    )
    assert found.pairs.is_empty()


def test_vectors_find_what_words_do_not_and_labels_still_hold_apart() -> None:
    examples = frame(
        ("Where does my parcel stay?", "It is coming."),
        ("What happened to our delivery", "On the road now"),
        ("How do I bake bread?", '{"label": "cooking"}'),
        ("Way of making a loaf", '{"label": "baking"}'),
    )
    vectors = np.array([[1, 0], [0.999, 0.0447], [0, 1], [0, 1]], dtype=np.float32)
    found = find_duplicates(examples, vectors=vectors)
    kinds = dict(zip(guards(found), found.pairs["kind"], strict=True))
    assert kinds == {None: "semantic", "answers": "semantic"}
    assert found.extra == 1
    assert 0.99 < found.pairs.filter(~pl.col("guarded"))["similarity"][0] < 1.0


def test_semantic_pairs_equal_brute_force_cosine() -> None:
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(30, 16))
    raw = np.repeat(centres, 4, axis=0) + generator.normal(scale=0.12, size=(120, 16))
    vectors = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    examples = frame(*((f"prompt {number}", f"answer {number}") for number in range(120)))
    from pipelines.duplicates.semantic import find_semantic_duplicates

    found = find_semantic_duplicates(examples, vectors)
    cosine = vectors @ vectors.T
    expected = {(i, j) for i, j in np.argwhere(cosine >= 0.95).tolist() if i < j}
    row_of = {example: row for row, example in enumerate(examples["example_id"])}
    assert {(row_of[a], row_of[b]) for a, b, _ in found.iter_rows()} == expected


def test_rank_then_completeness_then_length_then_id_choose_who_stays() -> None:
    examples = frame(
        ("q", "Short one."), ("q", "A longer one that is cut off in the"), ("q", "A longer one, complete.")
    )
    first, cut, longest = examples["example_id"]
    assert order_by_preference(examples, None)["example_id"].to_list() == [longest, first, cut]
    rank = pl.DataFrame({"example_id": [cut], "rank": [1]})
    assert order_by_preference(examples, rank)["example_id"].to_list() == [cut, longest, first]


def test_a_chain_of_small_changes_does_not_melt_into_one_group() -> None:
    words = [f"w{number}" for number in range(30)]
    texts = []
    for step in range(30):
        words[step] = f"changed{step}"
        texts.append(" ".join(words))
    found = find_duplicates(frame(*((text, "The same complete answer.") for text in texts)))
    pairs = {
        frozenset(pair): share for *pair, share in found.pairs.select("example_a", "example_b", "similarity").rows()
    }
    for _, member, centre, kind, share in found.duplicates.iter_rows():
        assert kind == "near"
        assert member == centre or pairs[frozenset((member, centre))] == share >= 0.6
    assert found.groups > 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=40))
def test_stars_are_a_maximal_independent_cover_of_the_graph(edges: list[tuple[int, int]]) -> None:
    graph = networkx.Graph((f"n{min(e):02}", f"n{max(e):02}") for e in edges if e[0] != e[1])
    order = sorted(graph)
    pairs = pl.DataFrame(
        [(one, other, "near", 0.9) for one, other in graph.edges],
        schema={"example_a": pl.String, "example_b": pl.String, "kind": pl.String, "similarity": pl.Float64},
        orient="row",
    )
    groups = star_groups(pl.Series(order, dtype=pl.String), pairs)
    centres = set(groups["representative_id"])
    members = dict(groups.select("example_id", "representative_id").iter_rows())
    assert len(members) == len(groups)
    kept = (set(graph) - set(members)) | centres
    assert all(not graph.has_edge(one, other) for one in kept for other in kept)
    assert all(member == centre or graph.has_edge(member, centre) for member, centre in members.items())


def mixed_examples() -> tuple[pl.DataFrame, np.ndarray]:
    generator = np.random.default_rng(4)
    vocabulary = [f"word{number}" for number in range(200)]
    rows = []
    for number in range(60):
        words = list(generator.choice(vocabulary, size=25))
        for _ in range(int(generator.integers(1, 4))):
            words[int(generator.integers(25))] = str(generator.choice(vocabulary))
            rows.append((" ".join(words), f"Answer {number} stays the same."))
    raw = generator.normal(size=(len(rows), 4))
    return frame(*rows), (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)


def test_the_order_of_rows_changes_nothing() -> None:
    examples, vectors = mixed_examples()
    first = find_duplicates(examples, vectors=vectors)
    shuffled = np.random.default_rng(1).permutation(len(examples))
    second = find_duplicates(examples[shuffled], vectors=vectors[shuffled])
    assert first.extra > 10
    assert first.duplicates.equals(second.duplicates)
    assert first.pairs.equals(second.pairs)


def test_what_stays_has_no_duplicates_left() -> None:
    examples, _ = mixed_examples()
    kept = survivors(find_duplicates(examples), examples)
    again = find_duplicates(examples.filter(pl.col("example_id").is_in(list(kept))))
    assert again.duplicates.is_empty()


def test_many_equal_rows_are_one_group_in_bounded_time() -> None:
    rows = [("Where is my order?" + " " * number, "On its way.") for number in range(3_000)]
    found = find_duplicates(frame(*rows))
    assert (found.groups, found.extra) == (1, 2_999)
    assert len(found.pairs) == 2_999


def test_many_rows_of_one_template_are_compared_in_bounded_time_and_held_apart() -> None:
    rows = [(f"Please multiply the number {n} by the number {n + 7} for me", f"{n * (n + 7)}") for n in range(500)]
    found = find_duplicates(frame(*rows))
    assert found.extra == 0
    assert set(guards(found)) == {"numbers"}


def test_hostile_and_empty_texts_have_a_defined_result() -> None:
    examples = frame(
        ("", ""),
        (" ", ""),
        ("日本語の文章を短くしてください", "はい。"),
        ("日本語の文章を短くして下さい", "はい。"),
        ("\x00!!!", "…"),
    )
    found = find_duplicates(examples)
    assert sorted(found.pairs["kind"]) == ["exact", "near"]
    empty = find_duplicates(EXAMPLES.to_frame(), vectors=np.zeros((0, 3), np.float32))
    assert (empty.groups, empty.extra, len(empty.pairs)) == (0, 0, 0)
    assert find_duplicates(examples[:1]).pairs.is_empty()


def test_vectors_that_are_not_aligned_and_missing_columns_are_errors_for_people() -> None:
    examples = frame(("a", "b"), ("c", "d"))
    with pytest.raises(CurationError, match="1 vectors for 2 examples"):
        find_duplicates(examples, vectors=np.zeros((1, 3), np.float32))
    with pytest.raises(CurationError, match="column 'completion'"):
        find_duplicates(examples.drop("completion"))


def test_the_texts_to_embed_hold_prompt_and_completion() -> None:
    assert duplicate_texts(frame(("Why?", "So."))) == ["Why?\nSo."]
