"""What gives held-out examples away is found, what a template shares is not, and the cosine is calibrated."""

import itertools
import random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import CurationError
from pipelines.splitting.contamination import (
    CONTAMINATION,
    ContaminationSettings,
    calibrate,
    find_contamination,
    nearest_rows,
)
from tests.pipelines.splitting.test_templated import items


def kinds(found: pl.DataFrame) -> set[tuple[str, str]]:
    return set(found.select("kind", "verdict").iter_rows())


def test_equal_and_copied_prompts_are_contaminated_and_shared_phrases_are_for_a_person(examples_of):
    held = [f"{text} and what then" for text in items(3, words=20)]
    eight = " ".join(held[2].split()[:9])
    examples = examples_of(
        [(f"  {held[0].upper()} ", "a"), (f"Please tell me: {held[1]} Thanks!", "b"), (f"Well, {eight} or not", "c")]
        + [(text, "d") for text in items(30, words=20, seed=1)]
    )
    found = find_contamination(examples, examples_of([(text, "") for text in held])).contamination
    assert found.schema == CONTAMINATION
    by_example = {key[0]: kinds(rows) for key, rows in found.group_by("example_id")}
    ids = [examples.filter(pl.col("completion") == name)["example_id"].item() for name in "abc"]
    sure, copied = ("exact", "contaminated"), ("13 words", "contaminated")
    assert by_example == {
        ids[0]: {sure, copied, ("8 words", "review")},
        ids[1]: {copied, ("8 words", "review")},
        ids[2]: {("8 words", "review")},
    }


def test_a_run_of_words_that_many_held_out_examples_share_is_a_templates(examples_of):
    template = "read the following short story with care and answer the question that comes after it in one word"
    held_out = examples_of([(f"{template} {text}", "") for text in items(40)])
    examples = examples_of([(f"{template} {text}", "x") for text in items(40, seed=1)])
    assert find_contamination(examples, held_out).contamination.is_empty()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_shared_runs_are_those_of_brute_force(data):
    from pipelines.examples import examples_frame

    words = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=9).map(" ".join)
    texts = data.draw(st.lists(words, max_size=6, unique=True)), data.draw(st.lists(words, max_size=5, unique=True))
    frames = [examples_frame([[{"role": "user", "content": text}] for text in part]) for part in texts]
    chosen = ContaminationSettings(long_words=6, short_words=5, template_share=1.0)
    found = find_contamination(*frames, chosen).contamination.filter(pl.col("kind") == "5 words")

    def runs(text: str) -> set[tuple[str, ...]]:
        return {tuple(text.split()[at : at + 5]) for at in range(len(text.split()) - 4)}

    expected = {
        frames[0]["example_id"][place]
        for place, text in enumerate(texts[0])
        if any(runs(text) & runs(other) for other in texts[1])
    }
    assert set(found["example_id"]) == expected


def leads_of(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Sort every row of cosines: the largest, less half of the one three places behind."""
    ordered = np.sort(left.astype(float) @ right.astype(float).T, axis=1)[:, ::-1]
    return ordered[:, 0] - ordered[:, min(3, ordered.shape[1] - 1)] / 2 * (ordered.shape[1] > 1)


def test_a_copy_counts_though_many_held_out_prompts_are_like_it(examples_of):
    draw = np.random.default_rng(5)
    rows = draw.normal(size=(300, 12)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    texts = items(312)
    # Ten held-out prompts that are all the first training prompt's: it leads by nothing, but its cosine is 1.
    held = np.concatenate([np.repeat(rows[:1], 10, axis=0), rows[298:]])
    found = find_contamination(
        examples_of([(text, "a") for text in texts[:298]]),
        examples_of([(text, "") for text in texts[300:]]),
        vectors=rows[:298],
        held_out_vectors=held,
    ).contamination.filter(kind="embedding")
    first = examples_of([(texts[0], "a")])["example_id"].item()
    assert found.filter(example_id=first)["verdict"].to_list() == ["contaminated"]


def test_one_prompt_near_to_its_own_is_told_from_a_crowd_near_to_all():
    draw = np.random.default_rng(6)
    centre = draw.normal(size=16)
    crowd = centre + 0.8 * draw.normal(size=(900, 16))
    crowd /= np.linalg.norm(crowd, axis=1, keepdims=True)
    held = crowd[:300]
    own = held[:60] + 0.1 * draw.normal(size=(60, 16))
    own /= np.linalg.norm(own, axis=1, keepdims=True)
    _, cosine, lead = nearest_rows(np.concatenate([own, crowd[300:]]).astype(np.float32), held.astype(np.float32))

    def found(score: np.ndarray) -> float:
        return float(np.mean(score[:60] >= np.quantile(score[60:], 0.99)))

    assert found(lead) > found(cosine)


def test_small_shares_keep_to_the_tail_of_the_larger_ones():
    # Near-copies that no rule takes for such raise the quantile; the tail through 10 % and 1 % does not see them.
    rows = np.random.default_rng(7).normal(size=(3_000, 24)).astype(np.float32)
    near = rows[:20] + 0.4 * np.random.default_rng(8).normal(size=(20, 24)).astype(np.float32)
    both = (rows, np.concatenate([rows, near]))
    plain, with_near = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in both)
    chosen = ContaminationSettings(false_alarms=0.001)
    thresholds = [calibrate(part, 500, chosen)[0] for part in (plain, with_near)]
    assert thresholds[1] == pytest.approx(thresholds[0], abs=0.02)


def test_the_calibrated_lead_leaves_the_chosen_share_of_unrelated_rows_above():
    random_rows = np.random.default_rng(0).normal(size=(6_000, 12)).astype(np.float32)
    random_rows /= np.linalg.norm(random_rows, axis=1, keepdims=True)
    train, test = random_rows[:5_000], random_rows[5_000:]
    high, low = calibrate(train, len(test), ContaminationSettings(false_alarms=0.01, review_share=0.1))
    reached = leads_of(train, test)
    assert np.mean(reached >= high) == pytest.approx(0.01, abs=0.006)
    assert np.mean(reached >= low) == pytest.approx(0.1, abs=0.02)


def test_copies_among_the_training_prompts_do_not_raise_the_cosine():
    rows = np.random.default_rng(1).normal(size=(600, 12)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    chosen = ContaminationSettings(false_alarms=0.01)
    plain, _ = calibrate(rows, 200, chosen)
    doubled, _ = calibrate(np.repeat(rows, 2, axis=0), 200, chosen)
    assert doubled == pytest.approx(plain, abs=0.06)
    assert doubled < 0.95


def test_the_nearest_row_is_that_of_brute_force():
    draw = np.random.default_rng(2)
    left, right = (draw.normal(size=(n, 5)).astype(np.float32) for n in (1_500, 40))
    best, cosine, lead = nearest_rows(left, right)
    product = left.astype(float) @ right.astype(float).T
    assert best.tolist() == product.argmax(axis=1).tolist()
    assert cosine == pytest.approx(product.max(axis=1), abs=1e-5)
    assert lead == pytest.approx(leads_of(left, right), abs=1e-5)
    assert nearest_rows(left, right[:1])[2] == pytest.approx(product[:, 0], abs=1e-5)


def test_the_order_of_rows_does_not_matter(examples_of):
    texts = items(80, words=14)
    examples, held_out = examples_of([(t, "a") for t in texts]), examples_of([(t, "") for t in texts[:5]])
    draw = random.Random(0)
    vectors = np.array([[draw.gauss(0, 1) for _ in range(8)] for _ in texts], np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    forward = find_contamination(examples, held_out, vectors=vectors, held_out_vectors=vectors[:5])
    order = list(range(80))
    draw.shuffle(order)
    other = find_contamination(
        examples[order], held_out.reverse(), vectors=vectors[order], held_out_vectors=vectors[:5][::-1]
    )
    assert forward.contamination.equals(other.contamination)
    assert forward.threshold == other.threshold
    assert set(forward.contamination["verdict"]) == {"contaminated", "review"}


def test_nothing_held_out_finds_nothing_and_vectors_must_fit(examples_of):
    examples = examples_of([("one", "a")])
    for pair in itertools.product([examples, examples_of([])], repeat=2):
        if pair[0].is_empty() or pair[1].is_empty():
            assert find_contamination(*pair).contamination.is_empty()
    with pytest.raises(CurationError, match="3 vectors for 1 examples"):
        find_contamination(examples, examples, vectors=np.zeros((3, 2), np.float32))
