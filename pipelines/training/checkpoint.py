"""Checkpoints: all that a run needs to go on as if it had never stopped.

A checkpoint is a folder `checkpoints/step-000120/` with `tensors.safetensors` (adapter, optimiser moments, best adapter
so far, random state) and `state.json` (step, losses, the fingerprint of settings and data). It is written beside and
renamed when complete, so a killed trainer leaves the ones before it whole. No pickles.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import CurationError
from pipelines.training.adapter import replace_folder

KEEP = 3


@dataclass(frozen=True)
class Checkpoint:
    """One checkpoint as it was read back."""

    tensors: dict[str, Any]
    state: dict[str, Any]


def write_checkpoint(folder: Path, step: int, tensors: dict[str, Any], state: dict[str, Any]) -> None:
    """Write a checkpoint under `folder` and remove all but the newest three."""
    from safetensors.torch import save_file

    fresh = folder / f".new-{step:06d}"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    save_file(
        {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, fresh / "tensors.safetensors"
    )
    (fresh / "state.json").write_text(json.dumps(state), "utf-8")
    for name in ("tensors.safetensors", "state.json"):
        with (fresh / name).open("rb") as file:
            os.fsync(file.fileno())
    replace_folder(fresh, folder / f"step-{step:06d}")
    for old in checkpoint_folders(folder)[:-KEEP]:
        shutil.rmtree(old, ignore_errors=True)


def checkpoint_folders(folder: Path) -> list[Path]:
    """Return the checkpoints under a folder, oldest first."""
    if not folder.is_dir():
        return []
    found = [path for path in folder.glob("step-*") if path.name[5:].isdigit()]
    return sorted(found, key=lambda path: int(path.name[5:]))


def read_checkpoint(folder: Path, fingerprint: str) -> Checkpoint | None:
    """Read the newest checkpoint that is whole; None if there is none.

    Raises:
        CurationError: it belongs to other settings or data.
    """
    from safetensors.torch import load_file

    for path in reversed(checkpoint_folders(folder)):
        try:
            state = json.loads((path / "state.json").read_text("utf-8"))
            tensors = load_file(path / "tensors.safetensors")
        except Exception:  # damaged in whatever way: the one before it is tried
            continue
        if state.get("fingerprint") != fingerprint:
            raise CurationError(
                f"The checkpoint '{path.name}' belongs to other settings, data or base model than the run has now.",
                "Start a new run, or put the run's settings and data back as they were.",
            )
        return Checkpoint(tensors, state)
    return None
