"""What differs between two runs: settings, training data, results.

The data are those of the runs' own folders, so the comparison holds whatever the project has become since. An example
that was removed counts as edited where one that was added was made from it.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.examples import canonical_messages, example_id_of
from workbench.run_view import RunView
from workbench.store.store import Store

RESULTS = (
    "state",
    "steps",
    "best_step",
    "base_validation_loss",
    "best_validation_loss",
    "final_loss",
    "reward_margin",
    "preference_accuracy",
    "kl_task",
    "kl_general",
    "general_loss_after",
    "tokens",
    "seconds",
    "adapter_sha256",
)
# What else of the record decides the outcome, and may differ.
RECORD = ("base_sha256", "base_revision", "tokenizer_sha256", "template_sha256", "version")


@dataclass(frozen=True)
class RunComparison:
    """Differences of two runs. Each of `settings`, `record`, `results` maps a name to (old, new)."""

    old: str
    new: str
    settings: dict[str, tuple[Any, Any]]
    record: dict[str, tuple[Any, Any]]
    results: dict[str, tuple[Any, Any]]
    added: list[str]
    removed: list[str]
    edited: list[tuple[str, str]]
    """Pairs of the example's id in the old run and in the new one."""


def compare_runs(store: Store, folder: Path, old: RunView, new: RunView) -> RunComparison:
    """Compare two runs.

    Args:
        store: knows which example was made from which.
        folder: the folder of all runs.
        old: a run.
        new: another run.
    """
    before, after = (_example_ids(folder / run.run_id) for run in (old, new))
    added, removed = sorted((after - before).elements()), sorted((before - after).elements())
    parents = store.examples.with_ids(added).select("example_id", "parent_id").rows() if added else []
    gone = set(removed)
    edited = sorted({(parent, child) for child, parent in parents if parent in gone})
    return RunComparison(
        old.run_id,
        new.run_id,
        _differing(old.settings, new.settings, sorted({*old.settings, *new.settings} - {"reason"})),
        _differing(_record(old), _record(new), RECORD),
        _differing(old.result or {}, new.result or {}, RESULTS),
        [example for example in added if example not in {child for _, child in edited}],
        [example for example in removed if example not in {parent for parent, _ in edited}],
        edited,
    )


def _differing(old: dict[str, Any], new: dict[str, Any], names: Any) -> dict[str, tuple[Any, Any]]:
    return {name: (old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)}


def _record(run: RunView) -> dict[str, Any]:
    result = run.result or {}
    versions = {f"version of {name}": value for name, value in result.get("versions", {}).items()}
    return {**result, **versions, "version": run.version}


def _example_ids(folder: Path) -> Counter[str]:
    """Count the examples of a run's training file by id."""
    path = folder / "data" / "train.jsonl"
    if not path.is_file():
        return Counter()
    with path.open(encoding="utf-8") as file:
        return Counter(example_id_of(canonical_messages(json.loads(line)["messages"])) for line in file)
