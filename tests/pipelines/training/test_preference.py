"""Preference training: the loss against trl's and by differences, the reference, resuming, figures, refusals."""

import json
import math
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import binomtest

from pipelines.errors import CurationError
from pipelines.training.adapter import add_adapter, load_adapter, trainable
from pipelines.training.base import base_fingerprint, load_base
from pipelines.training.loss import TokenLoss
from pipelines.training.pairs import Pair, TokenisedPair, read_pairs, tokenise_pairs
from pipelines.training.preference import REFERENCE, PairLoss, preference_figures
from pipelines.training.settings import TrainSettings
from pipelines.training.train import TrainEvents, TrainResult, train
from tests.pipelines.training.test_train import adapter_bytes, interrupted, run_folder, settings_for
from tests.pipelines.training.tiny_model import conversations, write_chat


def pairs(n: int, offset: int = 0) -> list[Pair]:
    """Make n pairs: the chosen answer says odd or even at its end, the rejected one does not know."""
    made = []
    for row in conversations(n, offset):
        text = row[1]["content"]
        made.append(Pair(row, [row[0], {"role": "assistant", "content": f"{text.rsplit(' ', 1)[0]} who knows."}]))
    return made


def write_pairs(path: Path, rows: Sequence[Pair]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    told = ({"messages": pair.chosen, "rejected": pair.rejected[-1:]} for pair in rows)
    path.write_text("".join(json.dumps(row) + "\n" for row in told), "utf-8")


def pair_folder(tmp_path: Path, name: str = "run", n: int = 24) -> Path:
    folder = tmp_path / name
    write_pairs(folder / "data" / "train.jsonl", pairs(n))
    write_pairs(folder / "data" / "validation.jsonl", pairs(6, offset=100))
    return folder


def dpo(base: Path, **changes: Any) -> TrainSettings:
    return settings_for(base, **{"method": "dpo", "bf16": False, "dropout": 0.0, **changes})


def pair_loss(model: Any, beta: float = 0.1) -> PairLoss:
    return PairLoss(TokenLoss(model, bf16=False, device="cpu"), beta=beta, pad_id=0, device="cpu")


def by_hand(model: Any, example: Any) -> float:
    """Add up the log-probabilities of the trained tokens, one row, all logits."""
    with torch.no_grad():
        logs = model(torch.tensor([example.tokens])).logits[0].double().log_softmax(-1)
    return sum(
        float(logs[at - 1, token])
        for at, (token, trained) in enumerate(zip(example.tokens, example.trained, strict=True))
        if trained and at
    )


def test_log_probabilities_and_loss_are_those_of_the_definition(tiny_base: Path) -> None:
    model, tokenizer = load_base(str(tiny_base))
    data = tokenise_pairs(pairs(5), tokenizer, max_length=512).examples
    loss = pair_loss(model, beta=0.3)
    with torch.no_grad():
        found = loss.log_probabilities(data)
    expected = np.array([[by_hand(model, side) for side in pair.sides] for pair in data]).T
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5)
    reference = [TokenisedPair(pair.chosen, pair.rejected, (-3.0, -2.5 + n)) for n, pair in enumerate(data)]
    ratios = expected - np.array([pair.reference for pair in reference]).T
    by_pair = -np.log(1 / (1 + np.exp(-0.3 * (ratios[0] - ratios[1]))))
    losses, weights = loss.by_example(reference)
    np.testing.assert_allclose(losses, by_pair, rtol=1e-4)
    assert weights.tolist() == [1.0] * 5
    assert float(loss.total(reference).detach()) == pytest.approx(by_pair.sum(), rel=1e-4)


# What trl 1.16.0 (torch 2.13.0, transformers 5.23.0) said of these pairs: `DPOTrainer.compute_loss` on one batch of all
# three, beta 0.3, float32 on a CPU; reference the embedded base, policy the same with its last norm times 1.25.
ASKED = (
    (("user", "Where is my order 4711?"),),
    (("user", "Can I return the kettle?"),),
    (("system", "You are brief."), ("user", "Hello!")),
)
ANSWERS = (
    ("It left the depot this morning and will arrive on Monday.", "I do not know."),
    ("Yes, within 30 days.", "No, and please do not ask again, we are busy here."),
    ("Hello, what can I do for you?", "Hello."),
)
OF_BASE = "4c5bfe362d5aa1c6d05fb652370467490595e1269d3fcbfd3c2fb33ce46a768f"
TRL = {
    "loss": 2.404012441635132,
    "margin": -0.6458999514579773,
    "chosen": -101.99301147460938,
    "rejected": -80.68563079833984,
    "accuracy": 1 / 3,
}


def test_the_loss_is_trls() -> None:
    assert base_fingerprint("default") == OF_BASE, "the embedded base is another one: trl must be asked again"
    model, tokenizer = load_base("default")
    told = []
    for asked, answers in zip(ASKED, ANSWERS, strict=True):
        prompt = [{"role": role, "content": text} for role, text in asked]
        told.append(Pair(*([*prompt, {"role": "assistant", "content": text}] for text in answers)))
    data = tokenise_pairs(told, tokenizer, max_length=512).examples
    loss = pair_loss(model, beta=0.3)
    with torch.no_grad():
        before = loss.log_probabilities(data).T.tolist()
        model.model.norm.weight.mul_(1.25)
    data = [replace(pair, reference=(one, other)) for pair, (one, other) in zip(data, before, strict=True)]
    with torch.no_grad():
        chosen, rejected = loss.log_probabilities(data).mean(1).tolist()
    losses, _ = loss.by_example(data)
    found = preference_figures(losses, range(3))
    assert losses.mean() == pytest.approx(TRL["loss"], rel=1e-5)
    assert (chosen, rejected) == pytest.approx((TRL["chosen"], TRL["rejected"]), rel=1e-5)
    assert (found.margin, found.accuracy) == pytest.approx((TRL["margin"], TRL["accuracy"]), rel=1e-4)


def test_the_gradient_is_that_of_differences(tiny_base: Path) -> None:
    model, tokenizer = load_base(str(tiny_base))
    told = tokenise_pairs(pairs(3), tokenizer, max_length=512).examples
    said = [[by_hand(model, side) for side in pair.sides] for pair in told]
    data = [replace(pair, reference=(one, other)) for pair, (one, other) in zip(told, said, strict=True)]
    tuned = add_adapter(model, TrainSettings(rank=2, alpha=4, dropout=0.0))
    generator = torch.Generator().manual_seed(1)
    for parameter in trainable(tuned):
        parameter.data = 0.1 * torch.randn(parameter.shape, generator=generator)
    loss = pair_loss(tuned, beta=1.0)
    loss.total(data).backward()
    gradient = [parameter.grad.clone() for parameter in trainable(tuned)]
    length = math.sqrt(sum(float((part**2).sum()) for part in gradient))
    start = [parameter.data.clone() for parameter in trainable(tuned)]

    def total_at(share: float) -> float:
        """Add up the loss some way along the gradient, each answer in a row of its own with all its logits."""
        for parameter, origin, part in zip(trainable(tuned), start, gradient, strict=True):
            parameter.data = origin + share * part / length
        ratios = np.array([[by_hand(tuned, side) for side in pair.sides] for pair in data]) - np.array(said)
        return float(np.logaddexp(0, ratios[:, 1] - ratios[:, 0]).sum())

    # Along its own direction a function rises by the length of its gradient.
    step = 1e-3
    assert length > 1
    assert (total_at(step) - total_at(-step)) / (2 * step) == pytest.approx(length, rel=5e-3)


def test_margins_are_read_out_of_losses_and_the_interval_is_wilsons_or_over_prompts() -> None:
    margins = np.array([-900.0, -30.0, -1.0, 1e-4, 2.0, 40.0, 600.0])
    losses = np.logaddexp(0, -margins)
    found = preference_figures(losses, range(7))
    assert found.margin == pytest.approx(margins.mean(), rel=1e-9)
    interval = binomtest(4, 7).proportion_ci(method="wilson")
    assert (found.accuracy, found.low, found.high) == pytest.approx((4 / 7, interval.low, interval.high))
    # Twice the same seven prompts: as much evidence as seven, and not as fourteen.
    twice = preference_figures(np.tile(losses, 2), [*range(7), *range(7)])
    alone = preference_figures(np.tile(losses, 2), range(14))
    assert twice.accuracy == found.accuracy
    assert twice.high - twice.low > 1.3 * (alone.high - alone.low)  # type: ignore[operator]
    # The untouched model: log 2 for each pair, a tie each.
    untouched = preference_figures(np.full(4, math.log(2)), range(4))
    assert (untouched.accuracy, untouched.pairs) == (0.5, 4)
    assert untouched.margin == pytest.approx(0.0, abs=1e-12)
    assert preference_figures(np.array([0.1]), [0]).accuracy == 1.0


def test_preferences_are_learned_and_told(tiny_base: Path, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    folder = pair_folder(tmp_path)
    events = TrainEvents(on_metrics=rows.append, on_samples=answers.append)
    result = train(folder, dpo(tiny_base, epochs=8), events=events)
    # Before the first step policy and reference are the same model: log 2, no margin, every pair a tie.
    assert result.base_validation_loss == pytest.approx(math.log(2), abs=1e-12)
    assert (rows[0]["reward_margin"], rows[0]["preference_accuracy"]) == (0.0, 0.5)
    evaluated = [row for row in rows if row["validation_loss"] is not None]
    assert all("preference_accuracy" not in row for row in rows if row["validation_loss"] is None)
    best = next(row for row in evaluated if row["step"] == result.best_step)
    assert result.best_validation_loss == best["validation_loss"] < 0.9 * math.log(2)
    assert result.preference_accuracy == best["preference_accuracy"] > 0.5
    assert result.reward_margin == best["reward_margin"] > 0
    assert best["preference_low"] <= best["preference_accuracy"] <= best["preference_high"]
    assert answers[0]["samples"][0]["reference"].startswith("number")
    assert json.loads((folder / "result.json").read_text())["preference_low"] == result.preference_low


def test_a_preference_run_interrupted_twice_ends_with_the_same_bits(tiny_base: Path, tmp_path: Path) -> None:
    settings = dpo(tiny_base, dropout=0.1, seed=5)
    whole = train(pair_folder(tmp_path, "whole"), settings)
    stopped = pair_folder(tmp_path, "stopped")
    for number, at in enumerate((2, 7)):
        assert interrupted(stopped, settings, at).steps == at
        if number == 1:  # what was kept is lost: it is computed again, to the same bits
            (stopped / REFERENCE).write_bytes(b"half")
    resumed = train(stopped, settings)
    assert adapter_bytes(stopped) == adapter_bytes(tmp_path / "whole")
    for name in ("best_validation_loss", "best_step", "reward_margin", "preference_accuracy", "steps"):
        assert getattr(resumed, name) == getattr(whole, name)


def test_it_goes_on_from_the_adapter_of_an_earlier_run(tiny_base: Path, tmp_path: Path) -> None:
    earlier = run_folder(tmp_path, "earlier")
    train(earlier, settings_for(tiny_base, epochs=1, bf16=False))
    folder = pair_folder(tmp_path)
    shutil.copytree(earlier / "adapter", folder / "data" / "start")
    settings = dpo(tiny_base, starts_from="run-0001", beta=0.2)
    result = train(folder, settings)
    assert result.base_validation_loss == pytest.approx(math.log(2), abs=1e-12)
    assert result.best_validation_loss is not None
    assert result.best_validation_loss < result.base_validation_loss
    # The reference is the earlier adapter, not the base, and the loss told is that of both adapters loaded again.
    _, tokenizer = load_base(str(tiny_base))
    validation = tokenise_pairs(read_pairs(folder / "data" / "validation.jsonl"), tokenizer, max_length=512).examples
    said = []
    for adapter in (folder / "adapter", earlier / "adapter"):
        model = load_adapter(load_base(str(tiny_base))[0], adapter, str(tiny_base))
        said.append([[by_hand(model, side) for side in pair.sides] for pair in validation])
    ratios = np.array(said[0]) - np.array(said[1])
    losses = np.logaddexp(0, -0.2 * (ratios[:, 0] - ratios[:, 1]))
    assert result.best_validation_loss == pytest.approx(losses.mean(), rel=1e-4)
    # Another starting adapter is another run.
    (folder / "data" / "start" / "adapter_model.safetensors").write_bytes(
        (folder / "adapter").joinpath("adapter_model.safetensors").read_bytes()
    )
    with pytest.raises(CurationError, match="other settings, data"):
        train(folder, settings)


def test_memory_parts_give_the_same_preferences(tiny_base: Path, tmp_path: Path) -> None:
    def trained(name: str, **changes: Any) -> TrainResult:
        return train(pair_folder(tmp_path, name), dpo(tiny_base, epochs=1, **changes))

    whole, parts = trained("whole"), trained("parts", memory_tokens=64)
    assert parts.best_validation_loss == pytest.approx(whole.best_validation_loss, rel=1e-3)


def test_what_cannot_be_told_apart_is_left_out_and_said(tiny_base: Path) -> None:
    _, tokenizer = load_base(str(tiny_base))
    same = Pair(pairs(1)[0].chosen, pairs(1)[0].chosen)
    unanswered = Pair(pairs(1)[0].chosen, pairs(1)[0].chosen[:1])
    found = tokenise_pairs([same, *pairs(2), unanswered], tokenizer, max_length=512)
    assert (found.positions, found.vanished, found.truncated) == ([1, 2], [0, 3], [])
    assert found.tokens == sum(len(side.tokens) for pair in found.examples for side in pair.sides)
    cut = tokenise_pairs(pairs(2), tokenizer, max_length=len(found.examples[0].prompt) + 2)
    assert cut.vanished == [0, 1]  # the answers differ only in their last word
    assert cut.truncated == [0, 1]
    empty = tokenise_pairs([], tokenizer, max_length=512)
    assert (empty.examples, empty.tokens, empty.supervised) == ([], 0, 0)


def test_what_cannot_work_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    folder = pair_folder(tmp_path)
    with pytest.raises(CurationError, match="no rejected answer"):
        train(folder, dpo(tiny_base, general_share=0.2))
    with pytest.raises(CurationError, match="begin with the base"):
        train(folder, settings_for(tiny_base, starts_from="run-0001"))
    with pytest.raises(CurationError, match="There is no adapter"):
        train(folder, dpo(tiny_base, starts_from="run-0001"))
    write_chat(folder / "data" / "train.jsonl", conversations(3))
    with pytest.raises(CurationError, match=r"train.jsonl, line 1: no pair"):
        train(folder, dpo(tiny_base))
    write_pairs(folder / "data" / "train.jsonl", [Pair(pairs(1)[0].chosen, pairs(1)[0].chosen)] * 3)
    with pytest.raises(CurationError, match="anything to learn"):
        train(folder, dpo(tiny_base))
