"""What a run tells while it goes on: samples, drift, time left; and what it does when memory runs out."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.errors import CurationError
from pipelines.training.drift import Drift
from pipelines.training.loss import TokenLoss
from pipelines.training.pace import Pace
from pipelines.training.samples import choose_samples
from pipelines.training.train import TrainEvents, train
from tests.pipelines.training.test_train import adapter_bytes, run_folder, settings_for
from tests.pipelines.training.tiny_model import conversations, write_chat


def test_what_is_told_covers_padding_memory_time_drift_and_answers(tiny_base: Path, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    folder = run_folder(tmp_path)
    write_chat(folder / "data" / "general.jsonl", conversations(10, offset=900))
    settings = settings_for(tiny_base, epochs=4)
    result = train(folder, settings, events=TrainEvents(on_metrics=rows.append, on_samples=answers.append))
    assert all(0 <= row["padding_share"] < 0.5 for row in rows[1:])
    assert all(row["memory"] > 10_000_000 for row in rows)
    # 24 steps: a tenth of them is 2, then the time left is known.
    assert [row["seconds_left"] is None for row in rows[:4]] == [True, True, False, False]
    assert rows[-1]["seconds_left"] == pytest.approx(0.0, abs=1e-6)
    drift = [row["kl_task"] for row in rows if row["kl_task"] is not None]
    assert len(drift) == 8
    assert 0 < drift[0] < drift[-1]
    assert answers[0]["step"] == 0
    assert answers[-1]["step"] == 24
    assert [one["kind"] for one in answers[0]["samples"]] == ["best", "worst", "random"]
    prompts = [[one["prompt"] for one in row["samples"]] for row in answers]
    assert all(row == prompts[0] for row in prompts)
    assert (result.general_examples, result.state) == (10, "finished")
    assert result.kl_general is not None
    assert result.kl_general > 0
    assert result.general_loss_before != result.general_loss_after


def test_looking_changes_no_bit_of_the_adapter(tiny_base: Path, tmp_path: Path) -> None:
    train(run_folder(tmp_path, "seen"), settings_for(tiny_base, epochs=1, dropout=0.1))
    write_chat(run_folder(tmp_path, "blind") / "data" / "general.jsonl", conversations(10, offset=900))
    train(tmp_path / "blind", settings_for(tiny_base, epochs=1, dropout=0.1, sample_outputs=0))
    assert adapter_bytes(tmp_path / "seen") == adapter_bytes(tmp_path / "blind")


def test_divergence_is_that_of_the_definition(tiny_base: Path) -> None:
    import torch

    from pipelines.training.base import load_base
    from pipelines.training.data import tokenise

    model, tokenizer = load_base(str(tiny_base))
    example = tokenise(conversations(1), tokenizer, max_length=512).examples[0]
    loss = TokenLoss(model, bf16=False, device="cpu")
    panel = Drift([example], loss, vocabulary=len(tokenizer), memory_tokens=512, pad_id=0, device="cpu")
    assert panel.measure(loss) == (0.0, pytest.approx(panel.base_loss))
    where = [at for at, learned in enumerate(example.trained[1:]) if learned]
    with torch.no_grad():
        before = model(torch.tensor([example.tokens])).logits[0, where].double().softmax(-1)
        model.model.norm.weight.mul_(1.3)
        after = model(torch.tensor([example.tokens])).logits[0, where].double().softmax(-1)
    expected = float((before * (before / after).log()).sum(-1).mean())
    assert panel.measure(loss)[0] == pytest.approx(expected, rel=1e-4)


def test_samples_are_the_lowest_the_highest_and_a_random_loss_each_once() -> None:
    losses = np.array([0.5, 0.1, 0.9, 0.3])
    chosen = choose_samples(losses, 3, seed=1)
    assert chosen[:2] == [("best", 1), ("worst", 2)]
    assert chosen == choose_samples(losses, 3, seed=1)
    assert sorted(position for _, position in choose_samples(losses, 9, seed=1)) == [0, 1, 2, 3]
    assert choose_samples(np.array([]), 3, seed=1) == []


def test_time_left_counts_steps_and_evaluations() -> None:
    pace = Pace(300)
    for _ in range(19):
        pace.step(1.0)
    assert pace.left(19, 100) is None
    pace.step(1.0)
    # 280 steps of a second, and three evaluations of which none was seen yet.
    assert pace.left(20, 100) == 280.0
    pace.evaluation(5.0)
    assert pace.left(100, 100) == 200.0 + 2 * 5.0


def fails_above(tokens: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let the loss run out of memory for batches of more padded tokens; returns the sizes that were tried."""
    tried: list[int] = []
    plain = TokenLoss.__call__

    def limited(self: TokenLoss, batch: Any, where: Any, targets: Any) -> Any:
        tried.append(batch.numel())
        if batch.numel() > tokens:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes")
        return plain(self, batch, where, targets)

    monkeypatch.setattr(TokenLoss, "__call__", limited)
    return tried


def test_out_of_memory_halves_what_is_computed_at_once_and_learns_the_same(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(tiny_base, epochs=1, batch_size=8, bf16=False)
    whole = train(run_folder(tmp_path, "whole"), settings)
    tried = fails_above(100, monkeypatch)
    short = train(run_folder(tmp_path, "short"), settings)
    assert max(tried) > 100
    assert short.memory_tokens <= 100 < whole.memory_tokens
    # The same three steps of eight examples each, so the same loss but for rounding, which AdamW's first steps enlarge.
    assert short.steps == whole.steps == 3
    assert short.best_validation_loss == pytest.approx(whole.best_validation_loss, rel=1e-3)


def test_memory_too_small_for_one_example_ends_with_a_remedy(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run_folder(tmp_path)
    (folder / "data" / "validation.jsonl").unlink()
    fails_above(5, monkeypatch)
    with pytest.raises(CurationError, match="single example") as caught:
        train(folder, settings_for(tiny_base))
    assert "max_length" in caught.value.remedy


def test_other_errors_are_not_taken_for_lack_of_memory(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: Any) -> Any:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(TokenLoss, "__call__", broken)
    with pytest.raises(RuntimeError, match="shapes"):
        train(run_folder(tmp_path), settings_for(tiny_base))
