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
from workbench.app.gate import is_shared
from workbench.app.watching import run_in_background
from workbench.files import replaced_file
from workbench.importing import ImportReport, Preview
from workbench.project import Project

WORK = "import"
LONGEST_NAME = 120
MAPPED_FIELDS = ("prompt", "completion", "system", "messages", "chosen", "rejected")
# What may be evened out in the messages, in the page's words.
NORMALISE = {
    "unicode": "Unicode: é is one character",
    "white-space": "White space: line ends, blanks at ends of lines",
    "keys": "Spelling of keys and roles",
}


def waiting_files(project: Project, uploads: Sequence[Any] | None, typed: str) -> list[Path]:
    """Return the files to import: uploads, written into the project's cache, and typed paths, one a line.

    Raises:
        CurationError: a typed path is not there, or a team shares the app.
    """
    if typed.strip() and is_shared():
        raise CurationError("This workbench reads no files of its machine.", "Upload the file.")
    paths = [_stored(project, upload) for upload in uploads or []]
    for line in typed.splitlines():
        if not line.strip():
            continue
        path = Path(line.strip()).expanduser()
        if not path.exists():
            raise CurationError(f"There is no file {path}.", "Type a path on the machine that runs the app.")
        paths.append(path)
    return paths


def preview_of(
    project: Project, path: Path, role: str, mapping: Mapping[str, str], normalise: Sequence[str] = ()
) -> Preview:
    """Return the preview of a file, read again only when the file or a choice has changed; two are kept.

    Raises:
        CurationError: the file cannot be read.
    """
    stat = path.stat()
    key = (str(path), stat.st_mtime_ns, stat.st_size, role, tuple(sorted(mapping.items())), tuple(normalise))
    kept: dict[Any, Preview] = st.session_state.setdefault("import-previews", {})
    if key not in kept:
        while len(kept) > 1:
            kept.pop(next(iter(kept)))
        kept[key] = project.importing.preview(path, mapping=dict(mapping), role=role, normalise=normalise)
    return kept[key]


def source_of(paths: Sequence[Path], typed: str) -> str:
    """Return the source that an import goes by: what was typed, else the name of the first file or folder."""
    return typed.strip() or (paths[0].resolve().name if paths[0].is_dir() else paths[0].stem)


def files_of(paths: Sequence[Path]) -> dict[str, Path]:
    """Return the files that paths stand for, folders opened, by a name to show.

    Raises:
        CurationError: a folder holds nothing to read, or leads out of itself.
    """
    from pipelines.formats.folder import files_in, shown_name

    return {shown_name(file, path): file for path in paths for file in files_in(path)}


def rejected_lines(project: Project) -> bytes:
    """Return every line that could not be read as JSON Lines: file, line, column, reason, remedy, raw."""
    return project.importing.rejected(limit=project.importing.rejected_count()).write_ndjson().encode()


def start_import(
    project: Project,
    paths: Sequence[Path],
    role: str,
    source: str,
    mapping: Mapping[str, str],
    normalise: Sequence[str] = (),
) -> None:
    """Import files in the background; uploads are removed when they are in."""

    def work(progress: Progress) -> ImportReport:
        report = project.importing.import_files(
            list(paths),
            role=role,
            source=source.strip() or None,
            mapping=dict(mapping),
            progress=progress,
            normalise=normalise,
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
        with replaced_file(path) as draft:
            draft.write_bytes(upload.getbuffer())
        written[upload.file_id] = str(path)
    return path
