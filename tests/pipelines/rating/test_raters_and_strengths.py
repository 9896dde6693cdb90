"""Raters one by one, strengths of several variants, and AC1 where alpha misleads: published values and oracles."""

import itertools
import json

import numpy as np
import polars as pl
import pytest

from pipelines.errors import CurationError
from pipelines.rating.agreement import gwet_ac1, krippendorff_alpha, raw_agreement
from pipelines.rating.bradley_terry import bradley_terry
from pipelines.rating.davidson import davidson
from pipelines.rating.raters import RATERS, describe_raters
from pipelines.rating.ratings import RATINGS
from tests.benchmarks.public_data import PUBLIC_DATA


def test_at_95_percent_prevalence_raters_who_agree_have_a_low_alpha_and_a_high_ac1() -> None:
    """Measured by others: raw 0.933, alpha 0.647, AC1 0.918 when nearly all is one category."""
    generator = np.random.default_rng(0)
    truth = generator.random(4000) < 0.95
    votes = np.where(generator.random((4000, 3)) < 0.965, truth[:, None], ~truth[:, None])
    units = votes.tolist()
    raw, alpha, ac1 = raw_agreement(units), krippendorff_alpha(units), gwet_ac1(units)
    assert raw == pytest.approx(0.932, abs=0.01)
    assert alpha is not None
    assert alpha < 0.7
    assert ac1 is not None
    assert ac1 > 0.9


def test_ac1_by_hand() -> None:
    """Raw 3/4; shares 5/8 and 3/8: chance 2 * 15/64 = 15/32; (3/4 - 15/32) / (17/32) = 9/17."""
    assert gwet_ac1([["a", "a"], ["a", "a"], ["b", "b"], ["a", "b"]]) == pytest.approx(9 / 17)
    assert gwet_ac1([["a", "a"], ["a", None]]) == 1.0
    assert gwet_ac1([["a"], []]) is None


def test_one_rater_who_guesses_stands_out_among_four_who_know() -> None:
    generator = np.random.default_rng(0)
    rows = []
    for number in range(60):
        better = "tuned" if generator.random() < 0.6 else "base"
        for rater in ("ada", "ben", "cy", "dan"):
            left, right = ("tuned", "base") if generator.random() < 0.5 else ("base", "tuned")
            right_choice = "left" if left == better else "right"
            knows = generator.random() < 0.95
            choice = "left" if rater == "dan" else right_choice if knows else "tie"
            rows.append((f"c{number}{rater}", f"e{number}", rater, left, right, choice))
    found = describe_raters(pl.DataFrame(rows, schema=RATINGS, orient="row"))
    assert found.filter("stands_out")["rater"].to_list() == ["dan"]
    dan = found.row(3, named=True)
    assert (dan["share_left"], dan["votes"], dan["shared"]) == (1.0, 60, 180)
    assert "stands out" in dan["note"]
    assert "favours the left side" in dan["note"]


def test_one_rater_with_one_rating_and_two_raters_never_stand_out() -> None:
    one = pl.DataFrame([("c", "e", "ada", "tuned", "base", "left")], schema=RATINGS, orient="row")
    row = describe_raters(one).row(0, named=True)
    assert (row["votes"], row["shared"], row["agreement"], row["stands_out"]) == (1, 0, None, False)
    two = pl.concat([one, one.with_columns(rater=pl.lit("ben"), choice=pl.lit("right"), comparison_id=pl.lit("d"))])
    assert describe_raters(two)["stands_out"].to_list() == [False, False]
    assert describe_raters(pl.DataFrame(schema=RATINGS)).schema == RATERS


def test_published_bradley_terry_references_come_out() -> None:
    path = PUBLIC_DATA / "pairwise_ranking_refs" / "choix_cases_a.jsonl"
    if not path.is_file():
        pytest.skip("the public data is not on this machine (set WORKBENCH_PUBLIC_DATA)")
    compared = 0
    for case in map(json.loads, path.read_text().splitlines()):
        if case["kind"] == "pairwise":
            found = bradley_terry([(str(one), str(two), 1.0) for one, two in case["data"]], ridge=0)
            strengths = [found.strengths[str(item)] for item in range(case["n_items"])]
            assert strengths == pytest.approx(case["ml_est"], abs=1e-6)
            compared += 1
    assert compared == 1


@pytest.mark.parametrize(("wins", "losses", "ties"), [(7, 3, 5), (40, 60, 1), (9, 9, 9)])
def test_for_two_variants_the_fit_is_davidsons_closed_form(wins: int, losses: int, ties: int) -> None:
    votes = [("a", "b", 1.0)] * wins + [("b", "a", 1.0)] * losses + [("a", "b", 0.5)] * ties
    found = bradley_terry(votes, ridge=0)
    closed = davidson(wins, losses, ties)
    assert found.strengths["a"] - found.strengths["b"] == pytest.approx(closed.d, abs=1e-6)
    assert found.nu == pytest.approx(closed.nu, abs=1e-6)


def test_true_strengths_come_back_and_a_variant_that_always_wins_stays_finite() -> None:
    generator = np.random.default_rng(0)
    truth = {"a": 1.0, "b": 0.0, "c": -1.0}
    votes = []
    for one, two in itertools.combinations(truth, 2):
        win = 1 / (1 + np.exp(truth[two] - truth[one]))
        votes += [(one, two, float(generator.random() < win)) for _ in range(3000)]
    found = bradley_terry(votes)
    assert list(found.strengths) == ["a", "b", "c"]
    assert found.strengths == pytest.approx(truth, abs=0.1)
    assert found.nu == 0.0
    always = bradley_terry([("a", "b", 1.0)] * 20)
    assert 1 < always.strengths["a"] < 10
    for wrong in ([], [("a", "a", 1.0)], [("a", "b", 0.7)]):
        with pytest.raises(CurationError):
            bradley_terry(wrong)
