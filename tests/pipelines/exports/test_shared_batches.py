"""The exported TRL script divides a step's examples among the processes that torchrun starts."""

import os
from typing import Any

import pytest

from pipelines.exports.layouts.trl import training_script
from pipelines.exports.registry import Handed
from pipelines.training.settings import TrainSettings


def shares(batch: int, world: str | None, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Run the script's own lines on it; returns examples at once and accumulated parts of one process."""
    files = {"train": "train.jsonl"}
    handed = Handed({"train": 64}, files, False, False, "org/model", TrainSettings(batch_size=batch), "")
    script = training_script(handed, "SFT")
    compile(script, "train.py", "exec")
    assert "per_device_train_batch_size=AT_ONCE," in script
    assert "gradient_accumulation_steps=SHARE // AT_ONCE," in script
    lines = script[script.index("BATCH = ") : script.index("data = load_dataset")]
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    if world is not None:
        monkeypatch.setenv("WORLD_SIZE", world)
    said: dict[str, Any] = {"os": os}
    exec(lines, said)
    return said["AT_ONCE"], said["SHARE"] // said["AT_ONCE"]


@pytest.mark.parametrize(
    ("batch", "world", "expected"),
    [(8, None, (4, 2)), (8, "2", (4, 1)), (8, "8", (1, 1)), (24, "2", (4, 3)), (6, "2", (3, 1))],
)
def test_a_step_has_as_many_examples_as_was_set(
    batch: int, world: str | None, expected: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, parts = shares(batch, world, monkeypatch)
    assert (at_once, parts) == expected
    assert at_once * parts * int(world or 1) == batch


@pytest.mark.parametrize(("batch", "world"), [(8, "3"), (4, "8")])
def test_a_batch_that_cannot_be_divided_is_refused(batch: int, world: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="cannot be divided evenly"):
        shares(batch, world, monkeypatch)
