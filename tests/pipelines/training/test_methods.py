"""Every method and switch trains, resumes to the same bits, and is loaded back to the same model."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.errors import CurationError
from pipelines.training.adapter import add_adapter, load_adapter
from pipelines.training.base import load_base
from pipelines.training.data import chosen_turns, tokenise
from pipelines.training.loop import Loop
from pipelines.training.preflight import check
from pipelines.training.prepare import prepare
from pipelines.training.settings import TrainSettings
from pipelines.training.train import train
from tests.pipelines.training.test_data import TURNS
from tests.pipelines.training.test_train import interrupted, run_folder, settings_for
from tests.pipelines.training.tiny_model import conversations

SWITCHES: list[dict[str, Any]] = [
    {"dora": True},
    {"start": "pissa", "rslora": True},
    {"start": "eva"},
    {"lora_plus": 8.0},
    {"method": "prompt-tuning", "learning_rate": 0.1, "virtual_tokens": 8, "epochs": 6},
    {"method": "full", "learning_rate": 1e-3},
]

# A soft prompt can do little with a model of random weights; `test_soft_prompt.py` has one that was trained.
MOST_OF_BASE = {"prompt-tuning": 0.995}


def tuned_weights(folder: Path) -> bytes:
    return next((folder / "adapter").glob("*.safetensors")).read_bytes()


def mean_loss(model: Any, examples: Any, settings: TrainSettings) -> float:
    loop = Loop(model, examples, examples, settings, steps=1, pad_id=0, device="cpu", bf16=False)
    return float(loop.evaluate()[0])


@pytest.mark.parametrize("switch", SWITCHES, ids=str)
def test_a_method_learns_resumes_to_the_same_bits_and_is_loaded_as_it_was(
    tiny_base: Path, tmp_path: Path, switch: dict[str, Any]
) -> None:
    settings = settings_for(tiny_base, bf16=False, **switch)
    whole = run_folder(tmp_path, "whole")
    result = train(whole, settings)
    assert result.best_validation_loss is not None
    assert result.base_validation_loss is not None
    assert result.best_validation_loss < MOST_OF_BASE.get(settings.method, 0.97) * result.base_validation_loss
    stopped = run_folder(tmp_path, "stopped")
    interrupted(stopped, settings, 5)
    train(stopped, settings)
    assert tuned_weights(stopped) == tuned_weights(whole)
    if settings.method == "full":
        loaded, _ = load_base(str(whole / "adapter"))
        loaded.requires_grad_(True)
    else:
        loaded = load_adapter(load_base(str(tiny_base))[0], whole / "adapter", str(tiny_base))
        next(loaded.parameters()).requires_grad_(True)
    validation = prepare(whole, settings).validation
    assert mean_loss(loaded, validation, settings) == pytest.approx(result.best_validation_loss, rel=1e-4)


def test_a_pissa_adapter_starts_as_the_base(tiny_base: Path) -> None:
    import torch

    model, _ = load_base(str(tiny_base))
    tokens = torch.arange(40)[None]
    before = model(tokens).logits
    weight = model.model.layers[0].self_attn.q_proj.weight.clone()
    tuned = add_adapter(model, TrainSettings(rank=4, alpha=8, start="pissa", dropout=0.0))
    layer = tuned.base_model.model.model.layers[0].self_attn.q_proj
    assert not torch.allclose(layer.base_layer.weight, weight, atol=1e-3)
    assert torch.allclose(tuned(tokens).logits, before, atol=1e-3)


def test_lora_plus_raises_the_rate_of_the_second_matrices_alone(tiny_base: Path) -> None:
    model, tokenizer = load_base(str(tiny_base))
    settings = settings_for(tiny_base, lora_plus=8.0, warmup=0.0, weight_decay=0.0, schedule="constant")
    tuned = add_adapter(model, settings)
    examples = tokenise(conversations(4), tokenizer, max_length=512).examples
    before = {name: p.detach().clone() for name, p in tuned.named_parameters() if p.requires_grad}
    loop = Loop(tuned, examples, [], settings, steps=10, pad_id=0, device="cpu", bf16=False)
    loop.advance()
    loop.advance()
    moved = {
        kind: np.median([float((p.detach() - before[n]).abs().max()) for n, p in tuned.named_parameters() if kind in n])
        for kind in ("lora_A", "lora_B")
    }
    # Adam moves a weight by about the rate at each step; the first matrices have no gradient at the first.
    assert moved["lora_B"] == pytest.approx(2 * 8 * settings.learning_rate, rel=0.3)
    assert moved["lora_A"] <= 2.1 * settings.learning_rate


def test_a_message_of_weight_0_and_earlier_turns_are_read_but_not_learned(tiny_base: Path) -> None:
    _, tokenizer = load_base(str(tiny_base))

    def learned(messages: Any, turns: str = "all") -> str:
        (example,) = tokenise([messages], tokenizer, max_length=512, turns=turns).examples
        return str(tokenizer.decode([t for t, on in zip(example.tokens, example.trained, strict=True) if on]))

    assert learned(TURNS) == "First answer.<|end|>Second answer.<|end|>"
    assert learned(TURNS, "last") == "Second answer.<|end|>"
    silenced = [{**TURNS[number], "weight": 0} if number == 4 else TURNS[number] for number in range(5)]
    assert learned(silenced) == "First answer.<|end|>"
    data = tokenise([silenced], tokenizer, max_length=512, turns="last")
    assert data.vanished == [0]
    half = [{**message, "weight": 0.5} if message["role"] == "assistant" else message for message in TURNS]
    with pytest.raises(CurationError, match=r"weight 0\.5"):
        learned(half)
    # One stretch of trained text for two messages: no telling which part is whose.
    with pytest.raises(CurationError, match="cannot be told apart"):
        chosen_turns([False, True, True], [TURNS[2], TURNS[4]], "last", 0)


def test_qlora_is_refused_without_a_gpu_before_anything_is_loaded(tmp_path: Path) -> None:
    settings = TrainSettings(base=str(tmp_path / "nothing-here"), method="qlora", device="cpu")
    with pytest.raises(CurationError, match="CUDA GPU and bitsandbytes"):
        train(run_folder(tmp_path), settings)
    assert "CUDA GPU" in check(conversations(60), settings).problems[0]


def test_switches_of_adapters_are_refused_for_full_fine_tuning(tiny_base: Path, tmp_path: Path) -> None:
    with pytest.raises(CurationError, match="full fine-tuning has none"):
        train(run_folder(tmp_path), settings_for(tiny_base, method="full", dora=True))
