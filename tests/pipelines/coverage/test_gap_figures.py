"""The figures of a gap against scipy, statsmodels and brute force."""

import json

import numpy as np
import polars as pl
import pytest
from scipy.stats import binomtest, fisher_exact
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.multitest import multipletests

from pipelines.coverage.gaps import (
    benjamini_hochberg,
    binomial_greater,
    far_apart,
    find_gaps,
    fisher_greater,
    rows_to_collect,
    share_ratio,
    usual_ratio,
)
from pipelines.coverage.headline import covered_share
from pipelines.coverage.settings import CoverageSettings

ASKED = np.array([60, 30, 0, 10, 3, 97])
ANSWERED = np.array([5, 60, 40, 0, 3, 192])


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_p_values_equal_fishers_exact_test() -> None:
    expected = [
        fisher_exact([[a, ASKED.sum() - a], [t, ANSWERED.sum() - t]], alternative="greater").pvalue
        for a, t in zip(ASKED, ANSWERED, strict=True)
    ]
    np.testing.assert_allclose(fisher_greater(ASKED, ANSWERED), expected, rtol=1e-9)


def test_binomial_p_values_equal_those_of_scipy() -> None:
    # 200 asked and 300 answered in all: at a usual ratio of 0.75 a covered prompt is of production with odds of 1 to 2.
    expected = [
        binomtest(int(a), int(a + t), 1 / 3, alternative="greater").pvalue if a + t else 1.0
        for a, t in zip(ASKED, ANSWERED, strict=True)
    ]
    np.testing.assert_allclose(binomial_greater(ASKED, ANSWERED, 0.75), expected, rtol=1e-9)


def test_the_usual_ratio_is_that_of_the_topics_which_are_covered() -> None:
    # Four topics of 100 and 50 prompts and two that training lacks or nearly lacks.
    asked, answered = np.array([50, 50, 50, 50, 50, 50]), np.array([100, 100, 100, 100, 0, 10])
    ratio, _, _ = share_ratio(asked, answered, 0.95)
    # (50 / 300) / (100 / 410) = 0.683
    assert usual_ratio(asked, ratio) == pytest.approx(0.6833, abs=1e-4)
    assert usual_ratio(asked[::-1], ratio[::-1]) == usual_ratio(asked, ratio)
    # Where most of production lies in gaps, or training has topics that nobody asks for, nothing is usual.
    mostly = np.array([100, 100, 0, 0, 10, 10])
    assert usual_ratio(asked, share_ratio(asked, mostly, 0.95)[0]) == 1.0
    assert (
        usual_ratio(np.array([50, 50, 0]), share_ratio(np.array([50, 50, 0]), np.array([50, 50, 900]), 0.95)[0]) == 1.0
    )


def test_without_a_difference_hardly_ever_a_gap_is_claimed() -> None:
    random = np.random.default_rng(5)
    shares = random.dirichlet(np.full(60, 5.0))
    claimed = 0
    for _ in range(200):
        asked, answered = random.multinomial(1_500, shares), random.multinomial(2_500, shares)
        usual = usual_ratio(asked, share_ratio(asked, answered, 0.95)[0])
        p_values = fisher_greater(asked, answered) if usual == 1.0 else binomial_greater(asked, answered, usual)
        claimed += bool((benjamini_hochberg(p_values) <= 0.05).any())
    # The level is 0.05; 18 of 200 is its 99 % bound.
    assert claimed <= 18


def test_q_values_equal_those_of_statsmodels() -> None:
    p_values = np.random.default_rng(0).uniform(size=200) ** 3
    expected = multipletests(p_values, method="fdr_bh")[1]
    np.testing.assert_allclose(benjamini_hochberg(p_values), expected, rtol=1e-12)
    assert benjamini_hochberg(np.empty(0)).size == 0


def test_ratio_and_interval_equal_those_of_statsmodels() -> None:
    ratio, low, high = share_ratio(ASKED, ANSWERED, 0.95)
    for cluster in (0, 1, 4, 5):
        table = Table2x2(
            [
                [ASKED[cluster], ASKED.sum() - ASKED[cluster]],
                [ANSWERED[cluster], ANSWERED.sum() - ANSWERED[cluster]],
            ]
        )
        assert ratio[cluster] == pytest.approx(table.riskratio)
        assert (low[cluster], high[cluster]) == pytest.approx(table.riskratio_confint())


def test_a_topic_without_training_rows_has_a_finite_ratio_and_interval() -> None:
    ratio, low, high = share_ratio(ASKED, ANSWERED, 0.95)
    # 10 of 200 asked, 0 of 300 answered: (10.5 / 201) / (0.5 / 301)
    assert ratio[3] == pytest.approx((10.5 / 201) / (0.5 / 301))
    assert low[3] < ratio[3] < high[3] < np.inf


def test_collecting_so_many_reaches_the_target_and_one_less_does_not() -> None:
    volume = ASKED.astype(float)
    collect = rows_to_collect(volume, ANSWERED, 2.0)
    share = volume / volume.sum()
    target = np.maximum(np.sqrt(share) / np.sqrt(share).sum(), share / 2)
    total = ANSWERED.sum()
    assert ((ANSWERED + collect) / (total + collect) >= target - 1e-12).all()
    some = collect > 0
    assert some.any()
    assert ((ANSWERED + collect - 1) / (total + collect - 1) < target)[some].all()


def test_covered_share_equals_the_definition() -> None:
    generator = np.random.default_rng(2)
    production = unit(generator.normal(size=(150, 5)))
    train = unit(generator.normal(size=(60, 5)) + np.array([1.5, 0, 0, 0, 0]))
    distance = np.linalg.norm(production[:, None] - production[None], axis=2)
    radius = np.sort(distance, axis=1)[:, 5]  # place 0 is the prompt itself
    nearest = np.linalg.norm(production[:, None] - train[None], axis=2).min(axis=1)
    expected = (nearest < radius).mean()
    assert 0.1 < expected < 0.9
    assert covered_share(production, train, np.ones(150), 5) == pytest.approx(expected)
    weights = generator.uniform(size=150)
    expected = (weights * (nearest < radius)).sum() / weights.sum()
    assert covered_share(production, train, weights, 5) == pytest.approx(expected)


def test_covered_share_of_the_smallest_inputs() -> None:
    rows = unit(np.eye(3))
    assert covered_share(rows, rows[:0], np.ones(3), 5) == 0.0
    assert covered_share(rows[:1], rows, np.ones(1), 5) is None
    assert covered_share(rows, rows, np.ones(3), 5) == 1.0


def test_prompts_of_a_brief_lie_far_apart_and_none_says_the_same_twice() -> None:
    vectors = unit(np.array([[1, 0, 0], [1, 0, 0], [0.99, 0.1, 0], [0, 1, 0], [0, 0, 1], [0.01, 0, 1]]))
    # Row 2 lies nearest the mean, row 4 at a right angle to it, and of the others row 3 is farthest from both.
    assert far_apart(vectors, np.arange(6), 3).tolist() == [2, 4, 3]
    assert len(far_apart(vectors, np.arange(2), 5)) == 1


def test_gaps_are_those_that_pass_the_test_and_the_floor_with_the_most_missing_first() -> None:
    # Three topics: asked 50/30/120 of 200, answered 4/30/366 of 400.
    counts = [(50, 4), (30, 30), (120, 366)]
    labels = np.repeat([0, 0, 1, 1, 2, 2], [size for pair in counts for size in pair])
    production = np.concatenate([np.repeat([True, False], pair) for pair in counts])
    vectors = unit(np.random.default_rng(0).normal(size=(len(labels), 8)))
    prompts = pl.Series([f"prompt {row}" for row in range(len(labels))])
    titles = {0: "zero", 1: "one", 2: "two"}
    gaps = find_gaps(prompts, production, vectors, labels, titles, np.ones(len(labels)), CoverageSettings())
    assert gaps["cluster_id"].to_list() == [0, 1]
    row = gaps.row(0, named=True)
    assert (row["train_count"], row["production_count"], row["title"]) == (4, 50, "zero")
    assert row["ratio"] == pytest.approx(row["production_share"] / row["train_share"]) == pytest.approx(25.0)
    assert row["low"] < row["ratio"] < row["high"]
    brief = json.loads(row["examples"])
    assert len(brief) == len(set(brief)) == 5
    assert set(brief) <= set(prompts[:50].to_list())


def test_a_hot_query_raises_the_volume_and_what_to_collect_but_not_the_significance() -> None:
    labels = np.repeat([0, 1, 0, 1], [30, 70, 5, 195])
    production = np.repeat([True, False], [100, 200])
    vectors = unit(np.random.default_rng(0).normal(size=(300, 4)))
    prompts = pl.Series([str(row) for row in range(300)])
    titles = {0: "a", 1: "b"}
    plain = find_gaps(prompts, production, vectors, labels, titles, np.ones(300), CoverageSettings())
    weights = np.ones(300)
    weights[0] = 500
    hot = find_gaps(prompts, production, vectors, labels, titles, weights, CoverageSettings())
    assert hot["production_volume"][0] == 529
    assert hot["collect"][0] > plain["collect"][0]
    assert hot["q_value"].equals(plain["q_value"])
