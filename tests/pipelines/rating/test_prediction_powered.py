"""The prediction-powered mean: published code's numbers, the closed form, and coverage over simulated studies."""

import numpy as np
import pytest
from scipy import stats

from pipelines.errors import CurationError
from pipelines.rating.prediction_powered import prediction_powered_mean, tuned_weight

PEOPLE = np.array([1, 0, 1, 1, 0.5, 0, 1, 0.5, 1, 0, 0, 1])
JUDGE = np.array([1, 0, 1, 0.5, 0.5, 0, 1, 1, 1, 0.5, 0, 0])
ONLY = np.array([1, 1, 0, 0.5, 1, 0, 1, 1, 0.5, 0, 1, 0, 1, 1, 0.5, 1, 0, 1, 1, 0.5, 1, 1, 0, 0, 1])


def test_the_estimates_are_those_of_the_papers_own_code() -> None:
    """Values of ppi-python 0.2.3, ppi_mean_pointestimate(PEOPLE, JUDGE, ONLY), power-tuned and with lam=1."""
    assert prediction_powered_mean(PEOPLE, JUDGE, ONLY).value == pytest.approx(0.62446224, abs=5e-9)
    assert prediction_powered_mean(PEOPLE, JUDGE, ONLY, weight=1.0).value == pytest.approx(0.68166667, abs=5e-9)


def test_the_closed_form_with_weight_one_is_the_judges_mean_and_what_it_gets_wrong() -> None:
    found = prediction_powered_mean(PEOPLE, JUDGE, ONLY, weight=1.0)
    assert found.value == pytest.approx(ONLY.mean() + (PEOPLE - JUDGE).mean())
    error = np.sqrt(stats.sem(ONLY) ** 2 + stats.sem(PEOPLE - JUDGE) ** 2 + 1 / (12 * 11))
    assert found.standard_error == pytest.approx(error)
    half = stats.t.ppf(0.975, len(PEOPLE) - 1) * error
    assert found.low == pytest.approx(found.value - half)
    assert found.high == 1.0 < found.value + half
    assert (found.rated, found.judged_only) == (12, 25)


def test_people_alone_have_the_t_interval() -> None:
    found = prediction_powered_mean(PEOPLE, JUDGE, np.array([]))
    oracle = stats.ttest_1samp(PEOPLE, 0.5).confidence_interval(0.95)
    assert found.weight == 0.0
    assert (found.value, found.low, found.high) == pytest.approx((PEOPLE.mean(), *oracle))
    assert (found.people, found.people_low, found.people_high) == pytest.approx((found.value, found.low, found.high))


def test_the_weight_makes_the_variance_smallest() -> None:
    """Search over weights with the moments of a large population: no weight does better than the closed form."""
    generator = np.random.default_rng(3)
    people, judge = study(generator, 4_000, 0.7)
    _, only = study(generator, 40_000, 0.7)
    grid = np.linspace(0, 1, 401)
    errors = [prediction_powered_mean(people, judge, only, weight=float(w)).standard_error for w in grid]
    assert tuned_weight(people, judge, only) == pytest.approx(grid[int(np.argmin(errors))], abs=0.02)


def test_a_judge_who_says_one_thing_or_the_contrary_has_no_weight() -> None:
    assert tuned_weight(PEOPLE, np.full(12, 0.5), np.full(25, 0.5)) == 0.0
    assert tuned_weight(PEOPLE, 1 - PEOPLE, ONLY) == 0.0
    found = prediction_powered_mean(PEOPLE, 1 - PEOPLE, ONLY)
    assert (found.value, found.low, found.high) == pytest.approx((found.people, found.people_low, found.people_high))


def test_a_judge_who_never_erred_on_the_rated_pairs_is_not_taken_for_faultless() -> None:
    people = np.array([1.0, 0.0] * 15)
    found = prediction_powered_mean(people, people, np.array([1.0, 0.0] * 500), weight=1.0)
    assert found.value == pytest.approx(0.5)
    # One error of 30 more, by hand: t(29) = 2.045 times the root of 1 / (30 * 29) and of 0.25 / 1000.
    assert found.high - found.value == pytest.approx(2.0452 * np.sqrt(1 / 870 + 0.25 / 999), abs=1e-4)


def test_what_cannot_be_combined_is_refused() -> None:
    for people, judge in ((PEOPLE[:1], JUDGE[:1]), (PEOPLE, JUDGE[:3])):
        with pytest.raises(CurationError, match="cannot be combined"):
            prediction_powered_mean(people, judge, ONLY)


def study(generator: np.random.Generator, n: int, right: float) -> tuple[np.ndarray, np.ndarray]:
    """Draw people's values (win 0.5, tie 0.2, loss 0.3: mean 0.6) and a judge's.

    The judge says the same with this probability, else a win: it favours the variant.
    """
    people = generator.choice([1.0, 0.5, 0.0], size=n, p=[0.5, 0.2, 0.3])
    return people, np.where(generator.random(n) < right, people, 1.0)


@pytest.mark.parametrize(("n", "right"), [(30, 0.9), (30, 0.8), (60, 0.8), (60, 0.2), (100, 0.6)])
def test_the_interval_covers_however_bad_the_judge_is(n: int, right: float) -> None:
    generator = np.random.default_rng(11)
    covered, shorter, judge_alone = 0, [], 0
    studies = 1_000
    for _ in range(studies):
        people, judge = study(generator, n, right)
        _, only = study(generator, 400, right)
        found = prediction_powered_mean(people, judge, only)
        covered += found.low <= 0.6 <= found.high
        shorter.append((found.high - found.low) / (found.people_high - found.people_low))
        judge_alone += abs(only.mean() - 0.6) <= 1.96 * only.std() / 20
    # Three standard errors of 1,000 studies are 0.021.
    assert covered / studies >= 0.95 - 0.021
    assert np.mean(shorter) < (0.85 if right >= 0.8 else 1.05)
    # The biased judge by itself misses the truth more often than not: that is what the combination mends.
    assert judge_alone / studies < (0.6 if right == 0.9 else 0.3)
