"""A test in production: two arms served to real users, compared on one outcome.

The unit is the user. Requests of one user hang together, so the difference of the arms' means over requests has a
standard error that is robust to that: residuals are summed within each user before they are squared,

    variance = G / (G - 1) * (N - 1) / (N - 2) * sum over arms of (sum over users of (sum of residuals)^2) / n_arm^2

(G users, N requests), as a regression on the arm with errors clustered by user gives. Test and interval for one look:
Student's t with G - 2 degrees of freedom. For many looks: a confidence sequence (`sequence`). A user who met both arms
is in neither: such users are counted and left out, as what they did cannot be laid to one arm.

What makes the whole worthless is looked for first: users who did not fall to the arms as they were to (a chi-square
test at 0.001: sample ratio mismatch), less than a week, days on which one arm did not run.

Sources: Liang and Zeger 1986, Biometrika 73:13; Deng, Knoblich and Lu 2018 ("Applying the Delta Method in Metric
Analytics", KDD); Fabijan et al. 2019 ("Diagnosing Sample Ratio Mismatch", KDD). Not covered: three arms at once,
covariates from before the test (CUPED), outcomes that come long after the request.
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from pipelines.errors import CurationError
from pipelines.evaluation.statistics import smallest_detectable
from pipelines.examples import check_columns
from pipelines.production.days import Days, days_of
from pipelines.production.log import LOG
from pipelines.production.sequence import LEAST_USERS, sequence_factor
from pipelines.production.settings import ABSettings

MISMATCH_LEVEL = 0.001


@dataclass(frozen=True)
class Arm:
    """One arm: users, requests, and the mean outcome over requests."""

    name: str
    users: int
    requests: int
    mean: float


@dataclass(frozen=True)
class ABTest:
    """What a test in production found.

    `difference` is the tried arm's mean less the other's, `relative` that over the other's mean (None for 0). `low` and
    `high` hold for one look that was fixed beforehand, `always_low` and `always_high` however often one looks (None
    under 100 users in an arm). `detectable` is the true difference that this many users would show with 80 % power.
    `crossed` users met both arms and are left out. `mismatch` says whether users fell to the arms otherwise than was
    planned (`mismatch_p`). `verdict` is "invalid", "too few", "better", "worse", "better if planned", "worse if
    planned" or "no evidence"; `sentence` says it, `warnings` what is wrong with the test itself.
    """

    variant: Arm
    against: Arm
    difference: float
    relative: float | None
    standard_error: float
    low: float
    high: float
    p_value: float
    always_low: float | None
    always_high: float | None
    detectable: float
    crossed: int
    crossed_requests: int
    mismatch: bool
    mismatch_p: float
    days: Days
    verdict: str = ""
    sentence: str = ""
    warnings: tuple[str, ...] = ()


def ab_test(log: pl.DataFrame, settings: ABSettings | None = None) -> ABTest:
    """Compare the two arms of a log.

    Args:
        log: `pipelines.production.log.LOG`; the order of rows does not matter.
        settings: names of the arms, what was planned, which way is better.

    Raises:
        CurationError: not two arms, or not the named ones; under two users in an arm once crossed ones are left out.
    """
    from pipelines.production.ab_words import sentence_of, verdict_of, warnings_of

    settings = settings or ABSettings()
    check_columns(log, LOG, "log")
    variant, against = _arms(log, settings)
    rows = log.filter(pl.col("variant").is_in([variant, against]))
    arms = rows.group_by("user").agg(pl.col("variant").n_unique().alias("arms"))
    crossing = rows.join(arms.filter(pl.col("arms") > 1).select("user"), on="user", how="semi")
    kept = rows.join(arms.filter(pl.col("arms") == 1).select("user"), on="user", how="semi")
    tried, other = (_arm(kept, name) for name in (variant, against))
    for arm in (tried, other):
        if arm.users < 2:
            raise CurationError(
                f"The arm '{arm.name}' has too few users who met no other arm: {arm.users}.",
                "Let it run for more users; give each user one arm for the whole test.",
            )
    difference = tried.mean - other.mean
    error = cluster_robust_error(kept, variant, against)
    users = tried.users + other.users
    low, high, p_value = _one_look(difference, error, users, settings.alpha)
    enough = min(tried.users, other.users) >= LEAST_USERS
    reach = error * float(sequence_factor(users, alpha=settings.alpha, users_planned=settings.users_planned))
    mismatch_p = sample_ratio_p(tried.users, other.users, settings.share)
    found = ABTest(
        tried,
        other,
        difference,
        difference / abs(other.mean) if other.mean else None,
        error,
        low,
        high,
        p_value,
        difference - reach if enough else None,
        difference + reach if enough else None,
        smallest_detectable(error, confidence=1 - settings.alpha),
        crossing["user"].n_unique(),
        crossing.height,
        mismatch_p < MISMATCH_LEVEL,
        mismatch_p,
        days_of(kept, variant, against),
    )
    verdict = verdict_of(found, settings)
    return replace(
        found, verdict=verdict, sentence=sentence_of(found, verdict, settings), warnings=warnings_of(found, settings)
    )


def cluster_robust_error(rows: pl.DataFrame, variant: str, against: str) -> float:
    """Return the standard error of the difference of two arms' means over requests, robust to users' requests.

    Args:
        rows: user, variant, outcome; each user in one arm, two users or more.
        variant: one arm.
        against: the other.
    """
    residual = pl.col("outcome") - pl.col("outcome").mean().over("variant")
    users = (
        rows.with_columns(residual=residual, size=pl.len().over("variant"))
        .group_by("variant", "user")
        .agg(pl.col("residual").sum(), pl.col("size").first())
    )
    n, groups = rows.height, users.height
    squares = float(((users["residual"] / users["size"]) ** 2).sum())
    correction = groups / (groups - 1) * (n - 1) / (n - 2) if n > 2 else 1.0
    return float(np.sqrt(correction * squares))


def sample_ratio_p(tried: int, other: int, share: float) -> float:
    """Return the p-value of a chi-square test that users fall to the tried arm with this probability.

    Args:
        tried: users of the tried arm.
        other: users of the other one.
        share: the planned share of the tried arm, between 0 and 1.
    """
    from scipy.stats import chisquare

    n = tried + other
    return float(chisquare([tried, other], [share * n, (1 - share) * n]).pvalue)


def _one_look(difference: float, error: float, users: int, alpha: float) -> tuple[float, float, float]:
    """Return interval and p-value of one look; without any spread there is nothing to test (p = 1)."""
    from scipy.stats import t

    if error == 0.0:
        return difference, difference, 1.0
    half = float(t.ppf(1 - alpha / 2, users - 2)) * error
    return difference - half, difference + half, float(2 * t.sf(abs(difference) / error, users - 2))


def _arm(rows: pl.DataFrame, name: str) -> Arm:
    mine = rows.filter(pl.col("variant") == name)
    mean = float(mine["outcome"].sum()) / mine.height if mine.height else float("nan")
    return Arm(name, mine["user"].n_unique(), mine.height, mean)


def _arms(log: pl.DataFrame, settings: ABSettings) -> tuple[str, str]:
    """Return the tried arm and the other one."""
    known = log["variant"].unique().sort().to_list()
    shown = ", ".join(f"'{name}'" for name in known[:10]) or "none"
    given = [name for name in (settings.variant, settings.against) if name is not None]
    for name in given:
        if name not in known:
            raise CurationError(f"The log has no arm '{name}'; it has {shown}.", "Name two of them.")
    if len(known) < 2:
        raise CurationError(
            f"The log has one arm only: {shown}.",
            "Log both arms into one file: a test needs something to hold against.",
        )
    if len(known) > 2 and len(given) < 2:
        raise CurationError(
            f"The log has {len(known)} arms: {shown}.", "Name two of them: --variant NAME --against NAME."
        )
    if len(set(given)) < len(given):
        raise CurationError(f"'{given[0]}' cannot be held against itself.", "Name two different arms.")
    variant = settings.variant or next(name for name in reversed(known) if name != settings.against)
    return variant, settings.against or next(name for name in known if name != variant)
