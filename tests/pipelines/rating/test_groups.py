"""Ratings of prompts that are alike: the same estimates, errors of the groups as in statsmodels, right coverage."""

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm

from pipelines.errors import CurationError
from pipelines.evaluation.compare import GROUPS
from pipelines.rating.judge_trust import trust_in
from pipelines.rating.length_control import length_controlled
from pipelines.rating.prediction_powered import prediction_powered_mean
from pipelines.rating.ratings import RATINGS
from pipelines.rating.rubric import RUBRIC_SCORES, rubric_differences, rubric_levels
from pipelines.rating.stopping import when_to_stop
from pipelines.rating.units import unit_names, unit_numbers, worth_of
from pipelines.rating.win_rate import win_rate


def ratings(choices: list[str]) -> pl.DataFrame:
    """One rating a prompt; "left" is a win of tuned."""
    rows = [(f"c{n}", f"e{n:04d}", "ada", "tuned", "base", choice) for n, choice in enumerate(choices)]
    return pl.DataFrame(rows, schema=RATINGS, orient="row")


def groups(count: int, size: int) -> pl.DataFrame:
    """Every `size` examples in a row are one group."""
    rows = [(f"e{n:04d}", f"g{n // size}") for n in range(count)]
    return pl.DataFrame(rows, schema=GROUPS, orient="row")


def clustered_error(values: np.ndarray, numbers: np.ndarray) -> float:
    """Return the cluster-robust error of a mean as statsmodels computes it, with its G / (G - 1) alone."""
    fitted = sm.OLS(values, np.ones(len(values))).fit(
        cov_type="cluster", cov_kwds={"groups": numbers, "use_correction": False}
    )
    count = len(np.unique(numbers))
    return float(fitted.bse[0] * np.sqrt(count / (count - 1)))


def test_examples_in_a_group_have_one_number_and_the_others_their_own() -> None:
    examples = pl.Series(["a", "b", "c", "d"])
    known = pl.DataFrame([("a", "g"), ("c", "g"), ("x", "h"), ("d", None)], schema=GROUPS, orient="row")
    assert unit_names(examples, known).to_list() == ["group g", "example b", "group g", "example d"]
    numbers = unit_numbers(examples, known)
    assert numbers is not None
    assert (numbers[0] == numbers[2], len(set(numbers.tolist()))) == (True, 3)
    # Sizes 2, 1, 1: 16 / 6.
    assert worth_of(numbers, 4) == pytest.approx(16 / 6)
    assert unit_numbers(examples, None) is None
    assert unit_numbers(examples, known.head(1)) is None
    twice = pl.DataFrame([("a", "g"), ("a", "h")], schema=GROUPS, orient="row")
    with pytest.raises(CurationError, match="more than one group"):
        unit_names(examples, twice)


def test_a_win_rate_over_groups_has_their_error_and_counts_them_for_too_few() -> None:
    draw = np.random.default_rng(3)
    choices = [["left", "right", "tie"][draw.integers(3)] for _ in range(45) for _ in [0]]
    choices = [choice for choice in choices for _ in range(4)]
    alone, grouped = (win_rate(ratings(choices), "tuned", "base", groups=g) for g in (None, groups(180, 4)))
    values = np.array([{"left": 1.0, "right": 0.0, "tie": 0.5}[choice] for choice in choices])
    assert grouped.win_rate == alone.win_rate == pytest.approx(values.mean())
    assert grouped.standard_error == pytest.approx(clustered_error(values, np.arange(180) // 4))
    assert (grouped.n, grouped.units, alone.units) == (180, 45, 180)
    assert "180 prompts in 45 groups" in grouped.note
    few = win_rate(ratings(choices[:100]), "tuned", "base", groups=groups(100, 4))
    assert (few.verdict, few.units) == ("too few", 25)


def test_copies_of_one_prompt_settle_nothing_and_move_no_stopping_rule() -> None:
    choices = ["left"] * 60 + ["right", "left", "tie"]
    known = pl.concat([groups(60, 60), pl.DataFrame([("e0060", None)], schema=GROUPS, orient="row")])
    assert when_to_stop(ratings(choices), "tuned", "base").state == "settled"
    found = when_to_stop(ratings(choices), "tuned", "base", groups=known)
    assert (found.state, found.prompts, found.decided) == ("go on", 4, 3)
    assert "63 prompts count as 4" in found.sentence
    assert win_rate(ratings(choices), "tuned", "base", groups=known).verdict == "too few"


def test_the_interval_covers_where_prompts_hang_together_and_that_of_prompts_alone_does_not() -> None:
    """Forty groups of five: within a group nearly all prompts go the same way; the true win rate is 0.5."""
    draw = np.random.default_rng(11)
    known, hits = groups(200, 5), {"groups": 0, "alone": 0}
    for _ in range(150):
        side = np.repeat(draw.random(40) < 0.5, 5) ^ (draw.random(200) < 0.05)
        rated = ratings(["left" if won else "right" for won in side])
        for name, given in (("groups", known), ("alone", None)):
            found = win_rate(rated, "tuned", "base", groups=given)
            hits[name] += found.low <= 0.5 <= found.high
    assert hits["groups"] / 150 >= 0.90
    assert hits["alone"] / 150 < 0.75


def rubric_scores(numbers: np.ndarray) -> pl.DataFrame:
    rows = []
    for place, value in enumerate(numbers):
        rows.append((f"t{place}", f"e{place:04d}", "ada", "tuned", "tone", int(value)))
        rows.append((f"b{place}", f"e{place:04d}", "ada", "base", "tone", 3))
    return pl.DataFrame(rows, schema=RUBRIC_SCORES, orient="row")


def test_scores_on_criteria_have_the_error_of_the_groups() -> None:
    draw = np.random.default_rng(4)
    values = np.repeat(draw.integers(1, 6, 40), 3)
    known = groups(120, 3)
    found = rubric_differences(rubric_scores(values), ["tone"], groups=known).row(0, named=True)
    assert (found["n"], found["units"]) == (120, 40)
    error = clustered_error((values - 3) / 4.0, np.arange(120) // 3)
    from scipy.stats import t

    half = 4 * t.ppf(0.975, 39) * error
    assert (found["low"], found["high"]) == pytest.approx((values.mean() - 3 - half, values.mean() - 3 + half))
    level = rubric_levels(rubric_scores(values), ["tone"], groups=known).filter(pl.col("variant") == "tuned")
    assert level["high"][0] - level["low"][0] == pytest.approx(2 * half)
    few = rubric_differences(rubric_scores(values[:60]), ["tone"], groups=groups(60, 3)).row(0, named=True)
    assert (few["verdict"], few["units"]) == ("too few", 20)
    assert "60 examples in 20 groups" in few["sentence"]


def test_people_and_judge_together_have_the_error_of_the_groups() -> None:
    """With single pairs as groups the formula is that without groups, to the correction for few of them."""
    draw = np.random.default_rng(9)
    truth = (draw.random(300) < 0.6).astype(float)
    judge = np.where(draw.random(300) < 0.85, truth, 1 - truth)
    plain = prediction_powered_mean(truth[:60], judge[:60], judge[60:])
    single = prediction_powered_mean(truth[:60], judge[:60], judge[60:], groups=np.arange(300))
    assert single.value == plain.value
    assert single.standard_error == pytest.approx(plain.standard_error, rel=0.02)
    copies = [np.repeat(part, 4) for part in (truth[:60], judge[:60], judge[60:])]
    four = prediction_powered_mean(*copies, groups=np.repeat(np.arange(300), 4), weight=plain.weight)
    assert four.value == pytest.approx(plain.value)
    assert four.standard_error == pytest.approx(single.standard_error, rel=1e-9)
    assert prediction_powered_mean(*copies).standard_error < 0.6 * four.standard_error
    with pytest.raises(CurationError, match="one duplicate group"):
        prediction_powered_mean(truth[:60], judge[:60], judge[60:], groups=np.repeat([0, 1], [60, 240]))


def test_the_combined_interval_covers_where_pairs_hang_together() -> None:
    """Fifty rated and 150 other groups of three pairs; people's share is 0.6, the judge is right on 80 % of groups."""
    draw = np.random.default_rng(21)
    numbers, hits = np.repeat(np.arange(200), 3), {"groups": 0, "alone": 0}
    for _ in range(300):
        truth = np.repeat((draw.random(200) < 0.6).astype(float), 3)
        judge = np.where(np.repeat(draw.random(200) < 0.8, 3), truth, 1 - truth)
        for name, given in (("groups", numbers), ("alone", None)):
            found = prediction_powered_mean(truth[:150], judge[:150], judge[150:], groups=given)
            hits[name] += found.low <= 0.6 <= found.high
    assert hits["groups"] / 300 >= 0.92
    assert hits["alone"] / 300 < 0.88


def test_a_judge_is_not_trusted_on_copies_of_a_few_pairs() -> None:
    frame = pl.DataFrame({"example_id": [f"e{n:04d}" for n in range(60)], "value": [1.0, 0.0] * 30})
    longer = frame.with_columns(value=1 - pl.col("value"))
    assert trust_in(frame, frame, longer).trusted
    copies = trust_in(frame, frame, longer, groups=groups(60, 3))
    assert not copies.trusted
    assert "only 20 of the 30 pairs" in copies.note


def test_length_control_draws_groups() -> None:
    draw = np.random.default_rng(8)
    choices = ["left" if won else "right" for won in np.repeat(draw.random(120) < 0.6, 3)]
    outputs = pl.DataFrame(
        [(v, f"e{n:04d}", "x" * int(draw.integers(1, 90))) for n in range(360) for v in ("tuned", "base")],
        schema={"variant": pl.String, "example_id": pl.String, "text": pl.String},
        orient="row",
    )
    alone = length_controlled(ratings(choices), outputs, "tuned", "base")
    grouped = length_controlled(ratings(choices), outputs, "tuned", "base", groups=groups(360, 3))
    assert grouped.win_rate == alone.win_rate
    assert None not in (grouped.low, grouped.high, alone.low, alone.high)
    assert grouped.high - grouped.low > 1.3 * (alone.high - alone.low)  # type: ignore[operator]
    few = length_controlled(ratings(choices[:270]), outputs, "tuned", "base", groups=groups(270, 3))
    assert few.win_rate is None
