"""The questions about fine-tuning: what each answer rests on, and the arithmetic of paying back."""

import pytest

from pipelines.advice.advise import Answer, Costs, Facts, advise, pay_back

PROMPT, ENOUGH, CONSISTENT, COVERED, BALANCED, HELPED, PAYS = range(7)


def answers(**facts: object) -> list[Answer]:
    return advise(Facts(**{"kept": 1000, **facts}))[0]  # type: ignore[arg-type]


def test_without_facts_nothing_is_guessed() -> None:
    found = answers(kept=0)
    assert [answer.answer for answer in found] == ["not known", "no", *["not known"] * 5]
    assert all(answer.evidence and answer.advice for answer in found)


@pytest.mark.parametrize(
    ("kept", "answer", "advice"),
    [
        (49, "no", "nothing is learned"),
        (499, "no", "500 to 1,000"),
        (500, "yes", "format and style"),
        (1_000, "yes", "most narrow tasks"),
        (5_000, "yes", "complex tasks too"),
        (20_000, "yes", "flatten"),
    ],
)
def test_how_many_examples_are_enough(kept: int, answer: str, advice: str) -> None:
    found = answers(kept=kept)[ENOUGH]
    assert found.answer == answer
    assert advice in found.advice
    assert f"{kept:,} examples" in found.evidence


def test_consistency_coverage_and_balance_state_their_figures() -> None:
    found = answers(conflicting=21, covered=0.9, gaps=0, largest_cluster=0.51)
    assert (found[CONSISTENT].answer, found[COVERED].answer, found[BALANCED].answer) == ("no", "yes", "no")
    assert "21 of 1,000" in found[CONSISTENT].evidence
    assert "51 %" in found[BALANCED].evidence
    found = answers(conflicting=20, covered=0.9, gaps=1, to_collect=40, largest_cluster=0.5)
    assert (found[CONSISTENT].answer, found[COVERED].answer, found[BALANCED].answer) == ("yes", "no", "yes")
    assert "Collect 40 examples" in found[COVERED].advice


@pytest.mark.parametrize(
    ("base", "few_shot", "prompt", "helped"),
    [
        ("better", "better", "yes", "yes"),
        ("better", "no evidence", "no", "not known"),
        ("better", "worse", "no", "no"),
        ("worse", "worse", "no", "no"),
    ],
)
def test_beating_the_bare_base_is_not_enough(base: str, few_shot: str, prompt: str, helped: str) -> None:
    found = answers(verdicts=[(base, "base", "b."), (few_shot, "few-shot", "f.")])
    assert (found[PROMPT].answer, found[HELPED].answer) == (prompt, helped)
    assert found[HELPED].evidence == "b. f."


def test_the_worked_example_of_100_000_calls_saves_1_200_a_month() -> None:
    """100,000 calls at 0.015 cost 1,500 a month, at 0.003 they cost 300. Once: 50 + 30 * 100 + 10 * 50 = 3,550."""
    costs = Costs(calls_per_month=100_000, cost_per_call=0.015, tuned_cost_per_call=0.003)
    found, payback = advise(Facts(kept=1000, to_collect=10), costs)
    assert payback is not None
    assert payback.saved_per_month == pytest.approx(1200)
    assert payback.once == 3550
    assert payback.months == pytest.approx(3550 / 1200)
    assert found[PAYS].answer == "yes"
    assert "after 3.0 months" in found[PAYS].evidence


def test_a_thousand_calls_a_month_do_not_pay_and_dearer_calls_never_do() -> None:
    few = Costs(calls_per_month=1_000, cost_per_call=0.015, tuned_cost_per_call=0.003)
    assert advise(Facts(kept=1000), few)[0][PAYS].answer == "no"
    dearer = Costs(calls_per_month=1_000, cost_per_call=0.003, tuned_cost_per_call=0.015)
    payback = pay_back(Facts(kept=1000), dearer)
    assert payback is not None
    assert payback.months is None
    assert "never pays" in advise(Facts(kept=1000), dearer)[0][PAYS].advice


def test_every_way_of_prompting_the_base_is_one_to_beat() -> None:
    verdicts = [("better", "base", "b."), ("better", "few-shot", "f."), ("no evidence", "nearest", "n.")]
    found = answers(verdicts=verdicts)
    assert (found[PROMPT].answer, found[HELPED].answer) == ("no", "not known")
    assert found[PROMPT].evidence == "f. n."
    assert "were not tried" not in found[PROMPT].advice
    found = answers(verdicts=verdicts[:2])
    assert found[PROMPT].answer == "yes"
    assert "Examples looked up for each question were not tried" in found[PROMPT].advice
    assert answers(verdicts=[*verdicts[:2], ("better", "nearest", "n.")])[PROMPT].answer == "yes"
    assert answers(verdicts=[("worse", "system", "s."), ("better", "few-shot", "f.")])[PROMPT].answer == "no"
