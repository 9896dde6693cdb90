"""Learning the reviewers' taste and listing the likely problems, in the background: both read every example."""

from typing import Any

from pipelines.progress import Progress, part_of
from workbench.app.watching import run_in_background
from workbench.project import Project

WORK = "taste"


def start_learning(project: Project) -> None:
    """Learn from the decisions so far, then list what would most likely be dropped.

    Raises:
        CurationError: it is being learned or listed already.
    """

    def work(progress: Progress) -> Any:
        reports = project.tasting.learn(progress=part_of(progress, 0.0, 0.9))
        # Who decides among several has a list too; the page shows everybody's.
        return project.tasting.likely_problems() if reports[0].likely_drops else None

    run_in_background(project, WORK, "Learning from the decisions", work)


def start_listing(project: Project) -> None:
    """List what would most likely be dropped, by what was last learned.

    Raises:
        CurationError: it is being learned or listed already.
    """
    run_in_background(
        project,
        WORK,
        "Looking for the nearest decided examples",
        lambda progress: project.tasting.likely_problems(progress=progress),
    )
