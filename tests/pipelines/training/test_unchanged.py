"""The default recipe on the embedded model, bit for bit what this plain loop computes: published figures rest on it."""

import json
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file

from pipelines.training.batches import epoch_batches
from pipelines.training.prepare import hardware_bf16
from pipelines.training.settings import default_settings
from pipelines.training.train import train
from tests.pipelines.training.tiny_model import write_chat

ROOT = Path(__file__).resolve().parents[3]
STEPS = 4


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_the_default_adapter_is_that_of_the_plain_loop(tmp_path: Path) -> None:
    lines = (ROOT / "sample_data" / "train.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line)["messages"] for line in lines[:60] if line.startswith('{"messages"')][:16]
    settings = default_settings("default", len(rows)).model_copy(update={"epochs": 1})
    assert (settings.batch_size, settings.dropout, settings.rslora, settings.schedule) == (
        4,
        0.0,
        False,
        "stable-decay",
    )
    write_chat(tmp_path / "data" / "train.jsonl", rows)
    assert train(tmp_path, settings).steps == STEPS
    found = load_file(tmp_path / "adapter" / "adapter_model.safetensors")
    expected = plain_loop(rows)
    assert found.keys() == expected.keys()
    assert [name for name in found if not torch.equal(found[name], expected[name])] == []


def plain_loop(rows: list[list[dict[str, str]]]) -> dict[str, torch.Tensor]:
    """Four steps of AdamW on a LoRA of rank 16, warmed up over none of them and falling over the last."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = ROOT / "sample_data" / "base_model"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval().requires_grad_(False)
    torch.manual_seed(0)
    config = LoraConfig(
        task_type="CAUSAL_LM", r=16, lora_alpha=32, lora_dropout=0.0, target_modules="all-linear", use_rslora=False
    )
    tuned = get_peft_model(model, config)
    for layer in tuned.modules():
        if hasattr(layer, "lora_A"):
            fold(layer)
    trained = [parameter for parameter in tuned.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=2e-3, weight_decay=0.01, fused=True)
    encoded = [
        tokenizer.apply_chat_template(row, tokenize=True, return_dict=True, return_assistant_tokens_mask=True)
        for row in rows
    ]
    tokens, marks = [one["input_ids"] for one in encoded], [with_end(one, tokenizer) for one in encoded]
    batches = epoch_batches([len(ids) for ids in tokens], 4, seed=0, epoch=0)
    # Four steps, none of warm-up (a twentieth of four): 2e-3, and the fall over the last 1.2 begins after the third.
    for step, batch in enumerate(batches):
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * min(1.0, (STEPS - step) / 1)
        batch = sorted(batch, key=lambda index: (len(tokens[index]), index))
        longest = max(len(tokens[index]) for index in batch)
        padded = torch.full((len(batch), longest), tokenizer.pad_token_id, dtype=torch.int64)
        learned = torch.zeros((len(batch), longest), dtype=torch.bool)
        for row, index in enumerate(batch):
            padded[row, : len(tokens[index])] = torch.tensor(tokens[index])
            learned[row, : len(tokens[index])] = torch.tensor(marks[index])
        at, column = torch.nonzero(learned[:, 1:], as_tuple=True)
        where, targets = at * longest + column, padded[at, column + 1]
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=hardware_bf16("cpu")):
            hidden = tuned.get_base_model().model(input_ids=padded, use_cache=False).last_hidden_state
            logits = tuned.get_base_model().lm_head(hidden.flatten(0, 1).index_select(0, where))
        losses = torch.nn.functional.cross_entropy(logits.float(), targets, reduction="none")
        (losses.sum() / len(targets)).backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0, foreach=True)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
    return {
        name.replace(".default.weight", ".weight"): parameter.detach()
        for name, parameter in tuned.named_parameters()
        if parameter.requires_grad
    }


def fold(layer: torch.nn.Module) -> None:
    down, up, base = layer.lora_A["default"].weight, layer.lora_B["default"].weight, layer.base_layer
    layer.forward = lambda x: torch.nn.functional.linear(x, torch.addmm(base.weight, up, down, alpha=2.0), base.bias)


def with_end(encoded: dict[str, list[int]], tokenizer: object) -> list[bool]:
    """Learn the end of an answer too where the template's mark stops short of it."""
    ids, marks = encoded["input_ids"], [bool(mark) for mark in encoded["assistant_masks"]]
    for index in range(1, len(ids)):
        if ids[index] == tokenizer.eos_token_id and marks[index - 1]:  # type: ignore[attr-defined]
            marks[index] = True
    return marks
