"""The optimism of repeated looks agrees with a simulation and with tables; the first look changes nothing."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from pipelines.evaluation.looks import correct_for_looks, expected_maximum, expected_optimism


def best_of(count: int, examples: int, rounds: int = 1_500) -> float:
    """Simulate models that are right on 70 % of the examples, with a latent correlation of 0.5."""
    random = np.random.default_rng(0)
    bound = stats.norm.ppf(0.7)
    best = []
    for _ in range(rounds):
        hard = random.normal(size=(1, examples)).astype(np.float32)
        own = random.normal(size=(count, examples)).astype(np.float32)
        right = np.sqrt(0.5) * hard + np.sqrt(0.5) * own < bound
        best.append(right.mean(axis=1).max())
    return float(np.mean(best)) - 0.7


@pytest.mark.parametrize(("count", "table"), [(1, 0.0), (2, 0.56419), (5, 1.16296), (20, 1.86748), (100, 2.50759)])
def test_expected_maxima_are_those_of_the_tables(count, table):
    assert expected_maximum(count) == pytest.approx(table, abs=1e-4)


@pytest.mark.parametrize(("count", "examples", "published"), [(5, 200, 0.030), (20, 200, 0.049), (20, 500, 0.031)])
def test_the_optimism_is_that_of_simulated_answers(count, examples, published):
    formula = expected_optimism(count, float(np.sqrt(0.7 * 0.3 / examples)))
    assert formula == pytest.approx(best_of(count, examples), abs=0.003)
    assert formula == pytest.approx(published, abs=0.002)


def test_the_kth_interval_has_the_confidence_of_alpha_over_k():
    figures = pl.DataFrame({"variant": ["a"], "metric": ["m"], "value": [0.5], "low": [0.4], "high": [0.58], "n": [90]})
    first = correct_for_looks(figures, 1)
    assert first.select("low", "high", "optimism").row(0) == pytest.approx((0.4, 0.58, 0.0))
    fourth = correct_for_looks(figures, 4)
    ratio = stats.norm.ppf(1 - 0.05 / 8) / stats.norm.ppf(0.975)
    assert fourth.select("low", "high").row(0) == pytest.approx((0.5 - 0.1 * ratio, 0.5 + 0.08 * ratio))
    assert fourth["optimism"].item() == pytest.approx(expected_optimism(4, 0.18 / 2 / stats.norm.ppf(0.975)))
    none = correct_for_looks(figures.with_columns(low=pl.lit(None, pl.Float64), high=pl.lit(None, pl.Float64)), 4)
    assert none.select("low", "high", "optimism").row(0) == (None, None, None)
