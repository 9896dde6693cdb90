"""A test in production against statsmodels and scipy, and by hand: units, mismatch, days, words."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from scipy import stats

from pipelines.errors import CurationError
from pipelines.production.ab_test import ABTest, ab_test, sample_ratio_p
from pipelines.production.log import LOG
from pipelines.production.settings import ABSettings

MONDAY = datetime(2026, 3, 2)


def log(rows: list[tuple[str, float, float, str]]) -> pl.DataFrame:
    """Build a log of (arm, outcome, days since Monday, user)."""
    return pl.DataFrame(
        [
            (arm, float(outcome), MONDAY + timedelta(days=day), user, number)
            for number, (arm, outcome, day, user) in enumerate(rows, start=1)
        ],
        schema=LOG,
        orient="row",
    )


def random_log(seed: int, users: int = 400, effect: float = 0.0, days: float = 14, share: float = 0.5) -> pl.DataFrame:
    """Users with one to many requests, whose outcomes hang together, over some days."""
    generator = np.random.default_rng(seed)
    rows = []
    for user in range(users):
        arm = "tuned" if generator.random() < share else "base"
        rate = np.clip(generator.beta(2, 3) + (effect if arm == "tuned" else 0), 0, 1)
        for _ in range(1 + generator.geometric(0.4)):
            rows.append((arm, float(generator.random() < rate), float(generator.uniform(0, days)), f"u{user}"))
    return log(rows)


@pytest.mark.parametrize("seed", range(5))
def test_difference_and_error_are_those_of_a_regression_with_errors_clustered_by_user(seed: int) -> None:
    rows = random_log(seed, effect=0.1)
    found = ab_test(rows)
    tried = (rows["variant"] == "tuned").cast(pl.Float64).to_numpy()
    model = sm.OLS(rows["outcome"].to_numpy(), sm.add_constant(tried))
    groups = rows["user"].cast(pl.Categorical).to_physical().to_numpy()
    fitted = model.fit(cov_type="cluster", cov_kwds={"groups": groups})
    assert found.difference == pytest.approx(fitted.params[1])
    assert found.standard_error == pytest.approx(fitted.bse[1])
    degrees = rows["user"].n_unique() - 2
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(fitted.tvalues[1]), degrees))
    half = stats.t.ppf(0.975, degrees) * fitted.bse[1]
    assert (found.low, found.high) == pytest.approx((fitted.params[1] - half, fitted.params[1] + half))
    shuffled = ab_test(rows.sample(fraction=1.0, shuffle=True, seed=1))
    assert (shuffled.difference, shuffled.standard_error) == pytest.approx((found.difference, found.standard_error))


def test_requests_of_one_user_are_not_so_many_pieces_of_evidence() -> None:
    """Each request written down ten times: the same difference, and (up to the factor for N) the same error."""
    rows = random_log(1)
    found, tenfold = ab_test(rows), ab_test(pl.concat([rows] * 10))
    assert tenfold.difference == pytest.approx(found.difference)
    assert tenfold.standard_error == pytest.approx(found.standard_error, rel=0.002)


def test_by_hand() -> None:
    """Arm b: users (1, 1) and (0): mean 2/3, residual sums 2/3 and -2/3; arm a: users (0) and (1): mean 1/2, 1/2 each.

    Sum of (residual sum / n)^2: b (2/9)^2 * 2 = 8/81; a (1/4)^2 * 2 = 1/8. G = 4, N = 5: factor 4/3 * 4/3.
    """
    found = ab_test(log([("b", 1, 0, "u"), ("b", 1, 1, "u"), ("b", 0, 0, "v"), ("a", 0, 0, "w"), ("a", 1, 0, "x")]))
    assert (found.variant.name, found.variant.users, found.variant.requests) == ("b", 2, 3)
    assert found.difference == pytest.approx(2 / 3 - 1 / 2)
    assert found.relative == pytest.approx(1 / 3)
    assert found.standard_error == pytest.approx(np.sqrt((8 / 81 + 1 / 8) * 16 / 9))
    assert found.verdict == "too few"


def test_a_user_in_both_arms_is_reported_and_left_out() -> None:
    rows = random_log(2)
    both = log([("tuned", 1, 3, "both"), ("base", 0, 4, "both"), ("base", 0, 5, "both")])
    found, without = ab_test(pl.concat([rows, both])), ab_test(rows)
    assert (found.crossed, found.crossed_requests) == (1, 3)
    assert (found.difference, found.standard_error) == (without.difference, without.standard_error)
    assert "1 user met both arms and is left out (3 requests)." in found.warnings
    assert without.crossed == 0
    many = pl.concat([rows, *[both.with_columns(user=pl.lit(f"both{n}")) for n in range(20)]])
    assert "users are not kept in their arm" in " ".join(ab_test(many).warnings)


@pytest.mark.parametrize(
    ("tried", "other", "share"), [(500, 500, 0.5), (900, 100, 0.9), (540, 460, 0.5), (30, 70, 0.2)]
)
def test_the_sample_ratio_is_tested_by_chi_square(tried: int, other: int, share: float) -> None:
    n = tried + other
    statistic = (tried - share * n) ** 2 / (share * n) + (other - (1 - share) * n) ** 2 / ((1 - share) * n)
    assert sample_ratio_p(tried, other, share) == pytest.approx(stats.chi2.sf(statistic, 1))


def test_a_sample_ratio_mismatch_makes_the_test_invalid() -> None:
    rows = random_log(3, users=1000, effect=0.3, share=0.65)
    found = ab_test(rows)
    assert found.mismatch
    assert found.verdict == "invalid"
    assert "Sample ratio mismatch" in found.warnings[0]
    assert "Nothing can be said" in found.sentence
    as_planned = ab_test(rows, ABSettings(share=0.65))
    assert not as_planned.mismatch
    assert as_planned.verdict == "better"


def test_under_a_week_and_missing_weekdays_are_told() -> None:
    short = ab_test(random_log(4, days=3))
    assert (short.days.days, short.days.missing) == (3, ["Thursday", "Friday", "Saturday", "Sunday"])
    assert any("3 days, less than a week" in warning for warning in short.warnings)
    assert any("Thursday, Friday, Saturday, Sunday" in warning for warning in short.warnings)
    long = ab_test(random_log(4, days=14))
    assert (long.days.days, long.days.missing, long.warnings) == (14, [], ())
    assert sum(long.days.weekdays.values()) == long.variant.requests + long.against.requests


def test_days_of_one_arm_alone_are_told() -> None:
    rows = [("base", 0, day, f"a{day}") for day in range(10)] + [("tuned", 1, day, f"b{day}") for day in range(5, 15)]
    found = ab_test(log(rows))
    assert found.days.alone == 10
    assert any("10 of 15 days only one arm" in warning for warning in found.warnings)


def test_what_holds_for_one_look_only_is_said_so() -> None:
    """An effect of two and a half standard errors: outside the interval of one look, inside that of many."""
    found = next(
        found
        for found in (ab_test(random_log(seed, effect=0.05)) for seed in range(200))
        if 2.2 < found.difference / found.standard_error < 2.9
    )
    assert found.always_low is not None
    assert found.always_low < 0 < found.low
    assert found.verdict == "better if planned"
    assert "only if this one look was fixed beforehand" in found.sentence


def test_which_way_is_better_is_a_setting() -> None:
    rows = random_log(5, users=1500, effect=0.3)
    assert ab_test(rows).verdict == "better"
    assert ab_test(rows, ABSettings(lower_is_better=True)).verdict == "worse"
    exchanged = ab_test(rows, ABSettings(variant="base", against="tuned"))
    assert exchanged.verdict == "worse"
    assert exchanged.difference == pytest.approx(-ab_test(rows).difference)


def test_no_difference_says_what_would_have_been_seen() -> None:
    found = ab_test(random_log(6))
    assert found.verdict == "no evidence"
    assert found.detectable == pytest.approx((stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * found.standard_error)
    assert "No evidence that tuned and base differ" in found.sentence


def test_outcomes_that_are_all_the_same_decide_nothing() -> None:
    found = ab_test(log([(arm, 1, day % 14, f"{arm}{day}") for arm in ("a", "b") for day in range(150)]))
    assert (found.verdict, found.p_value, found.difference) == ("too few", 1.0, 0.0)
    assert "all outcomes are the same" in found.sentence


@pytest.mark.parametrize(
    ("rows", "settings", "message"),
    [
        ([("a", 1, 0, "u"), ("a", 0, 1, "v")], {}, "one arm only"),
        ([("a", 1, 0, "u"), ("b", 0, 1, "v"), ("c", 0, 1, "w")], {}, "has 3 arms"),
        ([("a", 1, 0, "u"), ("b", 0, 1, "v")], {"variant": "d"}, "no arm 'd'"),
        ([("a", 1, 0, "u"), ("b", 0, 1, "v")], {"variant": "a", "against": "a"}, "against itself"),
        (
            [("a", 1, 0, "u"), ("b", 0, 1, "v"), ("b", 1, 1, "w")],
            {},
            "arm 'a' has too few users who met no other arm: 1",
        ),
        (
            [("a", 1, 0, "u"), ("b", 0, 1, "u"), ("b", 0, 1, "v"), ("b", 0, 1, "w")],
            {},
            "arm 'a' has too few users who met no other arm: 0",
        ),
        ([], {}, "one arm only: none"),
    ],
)
def test_what_is_no_test_is_refused(rows: list[tuple[str, float, float, str]], settings: dict, message: str) -> None:
    with pytest.raises(CurationError, match=message) as caught:
        ab_test(log(rows), ABSettings(**settings))
    assert caught.value.remedy


def test_of_three_arms_two_can_be_named() -> None:
    rows = pl.concat([random_log(7), log([("other", 1, 1, "o1"), ("other", 0, 2, "o2")])])
    found: ABTest = ab_test(rows, ABSettings(variant="tuned", against="base"))
    assert found.difference == ab_test(random_log(7)).difference
