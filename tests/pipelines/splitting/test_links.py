"""What belongs together is linked, whatever the order; what only looks alike is not."""

import time

import networkx as nx
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.splitting.components import connect
from pipelines.splitting.links import LINKS, link_examples, links_of_pairs
from pipelines.splitting.settings import LinkSettings

LONG = "You can return the parcel within thirty days of the day on which it arrived."


def linked(examples: pl.DataFrame, links: pl.DataFrame) -> set[frozenset[str]]:
    """The groups of two and more, by their prompts."""
    members = connect(examples["example_id"], links).join(examples, on="example_id")
    groups = members.group_by("group_id").agg("prompt")["prompt"].to_list()
    return {frozenset(group) for group in groups if len(group) > 1}


def test_equal_prompts_are_linked_whatever_their_case_and_blanks(examples_of):
    examples = examples_of([("Why?", "a"), ("  WHY? ", "b"), ("how come", "c")])
    links = link_examples(examples).links
    assert links.schema == LINKS
    assert linked(examples, links) == {frozenset(["Why?", "  WHY? "])}


def test_equal_long_completions_are_linked_unless_they_are_labels(examples_of):
    json_label = '{"intent": "return", "product": "lamp", "urgency": "high", "sentiment": "angry"}'
    canned = LONG.replace("thirty", "ten")
    examples = examples_of(
        [("one alpha", LONG), ("two beta", LONG), ("three gamma", "Yes."), ("four delta", "Yes.")]
        + [("five epsilon", json_label), ("six zeta", json_label)]
        + [(f"canned{i} prompt{i}", canned) for i in range(6)]
    )
    assert linked(examples, link_examples(examples).links) == {frozenset(["one alpha", "two beta"])}


def test_near_prompts_are_linked(examples_of):
    near = "could you please tell me where the parcel with my new lamp is right now and when it comes to me"
    other = near.replace("lamp", "chair").replace("right now", "today").replace("please tell me", "say")
    examples = examples_of([(near, "a"), (near + " then", "b"), (other, "c")])
    assert linked(examples, link_examples(examples).links) == {frozenset([near, near + " then"])}


def test_a_key_links_what_shares_it(examples_of):
    examples = examples_of([("one", "a"), ("two", "b"), ("three", "c")])
    examples = examples.with_columns(group_key=pl.Series(["x", "x", None]))
    assert linked(examples, link_examples(examples).links) == {frozenset(["one", "two"])}


def test_the_order_of_rows_does_not_matter(examples_of):
    examples = examples_of([(f"the same words again and again {i % 7}", f"{i}") for i in range(40)])
    forward = link_examples(examples).links
    backward = link_examples(examples.reverse()).links
    assert forward.equals(backward)


def test_a_chain_is_cut_where_it_holds_too_much_and_that_is_said(examples_of):
    # Each text shares most words with the next, and nothing with those far off.
    words = [f"w{i}" for i in range(140)]
    examples = examples_of([(" ".join(words[i : i + 40]), str(i)) for i in range(100)])
    whole = link_examples(examples, LinkSettings(largest_group=1.0))
    assert len(linked(examples, whole.links)) == 1
    assert whole.notes == []
    cut = link_examples(examples, LinkSettings(largest_group=0.05))
    assert "A chain of 100 examples (near) held more than 5%" in cut.notes[0]
    assert linked(examples, cut.links) == set()


def test_many_equal_prompts_and_many_of_one_template_take_bounded_time(examples_of):
    template = "Sort this support ticket of our shop into one of the six classes and answer with the class only: ticket"
    rows = [("Tell me a joke", f"joke {i}") for i in range(2_000)] + [(f"{template} {i}", "open") for i in range(2_000)]
    began = time.process_time()
    links = link_examples(examples_of(rows)).links
    assert time.process_time() - began < 10
    assert links.filter(pl.col("kind") == "prompt")["example_id"].n_unique() == 2_000


def test_a_chain_counts_all_examples_of_its_prompts(examples_of):
    # Two like prompts, one of them in thirty of a hundred examples: their link would hold a third of the data.
    rows = [("please tell me where the parcel with my lamp is", f"a{i}") for i in range(30)]
    rows += [("please tell me where the parcel with my lamp went", "b")]
    rows += [(f"word{i} other{i} thing{i} more{i}", "c") for i in range(69)]
    found = link_examples(examples_of(rows), LinkSettings(largest_group=0.1))
    assert "A chain of 31 examples (near)" in found.notes[0]
    assert found.links.filter(pl.col("kind") == "near").is_empty()
    assert found.links.filter(pl.col("kind") == "prompt").height == 30


def test_no_examples_give_no_links(examples_of):
    assert link_examples(examples_of([])).links.is_empty()
    assert link_examples(examples_of([("one", "a")])).links.is_empty()


@settings(max_examples=100, deadline=None)
@given(
    count=st.integers(0, 12),
    edges=st.lists(st.tuples(st.integers(0, 15), st.integers(0, 6)), max_size=30),
    pairs=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=6),
)
def test_components_are_those_of_networkx(count, edges, pairs):
    ids = pl.Series([f"{i:02}" for i in range(count)], dtype=pl.String)
    links = pl.DataFrame(
        {"example_id": [f"{i:02}" for i, _ in edges], "group_id": [f"g{g}" for _, g in edges]},
        schema={"example_id": pl.String, "group_id": pl.String},
    )
    ends = {"example_a": [f"{a:02}" for a, _ in pairs], "example_b": [f"{b:02}" for _, b in pairs]}
    by_pair = links_of_pairs(pl.DataFrame(ends, schema={"example_a": pl.String, "example_b": pl.String}))
    found = connect(ids, pl.concat([links, by_pair.drop("kind")]))

    graph = nx.Graph()
    graph.add_nodes_from(ids)
    for i, g in edges:
        if i < count:
            graph.add_edge(f"{i:02}", f"g{g}")
    for a, b in pairs:
        if a < count and b < count:
            graph.add_edge(f"{a:02}", f"{b:02}")
    expected = {}
    for component in nx.connected_components(graph):
        members = sorted(node for node in component if not node.startswith("g"))
        expected.update({member: members[0] for member in members})
    assert dict(found.iter_rows()) == expected
    assert found["example_id"].to_list() == sorted(ids)
