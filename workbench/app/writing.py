"""Where pages may write: anywhere for one person at this machine, only into the project where a team shares the app."""

from pathlib import Path

from pipelines.errors import CurationError
from workbench.app.gate import is_shared
from workbench.project import Project


def folder_to_write(project: Project, folder: str) -> Path:
    """Return the folder that somebody typed.

    Raises:
        CurationError: no folder is named, or a team shares the app and it is not one of the project's own.
    """
    if not folder.strip():
        raise CurationError("No folder is named.", "Type the folder that the files go to.")
    out = Path(folder.strip()).expanduser()
    exports = Path(project.folder) / "exports"
    if is_shared() and not out.resolve().is_relative_to(exports.resolve()):
        raise CurationError("This workbench writes only into its project.", f"Name a folder in {exports}.")
    return out
