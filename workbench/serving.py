"""Serve a run's model to whatever speaks the OpenAI chat protocol, on this machine only.

The server is this project's own, on the standard library (`chat_server.py`). `transformers serve` (5.23) was tried for
it: it takes no adapter folder of a run ("Unrecognized processing class": the folder holds no tokenizer, and its base
need not be on the hub), answers /v1/models with a scan of the hub's cache (without one, as offline, with status 500)
instead of the model that it serves, insists on a folder's path as the model's name, and passes a temperature over.

Read are files of the run's folder; the project's database is not opened, so that the app can have it meanwhile.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import CurationError
from pipelines.progress import Progress, no_progress
from workbench.jobs.process import job_status
from workbench.jobs.settings import TrainJob, read_job
from workbench.run_prompts import training_examples, usual_system

if TYPE_CHECKING:
    from pipelines.generation.served import ServedModel

# Examples that a base model is shown where it answers in the place of the tuned one; as many as a comparison shows.
SHOTS = 3


@dataclass(frozen=True)
class Serving:
    """A loaded model and who it is: the tuned one, or the base with a prompt and why."""

    run_id: str
    base: str
    model: ServedModel
    fingerprint: str
    fallback: CurationError | None

    @property
    def answers(self) -> str:
        """Who answers, in words."""
        return "the tuned model" if self.fallback is None else "the base model with the project's prompt"


def load_run(project: Path, run_id: str, *, fallback: bool = True, progress: Progress = no_progress) -> Serving:
    """Load a run's model, or its base with a prompt where that cannot be loaded.

    Args:
        project: the project's folder.
        run_id: of a run that is over.
        fallback: whether the base may answer instead.
        progress: told what is being loaded.

    Raises:
        CurationError: no such project or run, one that is still going on, a base that cannot be loaded; without
            fallback also a tuned model that cannot.
    """
    from pipelines.generation.served import load_prompted, load_tuned

    folder = _run_folder(project, run_id)
    job = read_job(folder)
    if not isinstance(job, TrainJob):
        raise CurationError(f"'{run_id}' is no training run.", "Name a run of `workbench train`.")
    status = job_status(folder)
    if status is not None and not status.over:
        raise CurationError(f"The run {run_id} is still going on.", "Wait until it is over, or cancel it.")
    base = job.train.base
    try:
        progress(0.1, "Loading the tuned model")
        model = load_tuned(base, folder / "adapter")
        return Serving(run_id, base, model, f"tuned-{_adapter_hash(folder)}", None)
    except CurationError as error:
        if not fallback:
            raise
        progress(0.5, "Loading the base model in its place")
        examples = training_examples(folder)
        model = load_prompted(base, usual_system(examples), examples, SHOTS)
        return Serving(run_id, base, model, "base-prompted", error)


def _run_folder(project: Path, run_id: str) -> Path:
    runs = project.expanduser().absolute() / "runs"
    if not runs.is_dir():
        raise CurationError(f"{project} holds no project (no folder 'runs').", "Name a project's folder.")
    known = sorted(path.name for path in runs.iterdir() if (path / "settings.json").is_file())
    if run_id not in known:
        raise CurationError(f"There is no run '{run_id}'.", f"Runs of this project: {', '.join(known) or 'none yet'}.")
    return runs / run_id


def _adapter_hash(folder: Path) -> str:
    """Return the beginning of the adapter's hash as the run recorded it, or `unrecorded`."""
    try:
        return str(json.loads((folder / "result.json").read_text("utf-8"))["adapter_sha256"])[:12]
    except (OSError, ValueError, KeyError, TypeError):
        return "unrecorded"
