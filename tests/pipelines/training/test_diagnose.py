from typing import Any

import pytest

from pipelines.training.diagnose import diagnose


def rows(validation: list[float], training: list[float] | None = None) -> list[dict[str, Any]]:
    """Ten steps and a tenth of an epoch between two validations; the first validation is the base's."""
    losses = training or [value * 0.9 for value in validation]
    made = [{"step": 0, "epoch": 0.0, "loss": None, "validation_loss": validation[0]}]
    for number in range(1, len(validation)):
        for step in range(10 * number - 9, 10 * number + 1):
            at = {"step": step, "epoch": step / 100, "loss": losses[number], "validation_loss": None}
            made.append(at)
        made[-1]["validation_loss"] = validation[number]
    return made


@pytest.mark.parametrize(
    ("validation", "training", "kind"),
    [
        ([3.0, 1.0, 0.8, 0.9, 1.1], [3.0, 1.0, 0.7, 0.4, 0.2], "overfitting"),
        ([3.0, 2.5, 2.0, 1.5, 1.0], None, "not converged"),
        ([3.0, 3.5, 4.0, 4.5], None, "learning rate too high"),
        ([3.0, 2.99, 2.98, 2.97], None, "learning rate too low"),
        ([3.0, 1.0, 0.8, 0.79, 0.79], None, "no trouble"),
    ],
)
def test_each_shape_of_curve_is_named(validation: list[float], training: list[float] | None, kind: str) -> None:
    (found,) = diagnose(rows(validation, training), None)
    assert found.kind == kind
    assert found.evidence


def test_overfitting_names_its_epoch_and_the_losses() -> None:
    (found,) = diagnose(rows([3.0, 1.0, 0.8, 0.9, 1.1], [3.0, 1.0, 0.7, 0.4, 0.2]), None)
    assert "epoch 0.20" in found.sentence
    assert "step 20" in found.sentence
    assert "0.800 to 1.100" in found.evidence
    assert "0.700 to 0.200" in found.evidence


def test_a_rise_of_both_losses_is_no_overfitting() -> None:
    found = diagnose(rows([3.0, 1.0, 0.8, 0.9, 1.1], [3.0, 1.0, 0.7, 0.9, 1.2]), None)
    assert [one.kind for one in found] == ["no trouble"]


def test_spikes_of_the_training_loss_are_counted() -> None:
    made = rows([3.0, 1.0, 0.8, 0.79, 0.79])
    for at in (20, 30):
        made[at]["loss"] = 9.0
    (found,) = diagnose(made, None)
    assert found.kind == "learning rate too high"
    assert "2 of 40" in found.evidence


def test_forgetting_is_a_rise_of_a_tenth_on_general_text() -> None:
    result = {"general_loss_before": 2.0, "general_loss_after": 2.3, "general_examples": 50, "kl_general": 0.4}
    (found,) = diagnose(rows([3.0, 1.0, 0.8, 0.79, 0.79]), result)
    assert found.kind == "forgetting"
    assert "50 general examples rose from 2.000 to 2.300" in found.evidence
    fine = {**result, "general_loss_after": 2.1}
    assert [one.kind for one in diagnose(rows([3.0, 1.0, 0.8, 0.79, 0.79]), fine)] == ["no trouble"]


def test_nothing_is_said_before_the_second_evaluation() -> None:
    assert diagnose([], None) == []
    assert diagnose(rows([3.0]), None) == []
