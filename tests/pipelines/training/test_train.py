import json
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.errors import CurationError
from pipelines.training.checkpoint import checkpoint_folders
from pipelines.training.settings import TrainSettings
from pipelines.training.train import TrainEvents, TrainResult, train
from tests.pipelines.training.tiny_model import conversations, make_tiny_model, write_chat


def settings_for(base: Path, **changes: Any) -> TrainSettings:
    told = {
        "rank": 4,
        "alpha": 8,
        "rslora": False,
        "learning_rate": 1e-2,
        "epochs": 2,
        "batch_size": 4,
        "evaluate_every": 3,
    }
    return TrainSettings(base=str(base), **{**told, **changes})


def run_folder(tmp_path: Path, name: str = "run", n: int = 24) -> Path:
    folder = tmp_path / name
    write_chat(folder / "data" / "train.jsonl", conversations(n))
    write_chat(folder / "data" / "validation.jsonl", conversations(6, offset=100))
    return folder


def adapter_bytes(folder: Path) -> bytes:
    return (folder / "adapter" / "adapter_model.safetensors").read_bytes()


def interrupted(folder: Path, settings: TrainSettings, after: int) -> TrainResult:
    """Cancel a run after so many steps, as the watcher of a cancel file would."""
    rows: list[dict[str, Any]] = []
    events = TrainEvents(on_metrics=rows.append, should_stop=lambda: bool(rows) and rows[-1]["step"] >= after)
    return train(folder, settings, events=events)


def test_a_stable_decay_run_waits_for_the_rate_to_fall_before_it_stops_early(tiny_base: Path, tmp_path: Path) -> None:
    # A rate this small improves nothing: each evaluation is without improvement.
    still = {"learning_rate": 1e-12, "epochs": 10, "patience": 1}
    cosine = train(run_folder(tmp_path, "cosine"), settings_for(tiny_base, **still))
    stable = train(run_folder(tmp_path, "stable"), settings_for(tiny_base, schedule="stable-decay", **still))
    # 60 steps, evaluated every 3; the fall begins at step 42, and 45 is the first evaluation after it.
    assert (cosine.state, cosine.steps) == ("stopped early", 6)
    assert (stable.state, stable.steps) == ("stopped early", 45)


def test_validation_loss_falls_and_the_best_adapter_is_kept(tiny_base: Path, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = []
    shares: list[float] = []
    events = TrainEvents(on_metrics=rows.append, on_progress=lambda share, message: shares.append(share))
    folder = run_folder(tmp_path)
    result = train(folder, settings_for(tiny_base, epochs=4), events=events)
    # 24 examples in batches of 4 are 6 steps an epoch; the row of step 0 is the base.
    assert [row["step"] for row in rows] == list(range(25))
    assert rows[0]["loss"] is None
    assert rows[0]["validation_loss"] == result.base_validation_loss
    evaluated = {row["step"]: row["validation_loss"] for row in rows[1:] if row["validation_loss"] is not None}
    assert list(evaluated) == [3, 6, 9, 12, 15, 18, 21, 24]
    assert result.best_validation_loss == min(evaluated.values()) < 0.95 * rows[0]["validation_loss"]
    assert evaluated[result.best_step] == result.best_validation_loss
    assert shares == sorted(shares)
    assert json.loads((folder / "result.json").read_text())["adapter_sha256"] == result.adapter_sha256
    assert result.state == "finished"
    assert len(checkpoint_folders(folder / "checkpoints")) == 3


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # peft 0.21's own
def test_the_adapter_loads_with_peft_and_names_no_path(tiny_base: Path, tmp_path: Path) -> None:
    from peft import PeftModel

    from pipelines.training.base import load_base

    folder = run_folder(tmp_path)
    train(folder, settings_for(tiny_base))
    config = (folder / "adapter" / "adapter_config.json").read_text()
    assert str(tmp_path.parent.parent) not in config
    assert json.loads(config)["base_model_name_or_path"] == "tiny-base"
    model, _ = load_base(str(tiny_base))
    tuned = PeftModel.from_pretrained(model, str(folder / "adapter"))
    assert any(float(p.abs().max()) > 0 for name, p in tuned.named_parameters() if "lora_B" in name)


@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_a_run_interrupted_at_random_steps_ends_with_the_same_bits(
    tiny_base: Path, tmp_path: Path, dropout: float
) -> None:
    settings = settings_for(tiny_base, dropout=dropout, seed=3)
    whole = train(run_folder(tmp_path, "whole"), settings)
    stopped = run_folder(tmp_path, "stopped")
    at = sorted(random.Random(7).sample(range(1, 12), 3))
    for step in at:
        result = interrupted(stopped, settings, step)
        assert (result.state, result.steps) == ("cancelled", step)
        assert adapter_bytes(stopped)
    resumed = train(stopped, settings)
    assert adapter_bytes(stopped) == adapter_bytes(tmp_path / "whole")
    assert resumed.best_validation_loss == whole.best_validation_loss
    assert (resumed.best_step, resumed.tokens, resumed.steps) == (whole.best_step, whole.tokens, whole.steps)


def test_a_damaged_checkpoint_is_passed_over(tiny_base: Path, tmp_path: Path) -> None:
    settings = settings_for(tiny_base)
    train(run_folder(tmp_path, "whole"), settings)
    folder = run_folder(tmp_path, "damaged")
    interrupted(folder, settings, 7)
    newest = checkpoint_folders(folder / "checkpoints")[-1]
    (newest / "tensors.safetensors").write_bytes(b"half a fi")
    train(folder, settings)
    assert adapter_bytes(folder) == adapter_bytes(tmp_path / "whole")


def test_a_checkpoint_of_other_settings_or_data_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    settings = settings_for(tiny_base)
    folder = run_folder(tmp_path)
    interrupted(folder, settings, 4)
    with pytest.raises(CurationError, match="other settings, data"):
        train(folder, settings.model_copy(update={"learning_rate": 1e-3}))
    write_chat(folder / "data" / "train.jsonl", conversations(25))
    with pytest.raises(CurationError, match="other settings, data"):
        train(folder, settings)


def test_memory_parts_give_the_same_training_as_whole_batches(tiny_base: Path, tmp_path: Path) -> None:
    whole = train(run_folder(tmp_path, "whole"), settings_for(tiny_base, epochs=1))
    parts = train(run_folder(tmp_path, "parts"), settings_for(tiny_base, epochs=1, memory_tokens=64))
    assert parts.best_validation_loss == pytest.approx(whole.best_validation_loss, rel=1e-4)


def test_folding_the_adapter_changes_nothing_but_time(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folded = train(run_folder(tmp_path, "folded"), settings_for(tiny_base, epochs=1))
    monkeypatch.setattr("pipelines.training.train.fold_adapters", lambda model: 0)
    plain = train(run_folder(tmp_path, "plain"), settings_for(tiny_base, epochs=1))
    assert folded.best_validation_loss == pytest.approx(plain.best_validation_loss, rel=1e-4)


def test_it_stops_early_when_validation_no_longer_improves(tiny_base: Path, tmp_path: Path) -> None:
    settings = settings_for(tiny_base, learning_rate=1e-7, epochs=50, patience=2, evaluate_every=1, warmup=0.0)
    result = train(run_folder(tmp_path), settings)
    assert result.state == "stopped early"
    assert result.steps < 10


def test_without_validation_examples_the_last_adapter_is_kept(tiny_base: Path, tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    (folder / "data" / "validation.jsonl").unlink()
    result = train(folder, settings_for(tiny_base, epochs=1))
    assert result.best_validation_loss is None
    assert (result.best_step, result.state) == (6, "finished")


def test_cancelling_before_the_first_step_leaves_an_adapter(tiny_base: Path, tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    result = train(folder, settings_for(tiny_base), events=TrainEvents(should_stop=lambda: True))
    assert (result.state, result.steps) == ("cancelled", 0)
    assert adapter_bytes(folder)


def test_general_examples_are_mixed_in_by_share(tiny_base: Path, tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    settings = settings_for(tiny_base, epochs=1, general_share=0.25)
    with pytest.raises(CurationError, match="no general examples"):
        train(folder, settings)
    write_chat(folder / "data" / "general.jsonl", conversations(30, offset=500))
    # 8 of 24 + 8 are a quarter.
    assert train(folder, settings).train_examples == 32


def test_a_loss_that_is_no_number_is_reported(tiny_base: Path, tmp_path: Path) -> None:
    settings = settings_for(tiny_base, learning_rate=1.0, gradient_clip=1000, rslora=True, alpha=4096, epochs=20)
    with pytest.raises(CurationError, match=r"loss became .* at step") as caught:
        train(run_folder(tmp_path), replace_weights_by_nan(settings, tmp_path))
    assert "learning_rate" in caught.value.remedy


def replace_weights_by_nan(settings: TrainSettings, tmp_path: Path) -> TrainSettings:
    """Copy the base model with one weight that is no number, so that the loss is none either."""
    from safetensors.torch import load_file, save_file

    broken = make_tiny_model(tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    weights["model.norm.weight"][0] = math.nan
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    return settings.model_copy(update={"base": str(broken)})


def test_an_empty_or_unlearnable_split_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    write_chat(folder / "data" / "train.jsonl", [])
    with pytest.raises(CurationError, match="empty"):
        train(folder, settings_for(tiny_base))
    write_chat(folder / "data" / "train.jsonl", [[{"role": "user", "content": "hello"}]])
    with pytest.raises(CurationError, match="anything to learn"):
        train(folder, settings_for(tiny_base))
    (folder / "data" / "train.jsonl").write_text('{"messages": 3}\n')
    with pytest.raises(CurationError, match=r"train.jsonl, line 1"):
        train(folder, settings_for(tiny_base))


def test_unknown_target_layers_are_refused_by_name(tiny_base: Path, tmp_path: Path) -> None:
    with pytest.raises(CurationError, match="nonsense_proj") as caught:
        train(run_folder(tmp_path), settings_for(tiny_base, targets="nonsense_proj"))
    assert "q_proj" in caught.value.remedy


def test_seconds_come_from_the_clock_that_is_handed_in(tiny_base: Path, tmp_path: Path) -> None:
    ticks = iter(np.arange(0.0, 10_000.0))
    result = train(run_folder(tmp_path), settings_for(tiny_base, epochs=1), clock=lambda: float(next(ticks)))
    assert result.seconds == int(result.seconds) > 0
