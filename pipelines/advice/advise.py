"""Answer the questions that decide about fine-tuning, from a project's own facts, each with its evidence.

The thresholds are rules of thumb that practitioners give, not laws: under 50 examples is not enough at all, 500 to
1,000 do for format and style on simple tasks, 5,000 and more for complex ones, and gains flatten past 20,000. Where a
fact is missing the answer is "not known", with the step that would tell; nothing is guessed.

Not covered: whether the task is knowledge that changes. No figure shows that; the first answer says what to ask.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, Field

# The base as it answers with help in its prompt: fixed examples, the nearest ones (retrieval), a system prompt.
PROMPTED = ("few-shot", "nearest", "system")
YES, NO, UNKNOWN = "yes", "no", "not known"
LEAST, SIMPLE, FLOOR, COMPLEX, FLAT = 50, 500, 1_000, 5_000, 20_000
# More contradicting examples than this teach two answers to one question; a larger cluster than this crowds out.
MOST_CONFLICTING, MOST_OF_ONE_CLUSTER, LEAST_COVERED = 0.02, 0.5, 0.8


class Costs(BaseModel, frozen=True, extra="forbid"):
    """What tuning costs and saves, in one currency; what is not given is not guessed."""

    calls_per_month: float | None = Field(None, ge=0, description="Calls a month.")
    cost_per_call: float | None = Field(None, ge=0, description="What a call costs now.")
    tuned_cost_per_call: float | None = Field(None, ge=0, description="What a call of the tuned model would cost.")
    training: float = Field(50.0, ge=0, description="Training once.")
    per_example: float = Field(50.0, ge=0, description="Writing one example (20 to 100 is usual).")
    hours: float = Field(30.0, ge=0, description="Engineering hours (20 to 40 are usual).")
    per_hour: float = Field(100.0, ge=0, description="One engineering hour.")
    upkeep_per_month: float = Field(0.0, ge=0, description="Retraining and watching, a month.")


@dataclass(frozen=True)
class Facts:
    """What a project knows of itself; None where it does not."""

    kept: int
    conflicting: int | None = None
    to_collect: int = 0
    covered: float | None = None
    gaps: int = 0
    largest_cluster: float | None = None
    verdicts: Sequence[tuple[str, str, str]] = field(default_factory=list)
    """(verdict, against, sentence) of the tuned variant on the headline metric."""
    prompting: Sequence[tuple[str, str]] = field(default_factory=list)
    """(verdict, sentence) of each way of prompting the base against the bare one, on the headline metric."""


@dataclass(frozen=True)
class Answer:
    """One question with its answer (yes, no, not known), what it rests on, and what to do."""

    question: str
    answer: str
    evidence: str
    advice: str


@dataclass(frozen=True)
class Payback:
    """Money: what is spent once, what a month saves, and after how many months it has paid; None for never."""

    once: float
    now_per_month: float
    tuned_per_month: float
    saved_per_month: float
    months: float | None


def advise(facts: Facts, costs: Costs | None = None) -> tuple[list[Answer], Payback | None]:
    """Answer every question, in the order in which they should be asked.

    Args:
        facts: of the project.
        costs: what it costs and saves.

    Returns:
        The answers, and the payback where calls and both costs a call are given.
    """
    costs = costs or Costs()
    payback = pay_back(facts, costs)
    return [
        _prompting(facts),
        _enough(facts),
        _consistent(facts),
        _covered(facts),
        _balanced(facts),
        _helped(facts),
        _pays(payback),
    ], payback


def pay_back(facts: Facts, costs: Costs) -> Payback | None:
    """Return what tuning costs and saves, or None where calls or a cost per call are not given."""
    if costs.calls_per_month is None or costs.cost_per_call is None or costs.tuned_cost_per_call is None:
        return None
    once = costs.training + costs.hours * costs.per_hour + facts.to_collect * costs.per_example
    now = costs.calls_per_month * costs.cost_per_call
    tuned = costs.calls_per_month * costs.tuned_cost_per_call + costs.upkeep_per_month
    saved = now - tuned
    return Payback(once, now, tuned, saved, once / saved if saved > 0 else None)


def _prompting(facts: Facts) -> Answer:
    question = "Is a good prompt with examples not enough?"
    against = [entry for entry in facts.verdicts if entry[1] in PROMPTED]
    if not against:
        told = " ".join(sentence for _, sentence in facts.prompting) or "The prompted base was not compared yet."
        advice = (
            "Compare base, few-shot and tuned on the validation split. Knowledge that changes belongs in retrieval."
        )
        return Answer(question, UNKNOWN, told, advice)
    # Each way of prompting is one to beat: what beats the fixed examples alone may still lose to retrieval.
    better = {entry[1] for entry in against} <= {name for verdict, name, _ in against if verdict == "better"}
    better = better and not any(verdict == "worse" for verdict, _, _ in against)
    tried = {entry[1] for entry in against}
    advice = "Stay with the prompt until tuning beats it; it costs nothing to train."
    if better:
        advice = "Go on with tuning."
        if "nearest" not in tried:
            advice += " Examples looked up for each question were not tried: compare --variants base,nearest,tuned."
    return Answer(question, YES if better else NO, " ".join(sentence for _, _, sentence in against), advice)


def _enough(facts: Facts) -> Answer:
    question, kept = "Are there enough good examples?", facts.kept
    evidence = f"{kept:,} examples are kept."
    if kept < LEAST:
        return Answer(question, NO, evidence, f"Under {LEAST} nothing is learned: collect at least {SIMPLE}.")
    if kept < SIMPLE:
        return Answer(question, NO, evidence, f"Collect to {SIMPLE} to {FLOOR:,} for format or style on simple tasks.")
    if kept < COMPLEX:
        for_what = "format and style on simple tasks" if kept < FLOOR else "most narrow tasks"
        return Answer(question, YES, evidence, f"Enough for {for_what}; complex reasoning wants {COMPLEX:,} and more.")
    more = "Gains flatten from here on." if kept >= FLAT else "Enough for complex tasks too."
    return Answer(question, YES, evidence, more)


def _consistent(facts: Facts) -> Answer:
    question = "Do the examples agree with each other?"
    if facts.conflicting is None or not facts.kept:
        return Answer(question, UNKNOWN, "Conflicts were not looked for.", "Run the stages: workbench curate.")
    share = facts.conflicting / facts.kept
    evidence = f"{facts.conflicting:,} of {facts.kept:,} kept examples stand in a conflict ({100 * share:.1f} %)."
    if share > MOST_CONFLICTING:
        return Answer(question, NO, evidence, "Settle the conflicts on the Quality page first.")
    return Answer(question, YES, evidence, "Nothing to do.")


def _covered(facts: Facts) -> Answer:
    question = "Does the data cover what production asks?"
    if facts.covered is None:
        return Answer(question, UNKNOWN, "No production queries were compared.", "Import a log of real queries.")
    evidence = f"{100 * facts.covered:.0f} % of production queries have training examples near; {facts.gaps} gaps."
    if facts.covered < LEAST_COVERED or facts.gaps:
        return Answer(question, NO, evidence, f"Collect {facts.to_collect:,} examples: workbench collect.")
    return Answer(question, YES, evidence, "Nothing to do.")


def _balanced(facts: Facts) -> Answer:
    question = "Is the data balanced?"
    if facts.largest_cluster is None:
        return Answer(question, UNKNOWN, "Clusters were not looked for.", "Run the coverage stage: workbench curate.")
    evidence = f"The largest cluster holds {100 * facts.largest_cluster:.0f} % of the examples."
    if facts.largest_cluster > MOST_OF_ONE_CLUSTER:
        return Answer(question, NO, evidence, "Add examples of the others, or keep fewer of this one.")
    return Answer(question, YES, evidence, "Nothing to do.")


def _helped(facts: Facts) -> Answer:
    question = "Does the tuned model beat what it has to beat?"
    if not facts.verdicts:
        return Answer(question, UNKNOWN, "No tuned model was compared yet.", "Train and compare.")
    verdicts = [verdict for verdict, _, _ in facts.verdicts]
    evidence = " ".join(sentence for _, _, sentence in facts.verdicts)
    if "worse" in verdicts:
        return Answer(question, NO, evidence, "Look at what fails: workbench collect.")
    if all(verdict == "better" for verdict in verdicts):
        return Answer(question, YES, evidence, "Confirm it by blind ratings and, once, on the test split.")
    return Answer(question, UNKNOWN, evidence, "Hold out more examples, or look at what fails.")


def _pays(payback: Payback | None) -> Answer:
    question = "Does it pay?"
    if payback is None:
        evidence = "Calls a month and the cost of a call, now and tuned, were not given."
        return Answer(question, UNKNOWN, evidence, "Give --calls-per-month, --cost-per-call, --tuned-cost-per-call.")
    evidence = (
        f"{payback.once:,.0f} once; a month costs {payback.now_per_month:,.0f} now and "
        f"{payback.tuned_per_month:,.0f} tuned, {payback.saved_per_month:+,.0f} saved."
    )
    if payback.months is None:
        return Answer(question, NO, evidence, "Tuning never pays for itself by cost; only quality could justify it.")
    months = f"It has paid after {payback.months:.1f} months."
    return Answer(question, YES if payback.months <= 12 else NO, f"{evidence} {months}", "Check the figures yearly.")
