"""Draws of single answers: fixed by the seed, the same examples for every rater, alike answers shown once."""

import polars as pl
import pytest

from pipelines.errors import CurationError
from pipelines.evaluation.score import OUTPUTS
from pipelines.rating.draw_answers import ANSWERS, BLOCK, draw_answers, draw_repeated_answers, names_model

VARIANTS = ["base", "tuned"]


def outputs(n: int = 60, variants: list[str] = VARIANTS) -> pl.DataFrame:
    rows = [(variant, f"e{i:03d}", f"{variant} says {i}") for i in range(n) for variant in variants]
    return pl.DataFrame([*rows, ("base", "lone", "x"), ("tuned", "lone", None)], schema=OUTPUTS, orient="row")


def draw(frame: pl.DataFrame | None = None, rater: str = "ada", **how: object) -> pl.DataFrame:
    return draw_answers(outputs() if frame is None else frame, VARIANTS, rater=rater, **how)  # type: ignore[arg-type]


def test_every_answer_of_examples_that_all_answered_is_drawn_once() -> None:
    drawn = draw()
    assert drawn.schema == ANSWERS
    assert drawn["position"].to_list() == list(range(120))
    assert drawn["answer_id"].n_unique() == 120
    assert set(drawn.select("example_id", "variant").rows()) == {
        (f"e{i:03d}", variant) for i in range(60) for variant in VARIANTS
    }
    assert drawn["answer_id"].to_list() == drawn["shown_as"].to_list()


def test_the_order_is_random_per_rater_and_does_not_depend_on_the_order_of_rows_or_variants() -> None:
    ada, grace = draw(), draw(rater="grace")
    assert ada["example_id"].to_list() != grace["example_id"].to_list()
    assert set(ada["answer_id"]).isdisjoint(grace["answer_id"])
    assert ada.equals(draw_answers(outputs().reverse(), ["tuned", "base"], rater="ada"))
    # Which variant comes first is a fair coin for each of 400 examples: 200 with a standard deviation of 10.
    many = draw(outputs(400)).unique("example_id", keep="first", maintain_order=True)
    assert abs((many["variant"] == "tuned").sum() - 200) < 40


def test_answers_to_one_example_are_kept_apart_and_a_block_ends_with_both() -> None:
    drawn = draw(outputs(57))
    places = drawn.group_by("example_id").agg(pl.col("position").max() - pl.col("position").min())["position"]
    assert places.min() >= BLOCK
    assert places.max() < 2 * BLOCK
    half = drawn.head(drawn.height // 2)["example_id"].value_counts()["count"]
    assert (half == 2).sum() >= 20


def test_raters_get_the_same_examples_and_a_larger_count_adds_to_a_smaller() -> None:
    ada, grace, more = draw(count=20), draw(rater="grace", count=20), draw(count=30)
    assert set(ada["example_id"]) == set(grace["example_id"])
    assert set(ada["example_id"]) < set(more["example_id"])
    assert set(draw(count=20, seed=1)["example_id"]) != set(ada["example_id"])
    then = draw(count=30, drawn=ada)
    assert set(then["example_id"]) == set(more["example_id"]) - set(ada["example_id"])
    assert then["position"].to_list() == list(range(40, 60))
    assert draw(count=30, drawn=pl.concat([ada, then])).is_empty()


def test_a_further_variant_is_added_on_the_same_examples() -> None:
    three = outputs(30, ["base", "tuned", "api"])
    two = draw_answers(three, VARIANTS, rater="ada", count=12)
    added = draw_answers(three, ["base", "tuned", "api"], rater="ada", count=12, drawn=two)
    assert set(added["variant"]) == {"api"}
    assert set(added["example_id"]) == set(two["example_id"])


def test_an_answer_that_several_variants_gave_is_shown_once_for_all_of_them() -> None:
    frame = pl.DataFrame(
        [("base", "a", "yes"), ("tuned", "a", " yes\n"), ("base", "b", "no"), ("tuned", "b", "never")],
        schema=OUTPUTS,
        orient="row",
    )
    drawn = draw(frame)
    of_a = drawn.filter(pl.col("example_id") == "a")
    assert of_a["shown_as"].n_unique() == 1
    assert of_a["shown_as"][0] in of_a["answer_id"].to_list()
    assert drawn.filter(pl.col("example_id") == "b")["shown_as"].n_unique() == 2
    later = draw_answers(frame, VARIANTS, rater="ada", drawn=of_a.filter(pl.col("answer_id") == pl.col("shown_as")))
    assert later.filter(pl.col("example_id") == "a")["shown_as"].to_list() == of_a["shown_as"].head(1).to_list()


def test_one_answer_in_twenty_comes_again_ten_places_later() -> None:
    drawn = draw()
    again = draw_repeated_answers(drawn)
    assert again.height == 6
    first = dict(drawn.select("answer_id", "position").rows())
    for row in again.iter_rows(named=True):
        assert row["position"] - first[row["answer_id"].removesuffix(":again")] >= 10
        assert row["shown_as"] == row["answer_id"]
    assert draw_repeated_answers(draw(outputs(9))).is_empty()
    assert draw_repeated_answers(draw_answers(outputs(25), ["base"], rater="ada")).height == 1


def test_answers_that_name_a_model_or_its_maker_are_marked() -> None:
    told = (
        "As ChatGPT, I ...",
        "I am GPT-4o.",
        "made by OpenAI",
        "I'm Claude, an AI",
        "Llama 3 here",
        "Ich bin Qwen2.",
    )
    quiet = ("The llamas graze.", "a mistralian wind", "claudette", "gpt", "")
    assert [names_model(text) for text in told] == [True] * len(told)
    assert [names_model(text) for text in quiet] == [False] * len(quiet)
    frame = pl.DataFrame([("base", "a", "I am ChatGPT."), ("base", "b", "Hello.")], schema=OUTPUTS, orient="row")
    marked = draw_answers(frame, ["base"], rater="ada").select("example_id", "names_model")
    assert dict(marked.rows()) == {"a": True, "b": False}


@pytest.mark.parametrize(
    ("variants", "rater", "count", "message"),
    [
        (["base", "gpt"], "ada", 5, "no outputs of the variant 'gpt'"),
        (["base", "base"], "ada", 5, "named twice"),
        ([], "ada", 5, "No variant"),
        (VARIANTS, " ", 5, "needs a rater"),
        (VARIANTS, "ada", 0, "0 examples"),
    ],
)
def test_what_cannot_be_drawn_is_refused(variants: list[str], rater: str, count: int, message: str) -> None:
    with pytest.raises(CurationError, match=message):
        draw_answers(outputs(5), variants, rater=rater, count=count)


def test_variants_without_a_common_example_and_two_outputs_for_one_are_refused() -> None:
    apart = pl.DataFrame([("base", "a", "x"), ("tuned", "b", "y")], schema=OUTPUTS, orient="row")
    with pytest.raises(CurationError, match="no answered example in common"):
        draw(apart)
    with pytest.raises(CurationError, match="more than one output"):
        draw(pl.concat([outputs(3), outputs(3)]))
