"""The length-controlled win rate against statsmodels, and in simulations where the truth is known."""

import numpy as np
import polars as pl
import pytest

from pipelines.rating.length_control import LEAST_PROMPTS, fit_logistic, length_controlled
from pipelines.rating.ratings import RATINGS


def study(seed: int, n: int, intercept: float, slope: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Draw n prompts whose chance of a win follows the model; answers of 20 to 400 characters."""
    generator = np.random.default_rng(seed)
    mine, other = generator.integers(20, 400, n), generator.integers(20, 200, n)
    difference = (mine - other).astype(float)
    chance = 1 / (1 + np.exp(-(intercept + slope * np.tanh(difference / difference.std()))))
    won = generator.random(n) < chance
    rows = [(f"c{i}", f"e{i:04d}", "ada", "tuned", "base", "left" if won[i] else "right") for i in range(n)]
    texts = [("tuned", f"e{i:04d}", "x" * int(mine[i])) for i in range(n)]
    texts += [("base", f"e{i:04d}", "x" * int(other[i])) for i in range(n)]
    outputs = pl.DataFrame(texts, schema=["variant", "example_id", "text"], orient="row")
    return pl.DataFrame(rows, schema=RATINGS, orient="row"), outputs


@pytest.mark.parametrize("seed", range(3))
def test_the_fit_is_that_of_statsmodels_also_with_ties_and_weights(seed: int) -> None:
    import statsmodels.api as sm

    generator = np.random.default_rng(seed)
    x, y = np.tanh(generator.normal(size=200)), generator.choice([0.0, 0.5, 1.0], 200)
    weights = generator.integers(0, 4, 200).astype(float)
    family = sm.families.Binomial()
    expected = sm.GLM(y, sm.add_constant(x), family=family, freq_weights=weights).fit().params
    found = fit_logistic(x, y, np.stack([weights, np.ones(200)]), ridge=0.0)
    assert found[0] == pytest.approx(expected, abs=1e-6)
    assert found[1] == pytest.approx(sm.GLM(y, sm.add_constant(x), family=family).fit().params, abs=1e-6)


def test_a_variant_that_wins_by_length_alone_is_at_half_and_its_interval_holds_the_truth_as_often_as_it_says() -> None:
    held, plain = 0, []
    for seed in range(100):
        found = length_controlled(*study(seed, 200, 0.0, 1.5), "tuned", "base", resamples=200)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.5 <= found.high
        plain.append(found.plain)
    assert np.mean(plain) > 0.6
    # 95 of 100 expected; 88 or fewer would come by chance less than once in 300 times.
    assert held >= 89


def test_swapping_the_variants_mirrors_the_rate() -> None:
    ratings, outputs = study(5, 150, 0.7, 1.0)
    one = length_controlled(ratings, outputs, "tuned", "base")
    other = length_controlled(ratings, outputs, "base", "tuned")
    assert one.win_rate is not None
    assert other.win_rate == pytest.approx(1 - one.win_rate)
    assert one.low == pytest.approx(1 - other.high)


def test_under_a_hundred_prompts_it_says_too_few() -> None:
    found = length_controlled(*study(0, LEAST_PROMPTS - 1, 1.0, 0.0), "tuned", "base")
    assert (found.win_rate, found.low, found.high, found.n) == (None, None, None, 99)
    assert "too few" in found.note


def test_a_variant_that_always_wins_with_answers_of_one_length_stays_finite() -> None:
    ratings, outputs = study(0, 120, 50.0, 0.0)
    found = length_controlled(ratings, outputs.with_columns(text=pl.lit("same")), "tuned", "base", resamples=50)
    assert found.win_rate is not None
    assert 0.99 < found.win_rate < 1.0
    assert found.longer == 0.0
