"""Stopping a rating study: simulated studies, independent formulas, and what is said when."""

import numpy as np
import polars as pl
import pytest
from scipy.integrate import quad
from scipy.stats import beta, norm

from pipelines.errors import CurationError
from pipelines.rating.stopping import (
    StoppingSettings,
    confidence_sequence,
    log_e_value,
    prompts_to_settle,
    when_to_stop,
)

STUDIES, LONGEST = 10_000, 400
LIMIT = np.log(20)


def votes(choices: list[str], rater: str = "ada") -> pl.DataFrame:
    """Return ratings of one pair, one a prompt: w the tuned variant wins, l it loses, t tie, b both bad."""
    rows = []
    for number, choice in enumerate(choices):
        left, right = ("tuned", "base") if number % 2 else ("base", "tuned")
        said = {"t": "tie", "b": "both_bad", "w": "left" if number % 2 else "right"}.get(
            choice, "right" if number % 2 else "left"
        )
        rows.append((f"c{number}-{rater}", f"e{number}", rater, left, right, said))
    names = ["comparison_id", "example_id", "rater", "left", "right", "choice"]
    return pl.DataFrame(rows, schema=names, orient="row")


def alarms(wins: np.ndarray, n: np.ndarray, parts: int = 1, p: float = 0.5) -> np.ndarray:
    """Return for each study whether its e-value ever reaches 1 / 0.05: no stopping rule can raise more alarms.

    `wins` counts parts of a prompt; every value is looked up, as 4 million e-values hold few different ones.
    """
    most = int(np.max(n))
    table = log_e_value(np.arange(parts * most + 1) / parts, np.arange(most + 1)[:, None], 10.0, p) >= LIMIT
    return table[n, wins].any(1)


def test_false_alarms_stay_within_five_percent_whatever_the_stopping_rule() -> None:
    generator = np.random.default_rng(1)
    n = np.arange(1, LONGEST + 1)
    assert alarms((generator.random((STUDIES, LONGEST)) < 0.5).cumsum(1), n).mean() <= 0.05
    # Three votes a prompt that hang together: each prompt has a taste of its own, symmetric around one half.
    taste = generator.beta(0.5, 0.5, (STUDIES, LONGEST))
    assert alarms(generator.binomial(3, taste).cumsum(1), n, parts=3).mean() <= 0.05


def test_false_alarms_stay_within_five_percent_when_a_second_vote_revises_a_prompt() -> None:
    """A second rater goes through the same prompts after the first; prompts on which they differ then drop out."""
    generator = np.random.default_rng(2)
    taste = generator.beta(1, 1, (STUDIES, 200))
    first, second = (generator.random(taste.shape) < taste for _ in range(2))
    alarmed = alarms(first.cumsum(1), np.arange(1, 201))
    agreed = first == second
    # After k second votes: of the first k prompts those that both judged alike, of the rest the first votes.
    later = first.sum(1, keepdims=True) - first.cumsum(1)
    wins = (agreed & first).cumsum(1) + later
    decided = agreed.cumsum(1) + (200 - np.arange(1, 201))
    alarmed |= alarms(wins, decided)
    assert alarmed.mean() <= 0.05


def test_a_z_test_that_is_peeked_at_alarms_five_times_as_often() -> None:
    generator = np.random.default_rng(3)
    wins = (generator.random((STUDIES, LONGEST)) < 0.5).cumsum(1)[:, 9::10]
    n = np.arange(10, LONGEST + 1, 10)
    assert (np.abs(wins - n / 2) / np.sqrt(n / 4) >= norm.ppf(0.975)).any(1).mean() > 0.25


@pytest.mark.parametrize(("share", "power", "mean"), [(0.6, 0.89, 200), (0.7, 0.999, 60)])
def test_a_true_preference_is_found_early(share: float, power: float, mean: float) -> None:
    """Measured by others at 400 votes: 0.897 and 198 votes for 60:40, 1.0 and 60 for 70:30."""
    generator = np.random.default_rng(4)
    wins = (generator.random((2000, LONGEST)) < share).cumsum(1)
    reached = log_e_value(wins, np.arange(1, LONGEST + 1), 10.0) >= LIMIT
    stopped = np.where(reached.any(1), reached.argmax(1) + 1, LONGEST)
    assert reached.any(1).mean() == pytest.approx(power, abs=0.02)
    assert stopped.mean() == pytest.approx(mean, rel=0.05)
    # What is foretold is where the expected tally ends a study: near the median of where studies end.
    assert prompts_to_settle(share) == pytest.approx(np.median(stopped), rel=0.3)


@pytest.mark.parametrize("share", [0.35, 0.5, 0.7])
def test_the_confidence_sequence_covers_the_truth_at_all_times(share: float) -> None:
    generator = np.random.default_rng(5)
    wins = (generator.random((STUDIES, 300)) < share).cumsum(1)
    assert alarms(wins, np.arange(1, 301), p=share).mean() <= 0.05


@pytest.mark.parametrize(("wins", "n"), [(0, 0), (3, 4), (2.5, 7), (60, 100)])
def test_the_e_value_is_the_mixture_that_it_says(wins: float, n: float) -> None:
    """Numerical integration of the likelihood over the Beta density, against one half."""
    mixed, _ = quad(lambda t: beta.pdf(t, 10, 10) * t**wins * (1 - t) ** (n - wins), 0, 1, epsabs=0, epsrel=1e-10)
    assert float(log_e_value(wins, n, 10.0)) == pytest.approx(np.log(mixed) + n * np.log(2), abs=1e-8)


def test_the_ends_of_the_sequence_are_where_the_e_value_reaches_its_limit() -> None:
    low, high = confidence_sequence([8, 40.5], [10, 100])
    for w, n, a, b in zip([8, 40.5], [10, 100], low, high, strict=True):
        assert float(log_e_value(w, n, 10.0, a)) == pytest.approx(LIMIT, abs=1e-6)
        assert float(log_e_value(w, n, 10.0, b)) == pytest.approx(LIMIT, abs=1e-6)
    assert [float(bound) for bound in confidence_sequence(0, 0)] == [0.0, 1.0]


def test_a_clear_lead_settles_and_names_the_better_one() -> None:
    found = when_to_stop(votes(["w"] * 40 + ["l"] * 10 + ["t"] * 5), "tuned", "base")
    assert (found.state, found.more, found.prompts, found.decided) == ("settled", None, 55, 50)
    assert found.sentence.startswith("You may stop rating: tuned is preferred.")
    turned = when_to_stop(votes(["l"] * 40 + ["w"] * 10), "tuned", "base")
    assert turned.sentence.startswith("You may stop rating: base is preferred.")


def test_an_even_study_goes_on_until_it_is_futile() -> None:
    short = when_to_stop(votes(["w", "l"] * 40), "tuned", "base")
    assert short.state == "go on"
    assert short.more == prompts_to_settle(0.5, wins=40, n=80)
    assert f"about {short.more:,} more prompts" in short.sentence
    long = when_to_stop(votes(["w", "l"] * 500), "tuned", "base")
    assert (long.state, long.more) == ("futile", None)
    assert "within 45 to 55 %" in long.sentence


def test_nothing_but_ties_is_no_evidence_and_ends_as_futile() -> None:
    few = when_to_stop(votes(["t", "b"] * 10), "tuned", "base")
    assert (few.state, few.decided, few.share, few.low, few.e_value) == ("go on", 0, None, None, 1.0)
    assert "none of the 20 rated prompts was won by either" in few.sentence
    assert when_to_stop(votes(["t"] * 1000), "tuned", "base").state == "futile"


def test_ten_votes_on_one_prompt_are_one_prompt() -> None:
    ten = pl.concat([votes(["w"], f"rater {number}") for number in range(10)])
    one = when_to_stop(votes(["w"]), "tuned", "base")
    assert when_to_stop(ten, "tuned", "base") == one
    assert one.state == "go on"


def test_the_blind_sentence_tells_nobody_who_leads() -> None:
    for choices in (["w"] * 40, ["l"] * 40, ["w", "l"] * 20, ["t"] * 4):
        sentence = when_to_stop(votes(choices), "tuned", "base").blind_sentence
        assert "tuned" not in sentence
        assert "base" not in sentence
        assert "%" not in sentence
    won, lost = (when_to_stop(votes([kind] * 40), "tuned", "base") for kind in "wl")
    assert won.blind_sentence == lost.blind_sentence
    assert won.sentence != lost.sentence


def test_a_stricter_level_needs_more_prompts() -> None:
    assert prompts_to_settle(0.6, StoppingSettings(alpha=0.01)) > prompts_to_settle(0.6)


def test_an_unrated_pair_is_refused() -> None:
    with pytest.raises(CurationError):
        when_to_stop(votes(["w"]), "tuned", "few-shot")
