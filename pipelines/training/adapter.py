"""LoRA adapters: make one on a base model, fold it into the weights, save it, load it.

Folding: a linear layer with adapter computes `x W' + x A' B'` in five operations; where nothing is dropped out it is
the same to compute `x (W + s B A)'`, the gradient reaching A and B through the sum. For narrow layers that is faster.

An adapter folder is peft's own (`adapter_model.safetensors`, `adapter_config.json`) and a `base.json` that names the
base and its fingerprint, so that an adapter is never put on another base. No path of this machine is written.

A fully fine-tuned model is saved in the same place, as a model folder of its own. A PiSSA adapter is saved as a plain
one of twice the rank, since it was trained against changed weights: s (B A - B0 A0) = s [B, -B0] [A; A0].

Not covered: adapters on embeddings, several adapters at once.
"""

import hashlib
import json
import math
import os
import shutil
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.errors import CurationError
from pipelines.training.base import base_fingerprint
from pipelines.training.base_name import portable_name
from pipelines.training.eva import start_from_data
from pipelines.training.settings import TrainSettings
from pipelines.training.soft_prompt import WEIGHTS_NAME as SOFT_PROMPT
from pipelines.training.soft_prompt import add_soft_prompt, has_soft_prompt, is_soft_prompt

WEIGHTS = "adapter_model.safetensors"
ADAPTER_REMEDY = "Choose the adapter of a finished run, and the base model that the run names."
# Widest layer that is folded; beyond, the folded weight's gradient costs more than the adapter's extra operations.
FOLD_WIDTH = 1024


def add_adapter(model: Any, settings: TrainSettings, examples: Sequence[Any] = ()) -> Any:
    """Put a fresh adapter on a base model; its start depends on the seed alone. All weights for full fine-tuning.

    Args:
        model: the base model.
        settings: of the run.
        examples: of the training split, which an adapter that starts by EVA looks at.

    Raises:
        CurationError: the target layers do not exist in this model, or EVA finds nothing to start from.
    """
    import torch
    from peft import EvaConfig, LoraConfig, get_peft_model

    if settings.method == "full":
        return model.requires_grad_(True)
    if settings.method == "prompt-tuning":
        with _quiet_peft():
            return add_soft_prompt(model, settings)
    names = settings.targets if settings.targets == "all-linear" else [n.strip() for n in settings.targets.split(",")]
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=names,
        use_rslora=settings.rslora,
        use_dora=settings.dora,
        init_lora_weights=True if settings.start == "zero" else settings.start,
        eva_config=EvaConfig(rho=1.0) if settings.start == "eva" else None,
    )
    torch.manual_seed(settings.seed)
    try:
        with _quiet_peft():
            tuned = get_peft_model(model, config)
    except ValueError as error:
        known = sorted({name.rsplit(".", 1)[-1] for name, part in model.named_modules() if _is_linear(part)})
        raise CurationError(
            f"No layer of the base model is called '{settings.targets}'.",
            f"Set targets to all-linear, or to some of: {', '.join(known)}.",
        ) from error
    for parameter in trainable(tuned):
        parameter.data = parameter.data.float()
    if settings.start == "eva":
        start_from_data(tuned, examples, settings)
    if settings.start == "pissa":
        tuned.__dict__["first_weights"] = adapter_weights(tuned)
    return tuned


def trainable(model: Any) -> list[Any]:
    """Return the parameters that are trained, in the model's order."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def fold_adapters(model: Any) -> int:
    """Let every narrow linear layer with an adapter compute with the folded weight; returns how many do.

    Only layers without dropout, bias of the adapter or a variant of LoRA are folded; the others stay as they are.
    """
    from peft.tuners.lora import Linear

    folded = 0
    layers: list[Any] = [layer for layer in model.modules() if isinstance(layer, Linear)]
    for layer in layers:
        if layer.active_adapters != ["default"] or not _is_linear(layer.base_layer):
            continue
        plain = not layer.lora_variant and layer.lora_A["default"].bias is None and layer.lora_B["default"].bias is None
        dropped = getattr(layer.lora_dropout["default"], "p", 0.0) > 0
        if plain and not dropped and max(layer.base_layer.weight.shape) <= FOLD_WIDTH:
            layer.forward = _folded_forward(layer)
            folded += 1
    return folded


def save_adapter(
    model: Any, folder: Path, base: str, weights: dict[str, Any] | None = None, tokenizer: Any = None
) -> str:
    """Write an adapter folder in one step: a reader finds the old one or the new one, never half of it.

    Args:
        model: the model with the adapter.
        folder: where it goes; an older adapter there is replaced.
        base: name of the base model, as in the settings.
        weights: adapter weights to write instead of those in the model (names as in `adapter_weights`).
        tokenizer: goes beside a fully fine-tuned model.

    Returns:
        SHA-256 of the weights file.
    """
    from safetensors.torch import save_file

    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    identity = {"base": portable_name(base), "base_sha256": base_fingerprint(base)}
    (fresh / "base.json").write_text(json.dumps(identity, indent=2) + "\n", "utf-8")
    if not hasattr(model, "peft_config"):
        return _save_model(model, fresh, folder, weights, tokenizer)
    config = model.peft_config["default"].to_dict()
    config["base_model_name_or_path"] = portable_name(base)
    config["inference_mode"] = True
    if isinstance(config.get("target_modules"), set | list):
        config["target_modules"] = sorted(config["target_modules"])
    if config.get("eva_config"):  # of use at the start alone; loading must not ask for data again
        config |= {"eva_config": None, "init_lora_weights": True}
    tensors = weights if weights is not None else adapter_weights(model)
    if hasattr(model, "first_weights"):
        tensors = _against_first(tensors, model.first_weights)
        growth = math.sqrt(2) if config["use_rslora"] else 2
        config |= {"r": 2 * config["r"], "lora_alpha": growth * config["lora_alpha"], "init_lora_weights": True}
    config = json.loads(json.dumps(config, default=_plain))
    (fresh / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", "utf-8")
    save_file(_file_names(tensors), fresh / WEIGHTS)
    replace_folder(fresh, folder)
    return hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()


def _file_names(weights: dict[str, Any]) -> dict[str, Any]:
    """Name weights as peft's file does."""
    return {name if name == SOFT_PROMPT else f"base_model.model.{name}": tensor for name, tensor in weights.items()}


def replace_folder(fresh: Path, folder: Path) -> None:
    """Put a finished folder in another's place; the old one is removed last."""
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.replace(folder, old)
    os.replace(fresh, folder)
    shutil.rmtree(old, ignore_errors=True)


def adapter_weights(model: Any) -> dict[str, Any]:
    """Copy the adapter's weights to the CPU, named as in peft's file without its first two parts."""
    from peft import get_peft_model_state_dict

    if not hasattr(model, "peft_config"):
        return {name: parameter.detach().cpu().clone() for name, parameter in model.named_parameters()}
    return {
        name.removeprefix("base_model.model."): tensor.detach().cpu().clone().contiguous()
        for name, tensor in get_peft_model_state_dict(model, save_embedding_layers=False).items()
    }


def put_weights(model: Any, weights: dict[str, Any]) -> None:
    """Put weights (names as in `adapter_weights`) into the model."""
    import torch
    from peft import set_peft_model_state_dict

    if hasattr(model, "peft_config"):
        set_peft_model_state_dict(model, _file_names(weights))
        return
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weights[name])


def _save_model(model: Any, fresh: Path, folder: Path, weights: dict[str, Any] | None, tokenizer: Any) -> str:
    """Write a fully fine-tuned model with its tokenizer; the weights in the model are put back as they were."""
    now = adapter_weights(model) if weights is not None else None
    if weights is not None:
        put_weights(model, weights)
    model.save_pretrained(fresh, max_shard_size="1000GB")
    if tokenizer is not None:
        tokenizer.save_pretrained(fresh)
    if now is not None:
        put_weights(model, now)
    replace_folder(fresh, folder)
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def _against_first(now: dict[str, Any], first: dict[str, Any]) -> dict[str, Any]:
    """Write what a PiSSA adapter adds to the unchanged weights as a plain adapter of twice the rank."""
    import torch

    joined = {}
    for name, tensor in now.items():
        if "lora_A" in name:
            joined[name] = torch.cat([tensor, first[name]], 0).contiguous()
        else:
            joined[name] = torch.cat([tensor, -first[name]], 1).contiguous()
    return joined


def load_adapter(model: Any, folder: Path, base: str, name: str = "default") -> Any:
    """Put a saved adapter on a base model (or on one that carries others) and make it the active one.

    A soft prompt does not stand beside others: those that the model carries are taken off.

    Raises:
        CurationError: no adapter there, one for another base, or one that does not fit.
    """
    check_adapter(folder, base)
    from peft import PeftModel

    with _quiet_peft(), _fitting(folder):
        if isinstance(model, PeftModel) and has_soft_prompt(model):
            model = model.get_base_model()
        elif isinstance(model, PeftModel) and is_soft_prompt(folder):
            model = model.unload()
        if isinstance(model, PeftModel):
            model.load_adapter(str(folder), adapter_name=name, is_trainable=False)
            model.set_adapter(name, inference_mode=True)
        else:
            model = PeftModel.from_pretrained(model, str(folder), adapter_name=name, is_trainable=False)
    return model.eval()


def continue_adapter(model: Any, folder: Path, settings: TrainSettings) -> Any:
    """Put a saved adapter on a base model to train it further; its shape stays what it is, its dropout is as set.

    Raises:
        CurationError: no adapter there, one for another base, or one that does not fit.
    """
    import torch

    check_adapter(folder, settings.base)
    from peft import LoraConfig, PeftModel

    torch.manual_seed(settings.seed)
    with _quiet_peft(), _fitting(folder):
        config = LoraConfig.from_pretrained(str(folder))
        config.lora_dropout = settings.dropout
        tuned = PeftModel.from_pretrained(model, str(folder), is_trainable=True, config=config)
    for parameter in trainable(tuned):
        parameter.data = parameter.data.float()
    return tuned


def check_adapter(folder: Path, base: str) -> None:
    """Refuse what is no adapter for a base model.

    Raises:
        CurationError: no adapter there, a damaged one, or one for another base.
    """
    remedy = ADAPTER_REMEDY
    if not (folder / "adapter_config.json").is_file() or not (folder / WEIGHTS).is_file():
        raise CurationError(f"There is no adapter in '{folder}'.", remedy)
    identity_path = folder / "base.json"
    try:
        identity = json.loads(identity_path.read_text("utf-8")) if identity_path.is_file() else {}
    except ValueError as error:
        raise CurationError(f"'{identity_path}' is damaged: {error}.", remedy) from error
    needed = identity.get("base_sha256", "")
    if needed and needed != base_fingerprint(base):
        raise CurationError(
            f"The adapter in '{folder.name}' was trained on another base model ({identity.get('base')}).", remedy
        )


@contextmanager
def _fitting(folder: Path) -> Iterator[None]:
    """Say of whatever peft raises that the adapter does not fit.

    Raises:
        CurationError: instead of peft's own errors.
    """
    from safetensors import SafetensorError

    try:
        yield
    except (RuntimeError, ValueError, KeyError, OSError, TypeError, SafetensorError) as error:
        detail = " ".join(str(error).split())[:300]
        message = f"The adapter in '{folder}' does not fit the base model: {detail}"
        raise CurationError(message, ADAPTER_REMEDY) from error


@contextmanager
def merged_adapter(model: Any, name: str = "default") -> Iterator[Any]:
    """Compute with the adapter added into the weights while the context lasts, then put back the base's exact bits.

    peft's own `unmerge` subtracts and leaves rounding behind; here the original weights are kept aside.
    """
    from peft.tuners.lora import Linear

    layers: list[Any] = [layer for layer in model.modules() if isinstance(layer, Linear)]
    originals = [layer.base_layer.weight.data for layer in layers]
    try:
        for layer in layers:
            layer.base_layer.weight.data = layer.base_layer.weight.data.clone()
            layer.merge(adapter_names=[name])
        yield model
    finally:
        for layer, original in zip(layers, originals, strict=True):
            layer.base_layer.weight.data = original
            layer.merged_adapters.clear()


@contextmanager
def _quiet_peft() -> Iterator[None]:
    """Silence two warnings: a property of transformers 5 by the name that it had before, and EVA's advice on memory."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "lora with eva initialization", UserWarning)
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        yield


def _folded_forward(layer: Any) -> Any:
    import torch

    down, up = layer.lora_A["default"].weight, layer.lora_B["default"].weight
    scale, base = layer.scaling["default"], layer.base_layer

    def forward(x: Any, *args: Any, **kwargs: Any) -> Any:
        weight = torch.addmm(base.weight, up, down, alpha=scale)
        return torch.nn.functional.linear(x, weight, base.bias)

    return forward


def _is_linear(part: Any) -> bool:
    import torch

    return isinstance(part, torch.nn.Linear)


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, set) else getattr(value, "value", str(value))
