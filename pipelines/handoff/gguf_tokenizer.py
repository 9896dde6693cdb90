"""A fast tokenizer as GGUF metadata: tokens, their types, scores or merges, and the chat template.

Two kinds are known: byte-pair encoding with byte fallback on text whose blanks are U+2581 (llama.cpp's `llama`), whose
merges become scores (a token's score is minus the rank of the merge that makes it, so the best merge goes first in
both); and byte-level byte-pair encoding (`gpt2`) with a splitting rule that llama.cpp knows by name.

Source: llama.cpp, `convert_hf_to_gguf.py` and `src/llama-vocab.cpp`.
"""

import json
import re
from pathlib import Path
from typing import Any

from pipelines.errors import CurationError
from pipelines.handoff.gguf_file import UInt

_NORMAL, _UNKNOWN, _CONTROL, _USER_DEFINED, _UNUSED, _BYTE = 1, 2, 3, 4, 5, 6
_BYTE_TOKEN = re.compile(r"<0x[0-9A-F]{2}>")
_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
# Splitting rules of byte-level tokenizers that llama.cpp knows, by its name for them.
_RULES = {
    _CONTRACTIONS + r"\p{N}{1,3}" + _REST: "llama-bpe",
    _CONTRACTIONS + r"\p{N}" + _REST: "qwen2",
}
_REMEDY = "Hand off the merged folder instead (--target merged), or convert it with llama.cpp's own converter."
_MARK = re.compile(r"\{%(-?)\s*(end)?generation\s*(-?)%\}")


def tokenizer_metadata(folder: Path, vocabulary: int) -> dict[str, Any]:
    """Return the metadata of a model folder's tokenizer.

    Args:
        folder: with tokenizer.json, tokenizer_config.json and config.json.
        vocabulary: rows of the model's embedding.

    Raises:
        CurationError: a tokenizer that llama.cpp does not know.
    """
    whole = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    config = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    model = whole["model"]
    if model.get("type") != "BPE":
        raise CurationError(f"A tokenizer of kind {model.get('type')} cannot be written as GGUF.", _REMEDY)
    merges = [" ".join(merge) if isinstance(merge, list) else merge for merge in model["merges"]]
    byte_level = "ByteLevel" in json.dumps([whole.get("pre_tokenizer"), whole.get("decoder")])
    if not byte_level and not model.get("byte_fallback"):
        raise CurationError("This tokenizer knows no bytes, which GGUF needs for unknown characters.", _REMEDY)
    tokens, types = _tokens(whole, vocabulary)
    found: dict[str, Any] = {"tokenizer.ggml.model": "gpt2" if byte_level else "llama"}
    if byte_level:
        found |= {"tokenizer.ggml.pre": _rule(whole["pre_tokenizer"]), "tokenizer.ggml.merges": merges}
    else:
        found |= {
            "tokenizer.ggml.pre": "default",
            "tokenizer.ggml.scores": _scores(tokens, merges),
            "tokenizer.ggml.add_space_prefix": _adds_blank(whole),
        }
    found |= {"tokenizer.ggml.tokens": tokens, "tokenizer.ggml.token_type": types}
    found |= _special_ids(tokens, config, folder)
    if template := chat_template(folder):
        found["tokenizer.chat_template"] = without_marks(template)
    return found


def chat_template(folder: Path) -> str:
    """Return a model folder's chat template, or ''."""
    if (folder / "chat_template.jinja").is_file():
        return (folder / "chat_template.jinja").read_text("utf-8")
    held = json.loads((folder / "tokenizer_config.json").read_text("utf-8")).get("chat_template") or ""
    if isinstance(held, list):
        held = next((entry["template"] for entry in held if entry.get("name") == "default"), "")
    return str(held)


def without_marks(template: str) -> str:
    """Replace the marks of what is trained, which only transformers knows; blanks around them are treated the same."""
    return _MARK.sub(lambda mark: f"{{%{mark[1]} {'endif' if mark[2] else 'if true'} {mark[3]}%}}", template)


def _tokens(whole: dict[str, Any], vocabulary: int) -> tuple[list[str], list[int]]:
    tokens = [f"[UNUSED{place}]" for place in range(vocabulary)]
    types = [_UNUSED] * vocabulary
    unknown = whole["model"].get("unk_token")
    for token, place in whole["model"]["vocab"].items():
        if place < vocabulary:
            tokens[place] = token
            types[place] = _BYTE if _BYTE_TOKEN.fullmatch(token) else _NORMAL
    for added in whole.get("added_tokens", []):
        if added["id"] < vocabulary:
            tokens[added["id"]] = added["content"]
            types[added["id"]] = _CONTROL if added["special"] else _USER_DEFINED
    if unknown in tokens:
        types[tokens.index(unknown)] = _UNKNOWN
    return tokens, types


def _scores(tokens: list[str], merges: list[str]) -> list[float]:
    ranks: dict[str, int] = {}
    for rank, merge in enumerate(merges):
        ranks.setdefault(merge.replace(" ", ""), rank)
    return [-float(ranks.get(token, 0)) for token in tokens]


def _adds_blank(whole: dict[str, Any]) -> bool:
    parts = json.dumps([whole.get("normalizer"), whole.get("pre_tokenizer")])
    return '"Prepend"' in parts or '"prepend_scheme": "always"' in parts or '"prepend_scheme": "first"' in parts


def _rule(pre_tokenizer: dict[str, Any]) -> str:
    parts = pre_tokenizer.get("pretokenizers", [pre_tokenizer])
    kinds = [part["type"] for part in parts]
    if kinds == ["ByteLevel"] and parts[0].get("use_regex", True):
        return "gpt-2"
    if kinds == ["Digits", "ByteLevel"] and parts[0].get("individual_digits") and parts[1].get("use_regex", True):
        return "smollm"
    if kinds == ["Split", "ByteLevel"] and (name := _RULES.get(parts[0]["pattern"].get("Regex", ""))):
        return name
    raise CurationError("llama.cpp has no name for the rule by which this tokenizer splits text.", _REMEDY)


def _special_ids(tokens: list[str], config: dict[str, Any], folder: Path) -> dict[str, Any]:
    model = json.loads((folder / "config.json").read_text("utf-8"))
    place_of = {token: place for place, token in enumerate(tokens)}
    found: dict[str, Any] = {}
    for name, key in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding")):
        token = config.get(f"{name}_token")
        token = token.get("content") if isinstance(token, dict) else token
        place = place_of.get(token) if token else None
        if place is None and isinstance(held := model.get(f"{name}_token_id"), int):
            place = held
        if place is not None:
            found[f"tokenizer.ggml.{key}_token_id"] = UInt(place)
    begins = _begins_with(folder, found.get("tokenizer.ggml.bos_token_id"))
    return {**found, "tokenizer.ggml.add_bos_token": begins, "tokenizer.ggml.add_eos_token": False}


def _begins_with(folder: Path, bos: int | None) -> bool:
    from tokenizers import Tokenizer

    ids = Tokenizer.from_file(str(folder / "tokenizer.json")).encode("a").ids
    return bos is not None and bool(ids) and ids[0] == bos
