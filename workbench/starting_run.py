"""The run that preference training goes on with: whether it can, and the shape that its adapter has."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.errors import CurationError
from workbench.run_view import RunView


def check_starting_run(run: RunView, adapter: Path, base: str, version: str) -> None:
    """Refuse a run that preference training cannot or must not go on with.

    Args:
        run: the run.
        adapter: its adapter folder.
        base: the base model of the run that would follow.
        version: the current dataset version.

    Raises:
        CurationError: it is under way, has no LoRA adapter, is on another base, or learned from another version.
    """
    if run.state not in {"finished", "cancelled"}:
        raise CurationError(f"{run.run_id} is {run.state}.", "Wait for it, or start from another run.")
    if (adapter / "config.json").is_file():
        raise CurationError(
            f"{run.run_id} tuned all weights and has no adapter to go on with.",
            f"Take its model as the base: --base {adapter}",
        )
    if adapter_shape(adapter) is None:
        raise CurationError(
            f"{run.run_id} is no LoRA run (method {run.method}).", "Start from a LoRA run, or from the base model."
        )
    if run.base != base:
        raise CurationError(f"{run.run_id} is on the base model '{run.base}', not on '{base}'.", f"--base {run.base}")
    if run.version != version:
        raise CurationError(
            f"{run.run_id} was trained on another dataset version: it may know examples of this one's test split.",
            "Train again on the current version, and start from that run.",
        )


def runs_to_start_from(runs: Sequence[RunView], version: str) -> list[RunView]:
    """Return the runs whose adapter preference training on a dataset version can go on with, in their order."""
    fitting = [run for run in runs if run.method in ("lora", "dpo") and run.version == version]
    return [run for run in fitting if run.state in ("finished", "cancelled")]


def adapter_shape(adapter: Path) -> dict[str, Any] | None:
    """Return the settings of a LoRA adapter's shape: rank, alpha, targets, rslora, dora; None for another adapter.

    An adapter that is saved from PiSSA has an alpha that is no whole number; it is told as the nearest.
    """
    path = adapter / "adapter_config.json"
    config = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    if config.get("peft_type") != "LORA":
        return None
    targets = config["target_modules"]
    return {
        "rank": config["r"],
        "alpha": round(config["lora_alpha"]),
        "targets": targets if isinstance(targets, str) else ",".join(targets),
        "rslora": bool(config.get("use_rslora")),
        "dora": bool(config.get("use_dora")),
    }
