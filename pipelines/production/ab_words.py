"""A test in production in words: its verdict, a sentence, and what is wrong with the test itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.production.sequence import LEAST_USERS
from pipelines.production.settings import ABSettings

if TYPE_CHECKING:
    from pipelines.production.ab_test import ABTest

WEEK = 7
# A day is counted as begun: six days and some hours from the first request to the last are seven days of a calendar.
SHORTEST_SPAN = 6.5
MANY_CROSSED = 0.01


def verdict_of(found: ABTest, settings: ABSettings) -> str:
    """Return the verdict: what holds however often one looks comes before what holds for one planned look."""
    if found.mismatch:
        return "invalid"
    if found.always_low is None or found.always_high is None or found.standard_error == 0.0:
        return "too few"
    good = -1 if settings.lower_is_better else 1
    way = "better" if found.difference * good > 0 else "worse"
    if found.always_low > 0 or found.always_high < 0:
        return way
    return f"{way} if planned" if found.p_value < settings.alpha else "no evidence"


def sentence_of(found: ABTest, verdict: str, settings: ABSettings) -> str:
    """Say the verdict with its figures."""
    variant, against = found.variant.name, found.against.name
    told = {
        "invalid": f"Nothing can be said of {variant} and {against}: users did not fall to the arms as planned.",
        "too few": f"Too few to tell {variant} from {against}: {_why_too_few(found)}.",
        "better": f"{variant} is better than {against}, however often one has looked.",
        "worse": f"{variant} is worse than {against}, however often one has looked.",
        "better if planned": f"{variant} is better than {against} only if this one look was fixed beforehand.",
        "worse if planned": f"{variant} is worse than {against} only if this one look was fixed beforehand.",
        "no evidence": f"No evidence that {variant} and {against} differ.",
    }[verdict]
    tried, other = found.variant, found.against
    told += f" {variant} {tried.mean:.4g}, {against} {other.mean:.4g}: difference {found.difference:+.4g}"
    if found.relative is not None:
        told += f" ({100 * found.relative:+.1f} %)"
    level = 100 * (1 - settings.alpha)
    told += f", {level:g} % interval {found.low:+.4g} to {found.high:+.4g} for one planned look (p {_chance(found)})"
    if found.always_low is not None and found.always_high is not None:
        told += f", {found.always_low:+.4g} to {found.always_high:+.4g} for any number of looks"
    told += f"; {tried.users:,} and {other.users:,} users, {tried.requests:,} and {other.requests:,} requests."
    if verdict == "no evidence":
        told += f" So many users would show a difference of {found.detectable:.2g} in four tests of five."
    return told


def warnings_of(found: ABTest, settings: ABSettings) -> tuple[str, ...]:
    """Return what is wrong with the test itself, worst first."""
    warnings = []
    tried, other = found.variant.users, found.against.users
    if found.mismatch:
        warnings.append(
            f"Sample ratio mismatch: {tried:,} users met {found.variant.name} and {other:,} {found.against.name};"
            f" {100 * settings.share:g} to {100 * (1 - settings.share):g} % were planned"
            f" (chi-square p = {found.mismatch_p:.2g})."
            " Something lost or moved users of one arm: find it before reading any figure."
        )
    if found.crossed:
        share = found.crossed / (tried + other + found.crossed)
        users = "user met both arms and is" if found.crossed == 1 else "users met both arms and are"
        told = f"{found.crossed:,} {users} left out ({found.crossed_requests:,} requests)"
        often = f"; that is {100 * share:.1f} %: users are not kept in their arm" if share > MANY_CROSSED else ""
        warnings.append(f"{told}{often}.")
    days = found.days
    if days.span < SHORTEST_SPAN or days.days < WEEK:
        warnings.append(
            f"The test covers {days.days} day{'' if days.days == 1 else 's'}, less than a week"
            f" ({days.first:%Y-%m-%d %H:%M} to {days.last:%Y-%m-%d %H:%M} UTC): go on for whole weeks."
        )
    if days.missing:
        warnings.append(f"Not both arms have requests on: {', '.join(days.missing)}.")
    if days.alone:
        warnings.append(
            f"On {days.alone} of {days.days} days only one arm has requests: a difference may be one of days, not arms."
        )
    return tuple(warnings)


def _why_too_few(found: ABTest) -> str:
    if found.always_low is None:
        return f"{LEAST_USERS} users are needed in each arm"
    return "all outcomes are the same"


def _chance(found: ABTest) -> str:
    return "< 0.0001" if found.p_value < 0.0001 else f"= {found.p_value:.4f}"
