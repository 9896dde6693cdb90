"""What a run's record says beside its settings: versions, hardware, hashes of tokenizer and data.

Not covered: the base model's own hash (`base.py`).
"""

import hashlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LIBRARIES = ("torch", "transformers", "peft", "tokenizers", "safetensors", "numpy", "finetuning-workbench")


def library_versions() -> dict[str, str]:
    """Return the version of Python and of each library that has a part in a run's outcome."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def hardware(device: str) -> dict[str, Any]:
    """Return what the run computes on; `capability` names the vector instructions that torch uses."""
    import torch

    gpu = torch.cuda.get_device_name() if device == "cuda" else ""
    capability = torch.backends.cpu.get_cpu_capability()
    return {"device": device, "machine": platform.machine(), "capability": capability, "gpu": gpu}


def tokenizer_fingerprint(tokenizer: Any) -> str:
    """Hash a fast tokenizer: vocabulary, merges, normalisation, special tokens."""
    return hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode("utf-8", "surrogatepass")).hexdigest()


def data_fingerprint(folder: Path) -> str:
    """Hash the files that a run was trained and validated on."""
    digest = hashlib.sha256()
    for name in ("train.jsonl", "validation.jsonl"):
        path = folder / "data" / name
        digest.update(path.read_bytes() if path.is_file() else b"")
        digest.update(b"\0")
    return digest.hexdigest()


def dataset_version(folder: Path) -> str:
    """Return the dataset version that a run's folder names; empty where it names none."""
    try:
        return str(json.loads((folder / "data" / "version.json").read_text("utf-8"))["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
