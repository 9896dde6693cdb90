"""A merged model folder of the Llama architecture as GGUF, with 16 or 8 bits a weight.

Method: tensors get llama.cpp's names; the rows of the query and key projections are put into the order that its rotary
embedding expects (pairs side by side instead of halves); vectors stay float32. Checked before any work: architecture,
activation, kind of rotary scaling, tokenizer.

Source: llama.cpp, `convert_hf_to_gguf.py`, class LlamaModel.
Not covered: other architectures, experts, 4-bit blocks (`llama-quantize` makes them of the 16-bit file).
"""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.errors import CurationError
from pipelines.handoff.gguf_file import F16, F32, Q8_0, Tensor, UInt, storage_kind, write_gguf
from pipelines.handoff.gguf_tokenizer import tokenizer_metadata
from pipelines.progress import Progress, no_progress

BITS = {16: (F16, 1, "f16"), 8: (Q8_0, 7, "q8_0")}
_NAMES = {
    "input_layernorm.weight": "attn_norm.weight",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm.weight": "ffn_norm.weight",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_REMEDY = "Hand off the merged folder (--target merged) and convert it with llama.cpp's own converter."


def check_architecture(config: dict[str, Any]) -> None:
    """Refuse what cannot be written, by the model's config.json.

    Raises:
        CurationError: says what of it.
    """
    kind, names = config.get("model_type"), config.get("architectures") or ["LlamaForCausalLM"]
    if kind != "llama" or names != ["LlamaForCausalLM"]:
        raise CurationError(f"GGUF is written for the Llama architecture; this model is {kind} ({names[0]}).", _REMEDY)
    if config.get("hidden_act", "silu") != "silu":
        raise CurationError(f"llama.cpp's Llama has the activation silu, not {config['hidden_act']}.", _REMEDY)
    rope = _rope(config)[1]
    if rope not in ("default", "linear", "llama3"):
        raise CurationError(f"The rotary scaling '{rope}' cannot be written as GGUF here.", _REMEDY)


def write_model(folder: Path, path: Path, bits: int = 16, *, name: str = "", progress: Progress = no_progress) -> None:
    """Write a model folder as one GGUF file.

    Args:
        folder: of a whole model (adapter merged): config.json, *.safetensors, tokenizer.
        path: of the file.
        bits: 16 or 8 a weight.
        name: of the model.
        progress: told after each tensor.

    Raises:
        CurationError: what `check_architecture` refuses, an unknown tokenizer, or a number of bits that is neither.
    """
    if bits not in BITS:
        raise CurationError(f"There is no GGUF of {bits} bits here.", "Choose 16 or 8; llama-quantize makes others.")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    check_architecture(config)
    kind, file_type, _ = BITS[bits]
    tensors = _tensors(folder, config, kind)
    metadata = {
        "general.architecture": "llama",
        "general.name": name or folder.name,
        "general.file_type": UInt(file_type),
        "general.quantization_version": UInt(2),
        **_model_metadata(config),
        **tokenizer_metadata(folder, config["vocab_size"]),
    }
    done = 0

    def told(tensor: Tensor) -> Callable[[], np.ndarray]:
        def values() -> np.ndarray:
            nonlocal done
            done += 1
            progress(done / len(tensors), f"writing {path.name}")
            return tensor.values()

        return values

    write_gguf(path, metadata, [Tensor(t.name, t.shape, t.kind, told(t)) for t in tensors])


def _rope(config: dict[str, Any]) -> tuple[float, str, dict[str, Any]]:
    """Return base frequency, kind of scaling and its numbers, as transformers 4 and 5 write them."""
    held = {**(config.get("rope_scaling") or {}), **(config.get("rope_parameters") or {})}
    base = float(held.get("rope_theta", config.get("rope_theta", 10000.0)))
    return base, str(held.get("rope_type", held.get("type", "default"))), held


def _head(config: dict[str, Any]) -> tuple[int, int, int]:
    """Return heads, key-value heads and the width of one."""
    heads = config["num_attention_heads"]
    return heads, config.get("num_key_value_heads") or heads, config.get("head_dim") or config["hidden_size"] // heads


def _model_metadata(config: dict[str, Any]) -> dict[str, Any]:
    heads, key_heads, width = _head(config)
    base, kind, scaling = _rope(config)
    found: dict[str, Any] = {
        "llama.block_count": UInt(config["num_hidden_layers"]),
        "llama.context_length": UInt(config["max_position_embeddings"]),
        "llama.embedding_length": UInt(config["hidden_size"]),
        "llama.feed_forward_length": UInt(config["intermediate_size"]),
        "llama.attention.head_count": UInt(heads),
        "llama.attention.head_count_kv": UInt(key_heads),
        "llama.attention.key_length": UInt(width),
        "llama.attention.value_length": UInt(width),
        "llama.attention.layer_norm_rms_epsilon": float(config["rms_norm_eps"]),
        "llama.rope.dimension_count": UInt(width),
        "llama.rope.freq_base": base,
        "llama.vocab_size": UInt(config["vocab_size"]),
    }
    if kind == "linear":
        found |= {"llama.rope.scaling.type": "linear", "llama.rope.scaling.factor": float(scaling["factor"])}
    return found


def _tensors(folder: Path, config: dict[str, Any], kind: int) -> list[Tensor]:
    from safetensors import safe_open

    heads, key_heads, width = _head(config)
    found: dict[str, Tensor] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118 - the file is no mapping
                shape = tuple(file.get_slice(name).get_shape())
                written = _name(name)
                turned = heads if ".attn_q." in written else key_heads if ".attn_k." in written else 0
                values = _reader(path, name, turned)
                found[written] = Tensor(written, shape, storage_kind(shape, kind), values)
    if config.get("tie_word_embeddings"):
        found.pop("output.weight", None)
    base, scaled, scaling = _rope(config)
    if scaled == "llama3":
        factors = llama3_factors(base, width, scaling)
        found["rope_freqs.weight"] = Tensor("rope_freqs.weight", factors.shape, F32, lambda: factors)
    return list(found.values())


def _name(name: str) -> str:
    short = name.removeprefix("model.")
    whole = {"embed_tokens.weight": "token_embd.weight", "norm.weight": "output_norm.weight"}
    if short in whole or name == "lm_head.weight":
        return whole.get(short, "output.weight")
    _, _, rest = short.partition("layers.")
    number, _, part = rest.partition(".")
    for theirs, ours in _NAMES.items():
        if part == theirs or part.startswith(f"{theirs}."):
            return f"blk.{number}.{ours}{part.removeprefix(theirs)}"
    raise CurationError(f"The model has a tensor '{name}' that llama.cpp's Llama does not have.", _REMEDY)


def _reader(path: Path, name: str, heads: int) -> Callable[[], np.ndarray]:
    from safetensors import safe_open

    def values() -> np.ndarray:
        with safe_open(path, framework="pt") as file:
            array: np.ndarray = file.get_tensor(name).float().numpy()
        return paired(array, heads) if heads else array

    return values


def paired(rows: np.ndarray, heads: int) -> np.ndarray:
    """Put the rows of each head from two halves into pairs side by side."""
    half = rows.shape[0] // heads // 2
    return rows.reshape(heads, 2, half, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def llama3_factors(base: float, width: int, scaling: dict[str, Any]) -> np.ndarray:
    """Return by what each rotary frequency is divided in Llama 3.1's scaling, (width / 2,) float32.

    Source: transformers `_compute_llama3_parameters`.
    """
    frequencies = 1.0 / base ** (np.arange(0, width, 2) / width)
    low, high = float(scaling["low_freq_factor"]), float(scaling["high_freq_factor"])
    longest = float(scaling["original_max_position_embeddings"])
    factors = []
    for frequency in frequencies:
        wave = 2 * math.pi / frequency
        smooth = min(1.0, max(0.0, (longest / wave - low) / (high - low)))
        factors.append(1 / ((1 - smooth) / float(scaling["factor"]) + smooth))
    return np.asarray(factors, np.float32)
