"""Files on their way in: where an upload waits, and the preview of what an import would read.

An upload is written into the project's cache until it is imported, then removed: the project keeps each line's raw text
anyway. Its name comes from the browser and is untrusted: only its last part is used.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import streamlit as st

from pipelines.errors import CurationError
from pipelines.progress import Progress
from workbench.app.watching import run_in_background
from workbench.importing import ImportReport, Preview
from workbench.project import Project

WORK = "import"
LONGEST_NAME = 120
MAPPED_FIELDS = ("prompt", "completion", "system", "messages")


def waiting_files(project: Project, uploads: Sequence[Any] | None, typed: str) -> list[Path]:
    """Return the files to import: uploads, written into the project's cache, and typed paths, one a line.

    Raises:
        CurationError: a typed path is no file.
    """
    paths = [_stored(project, upload) for upload in uploads or []]
    for line in typed.splitlines():
        if not line.strip():
            continue
        path = Path(line.strip()).expanduser()
        if not path.is_file():
            raise CurationError(f"There is no file {path}.", "Type a path on the machine that runs the app.")
        paths.append(path)
    return paths


def preview_of(project: Project, path: Path, format: str, role: str, mapping: Mapping[str, str]) -> Preview:
    """Return the preview of a file, read again only when the file or a choice has changed.

    Raises:
        CurationError: the file cannot be read.
    """
    stat = path.stat()
    key = (str(path), stat.st_mtime_ns, stat.st_size, format, role, tuple(sorted(mapping.items())))
    found: tuple[Any, Preview] | None = st.session_state.get("import-preview")
    if found is None or found[0] != key:
        found = (key, project.importing.preview(path, format=format, mapping=dict(mapping), role=role))
        st.session_state["import-preview"] = found
    return found[1]


def start_import(
    project: Project, paths: Sequence[Path], role: str, format: str, source: str, mapping: Mapping[str, str]
) -> None:
    """Import files in the background; uploads are removed when they are in."""

    def work(progress: Progress) -> ImportReport:
        report = project.importing.import_files(
            list(paths),
            role=role,
            format=format,
            source=source.strip() or None,
            mapping=dict(mapping),
            progress=progress,
        )
        for path in paths:
            if path.parent == _folder(project):
                path.unlink(missing_ok=True)
        return report

    run_in_background(project, WORK, "Importing", work)


def _folder(project: Project) -> Path:
    return Path(project.folder) / "cache" / "uploads"


def _stored(project: Project, upload: Any) -> Path:
    name = PureWindowsPath(PurePosixPath(str(upload.name)).name).name.lstrip(".")[-LONGEST_NAME:] or "upload"
    path = _folder(project) / name
    written: dict[str, str] = st.session_state.setdefault("uploads-written", {})
    if written.get(upload.file_id) != str(path) or not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(upload.getbuffer())
        written[upload.file_id] = str(path)
    return path
