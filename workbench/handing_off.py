"""Hand off a run's model to what serves or distributes it, and verify folders that were written by this workbench."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.errors import CurationError
from pipelines.progress import Progress, no_progress
from workbench.comparing import Comparing
from workbench.exporting import MANIFEST, files_of_export
from workbench.files import replaced_folder, sha256_of, write_text
from workbench.store.store import Store
from workbench.training import RunView, Training

if TYPE_CHECKING:
    from pipelines.handoff.push import PushPlan

HANDOFF = "handoff.json"


@dataclass(frozen=True)
class HandoffReport:
    """What was handed off; the comparison is None where nothing here can load it."""

    folder: Path
    target: str
    run_id: str
    base: str
    files: dict[str, str]
    same_answers: int | None
    probes: int
    largest_difference: float | None


@dataclass(frozen=True)
class VerifyReport:
    """What a check of a folder found: files that are missing or changed, and how its model answers."""

    folder: Path
    kind: str
    files: int
    problems: list[str]
    done: str
    same_answers: int | None
    probes: int
    largest_difference: float | None

    @property
    def passed(self) -> bool:
        """Whether nothing is missing or changed, and the answers are the same as far as they were compared."""
        return not self.problems


class HandingOff:
    """Makes hand-offs of runs."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._training = Training(store, folder)

    def targets(self) -> dict[str, str]:
        """Return what a run can be handed off as, with a title each."""
        from pipelines.handoff.deliver import TARGETS

        return TARGETS

    def hand_off(
        self, run_id: str, out: Path, target: str = "hf", *, base_name: str = "", progress: Progress = no_progress
    ) -> HandoffReport:
        """Write a folder that serves or distributes a run's model; it appears whole.

        Args:
            run_id: of a run with an adapter.
            out: a folder that is new, empty, or holds an earlier hand-off.
            target: hf, merged, gguf, ollama or vllm.
            base_name: where others find the base model, if its name here is a folder of this machine.
            progress: told the steps.

        Raises:
            CurationError: no such run, no adapter yet, a target that cannot carry this model, other files in the
                folder.
        """
        from pipelines.handoff.deliver import check_target, deliver

        run = self._training.run(run_id)
        adapter = self._training.adapter(run_id)
        out = out.expanduser().absolute()
        _check_folder(out)
        check_target(target, adapter, run.base)
        facts = self._facts(run, base_name)
        with replaced_folder(out) as draft:
            made = deliver(target, adapter, run.base, facts, draft, base_name=base_name, progress=progress)
            paths = sorted(path for path in draft.rglob("*") if path.is_file())
            files = {path.relative_to(draft).as_posix(): sha256_of(path) for path in paths}
            told = {
                "target": target,
                "run": run_id,
                "version": run.version,
                "base": made.base,
                "base_sha256": facts.base_sha256,
                "files": files,
            }
            write_text(draft / HANDOFF, json.dumps(told, indent=2) + "\n")
        compared = made.comparison
        return HandoffReport(
            folder=out,
            target=target,
            run_id=run_id,
            base=made.base,
            files=files,
            same_answers=compared.same_answers if compared else None,
            probes=compared.probes if compared else 0,
            largest_difference=compared.largest_difference if compared else None,
        )

    def _facts(self, run: RunView, base_name: str) -> Any:
        from pipelines.handoff.model_card import CardFacts
        from pipelines.training.base_name import portable_name

        metrics: list[dict[str, Any]] = []
        split, looks = "", 0
        for record in self._store.runs.evaluations():
            if run.run_id in record.runs.values() and self._store.runs.has_results(record.evaluation):
                results = Comparing(self._store, self._folder).results(record.evaluation)
                metrics, split, looks = results.metrics.to_dicts(), results.split, results.looks
                break
        return CardFacts(
            run=run.run_id,
            base=base_name or portable_name(run.base),
            base_sha256=str((run.result or {}).get("base_sha256", "")),
            version=run.version,
            data=run.data,
            examples=run.train_examples,
            settings=run.settings,
            result=run.result or {},
            metrics=metrics,
            split=split,
            looks=looks,
        )


def check_name(name: str) -> None:
    """Refuse what is no name of a repository on the Hugging Face Hub.

    Raises:
        CurationError: says what the name may hold.
    """
    from pipelines.handoff.push import check_name as check

    check(name)


def plan_push(folder: Path, name: str, *, private: bool) -> PushPlan:
    """List what of a hand-off would be sent to the Hugging Face Hub; sends nothing.

    Raises:
        CurationError: no such name is possible.
    """
    from pipelines.handoff.push import plan_push as plan

    return plan(folder, name, private=private)


def push(folder: Path, plan: PushPlan, api: Any = None) -> str:
    """Send what was planned to the Hugging Face Hub, with the Hub library's own token; returns its address.

    Raises:
        CurationError: nobody is logged in, or the Hub refuses.
    """
    from pipelines.handoff.push import push as send

    return send(folder, plan, api=api)


def verify_folder(folder: Path, base: str = "") -> VerifyReport:
    """Check an export or a hand-off against its own manifest; a hand-off is loaded and asked again.

    Args:
        folder: with `manifest.json` of an export or `handoff.json`.
        base: for an adapter, the base model as this machine knows it.

    Raises:
        CurationError: the folder holds neither, or its model cannot be loaded.
    """
    folder = folder.expanduser().absolute()
    name = HANDOFF if (folder / HANDOFF).is_file() else MANIFEST
    try:
        manifest = json.loads((folder / name).read_text("utf-8"))
        files = dict(manifest["files"]) if name == HANDOFF else files_of_export(manifest)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
        raise CurationError(
            f"{folder} holds no manifest of an export or a hand-off ({type(error).__name__}).",
            "Name a folder that `workbench export` or `workbench handoff` wrote.",
        ) from None
    problems = _changed(folder, files, name)
    if name == MANIFEST:
        problems += _wrong_counts(folder, manifest)
        return VerifyReport(folder, "export", len(files), problems, "files and rows were counted", None, 0, None)
    if problems:
        return VerifyReport(folder, manifest["target"], len(files), problems, "nothing was loaded", None, 0, None)
    from pipelines.handoff.deliver import TOLERANCE, check_delivered

    compared, done = check_delivered(folder, manifest["target"], base)
    if compared is not None and not compared.same and manifest["target"] not in ("gguf", "ollama"):
        problems.append(f"{compared.probes - compared.same_answers} of {compared.probes} answers differ")
    if compared is not None and compared.largest_difference > TOLERANCE:
        problems.append(f"logits differ by up to {compared.largest_difference:.2g}")
    return VerifyReport(
        folder,
        manifest["target"],
        len(files),
        problems,
        done,
        compared.same_answers if compared else None,
        compared.probes if compared else 0,
        compared.largest_difference if compared else None,
    )


def _changed(folder: Path, files: dict[str, str], own: str) -> list[str]:
    problems = []
    for name, sha256 in files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            problems.append(f"{name} lies outside the folder")
        elif not path.is_file():
            problems.append(f"{name} is missing")
        elif sha256_of(path) != sha256:
            problems.append(f"{name} was changed")
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return problems + [f"{name} is not in the manifest" for name in sorted(there - set(files) - {own})]


def _wrong_counts(folder: Path, manifest: dict[str, Any]) -> list[str]:
    """Compare rows in JSON Lines files with the manifest's; other files are held by their hash."""
    problems = []
    told: dict[str, int] = {}
    for entry in manifest["files"].values():
        told[entry["file"]] = told.get(entry["file"], 0) + int(entry["rows"])
    for name, rows in told.items():
        if not name.endswith(".jsonl") or not (folder / name).is_file():
            continue
        with (folder / name).open("rb") as file:
            there = sum(1 for _ in file)
        if there != rows:
            problems.append(f"{name} has {there:,} rows, the manifest says {rows:,}")
    return problems


def _check_folder(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise CurationError(f"{out} is a file, not a folder.", "Choose a folder.")
    if not out.is_dir() or not any(out.iterdir()):
        return
    try:
        own = {HANDOFF, *json.loads((out / HANDOFF).read_text("utf-8"))["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        own = set()
    there = {path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir()}
    if others := sorted(there - own):
        raise CurationError(
            f"The folder {out} holds other files, such as {others[0]}.",
            "Choose a new or an empty folder, or one that holds nothing but an earlier hand-off.",
        )
