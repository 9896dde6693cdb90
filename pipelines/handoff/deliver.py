"""Make what serves a tuned model, as one folder, and check later that it still answers the same.

    hf      adapter folder for peft, with the base's name
    merged  one model that needs no adapter
    gguf    for llama.cpp: 16 and 8 bits a weight
    ollama  8-bit GGUF with a Modelfile of the training template
    vllm    adapter folder with the command lines of vLLM and TGI

Each folder holds `probes.json`: what base and adapter answered when it was made.
"""

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import CurationError
from pipelines.handoff.gguf_model import BITS, check_architecture, write_model
from pipelines.handoff.gguf_tokenizer import tokenizer_metadata
from pipelines.handoff.llama_cpp_answers import has_llama_cpp, same_answers
from pipelines.handoff.model_card import CardFacts, model_card
from pipelines.handoff.model_folder import (
    is_whole_model,
    load_tuned_model,
    source_folder,
    write_adapter,
    write_merged,
)
from pipelines.handoff.modelfile import frames_of, modelfile
from pipelines.handoff.probes import Comparison, compare_probes, record_probes
from pipelines.handoff.serving import check_served, serving_notes
from pipelines.progress import Progress, no_progress
from pipelines.training.adapter import load_adapter
from pipelines.training.base import load_base
from pipelines.training.base_name import EMBEDDED_BASE
from pipelines.training.soft_prompt import refuse_soft_prompt

TARGETS = {
    "hf": "Adapter folder for peft and the hub",
    "merged": "Merged model folder for transformers",
    "gguf": "GGUF for llama.cpp, 16 and 8 bits",
    "ollama": "GGUF and Modelfile for Ollama",
    "vllm": "Adapter folder with command lines for vLLM and TGI",
}
PROBES = "probes.json"
# Largest difference of logits at which two computations of the same float32 weights still count as the same.
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Delivered:
    """What was made: the base's name in it, and how it compares with base and adapter where it was reloaded."""

    base: str
    comparison: Comparison | None


def check_target(target: str, adapter: Path, base: str) -> None:
    """Refuse before any work what cannot be handed off.

    Raises:
        CurationError: an unknown target, an architecture or tokenizer that GGUF does not have, a chat template that
            Ollama's language cannot say, an adapter that vLLM does not serve, a soft prompt where weights are needed,
            a fully tuned model where an adapter is.
    """
    if target not in TARGETS:
        raise CurationError(f"There is no target '{target}'.", f"Choose one of: {', '.join(TARGETS)}.")
    if target in ("hf", "vllm") and is_whole_model(adapter):
        raise CurationError(
            f"The target {target} is an adapter; full fine-tuning changes all weights and leaves a model.",
            "Hand off the model (--target merged): transformers, vLLM and TGI load its folder as it is.",
        )
    if target != "hf":
        refuse_soft_prompt(adapter, f"The target {target}")
    if target in ("gguf", "ollama"):
        folder = source_folder(base)
        config = json.loads((folder / "config.json").read_text("utf-8"))
        check_architecture(config)
        tokenizer_metadata(folder, config["vocab_size"])
    if target == "ollama":
        from transformers import AutoTokenizer

        frames_of(AutoTokenizer.from_pretrained(source_folder(base), local_files_only=True))
    if target == "vllm":
        check_served(adapter)


def deliver(
    target: str,
    adapter: Path,
    base: str,
    facts: CardFacts,
    out: Path,
    *,
    base_name: str = "",
    progress: Progress = no_progress,
) -> Delivered:
    """Make a hand-off.

    Args:
        target: one of `TARGETS`.
        adapter: a run's adapter folder, or its model folder after full fine-tuning.
        base: the run's base model.
        facts: for the model card.
        out: an existing, empty folder.
        base_name: where others find the base; the run's own name where it is not given.
        progress: told the steps.

    Raises:
        CurationError: what `check_target` refuses, or a base or adapter that cannot be loaded.
    """
    check_target(target, adapter, base)
    progress(0.05, "asking base and adapter")
    _, tokenizer = load_base(base)
    tuned = load_tuned_model(adapter, base)
    probes = record_probes(tuned, tokenizer)
    (out / PROBES).write_text(json.dumps(probes, indent=1) + "\n", "utf-8")
    config = tuned.config.get_text_config()
    longest = int(getattr(config, "max_position_embeddings", 2048))
    comparison = None
    name = base_name or facts.base
    if target in ("hf", "vllm"):
        folder = out if target == "hf" else out / "adapter"
        folder.mkdir(exist_ok=True)
        name = write_adapter(adapter, base, folder, base_name)
        if target == "vllm":
            notes = serving_notes(name, {facts.run: "./adapter"}, check_served(adapter), longest)
            (out / "SERVE.md").write_text(notes, "utf-8")
        comparison = _check_adapter(folder, base, probes)
    elif target == "merged":
        progress(0.3, "merging")
        write_merged(adapter, base, out)
        comparison = compare_probes(load_base(str(out))[0], probes)
    else:
        _write_ggufs(target, adapter, base, out, facts, frames_of(tokenizer) if target == "ollama" else None, longest)
    kind = {"hf": "adapter", "vllm": "adapter", "merged": "merged"}.get(target, "gguf")
    (out / "README.md").write_text(model_card(facts, kind), "utf-8")
    progress(1.0, f"made {target}")
    return Delivered(name, comparison)


def _write_ggufs(target: str, adapter: Path, base: str, out: Path, facts: CardFacts, frames: Any, longest: int) -> None:
    with tempfile.TemporaryDirectory(dir=out.parent) as place:
        merged = Path(place) / "merged"
        merged.mkdir()
        write_merged(adapter, base, merged)
        for bits in BITS if target == "gguf" else (8,):
            write_model(merged, out / f"model-{BITS[bits][2]}.gguf", bits, name=facts.run)
        if frames is not None:
            config = json.loads((merged / "tokenizer_config.json").read_text("utf-8"))
            end = config.get("eos_token")
            end = end.get("content") if isinstance(end, dict) else end
            stops = [text for text in (end, frames.assistant[1].strip()) if text]
            comment = f"ollama create {facts.run} -f Modelfile\nThe template is the one that the run was trained with."
            text = modelfile("model-q8_0.gguf", frames, stops=stops, context=longest, comment=comment)
            (out / "Modelfile").write_text(text, "utf-8")


def check_delivered(folder: Path, target: str, base: str = "") -> tuple[Comparison | None, str]:
    """Load a hand-off again and compare its answers with what was recorded.

    Args:
        folder: of the hand-off.
        target: what it is.
        base: the base model for an adapter, as this machine knows it; the name in the adapter when not given.

    Returns:
        the comparison, None where nothing on this machine can load it, and what was done, in words.

    Raises:
        CurationError: it cannot be loaded.
    """
    probes = json.loads((folder / PROBES).read_text("utf-8"))
    if target in ("hf", "vllm"):
        adapter = folder if target == "hf" else folder / "adapter"
        held = json.loads((adapter / "adapter_config.json").read_text("utf-8"))
        name = held["base_model_name_or_path"]
        known = "default" if name == EMBEDDED_BASE else name
        return _check_adapter(adapter, base or known, probes), "base and adapter were loaded"
    if target == "merged":
        return compare_probes(load_base(str(folder))[0], probes), "the merged model was loaded"
    return _check_gguf(folder, probes)


def _check_adapter(folder: Path, base: str, probes: list[dict[str, Any]]) -> Comparison:
    model, _ = load_base(base)
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "adapter"
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.gguf", "README.md"))
        return compare_probes(load_adapter(model, copy, base), probes)


def _check_gguf(folder: Path, probes: list[dict[str, Any]]) -> tuple[Comparison | None, str]:
    """Ask llama.cpp where its Python package is installed."""
    if not has_llama_cpp():
        return None, "llama-cpp-python is not installed here, so only the files' hashes were checked"
    found = {path.name: same_answers(path, probes) for path in sorted(folder.glob("*.gguf"))}
    answered = {name: same for name, same in found.items() if isinstance(same, int)}
    told = [f"llama.cpp answered from {', '.join(answered)}"] if answered else []
    told += [f"{name} was not asked: {why}" for name, why in found.items() if isinstance(why, str)]
    compared = Comparison(len(probes) * len(answered), sum(answered.values()), 0.0) if answered else None
    return compared, "; ".join(told)
