"""Measuring how hard the examples are for the base model, in the background: a model reads each of them twice."""

from typing import Any

from pipelines.progress import Progress
from workbench.app.watching import run_in_background
from workbench.project import Project

WORK = "difficulty"


def start_measuring(project: Project, base: str, sample: int) -> None:
    """Measure a sample of the examples with a base model.

    Raises:
        CurationError: it is being measured already.
    """
    chosen = {"difficulty.base": base.strip() or "default", "difficulty.sample": sample}

    def work(progress: Progress) -> Any:
        return project.curation.curate(["difficulty"], chosen, progress)

    run_in_background(project, WORK, "Measuring difficulty", work)
