"""Handing off a run in the background, and the words for what was made."""

import shlex
from typing import Any

from pipelines.progress import Progress
from workbench.app.watching import run_in_background
from workbench.app.writing import folder_to_write
from workbench.handing_off import HandoffReport
from workbench.project import Project

HANDOFF = "handoff"


def start_handoff(project: Project, run_id: str, folder: str, target: str, base_name: str) -> None:
    """Hand off in the background.

    Raises:
        CurationError: no folder is named, or a team shares the app and it is not one of the project's own.
    """
    out = folder_to_write(project, folder)

    def work(progress: Progress) -> HandoffReport:
        return project.handing_off.hand_off(run_id, out, target, base_name=base_name.strip(), progress=progress)

    run_in_background(project, HANDOFF, "Handing off", work)


def quoted(path: object) -> str:
    """Return a path as a shell takes it."""
    return shlex.quote(str(path))


def runs_with_adapter(project: Project) -> list[str]:
    """Return the runs that can be handed off: those on curated data first, the newest of each first."""
    ended = [run for run in project.training.runs() if run.state in ("finished", "cancelled")]
    return [run.run_id for run in sorted(ended, key=lambda run: run.data != "curated")]


def file_rows(report: HandoffReport) -> list[dict[str, Any]]:
    """Return the files that were written with their hashes."""
    return [{"file": name, "sha256": sha256} for name, sha256 in report.files.items()]


def outcome(report: HandoffReport) -> str:
    """Say what was written and how it answered when it was loaded again."""
    if report.same_answers is None:
        return f"Written to {report.folder}. Its files are hashed; llama.cpp is not asked here."
    return (
        f"Written to {report.folder}. Loaded again: {report.same_answers} of {report.probes} answers are the same,"
        f" logits differ by {report.largest_difference:.2g} at most."
    )
