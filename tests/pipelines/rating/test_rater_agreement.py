"""Agreement against the package krippendorff and published tables; side bias; Davidson's fit."""

import json
import math
import os
from pathlib import Path

import krippendorff
import numpy as np
import polars as pl
import pytest
from scipy.optimize import minimize
from statsmodels.stats.proportion import proportion_confint

from pipelines.errors import CurationError
from pipelines.rating.agreement import agreement, gwet_ac1, krippendorff_alpha, raw_agreement
from pipelines.rating.davidson import davidson
from pipelines.rating.ratings import RATINGS
from pipelines.rating.side_bias import SIDE_BIAS, side_bias

PUBLIC_DATA = Path(os.environ.get("WORKBENCH_PUBLIC_DATA") or Path(__file__).parents[4] / "shared" / "data")


def votes(rows: list[tuple[str, str, str, str]]) -> pl.DataFrame:
    """Rows of example, rater, left variant, choice; the other variant stands right."""
    other = {"base": "tuned", "tuned": "base"}
    filled = [(f"{r}-{e}-{i}", e, r, left, other[left], c) for i, (e, r, left, c) in enumerate(rows)]
    return pl.DataFrame(filled, schema=RATINGS, orient="row")


@pytest.mark.parametrize("seed", range(5))
def test_alpha_equals_the_package_on_random_tables_with_gaps(seed: int) -> None:
    generator = np.random.default_rng(seed)
    table = generator.integers(0, 4, size=(4, 30)).astype(float)
    table[:, :12] = table[0, :12]
    table[generator.random(table.shape) < 0.25] = np.nan
    units = [[None if math.isnan(vote) else int(vote) for vote in column] for column in table.T]
    oracle = krippendorff.alpha(reliability_data=table, level_of_measurement="nominal")
    assert krippendorff_alpha(units) == pytest.approx(oracle)


def test_published_agreement_tables_come_out_to_three_decimals() -> None:
    path = PUBLIC_DATA / "agreement_tables" / "agreement_tables_a.jsonl"
    if not path.is_file():
        pytest.skip("the public data is not on this machine (set WORKBENCH_PUBLIC_DATA)")
    tables = [json.loads(line) for line in path.read_text().splitlines()]
    compared = 0
    for table in tables:
        if table["kind"] == "ratings":
            units = list(zip(*table["raters"].values(), strict=True))
            assert krippendorff_alpha(units) == pytest.approx(
                table["published"]["krippendorff_alpha_nominal"], abs=5e-4
            )
            assert gwet_ac1(units) == pytest.approx(table["published"]["gwet_ac1"], abs=5e-4)
            compared += 1
    assert compared == 2


def test_agreement_is_about_who_won_not_about_the_side() -> None:
    found = agreement(
        votes(
            [
                ("e1", "ada", "base", "left"),
                ("e1", "grace", "tuned", "right"),  # both say base
                ("e2", "ada", "base", "left"),
                ("e2", "grace", "tuned", "left"),  # base, tuned
                ("e3", "ada", "base", "tie"),
                ("e3", "grace", "base", "tie"),
                ("e4", "ada", "base", "tie"),  # grace did not rate it
            ]
        )
    )
    assert found.raw == pytest.approx(2 / 3)
    # base, base | base, tuned | tie, tie: n = 6, counts 3, 1, 2; observed 2; by chance 36 - 14 = 22: 1 - 5 * 2 / 22.
    assert found.alpha == pytest.approx(1 - 10 / 22)
    assert (found.units, found.votes, found.raters) == (3, 6, 2)


def test_three_raters_of_a_unit_are_three_pairs() -> None:
    assert raw_agreement([["a", "a", "b"], ["a", None, "a"], ["b", None, None]]) == pytest.approx((1 / 3 + 1) / 2)


def test_one_rater_no_ratings_and_one_category_are_stated_not_computed() -> None:
    alone = agreement(votes([("e1", "ada", "base", "left"), ("e2", "ada", "base", "right")]))
    assert (alone.raw, alone.alpha, alone.units) == (None, None, 0)
    assert "one rater" in alone.note
    assert agreement(pl.DataFrame(schema=RATINGS)).raw is None
    ties = agreement(votes([(e, r, "base", "tie") for e in ("e1", "e2") for r in ("ada", "grace")]))
    assert (ties.raw, ties.alpha) == (1.0, None)
    assert "not defined" in ties.note


def test_a_low_alpha_at_high_prevalence_is_explained() -> None:
    same = [(f"e{i}", r, "base", "left") for i in range(38) for r in ("ada", "grace")]
    split = [("x", "ada", "base", "left"), ("x", "grace", "base", "right")]
    found = agreement(votes(same + split))
    assert found.raw is not None
    assert found.raw > 0.9
    assert found.alpha is not None
    assert found.alpha < 0.1
    assert "Alpha is low because nearly all votes are alike" in found.note


def test_a_second_vote_of_one_rater_is_refused() -> None:
    with pytest.raises(CurationError, match="twice on example e1"):
        agreement(votes([("e1", "ada", "base", "left"), ("e1", "ada", "tuned", "left")]))


def test_side_bias_is_the_share_of_left_among_decided_votes() -> None:
    rows = [(f"e{i}", "ada", "base", "left" if i < 30 else "right") for i in range(40)]
    rows += [(f"e{i}", "grace", "tuned", "left" if i % 2 else "right") for i in range(40)]
    rows += [("e99", "ada", "base", "tie"), ("e1", "joan", "base", "both_bad")]
    found = side_bias(votes(rows))
    assert found.schema == SIDE_BIAS
    assert found["rater"].to_list() == ["ada", "grace", "joan"]
    assert found["share_left"].to_list() == [0.75, 0.5, None]
    assert (found["low"][0], found["high"][0]) == pytest.approx(proportion_confint(30, 40, method="wilson"))
    assert "favours the left side" in found["note"][0]
    assert "No evidence" in found["note"][1]
    assert "chose no side in 1 votes" in found["note"][2]
    assert side_bias(pl.DataFrame(schema=RATINGS)).is_empty()


def test_davidson_in_closed_form_is_the_numerical_maximum() -> None:
    wins, losses, ties = 37, 21, 14

    def negative_log_likelihood(point: np.ndarray) -> float:
        d, log_nu = point
        terms = np.array([d / 2, -d / 2, log_nu])
        return float(np.log(np.exp(terms).sum()) * (wins + losses + ties) - terms @ [wins, losses, ties])

    fit = minimize(negative_log_likelihood, [0.0, 0.0], method="BFGS", options={"gtol": 1e-9})
    found = davidson(wins, losses, ties)
    assert (found.d, found.nu) == pytest.approx((fit.x[0], math.exp(fit.x[1])), abs=1e-6)
    with pytest.raises(CurationError, match="0 losses"):
        davidson(5, 0, 1)
