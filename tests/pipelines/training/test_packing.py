"""Batches without padding: the losses and gradients of padded ones, no example sees another, and a way back."""

from pathlib import Path
from typing import Any

import pytest
import torch

from pipelines.training.adapter import add_adapter, fold_adapters, trainable
from pipelines.training.base import load_base
from pipelines.training.batches import epoch_batches, padded
from pipelines.training.data import TokenisedExample, tokenise
from pipelines.training.loss import AnswerLoss, TokenLoss
from pipelines.training.packing import packed, packed_hidden
from pipelines.training.train import train
from tests.pipelines.training.test_train import adapter_bytes, interrupted, run_folder, settings_for
from tests.pipelines.training.tiny_model import conversations, make_tiny_model


def loaded(base: Path, n: int = 7) -> tuple[Any, list[TokenisedExample]]:
    model, tokenizer = load_base(str(base))
    tuned = add_adapter(model, settings_for(base, dropout=0.0))
    generator = torch.Generator().manual_seed(5)
    for parameter in trainable(tuned):
        parameter.data = 0.2 * torch.randn(parameter.shape, generator=generator)
    fold_adapters(tuned)
    return tuned, tokenise(conversations(n), tokenizer, max_length=512).examples


def gradients(model: Any, examples: list[TokenisedExample], *, packs: bool) -> list[torch.Tensor]:
    objective = AnswerLoss(TokenLoss(model, bf16=False, device="cpu"), pad_id=0, device="cpu", packs=packs)
    objective.total(examples).backward()
    found = [parameter.grad for parameter in trainable(model)]
    for parameter in trainable(model):
        parameter.grad = None
    return [gradient for gradient in found if gradient is not None]


def test_losses_and_gradients_are_those_of_a_padded_batch(tiny_base: Path) -> None:
    model, examples = loaded(tiny_base)
    loss = TokenLoss(model, bf16=False, device="cpu")
    found = loss.packed(examples, 0, "cpu")
    assert loss.unpadded
    assert torch.allclose(found, loss(*padded(examples, 0, "cpu")), atol=1e-5)
    for one, other in zip(gradients(model, examples, packs=True), gradients(model, examples, packs=False), strict=True):
        assert torch.allclose(one, other, atol=1e-4, rtol=1e-4)


def test_no_example_sees_another(tiny_base: Path) -> None:
    model, examples = loaded(tiny_base, 3)
    body = model.get_base_model().model
    with torch.no_grad():
        together = packed_hidden(body, *packed(examples, "cpu")[:3]).split([len(one.tokens) for one in examples])
        for example, hidden in zip(examples, together, strict=True):
            alone = body(input_ids=torch.tensor([example.tokens])).last_hidden_state[0]
            assert torch.allclose(hidden, alone, atol=1e-5)
    assert body.config._attn_implementation == "sdpa"


def test_grouped_heads_are_computed_too(tmp_path: Path) -> None:
    base = make_tiny_model(tmp_path / "grouped", hidden=64)
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.from_pretrained(base)
    config.num_key_value_heads = 1
    torch.manual_seed(1)
    AutoModelForCausalLM.from_config(config).save_pretrained(base)
    model, examples = loaded(base)
    loss = TokenLoss(model, bf16=False, device="cpu")
    assert torch.allclose(loss.packed(examples, 0, "cpu"), loss(*padded(examples, 0, "cpu")), atol=1e-5)


def test_a_model_that_computes_otherwise_is_computed_padded(tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, examples = loaded(tiny_base)
    expected = gradients(model, examples, packs=False)

    def leaking(body: Any, tokens: Any, places: Any, lengths: list[int]) -> Any:
        """One causal attention over the whole row, as a packer without care would do."""
        return packed_hidden(body, tokens, places, [sum(lengths)])

    monkeypatch.setattr("pipelines.training.loss.packed_hidden", leaking)
    loss = TokenLoss(model, bf16=False, device="cpu")
    assert loss.packed(examples, 0, "cpu") is None
    assert not loss.unpadded
    assert all(map(torch.equal, gradients(model, examples, packs=True), expected))
    monkeypatch.undo()
    model.get_base_model().model.config.sliding_window = 8
    assert TokenLoss(model, bf16=False, device="cpu").packed(examples, 0, "cpu") is None


def test_a_mixed_run_resumes_to_the_same_bits_and_tells_no_padding(tiny_base: Path, tmp_path: Path) -> None:
    settings = settings_for(tiny_base, batches="mixed", dropout=0.1)
    whole = train(run_folder(tmp_path, "whole"), settings)
    stopped = run_folder(tmp_path, "stopped")
    interrupted(stopped, settings, 5)
    assert train(stopped, settings).best_validation_loss == whole.best_validation_loss
    assert adapter_bytes(stopped) == adapter_bytes(tmp_path / "whole")


def test_mixed_batches_hold_any_lengths_and_each_example_once() -> None:
    lengths = list(range(10, 74))
    batches = epoch_batches(lengths, 8, seed=1, epoch=0, similar=False)
    assert sorted(index for batch in batches for index in batch) == list(range(64))
    spread = [max(batch) - min(batch) for batch in batches]
    assert min(spread) > max(max(batch) - min(batch) for batch in epoch_batches(lengths, 8, seed=1, epoch=0))
