"""Templated data is recognised by the shape of its links, and its wordings stay together."""

import random

import numpy as np
import polars as pl

from pipelines.splitting.components import connect
from pipelines.splitting.links import link_examples
from pipelines.splitting.settings import LinkSettings
from pipelines.splitting.similar import Similar
from pipelines.splitting.templated import dense_share

TEMPLATES = (
    "Answer the following question: {}",
    "You are a teacher and a pupil wants to know this. What do you say? {}",
    "{} Please explain how you came to your answer, step by step.",
    "Read the text below and reply in one friendly sentence.\n\n{}",
)
SYLLABLES = [a + b for a in "bdfgklmnprst" for b in "aeiou"]


def items(count: int, words: int = 9, seed: int = 0) -> list[str]:
    """Texts of invented words, each unlike all others."""
    draw = random.Random(seed)
    return [" ".join("".join(draw.choices(SYLLABLES, k=3)) for _ in range(words)) for _ in range(count)]


def pairs(*edges: tuple[int, int]) -> Similar:
    left, right = np.array(edges, np.int64).reshape(-1, 2).T
    return Similar(left, right, np.ones(len(left)))


def test_dense_share_by_hand():
    # Of six examples, three form a clique of new links (density 1 each), two a pair; one is alone: 5/6.
    groups = np.arange(6)
    assert dense_share(pairs((0, 1), (0, 2), (1, 2), (3, 4)), groups) == 5 / 6
    # A chain of four has three of six links, and density 0.5 each.
    assert dense_share(pairs((0, 1), (1, 2), (2, 3)), np.arange(4)) == 0.5
    # Links inside groups that are known already tell nothing new.
    assert dense_share(pairs((0, 1)), np.array([7, 7])) == 0.0
    assert dense_share(pairs(), np.arange(3)) == 0.0
    assert dense_share(pairs(), np.arange(0)) == 0.0


def test_the_default_holds_the_wordings_of_one_item_together_and_says_so(examples_of):
    rows = [(template.format(text), f"fine {place}") for text in items(60) for place, template in enumerate(TEMPLATES)]
    examples = examples_of(rows)
    found = link_examples(examples)
    assert "looks templated" in found.notes[0]
    groups = connect(examples["example_id"], found.links).join(examples, on="example_id")
    for text in items(60):
        held = groups.filter(pl.col("prompt").str.contains(text, literal=True))
        assert held["group_id"].n_unique() == 1
    assert groups["group_id"].n_unique() == 60
    apart = connect(examples["example_id"], link_examples(examples, LinkSettings(rare_shingles="off")).links)
    assert apart["group_id"].n_unique() > 60


def test_what_is_not_templated_is_linked_as_without_rare_word_pairs(examples_of):
    examples = examples_of([(text, f"answer {place}") for place, text in enumerate(items(80))])
    assert link_examples(examples).links.equals(link_examples(examples, LinkSettings(rare_shingles="off")).links)
    assert link_examples(examples).notes == []


def test_a_completion_that_another_wording_asks_with_links_the_two(examples_of):
    rows = [(f"Write the question to which the answer is {place}.", text) for place, text in enumerate(items(40))]
    rows += [(f"Answer the following question: {text}", f"It is {place}.") for place, text in enumerate(items(40))]
    examples = examples_of(rows)
    members = connect(examples["example_id"], link_examples(examples, LinkSettings(rare_shingles="on")).links)
    assert members["group_id"].n_unique() == 40


def test_near_links_do_not_chain_the_groups_of_a_template(examples_of):
    # Two words differ in a long template: near by similarity, but of different items.
    long = "Please read this carefully and then tell me in your own words what is meant by the short phrase {} and why"
    rows = [(t.format(text), f"fine {i}") for text in items(60, words=6) for i, t in enumerate([*TEMPLATES, long])]
    examples = examples_of(rows)
    members = connect(examples["example_id"], link_examples(examples, LinkSettings(rare_shingles="on")).links)
    largest = members["group_id"].value_counts()["count"].max()
    assert largest <= 0.05 * len(rows)
