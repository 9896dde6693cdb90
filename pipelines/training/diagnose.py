"""What a run's figures say, in words, each with its evidence.

Rules of thumb on the curves; the thresholds are this project's own and stand below. They point at what to look at; a
comparison on held-out examples judges.

Not covered: whether answers are good; style without substance and shift against production, which need answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Kind = Literal[
    "overfitting", "not converged", "learning rate too high", "learning rate too low", "forgetting", "no trouble"
]
# The validation loss has risen by this share above its lowest: overfitting.
RISEN = 0.02
# It fell by this share over the last quarter of the run: not converged.
STILL_FALLING = 0.03
# It fell by less than this share over the whole run, and without a rise: the rate is too low.
HARDLY_FALLEN = 0.05
# A training loss this many times the median of the ten before it is a spike; this share of spikes is too many.
SPIKE, SPIKES = 2.0, 0.02
# Loss on general text that rises by this share is forgetting.
FORGOTTEN = 0.1


@dataclass(frozen=True)
class Diagnosis:
    """One thing that the figures say."""

    kind: Kind
    sentence: str
    evidence: str


def diagnose(rows: Sequence[Mapping[str, Any]], result: Mapping[str, Any] | None) -> list[Diagnosis]:
    """Read a run's curves.

    Args:
        rows: metrics rows by step (row 0 is the base).
        result: the run's result, for forgetting; None while it goes on.

    Returns:
        What was found, worst first; "no trouble" alone where nothing was; nothing before the second evaluation.
    """
    evaluated = [row for row in rows if row.get("validation_loss") is not None]
    if len(evaluated) < 2:
        return []
    found = [*_too_high(rows, evaluated), *_overfitting(rows, evaluated), *_forgetting(result)]
    if not found:
        found = _slow(evaluated)
    if found:
        return found
    first, best = evaluated[0]["validation_loss"], min(row["validation_loss"] for row in evaluated)
    text = f"Validation loss fell from {first:.3f} to {best:.3f} and had levelled off."
    return [Diagnosis("no trouble", "Nothing in the curves points at trouble.", text)]


def _overfitting(rows: Sequence[Mapping[str, Any]], evaluated: Sequence[Mapping[str, Any]]) -> list[Diagnosis]:
    best = min(evaluated, key=lambda row: row["validation_loss"])
    last = evaluated[-1]
    if last["validation_loss"] <= best["validation_loss"] * (1 + RISEN) or best["step"] == 0:
        return []
    at_best, at_end = _loss_near(rows, best["step"]), _loss_near(rows, last["step"])
    if at_best is None or at_end is None or at_end >= at_best:
        return []
    return [
        Diagnosis(
            "overfitting",
            f"The run overfits from epoch {best['epoch']:.2f} on; the adapter of step {best['step']} is the one kept."
            " Fewer epochs, more examples or more dropout would help.",
            f"Validation loss rose from {best['validation_loss']:.3f} to {last['validation_loss']:.3f} by epoch"
            f" {last['epoch']:.2f}, while training loss fell from {at_best:.3f} to {at_end:.3f}.",
        )
    ]


def _too_high(rows: Sequence[Mapping[str, Any]], evaluated: Sequence[Mapping[str, Any]]) -> list[Diagnosis]:
    base, best = evaluated[0], min(row["validation_loss"] for row in evaluated[1:])
    losses = np.array([row["loss"] for row in rows if row.get("loss") is not None])
    spikes = sum(
        losses[at] > SPIKE * np.median(losses[at - 10 : at]) and losses[at] > losses[0] for at in range(10, losses.size)
    )
    if base["step"] == 0 and best > base["validation_loss"]:
        evidence = f"Validation loss never fell below the base's {base['validation_loss']:.3f} (best {best:.3f})."
    elif losses.size and spikes > SPIKES * losses.size:
        evidence = f"Training loss jumped above where it began at {spikes} of {losses.size} steps."
    else:
        return []
    text = "The learning rate looks too high; a third of it is a good next try."
    return [Diagnosis("learning rate too high", text, evidence)]


def _slow(evaluated: Sequence[Mapping[str, Any]]) -> list[Diagnosis]:
    first, last = evaluated[0], evaluated[-1]
    fallen = 1 - last["validation_loss"] / first["validation_loss"]
    if first["step"] == 0 and 0 <= fallen < HARDLY_FALLEN:
        evidence = f"Validation loss fell by only {fallen:.1%}, from {first['validation_loss']:.3f}."
        text = "The learning rate looks too low, or there is little to learn; three times the rate is a good next try."
        return [Diagnosis("learning rate too low", text, evidence)]
    earlier = [row for row in evaluated if row["step"] <= 0.75 * last["step"]]
    if not earlier or earlier[-1]["step"] == 0:
        return []
    gain = 1 - last["validation_loss"] / earlier[-1]["validation_loss"]
    if gain <= STILL_FALLING:
        return []
    evidence = f"Validation loss still fell by {gain:.1%} after epoch {earlier[-1]['epoch']:.2f}."
    return [Diagnosis("not converged", "The run had not converged; more epochs would lower the loss.", evidence)]


def _forgetting(result: Mapping[str, Any] | None) -> list[Diagnosis]:
    before, after = (result or {}).get("general_loss_before"), (result or {}).get("general_loss_after")
    if not result or not before or after is None or after <= before * (1 + FORGOTTEN):
        return []
    return [
        Diagnosis(
            "forgetting",
            "The model has lost general ability. Mix in 10 to 20 % general examples (general_share), or train less.",
            f"Loss on {result.get('general_examples')} general examples rose from {before:.3f} to {after:.3f}; KL"
            f" to the base by token: {result.get('kl_general') or 0:.3f} there,"
            f" {result.get('kl_task') or 0:.3f} on the task.",
        )
    ]


def _loss_near(rows: Sequence[Mapping[str, Any]], step: int) -> float | None:
    """Return the mean training loss of the ten rows up to a step."""
    losses = [row["loss"] for row in rows if row.get("loss") is not None and row["step"] <= step][-10:]
    return sum(losses) / len(losses) if losses else None
