"""Scores on criteria: means and paired differences against scipy and statsmodels, and what too little data says."""

import numpy as np
import polars as pl
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from pipelines.errors import CurationError
from pipelines.rating.rubric import (
    RUBRIC_DIFFERENCES,
    RUBRIC_LEVELS,
    RUBRIC_SCORES,
    rubric_differences,
    rubric_levels,
)

Row = tuple[str, str, str, str, int]
CRITERIA = ["help", "tone"]


def frame(rows: list[Row]) -> pl.DataFrame:
    """Rows of example, rater, variant, criterion, score."""
    return pl.DataFrame([(f"{v}-{e}-{r}", e, r, v, c, s) for e, r, v, c, s in rows], schema=RUBRIC_SCORES, orient="row")


def study(n: int, seed: int = 0, shift: float = 0.8) -> pl.DataFrame:
    """Two raters rate two variants on two criteria; the tuned one is better at helping, not in tone."""
    generator = np.random.default_rng(seed)
    rows: list[Row] = []
    for i in range(n):
        for rater, strict in (("ada", -0.5), ("ben", 0.5)):
            for variant, better in (("base", 0.0), ("tuned", shift)):
                for criterion in CRITERIA:
                    level = 3 + strict + (better if criterion == "help" else 0) + generator.normal(0, 0.8)
                    rows.append((f"e{i}", rater, variant, criterion, int(np.clip(round(level), 1, 5))))
    return frame(rows)


def test_a_mean_is_over_examples_whose_raters_are_averaged_first() -> None:
    """Examples a: (1 + 3) / 2 = 2, b: 5; their mean 3.5, not the scores' mean of 3."""
    found = rubric_levels(
        frame([("a", "ada", "base", "help", 1), ("a", "ben", "base", "help", 3), ("b", "ada", "base", "help", 5)]),
        CRITERIA,
    )
    assert found.schema == RUBRIC_LEVELS
    row = found.row(0, named=True)
    assert (row["mean"], row["n"], row["raters"]) == (3.5, 2, 2)
    assert [row[name] for name in ("ones", "twos", "threes", "fours", "fives")] == [1, 0, 1, 0, 1]
    # The t interval of 2 and 5, cut off at the ends of the scale.
    assert (row["low"], row["high"]) == (1.0, 5.0)


def test_the_interval_of_a_mean_is_that_of_t_under_200_examples() -> None:
    scores = study(60)
    row = rubric_levels(scores, CRITERIA).filter(variant="tuned", criterion="help").row(0, named=True)
    values = scores.filter(variant="tuned", criterion="help").group_by("example_id").agg(pl.col("score").mean())
    low, high = stats.t.interval(0.95, 59, loc=values["score"].mean(), scale=stats.sem(values["score"].to_numpy()))
    assert (row["low"], row["high"]) == (pytest.approx(low), pytest.approx(high))
    assert row["method"] == "t"


def test_the_difference_is_paired_and_taken_within_raters() -> None:
    scores = study(60)
    row = rubric_differences(scores, CRITERIA).filter(criterion="help").row(0, named=True)
    wide = scores.filter(criterion="help").pivot("variant", index=["example_id", "rater"], values="score")
    means = wide.group_by("example_id").agg(pl.col("tuned").mean(), pl.col("base").mean())
    oracle = stats.ttest_rel(means["tuned"].to_numpy(), means["base"].to_numpy())
    interval = oracle.confidence_interval(0.95)
    assert (row["variant"], row["against"], row["n"]) == ("tuned", "base", 60)
    assert row["p_value"] == pytest.approx(oracle.pvalue)
    assert (row["low"], row["high"]) == (pytest.approx(interval.low), pytest.approx(interval.high))
    assert row["higher"] == int((means["tuned"] > means["base"]).sum())
    assert row["lower"] == int((means["tuned"] < means["base"]).sum())
    assert row["verdict"] == "better"
    assert row["sentence"].startswith("help: tuned is rated higher than base:")


def test_a_strict_rater_of_one_variant_alone_makes_no_difference() -> None:
    """Ben rates only the base, and all of it 1: what he gave is no evidence about the other variant."""
    rows = [(f"e{i}", "ada", variant, "help", 4) for i in range(40) for variant in ("base", "tuned")]
    rows += [(f"e{i}", "ben", "base", "help", 1) for i in range(40)]
    row = rubric_differences(frame(rows), CRITERIA).row(0, named=True)
    assert (row["difference"], row["n"], row["verdict"]) == (0.0, 40, "no evidence")
    levels = rubric_levels(frame(rows), CRITERIA)
    assert dict(levels.select("variant", "mean").rows()) == {"base": 2.5, "tuned": 4.0}


def test_p_values_are_corrected_over_criteria_and_pairs() -> None:
    generator = np.random.default_rng(3)
    rows: list[Row] = [
        (f"e{i}", "ada", variant, criterion, int(np.clip(round(3 + k * step + generator.normal(0, 1)), 1, 5)))
        for i in range(50)
        for k, variant in enumerate(("a", "b", "c"))
        for criterion, step in (("help", 0.3), ("tone", 0.0))
    ]
    found = rubric_differences(frame(rows), CRITERIA)
    assert found.height == 6
    oracle = multipletests(found["p_value"].to_numpy(), method="fdr_bh")[1]
    assert found["q_value"].to_list() == pytest.approx(list(oracle))


def test_from_200_examples_on_intervals_are_bootstrapped_and_lie_close_to_t() -> None:
    scores = study(220)
    row = rubric_differences(scores, CRITERIA).filter(criterion="help").row(0, named=True)
    wide = scores.filter(criterion="help").pivot("variant", index=["example_id", "rater"], values="score")
    means = wide.group_by("example_id").agg((pl.col("tuned") - pl.col("base")).mean().alias("d"))["d"].to_numpy()
    low, high = stats.t.interval(0.95, 219, loc=means.mean(), scale=stats.sem(means))
    assert "bootstrap" in row["method"]
    assert (row["low"], row["high"]) == (pytest.approx(low, abs=0.03), pytest.approx(high, abs=0.03))
    assert "bootstrap" in rubric_levels(scores, CRITERIA)["method"][0]


def test_few_examples_are_too_few_whatever_the_figures() -> None:
    rows = [(f"e{i}", "ada", v, "help", s + i % 2) for i in range(29) for v, s in (("base", 1), ("tuned", 4))]
    row = rubric_differences(frame(rows), CRITERIA).row(0, named=True)
    assert (row["verdict"], row["q_value"]) == ("too few", None)
    assert "too few to tell tuned from base: 29 examples, 30 are needed (4.48 against 1.48 of 5)" in row["sentence"]


def test_all_equal_scores_give_figures_and_no_division_by_nought() -> None:
    rows = [(f"e{i}", "ada", v, "help", 3) for i in range(40) for v in ("base", "tuned")]
    levels = rubric_levels(frame(rows), CRITERIA)
    low, high = proportion_confint(20, 40, method="wilson")
    assert levels["mean"].to_list() == [3.0, 3.0]
    # No value between 1 and 5 varies more than one at the ends: Wilson's interval of the mean errs on the wide side.
    assert levels["low"][0] == pytest.approx(1 + 4 * low)
    assert levels["high"][0] == pytest.approx(1 + 4 * high)
    row = rubric_differences(frame(rows), CRITERIA).row(0, named=True)
    assert (row["difference"], row["p_value"], row["verdict"]) == (0.0, 1.0, "no evidence")
    assert row["low"] < 0 < row["high"]


def test_one_rating_is_told_without_an_interval() -> None:
    levels = rubric_levels(frame([("a", "ada", "base", "help", 4)]), CRITERIA).row(0, named=True)
    assert (levels["mean"], levels["low"], levels["high"], levels["n"]) == (4.0, None, None, 1)
    two = frame([("a", "ada", "base", "help", 4), ("a", "ada", "tuned", "help", 2)])
    row = rubric_differences(two, CRITERIA).row(0, named=True)
    assert (row["difference"], row["low"], row["verdict"], row["lower"]) == (-2.0, None, "too few", 1)


def test_variants_that_nobody_rated_on_one_example_have_no_difference() -> None:
    apart = frame([("a", "ada", "base", "help", 4), ("a", "ben", "tuned", "help", 2)])
    row = rubric_differences(apart, CRITERIA).row(0, named=True)
    assert (row["n"], row["difference"], row["verdict"]) == (0, None, "too few")
    assert "no rater gave both" in row["sentence"]


def test_no_scores_give_empty_frames_and_the_order_of_rows_does_not_matter() -> None:
    assert rubric_levels(frame([]), CRITERIA).schema == RUBRIC_LEVELS
    assert rubric_differences(frame([]), CRITERIA).schema == RUBRIC_DIFFERENCES
    scores = study(35)
    assert rubric_differences(scores, CRITERIA).equals(rubric_differences(scores.reverse(), CRITERIA))
    assert rubric_levels(scores, CRITERIA).equals(rubric_levels(scores.reverse(), CRITERIA))
    assert rubric_levels(scores, ["tone", "help"])["criterion"].unique(maintain_order=True).to_list() == [
        "tone",
        "help",
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("a", "ada", "base", "help", 6), "not on the scale"),
        (("a", "ada", "base", "help", 0), "not on the scale"),
        (("a", None, "base", "help", 3), "lacks a value"),
        (("e0", "ada", "base", "help", 3), "given twice by one rater"),
    ],
)
def test_unsound_scores_are_refused(row: Row, message: str) -> None:
    scores = pl.concat([study(2), frame([row])])
    for reading in (rubric_levels, rubric_differences):
        with pytest.raises(CurationError, match=message):
            reading(scores, CRITERIA)


def test_a_true_difference_of_nought_is_called_one_in_at_most_one_of_twenty_studies() -> None:
    """400 studies of 40 examples without a difference: 5 % are 20, with a standard deviation of 4.4."""
    wrong = sum(
        rubric_differences(study(40, seed, shift=0.0), CRITERIA)["verdict"].is_in(["better", "worse"]).any()
        for seed in range(400)
    )
    assert wrong <= 20 + 2 * 4.4
