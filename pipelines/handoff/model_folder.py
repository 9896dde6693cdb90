"""The adapter folder and the merged folder of a run.

Adapter: peft's files with a base name that others can resolve, its revision where the base came from the hub, and the
tokenizer files. Merged: adapter added into the weights in the precision that the model computes in here (float32 below
a billion parameters), with the base's own tokenizer files byte for byte and a configuration that transformers 4 and 5
read the same: 5 writes `rope_parameters` alone, which 4 passes over in silence.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from pipelines.errors import CurationError
from pipelines.handoff.gguf_tokenizer import chat_template
from pipelines.training.adapter import WEIGHTS, load_adapter
from pipelines.training.base import load_base
from pipelines.training.base_name import base_folder, portable_name

TOKENIZER_FILES = (
    *("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "merges.txt", "chat_template.jinja"),
)


def source_folder(base: str) -> Path:
    """Return the folder that a base model's files lie in, for a hub name that of its downloaded copy.

    Raises:
        CurationError: there is none.
    """
    folder = base_folder(base)
    if folder is None:
        from transformers.utils.hub import cached_file

        found = cached_file(base, "config.json", _raise_exceptions_for_missing_entries=False)
        folder = None if found is None else Path(found).parent
    if folder is None or not (folder / "config.json").is_file():
        raise CurationError(f"The files of the base model '{base}' are not on this machine.", "Load it once first.")
    return folder


def is_whole_model(tuned: Path) -> bool:
    """Say whether a run left a model of its own (full fine-tuning) and no adapter."""
    return (tuned / "config.json").is_file()


def load_tuned_model(tuned: Path, base: str) -> Any:
    """Return the model of a run: its own after full fine-tuning, else the base with its adapter.

    Raises:
        CurationError: it cannot be loaded.
    """
    return load_base(str(tuned))[0] if is_whole_model(tuned) else load_adapter(load_base(base)[0], tuned, base)


def write_adapter(adapter: Path, base: str, out: Path, base_name: str = "") -> str:
    """Copy an adapter for others; returns the name of the base that it holds.

    Args:
        adapter: a run's adapter folder.
        base: the run's base model.
        out: an existing folder.
        base_name: where others find the base; needed where the run's is a folder of this machine.
    """
    shutil.copyfile(adapter / WEIGHTS, out / WEIGHTS)
    if (adapter / "base.json").is_file():
        # The base's fingerprint, by which an adapter is never put on another base.
        shutil.copyfile(adapter / "base.json", out / "base.json")
    config = json.loads((adapter / "adapter_config.json").read_text("utf-8"))
    name = base_name or portable_name(base)
    config["base_model_name_or_path"] = name
    folder = source_folder(base)
    # A hub copy lies in …/snapshots/REVISION.
    if base_folder(base) is None and folder.parent.name == "snapshots" and not base_name:
        config["revision"] = folder.name
    _write_json(out / "adapter_config.json", config)
    copy_tokenizer(folder, out)
    return name


def write_merged(adapter: Path, base: str, out: Path) -> None:
    """Write base and adapter, or a fully tuned model, as one model that needs no peft.

    Args:
        adapter: a run's adapter folder, or its model folder after full fine-tuning.
        base: the run's base model.
        out: an existing folder.

    Raises:
        CurationError: the base or the adapter cannot be loaded.
    """
    from transformers.utils import logging as transformers_logging

    model = load_tuned_model(adapter, base)
    if not is_whole_model(adapter):
        model = model.merge_and_unload()
    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model.save_pretrained(out, max_shard_size="4GB")
    finally:
        if bars:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]
    folder = source_folder(base)
    held = json.loads((folder / "config.json").read_text("utf-8"))
    dtype = str(model.dtype).removeprefix("torch.")
    _write_json(out / "config.json", config_for_both(held, dtype))
    for name in ("generation_config.json",):
        if (folder / name).is_file():
            shutil.copyfile(folder / name, out / name)
    copy_tokenizer(folder, out)


def config_for_both(config: dict[str, Any], dtype: str) -> dict[str, Any]:
    """Return a configuration that says the rotary embedding and the precision in the words of transformers 4 and 5."""
    both = {**config, "dtype": dtype, "torch_dtype": dtype}
    rope = dict(config.get("rope_parameters") or {})
    if "rope_local_base_freq" in config or isinstance(rope.get("sliding_attention"), dict):
        both |= _two_ropes(config, rope)
    elif rope:
        both.setdefault("rope_theta", rope.get("rope_theta", 10000.0))
        if rope.get("rope_type", "default") != "default":
            scaling = {key: value for key, value in rope.items() if key != "rope_theta"}
            both.setdefault("rope_scaling", scaling)
    elif "rope_theta" in config:
        scaling = dict(config.get("rope_scaling") or {"rope_type": "default"})
        both["rope_parameters"] = {**scaling, "rope_theta": config["rope_theta"]}
    return both


def _two_ropes(config: dict[str, Any], rope: dict[str, Any]) -> dict[str, Any]:
    """Return both ways of saying that sliding and full attention turn differently (Gemma 3)."""
    full, sliding = dict(rope.get("full_attention") or {}), dict(rope.get("sliding_attention") or {})
    full = full or {"rope_type": "default", **(config.get("rope_scaling") or {})}
    full.setdefault("rope_theta", config.get("rope_theta", 1_000_000.0))
    sliding.setdefault("rope_type", "default")
    sliding.setdefault("rope_theta", config.get("rope_local_base_freq", 10_000.0))
    scaling = {key: value for key, value in full.items() if key != "rope_theta"}
    return {
        "rope_theta": full["rope_theta"],
        "rope_local_base_freq": sliding["rope_theta"],
        "rope_scaling": None if full.get("rope_type", "default") == "default" else scaling,
        "rope_parameters": {"full_attention": full, "sliding_attention": sliding},
    }


def copy_tokenizer(folder: Path, out: Path) -> None:
    """Copy tokenizer files; the chat template stands in both places where readers of either age look."""
    for name in TOKENIZER_FILES:
        if (folder / name).is_file():
            shutil.copyfile(folder / name, out / name)
    template = chat_template(out)
    held = json.loads((out / "tokenizer_config.json").read_text("utf-8"))
    if template and not (out / "chat_template.jinja").is_file():
        (out / "chat_template.jinja").write_text(template, "utf-8")
    config = tokenizer_config_for_both(held)
    if template and not config.get("chat_template"):
        config["chat_template"] = template
    if config != held:
        _write_json(out / "tokenizer_config.json", config)


def tokenizer_config_for_both(config: dict[str, Any]) -> dict[str, Any]:
    """Return a tokenizer's configuration in words that transformers 4 knows too: 5 calls class and tokens otherwise."""
    both = dict(config)
    if both.get("tokenizer_class") == "TokenizersBackend":
        both["tokenizer_class"] = "PreTrainedTokenizerFast"
    if isinstance(both.get("extra_special_tokens"), list):
        both.setdefault("additional_special_tokens", both["extra_special_tokens"])
        del both["extra_special_tokens"]
    return both


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
