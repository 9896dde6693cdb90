"""Load a base model and its tokenizer, after checks that name what is wrong.

Safetensors only, no code from the model's folder (`trust_remote_code=False`), a chat template is needed, and the
tokenizer must fit the model's embedding. A fingerprint (SHA-256 over weights and tokenizer files) tells bases apart.

Not covered: several GPUs.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from pipelines.errors import CurationError
from pipelines.training.base_name import base_folder
from pipelines.training.quantised import prepared_base, quantisation

# Files whose content makes a base model what it is.
IDENTITY_FILES = ("config.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "chat_template.jinja")
LARGE_MODEL_PARAMETERS = 1_000_000_000
OTHER_MODEL = "Choose another base model; `default` is the embedded one."


def load_base(base: str = "default", *, device: str = "cpu", bits: int | None = None) -> tuple[Any, Any]:
    """Load a base model and its tokenizer, ready to be tuned or asked.

    Args:
        base: `default`, a hub name or a folder.
        device: `cpu` or `cuda`. On CPU a model below a billion parameters computes in float32, else in bfloat16.
        bits: 4 or 8 for a quantised base that an adapter is trained on (`quantised.py`).

    Returns:
        The model (evaluation mode, no gradients) and its tokenizer.

    Raises:
        CurationError: no such model, pickled weights, code of its own, no chat template, a tokenizer that does not fit.
    """
    folder = base_folder(base)
    if folder is not None:
        check_base_folder(folder)
    source = base if folder is None else str(folder)
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging as transformers_logging

    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    options: dict[str, Any] = {"trust_remote_code": False, "local_files_only": folder is not None}
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, **options)
        config = AutoConfig.from_pretrained(source, **options)
        if config.get_text_config() is not config:
            raise CurationError(f"'{base}' is not a model of text alone.", OTHER_MODEL)
        model: Any = AutoModelForCausalLM.from_pretrained(
            source, config=config, use_safetensors=True, low_cpu_mem_usage=True, **_precision(bits, device), **options
        )
    except CurationError:
        raise
    except Exception as error:  # whatever the loader raises about a folder or a name is about that folder or name
        raise _load_error(base, folder, error) from error
    finally:
        if bars:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]
    check_tokenizer(base, model, tokenizer)
    if bits is not None:
        return prepared_base(model), tokenizer
    parameters = sum(parameter.numel() for parameter in model.parameters())
    if device == "cuda" or parameters >= LARGE_MODEL_PARAMETERS:
        model = model.to(torch.bfloat16)
    return model.to(device).eval().requires_grad_(False), tokenizer


def _precision(bits: int | None, device: str) -> dict[str, Any]:
    import torch

    if bits is None:
        return {"dtype": torch.float32}
    return {"dtype": torch.bfloat16, "quantization_config": quantisation(bits), "device_map": {"": device}}


def load_outline(base: str = "default") -> tuple[Any, Any]:
    """Load a base model's structure without its weights (on the meta device), and its tokenizer.

    Raises:
        CurationError: as `load_base`, but for the weights' own content.
    """
    folder = base_folder(base)
    if folder is not None:
        check_base_folder(folder)
    source = base if folder is None else str(folder)
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    options: dict[str, Any] = {"trust_remote_code": False, "local_files_only": folder is not None}
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, **options)
        config = AutoConfig.from_pretrained(source, **options)
        with torch.device("meta"):
            model: Any = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
    except Exception as error:  # whatever the loader raises about a folder or a name is about that folder or name
        raise _load_error(base, folder, error) from error
    check_tokenizer(base, model, tokenizer)
    return model, tokenizer


def check_base_folder(folder: Path) -> None:
    """Refuse a folder that holds no model, or one that would have to be unpickled or run.

    Raises:
        CurationError: says what is missing or not wanted.
    """
    if not folder.is_dir():
        raise CurationError(f"There is no base model folder at '{folder}'.", OTHER_MODEL)
    config_path = folder / "config.json"
    if not config_path.is_file():
        raise CurationError(f"'{folder}' holds no model: config.json is missing.", OTHER_MODEL)
    try:
        config = json.loads(config_path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CurationError(f"'{config_path}' cannot be read: {error}.", OTHER_MODEL) from error
    if not isinstance(config, dict) or "model_type" not in config:
        raise CurationError(f"'{config_path}' names no model_type: this is no model of transformers.", OTHER_MODEL)
    if "auto_map" in config:
        raise CurationError(
            f"The model in '{folder}' needs Python code of its own to be run; that is refused.",
            "Use a model whose architecture transformers knows.",
        )
    if not any(folder.glob("*.safetensors")):
        pickled = sorted(path.name for pattern in ("*.bin", "*.pt", "*.pth") for path in folder.glob(pattern))
        if pickled:
            raise CurationError(
                f"The weights in '{folder}' are pickled ({pickled[0]}); a pickle can run any code and is refused.",
                "Convert them to safetensors, or use a model that ships safetensors.",
            )
        raise CurationError(f"'{folder}' holds no weights (*.safetensors).", OTHER_MODEL)
    if not any((folder / name).is_file() for name in ("tokenizer.json", "tokenizer.model", "vocab.json")):
        raise CurationError(f"'{folder}' holds no tokenizer.", "Put the tokenizer's files beside the weights.")


def check_tokenizer(base: str, model: Any, tokenizer: Any) -> None:
    """Refuse a tokenizer without chat template, without offsets, or with ids beyond the model's embedding.

    Raises:
        CurationError: says which.
    """
    if not getattr(tokenizer, "chat_template", None):
        raise CurationError(
            f"The tokenizer of '{base}' has no chat template, so it cannot be told where an answer begins.",
            "Use the instruction-tuned variant of the model, or add a chat_template.jinja to its folder.",
        )
    if not tokenizer.is_fast:
        raise CurationError(
            f"The tokenizer of '{base}' is a slow one that gives no offsets.", "Convert it to a tokenizer.json."
        )
    rows = model.get_input_embeddings().weight.shape[0]
    highest = max(tokenizer.get_vocab().values(), default=-1)
    if highest >= rows:
        raise CurationError(
            f"The tokenizer of '{base}' has token ids up to {highest}, its model knows {rows}: they do not match.",
            "Use the tokenizer that belongs to the model.",
        )


def base_fingerprint(base: str) -> str:
    """Hash what a base model in a folder is: weights, configuration, tokenizer. A hub name gives ''."""
    folder = base_folder(base)
    if folder is None:
        return ""
    digest = hashlib.sha256()
    names = [name for name in IDENTITY_FILES if (folder / name).is_file()]
    for path in [folder / name for name in names] + sorted(folder.glob("*.safetensors")):
        digest.update(path.name.encode())
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


def _load_error(base: str, folder: Path | None, error: Exception) -> CurationError:
    reason = " ".join(str(error).split())[:300] or type(error).__name__
    if folder is None:
        return CurationError(
            f"The base model '{base}' could not be loaded from the hub: {reason}",
            "Check the name and the connection; offline, give the folder of a downloaded model or use `default`.",
        )
    return CurationError(f"The base model in '{folder}' could not be loaded: {reason}", OTHER_MODEL)
