import json
import math
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from pipelines.errors import CurationError
from pipelines.training.schedule import (
    EarlyStopping,
    evaluation_interval,
    improved_enough,
    learning_rate_at,
    total_steps,
)
from pipelines.training.settings import TrainSettings, default_settings


def test_defaults_follow_the_size_of_the_data() -> None:
    small, large = default_settings("org/model", 200), default_settings("org/model", 50_000)
    assert (small.rank, small.epochs, small.alpha) == (16, 4, 32)
    assert (large.rank, large.epochs, large.learning_rate) == (64, 1, 2e-4)
    huge = default_settings("org/model", 1_000_000)
    assert (huge.rank, huge.epochs, huge.learning_rate) == (256, 1, 1e-4)
    assert all(settings.batch_size < 32 for settings in (small, large, huge))
    assert (small.targets, small.rslora, small.dropout, small.weight_decay) == ("all-linear", True, 0.05, 0.01)
    assert "200 training examples" in small.reason
    assert "ten times" in small.reason


def test_measured_defaults_of_a_base_win(tmp_path: Path) -> None:
    measured = {"rank": 8, "alpha": 16, "learning_rate": 5e-3, "epochs": 5, "batch_size": 16, "reason": "measured"}
    (tmp_path / "training_defaults.json").write_text(json.dumps(measured))
    settings = default_settings(str(tmp_path), 200)
    assert settings.model_dump(include=set(measured)) == measured
    assert (settings.base, settings.rslora, settings.dropout) == (str(tmp_path), False, 0.0)


@pytest.mark.parametrize("text", ["{", "[]", '{"rank": 0}', '{"colour": 1}'])
def test_measured_defaults_that_cannot_be_used_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "training_defaults.json").write_text(text)
    with pytest.raises(CurationError, match=r"training_defaults.json"):
        default_settings(str(tmp_path), 200)


def test_settings_refuse_numbers_that_are_none() -> None:
    with pytest.raises(ValidationError):
        TrainSettings(learning_rate=math.nan)
    with pytest.raises(ValidationError):
        TrainSettings(learning_rate=math.inf)


def test_the_learning_rate_rises_and_falls_to_zero() -> None:
    settings = TrainSettings(learning_rate=1.0, warmup=0.1, schedule="linear")
    rates = [learning_rate_at(step, 100, settings) for step in range(100)]
    # 10 warm-up steps of 1/11 each, then from 1 down in 90 equal parts.
    assert rates[0] == pytest.approx(1 / 11)
    assert rates[10] == 1.0
    assert rates[55] == pytest.approx(0.5)
    assert rates[99] == pytest.approx(1 / 90)
    assert learning_rate_at(55, 100, settings.model_copy(update={"schedule": "cosine"})) == pytest.approx(0.5)
    assert learning_rate_at(99, 100, settings.model_copy(update={"schedule": "constant"})) == 1.0
    # stable-decay: at the top up to the last 30 of 100 steps, half-way down in their middle, one thirtieth at the last.
    stable = settings.model_copy(update={"schedule": "stable-decay"})
    assert [learning_rate_at(step, 100, stable) for step in (10, 69, 70)] == [1.0, 1.0, 1.0]
    assert learning_rate_at(85, 100, stable) == pytest.approx(0.5)
    assert learning_rate_at(99, 100, stable) == pytest.approx(1 / 30)


def test_steps_and_evaluations_are_counted() -> None:
    settings = TrainSettings(epochs=2.5, batch_size=8)
    assert total_steps(settings, 100) == 32  # 13 a pass, 2.5 passes: 32.5, to the even number
    # A quarter of 100 steps; validation of 1,000 tokens costs 3.3 steps of 100 tokens, a tenth of 34 steps.
    assert evaluation_interval(settings, 100, 10_000, 100) == 25
    assert evaluation_interval(settings, 100, 10_000, 1_000) == 34


def test_an_improvement_must_exceed_its_paired_standard_error() -> None:
    before = np.array([1.0, 2.0, 3.0, 4.0])
    assert improved_enough(before, before - 0.1)
    # Mean gain 0.05, standard deviation 1.22, standard error 0.61.
    assert not improved_enough(before, before + np.array([1.0, -1.2, 1.1, -1.1]))
    assert not improved_enough(before, before - 1e-6)


def test_patience_runs_out_while_the_lowest_loss_is_kept() -> None:
    stopping = EarlyStopping(patience=2)
    flat = np.array([1.0, 1.0])
    assert stopping.record(1, 1.0, flat)
    assert stopping.record(2, 0.9999, flat - 0.0001)
    assert not stopping.should_stop
    assert not stopping.record(3, 1.1, flat + 0.1)
    assert stopping.should_stop
    assert (stopping.best_step, stopping.best_loss) == (2, 0.9999)
