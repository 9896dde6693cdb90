"""Draws: blind, fixed by the seed, never of identical answers nor of those that name their author."""

import polars as pl
import pytest

from pipelines.errors import CurationError
from pipelines.evaluation.score import OUTPUTS
from pipelines.rating.draw import COMPARISONS, draw_comparisons, passed_over


def outputs(n: int = 400) -> pl.DataFrame:
    rows = [(variant, f"e{i:03d}", f"{variant} says {i}") for i in range(n) for variant in ("base", "tuned")]
    return pl.DataFrame(
        [*rows, *[("base", "same", "yes"), ("tuned", "same", " yes\n"), ("base", "lone", "x")]],
        schema=OUTPUTS,
        orient="row",
    )


def test_identical_and_unpaired_answers_are_never_drawn() -> None:
    drawn = draw_comparisons(outputs(), "base", "tuned", rater="ada")
    assert drawn.schema == COMPARISONS
    assert set(drawn["example_id"]) == {f"e{i:03d}" for i in range(400)}
    assert drawn["position"].to_list() == list(range(400))
    assert drawn["comparison_id"].n_unique() == 400
    passed = passed_over(outputs(), "tuned", "base")
    assert (passed.alike, passed.telling, passed.common) == (["same"], [], 401)


def test_sides_are_random_and_independent_of_rater_and_order_of_variants() -> None:
    ada = draw_comparisons(outputs(), "base", "tuned", rater="ada")
    grace = draw_comparisons(outputs(), "base", "tuned", rater="grace")
    # 400 fair coins: 200 with a standard deviation of 10.
    assert abs((ada["left"] == "tuned").sum() - 200) < 40
    both = ada.join(grace, on="example_id", suffix="_other")
    assert abs((both["left"] == both["left_other"]).sum() - 200) < 40
    assert ada["example_id"].to_list() != grace["example_id"].to_list()
    assert ada.equals(draw_comparisons(outputs().reverse(), "tuned", "base", rater="ada"))
    assert set(ada["comparison_id"]).isdisjoint(grace["comparison_id"])


def test_raters_get_the_same_examples_and_a_larger_count_adds_to_a_smaller() -> None:
    ada = draw_comparisons(outputs(), "base", "tuned", rater="ada", count=50)
    grace = draw_comparisons(outputs(), "base", "tuned", rater="grace", count=50)
    more = draw_comparisons(outputs(), "base", "tuned", rater="ada", count=80)
    assert set(ada["example_id"]) == set(grace["example_id"])
    assert set(ada["example_id"]) < set(more["example_id"])
    other = draw_comparisons(outputs(), "base", "tuned", rater="ada", count=50, seed=1)
    assert set(other["example_id"]) != set(ada["example_id"])


def test_drawing_on_gives_new_examples_and_ends_empty() -> None:
    first = draw_comparisons(outputs(10), "base", "tuned", rater="ada", count=7)
    then = draw_comparisons(outputs(10), "base", "tuned", rater="ada", count=7, drawn=first["example_id"].to_list())
    assert set(first["example_id"]).isdisjoint(then["example_id"])
    assert then["position"].to_list() == [7, 8, 9]
    seen = [*first["example_id"], *then["example_id"]]
    assert draw_comparisons(outputs(10), "base", "tuned", rater="ada", drawn=seen).is_empty()


def test_another_scope_has_other_ids() -> None:
    first = draw_comparisons(outputs(5), "base", "tuned", rater="ada", scope="compare-1")
    second = draw_comparisons(outputs(5), "base", "tuned", rater="ada", scope="compare-2")
    assert set(first["comparison_id"]).isdisjoint(second["comparison_id"])


@pytest.mark.parametrize(
    ("first", "second", "rater", "message"),
    [
        ("base", "gpt", "ada", "no outputs of the variant 'gpt'"),
        ("base", "base", "ada", "with itself"),
        ("base", "tuned", " ", "needs a rater"),
    ],
)
def test_unknown_variants_and_nameless_raters_are_refused(first: str, second: str, rater: str, message: str) -> None:
    with pytest.raises(CurationError, match=message):
        draw_comparisons(outputs(5), first, second, rater=rater)


def test_nothing_to_choose_between_is_said() -> None:
    rows = [("base", "a", "yes"), ("tuned", "a", "yes"), ("other", "b", "x")]
    frame = pl.DataFrame(rows, schema=OUTPUTS, orient="row")
    with pytest.raises(CurationError, match="blind among 1 common examples: 1 are answered alike, in 0"):
        draw_comparisons(frame, "base", "tuned", rater="ada")
    with pytest.raises(CurationError, match="no answered example in common"):
        draw_comparisons(frame, "base", "other", rater="ada")
    with pytest.raises(CurationError, match="none so far"):
        draw_comparisons(pl.DataFrame(schema=OUTPUTS), "base", "tuned", rater="ada")


def test_an_answer_that_names_its_author_is_never_drawn() -> None:
    telling = outputs(20).with_columns(
        text=pl.when((pl.col("example_id") == "e003") & (pl.col("variant") == "tuned"))
        .then(pl.lit("I am ChatGPT, and this costs 4 euros."))
        .otherwise("text")
    )
    assert passed_over(telling, "base", "tuned").telling == ["e003"]
    assert "e003" not in draw_comparisons(telling, "base", "tuned", rater="ada")["example_id"].to_list()
    with pytest.raises(
        CurationError, match="nothing to rate blind among 1 common examples: 0 are answered alike, in 1"
    ):
        draw_comparisons(telling.filter(example_id="e003"), "base", "tuned", rater="ada")
