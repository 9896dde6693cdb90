"""Backing a project up in the background, from the app that has it open."""

from pathlib import Path

from pipelines.errors import CurationError
from pipelines.progress import Progress
from workbench.app.watching import run_in_background
from workbench.backup import PARTS, BackupReport
from workbench.project import Project

BACKUP = "backup"


def start_backup(project: Project, file: str, with_runs: bool) -> None:
    """Back up in the background.

    Args:
        project: the project.
        file: where the backup goes.
        with_runs: take trained adapters, evaluations and exports along; the data and decisions alone are small.

    Raises:
        CurationError: no file is named, or a backup is being made.
    """
    if not file.strip():
        raise CurationError("No file is named.", "Type the file that the backup goes to, such as my-project.zip.")

    def work(progress: Progress) -> BackupReport:
        return project.backup.write(Path(file.strip()), PARTS if with_runs else (), progress)

    run_in_background(project, BACKUP, "Backing up", work)


def backup_place(project: Project) -> str:
    """Return where a backup goes when nobody says otherwise: beside the project's folder."""
    return str(project.folder.with_name(f"{project.folder.name}-backup.zip"))
