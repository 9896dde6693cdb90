"""The whole loop on the sample data, through the same public functions as any project.

A demo that was stopped goes on: imports and stages that are done are not repeated, runs are resumed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from pipelines.errors import CurationError
from pipelines.progress import Progress
from workbench import sample
from workbench.project import DATABASE, Project
from workbench.results import Results
from workbench.training import Data, RunView

if TYPE_CHECKING:
    from pipelines.training.settings import TrainSettings

WHO = "demo"
Say = Callable[[str], None]


@dataclass
class DemoReport:
    """What the demo did, in figures."""

    project: Path
    seconds: float = 0.0
    steps: dict[str, Any] = field(default_factory=dict)
    verdict: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """Return plain figures."""
        return {"project": self.project, "seconds": self.seconds, **self.steps, "verdict": self.verdict}


def run_demo(folder: Path, *, say: Say, progress: Progress, clock: Callable[[], float] = perf_counter) -> DemoReport:
    """Import, curate, apply the suggestions, split, export, train twice, compare on the test split.

    Args:
        folder: of the demo's project; made when it is not there.
        say: told each step's result in one line.
        progress: told how far each step is.
        clock: seconds that pass.

    Raises:
        CurationError: the sample data is missing, or the folder belongs to something else.
    """
    if not sample.TRAIN.is_file() or not (sample.BASE_MODEL / "model.safetensors").is_file():
        raise CurationError(
            f"The sample data is not complete: {sample.FOLDER} lacks files.", "Install the workbench again."
        )
    begin = clock()
    exists = (folder / DATABASE).exists()
    report = DemoReport(folder.absolute())
    with Project.open(folder) if exists else Project.create(folder) as project:
        prepare_demo(project, report, say, progress)
        runs = _train(project, report, say, progress)
        results = _compare(project, runs, report, say, progress)
    report.seconds = clock() - begin
    report.verdict = results.verdict
    say("")
    for line in results.verdict:
        say(line)
    say(f"The demo took {report.seconds:.0f} seconds. Its project is {report.project}")
    return report


def prepare_demo(
    project: Project, report: DemoReport, say: Say, progress: Progress, data: Path = sample.FOLDER
) -> None:
    """Import, curate, apply the suggestions, split and export; what is done already is not repeated.

    Args:
        project: where to.
        report: gets the figures.
        say: told each step's result in one line.
        progress: told how far each step is.
        data: folder with train.jsonl, production.jsonl and general.jsonl.
    """
    for role in ("train", "production", "general"):
        imported = project.importing.import_files([data / f"{role}.jsonl"], role, progress=progress)
        report.steps.setdefault("imported", {})[role] = {"accepted": imported.accepted, "rejected": imported.rejected}
        say(f"Imported {imported.accepted:,} lines as {role}; {imported.rejected:,} could not be read.")
    curated = project.curation.curate(progress=progress)
    report.steps["stages"] = {stage.stage: {"seconds": stage.seconds, **stage.figures} for stage in curated.stages}
    for stage in curated.stages:
        figures = ", ".join(f"{name} {_short(value)}" for name, value in stage.figures.items())
        say(f"  {stage.stage}: {figures}")
    applied = project.curation.apply_suggestions(WHO)
    funnel = project.overview.funnel()
    report.steps["decided"] = {"kept": funnel.kept, "dropped": funnel.dropped, "left for review": funnel.pending}
    if applied.batch is not None:
        say(
            f"Applied the suggestions: {funnel.kept:,} kept, {funnel.dropped:,} dropped,"
            f" {funnel.pending:,} left for a person."
        )
    current = project.splitting.current()
    if current is None:
        project.splitting.split(progress=progress)
        current = project.splitting.current()
    if current is not None:
        report.steps["split"] = current.counts
        passed = "no leak found" if current.certificate.get("passed") else "leaks found"
        say("Split: " + ", ".join(f"{name} {count:,}" for name, count in current.counts.items()) + f" ({passed}).")
    exported = project.exporting.export(project.folder / "exports" / "demo", "chat", progress)
    report.steps["exported"] = {split: str(path) for split, (path, _, _) in exported.files.items()}
    say(f"Exported to {exported.folder}.")


def settings_of_equal_steps(project: Project, seed: int = 0) -> dict[Data, TrainSettings]:
    """Return the two runs' settings: raw data has more rows and gets fewer passes, so that the steps are equal."""
    curated = project.training.settings({"seed": seed})
    share = project.training.example_count("curated") / project.training.example_count("raw")
    return {"curated": curated, "raw": curated.model_copy(update={"epochs": curated.epochs * share})}


def _train(project: Project, report: DemoReport, say: Say, progress: Progress) -> list[RunView]:
    """Train on curated and on raw data, both at once: each run uses one core."""
    known = {run.data: run for run in reversed(project.training.runs())}
    for data, settings in settings_of_equal_steps(project).items():
        run = known.get(data)
        if run is None:
            project.training.start(settings, data)
        elif run.state in {"failed", "cancelled"}:
            project.training.resume(run.run_id)
    started = {run.data: run.run_id for run in reversed(project.training.runs())}
    runs = [project.training.wait(started[data], progress) for data in ("curated", "raw")]
    for run in runs:
        loss = "" if run.best_loss is None else f", validation loss {run.best_loss:.3f}"
        say(f"Trained on {run.data} data: {run.train_examples:,} examples{loss}.")
    report.steps["runs"] = {
        run.data: {"run_id": run.run_id, "examples": run.train_examples, "result": run.result} for run in runs
    }
    return runs


def _compare(project: Project, runs: list[RunView], report: DemoReport, say: Say, progress: Progress) -> Results:
    evaluations = [view for view in project.comparing.evaluations() if view.split == "test"]
    if evaluations and evaluations[0].state in {"failed", "cancelled"}:
        project.comparing.resume(evaluations[0].evaluation)
    evaluation = (
        evaluations[0].evaluation
        if evaluations
        else project.comparing.start([run.run_id for run in runs], "test", who=WHO)
    )
    project.comparing.wait(evaluation, progress)
    results = project.comparing.results(evaluation, progress)
    say(f"Compared on {results.examples:,} held-out examples.")
    report.steps["metrics"] = results.metrics.to_dicts()
    report.steps["differences"] = results.differences.to_dicts()
    for row in results.metrics.filter(results.metrics["metric"].is_in(["json_exact", "chrf"])).iter_rows(named=True):
        say(f"  {row['metric']:<12}{row['variant']:<18}{row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}]")
    return results


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
