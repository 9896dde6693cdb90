"""Statistics against scipy and statsmodels, and by seeded simulation of coverage and size."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from pipelines.evaluation.statistics import (
    benjamini_hochberg,
    bootstrap_interval,
    chance_ahead,
    mcnemar_mid_p,
    mean_estimate,
    newcombe_paired,
    paired_estimate,
    sign_flip_p,
    smallest_detectable,
    units_ahead,
    wilson,
)

OPTIONS = {"confidence": 0.95, "resamples": 2000, "seed": 0}


@pytest.mark.parametrize(("k", "n"), [(0, 1), (0, 20), (7, 20), (20, 20), (130, 400)])
def test_wilson_equals_statsmodels(k: int, n: int) -> None:
    assert wilson(k, n) == pytest.approx(proportion_confint(k, n, method="wilson"), abs=1e-12)


@pytest.mark.parametrize(("b", "c"), [(1, 0), (12, 2), (5, 5), (9, 10), (40, 61)])
def test_mid_p_is_statsmodels_exact_p_less_the_probability_of_the_table(b: int, c: int) -> None:
    exact = mcnemar([[30, b], [c, 20]], exact=True).pvalue
    if b != c:
        assert mcnemar_mid_p(b, c) == pytest.approx(exact - stats.binom.pmf(min(b, c), b + c, 0.5))
    else:
        assert exact == 1.0
        assert mcnemar_mid_p(b, c) == 1.0
    assert mcnemar_mid_p(b, c) == mcnemar_mid_p(c, b)


def test_mid_p_of_a_published_table() -> None:
    # Fagerland et al. 2013, table 1: airway hyper-responsiveness before and after transplantation, 1 against 7
    # discordant of 21 children: exact conditional p 0.0703, mid-p 0.0391.
    assert mcnemar([[1, 1], [7, 12]], exact=True).pvalue == pytest.approx(0.0703, abs=5e-5)
    assert mcnemar_mid_p(1, 7) == pytest.approx(0.0391, abs=5e-5)


def test_newcombe_without_correlation_is_the_interval_of_independent_samples() -> None:
    # both * neither = only_first * only_second: phi is 0, and the two margins behave as independent samples.
    found = newcombe_paired(12, 18, 8, 12)
    assert found == pytest.approx(confint_proportions_2indep(30, 50, 20, 50, method="newcomb"), abs=1e-9)


def test_newcombe_of_a_published_table() -> None:
    # Newcombe 1998, table II: 36, 12, 2, 0 of 50 pairs, method 10: 0.0569 to 0.3404.
    assert newcombe_paired(36, 12, 2, 0) == pytest.approx((0.0569, 0.3404), abs=5e-5)


def test_newcombe_changes_sign_with_the_order_and_never_leaves_its_range() -> None:
    for table in [(36, 12, 2, 0), (0, 50, 0, 0), (0, 0, 0, 1), (10, 0, 0, 40)]:
        low, high = newcombe_paired(*table)
        both, first, second, neither = table
        other_low, other_high = newcombe_paired(both, second, first, neither)
        assert (low, high) == pytest.approx((-other_high, -other_low))
        assert -1 <= low <= (first - second) / sum(table) <= high <= 1


def test_small_samples_take_the_paired_t_interval_of_scipy() -> None:
    generator = np.random.default_rng(1)
    first, second = generator.random(80), generator.random(80)
    found = paired_estimate(first, second, None, binary=False, **OPTIONS)
    oracle = stats.ttest_rel(first, second)
    assert found.p_value == pytest.approx(oracle.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(oracle.confidence_interval(0.95)))
    assert found.method == "paired t"


def test_large_samples_take_a_bootstrap_that_agrees_with_scipy() -> None:
    generator = np.random.default_rng(2)
    first, second = generator.beta(5, 2, 400), generator.beta(4, 2, 400)
    found = paired_estimate(first, second, None, binary=False, **OPTIONS)
    oracle = stats.bootstrap(
        (first - second,), np.mean, method="percentile", n_resamples=4000, rng=np.random.default_rng(3)
    ).confidence_interval
    assert found.method.startswith("paired bootstrap")
    assert (found.low, found.high) == pytest.approx(tuple(oracle), abs=0.003)
    assert found.p_value == pytest.approx(stats.ttest_rel(first, second).pvalue, abs=0.02)


def test_sign_flips_agree_with_every_flip_counted() -> None:
    differences = np.array([0.3, -0.1, 0.4, 0.2, 0.25, -0.05, 0.1, 0.6])
    oracle = stats.permutation_test((differences,), np.sum, permutation_type="samples", n_resamples=np.inf)
    assert sign_flip_p(differences, resamples=20_000, seed=0) == pytest.approx(oracle.pvalue, abs=0.005)


def test_groups_of_copies_count_once() -> None:
    generator = np.random.default_rng(4)
    first, second = generator.random(60), generator.random(60)
    once = paired_estimate(first, second, None, binary=False, **OPTIONS)
    groups = np.repeat(np.arange(60), 5)
    five = paired_estimate(np.repeat(first, 5), np.repeat(second, 5), groups, binary=False, **OPTIONS)
    assert (five.low, five.high, five.p_value) == pytest.approx((once.low, once.high, once.p_value))
    level = mean_estimate(np.repeat(first, 5), groups, **OPTIONS)
    alone = mean_estimate(first, None, **OPTIONS)
    assert (level.low, level.high) == pytest.approx((alone.low, alone.high))


def test_the_cluster_standard_error_is_that_of_statsmodels() -> None:
    import statsmodels.api as sm

    generator = np.random.default_rng(5)
    groups = np.sort(generator.integers(0, 40, 150))
    values = generator.normal(size=40)[groups] + generator.normal(size=150)
    fit = sm.OLS(values, np.ones(150)).fit(cov_type="cluster", cov_kwds={"groups": groups})
    # statsmodels multiplies by G / (G - 1) * (n - 1) / (n - k), with k = 1.
    found = paired_estimate(values, np.zeros(150), groups, binary=False, **OPTIONS)
    assert found.standard_error == pytest.approx(fit.bse[0])


def test_scores_that_differ_nowhere_keep_an_interval() -> None:
    ones = np.ones(50)
    same = paired_estimate(ones * 0.5, ones * 0.5, None, binary=False, **OPTIONS)
    assert (same.value, same.p_value) == (0.0, 1.0)
    assert same.low is not None
    assert same.low < 0 < same.high
    better = paired_estimate(ones, ones * 0.5, None, binary=False, **OPTIONS)
    assert better.p_value == pytest.approx(2.0**-49)
    assert 0 < better.low < 0.5 < better.high
    level = mean_estimate(ones * 0.5, None, **OPTIONS)
    assert level.low < 0.5 < level.high


def test_one_example_has_no_interval() -> None:
    one = np.array([0.4])
    assert paired_estimate(one, one + 0.1, None, binary=False, **OPTIONS).low is None
    assert mean_estimate(one, None, **OPTIONS).low is None


def test_benjamini_hochberg_equals_statsmodels() -> None:
    p = np.random.default_rng(6).random(25) ** 3
    assert benjamini_hochberg(p.tolist()) == pytest.approx(multipletests(p, method="fdr_bh")[1])


def test_the_smallest_detectable_difference_is_found_four_times_in_five() -> None:
    error = 0.1
    shift = smallest_detectable(error, confidence=0.95)
    z = stats.norm.ppf(0.975)
    assert stats.norm.sf(z - shift / error) + stats.norm.cdf(-z - shift / error) == pytest.approx(0.8, abs=1e-4)


def test_intervals_cover_and_tests_keep_their_level_in_a_seeded_simulation() -> None:
    # Bounded, skewed paired scores with a true difference of 0; 400 studies, so 2 standard errors are 0.022.
    generator = np.random.default_rng(7)
    covered = {50: 0, 200: 0}
    rejected = 0
    for n in covered:
        for _ in range(400):
            hard = generator.beta(2, 2, n)
            first, second = (generator.binomial(4, hard) / 4 for _ in range(2))
            found = paired_estimate(first, second, None, binary=False, confidence=0.95, resamples=400, seed=0)
            covered[n] += found.low <= 0 <= found.high
            rejected += found.p_value <= 0.05
    assert covered[50] / 400 >= 0.93
    assert covered[200] / 400 >= 0.92
    assert rejected / 800 <= 0.05 + 2 * 0.0077


def test_binary_intervals_cover_and_mid_p_keeps_its_level_in_a_seeded_simulation() -> None:
    generator = np.random.default_rng(8)
    covered = rejected = 0
    for _ in range(600):
        hard = generator.random(60)
        first, second = ((generator.random(60) < hard).astype(float) for _ in range(2))
        found = paired_estimate(first, second, None, binary=True, **OPTIONS)
        covered += found.low <= 0 <= found.high
        rejected += found.p_value <= 0.05
    assert covered / 600 >= 0.93
    assert rejected / 600 <= 0.05 + 2 * 0.0089


def test_a_bootstrap_over_groups_covers_where_one_over_examples_does_not() -> None:
    generator = np.random.default_rng(9)
    groups = np.repeat(np.arange(200), 4)
    over_groups = over_examples = 0
    for _ in range(150):
        values = np.repeat(generator.normal(size=200), 4) + 0.3 * generator.normal(size=800)
        low, high = bootstrap_interval(values, groups, confidence=0.95, resamples=300, seed=0)
        over_groups += low <= 0 <= high
        low, high = bootstrap_interval(values, None, confidence=0.95, resamples=300, seed=0)
        over_examples += low <= 0 <= high
    assert over_groups / 150 >= 0.90
    assert over_examples / 150 <= 0.80


def _likelihood(share: float, higher: int, lower: int) -> float:
    return share**higher * (1 - share) ** lower


def test_the_chance_of_being_ahead_is_the_beta_posterior() -> None:
    """Worked out by integrating theta^higher * (1 - theta)^lower above one half."""
    from scipy.integrate import quad

    for higher, lower in ((0, 0), (5, 0), (6, 2), (2, 6), (14, 13)):
        above, whole = (quad(_likelihood, start, 1, args=(higher, lower))[0] for start in (0.5, 0))
        wanted = above / whole
        assert chance_ahead(higher, lower) == pytest.approx(wanted, abs=1e-9)
    assert chance_ahead(5, 0) == pytest.approx(1 - 2**-6)


def test_units_ahead_counts_groups_once() -> None:
    first, second = np.array([1.0, 1.0, 0.0, 0.5]), np.array([0.0, 0.5, 0.5, 0.5])
    assert units_ahead(first, second, None) == (2, 1)
    assert units_ahead(first, second, np.array([0, 0, 0, 1])) == (1, 0)
