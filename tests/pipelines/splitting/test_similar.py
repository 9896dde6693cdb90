"""The exact search finds just the pairs that comparing everything with everything finds."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.splitting.rare import rare_containment
from pipelines.splitting.settings import LinkSettings
from pipelines.splitting.similar import similar_texts

texts = st.lists(
    st.lists(st.sampled_from(["where", "is", "my", "order", "Now", "ﬁne", "注文", "a"]), max_size=9).map(" ".join)
    | st.text(alphabet="ab é,注", max_size=8),
    max_size=9,
)


@settings(max_examples=80, deadline=None)
@given(left=texts, right=texts, threshold=st.sampled_from([0.1, 0.3, 0.5, 0.6, 0.7, 1.0]))
def test_all_pairs_at_or_above_the_threshold_are_found_with_their_true_similarity(brute_force, left, right, threshold):
    found = similar_texts(left, right, threshold=threshold, short_words=4)
    expected = {
        (i, j): brute_force(a, b)
        for i, a in enumerate(left)
        for j, b in enumerate(right)
        if brute_force(a, b) >= threshold
    }
    pairs = list(zip(found.left.tolist(), found.right.tolist(), strict=True))
    assert pairs == sorted(expected)
    assert found.similarity.tolist() == pytest.approx([expected[pair] for pair in pairs])


@settings(max_examples=30, deadline=None)
@given(left=texts, threshold=st.sampled_from([0.3, 0.7]))
def test_texts_compared_among_themselves_give_each_pair_once(left, threshold):
    among = similar_texts(left, None, threshold=threshold, short_words=4)
    both = similar_texts(left, left, threshold=threshold, short_words=4)
    upper = both.left < both.right
    np.testing.assert_array_equal(among.left, both.left[upper])
    np.testing.assert_array_equal(among.right, both.right[upper])
    np.testing.assert_allclose(among.similarity, both.similarity[upper])


def test_many_rows_are_compared_across_blocks():
    left = [f"alpha{i % 2500} beta{i % 2500} gamma delta" for i in range(5000)]
    found = similar_texts(left, None, threshold=0.9, short_words=0)
    assert found.left.tolist() == list(range(2500))
    assert found.right.tolist() == list(range(2500, 5000))


def test_in_a_crowd_neighbours_are_compared_and_every_pair_told_is_true(brute_force):
    template = "Sort this ticket of our shop into one of the classes and answer with the class only: {}"
    left = [template.format(f"number {i:03}{'' if i % 3 else ' please'}") for i in range(120)] + [
        "who is it",
        "who is it?",
    ]
    whole = similar_texts(left, None, threshold=0.7, short_words=4)
    few = similar_texts(left, None, threshold=0.7, short_words=4, crowd=10)
    same = similar_texts(left, None, threshold=0.7, short_words=4, crowd=1_000)
    np.testing.assert_array_equal(same.left, whole.left)
    np.testing.assert_array_equal(same.right, whole.right)
    assert len(few.left) < len(whole.left) / 2
    pairs = list(zip(few.left.tolist(), few.right.tolist(), strict=True))
    assert pairs == sorted(set(pairs))
    assert few.similarity.tolist() == pytest.approx([brute_force(left[i], left[j]) for i, j in pairs])
    assert min(few.similarity) >= 0.7
    assert {i for pair in pairs for i in pair} == set(range(122))  # each still meets another of its like


def test_rare_containment_sees_through_templates():
    template = "Please read the following text with great care and answer: {}"
    other = "{} (Give your answer to this in one short sentence, thanks a lot.)"
    things = [f"why did the number{i} fox{i} jump{i} over dog{i}" for i in range(100)]
    prompts = [form.format(thing) for thing in things for form in (template, other)]
    found = rare_containment(prompts, LinkSettings(rare_frequency=20))
    assert list(zip(found.left.tolist(), found.right.tolist(), strict=True)) == [(2 * i, 2 * i + 1) for i in range(100)]


@settings(max_examples=60, deadline=None)
@given(prompts=texts)
def test_rare_containment_is_the_brute_force_one(bigrams, prompts):
    chosen = LinkSettings(rare_frequency=3, rare_shared=1, rare_containment=0.5)
    frequency = Counter(shingle for text in prompts for shingle in bigrams(text))
    sets = [{shingle for shingle in bigrams(text) if 2 <= frequency[shingle] <= 3} for text in prompts]
    expected = {}
    for i, a in enumerate(sets):
        for j in range(i + 1, len(sets)):
            shared = len(a & sets[j])
            if shared and shared / min(len(a), len(sets[j])) >= 0.5:
                expected[i, j] = shared / min(len(a), len(sets[j]))
    found = rare_containment(prompts, chosen)
    assert list(zip(found.left.tolist(), found.right.tolist(), strict=True)) == sorted(expected)
    assert found.similarity.tolist() == pytest.approx([expected[pair] for pair in sorted(expected)])
