"""Back up a project as one file, and make a project of such a file again.

The file is a ZIP archive: `backup.json` (what is in it, with the SHA-256 of each file) and the project's files. The
database in it is a consistent copy of one moment; work may go on meanwhile. Restoring trusts nothing in the archive:
each name, size and hash is checked, and the project appears whole or not at all.

Not covered: the embedding cache (it is computed again) and copies of earlier schemas.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from pipelines.errors import CurationError
from pipelines.progress import Progress, no_progress
from workbench.files import replaced_file, replaced_folder, sha256_of, tidy
from workbench.store.store import Store

DATABASE = "workbench.duckdb"
CONTENTS = "backup.json"
KIND = "finetuning-workbench-backup"
PARTS = ("runs", "evaluations", "exports")
FOLDERS = (*PARTS, "cache")
# A restored project may be at most this large unless more is allowed: a small archive can unpack to anything.
MOST_BYTES = 200 * 2**30
MOST_FILES = 1_000_000
_BLOCK = 1 << 20


@dataclass(frozen=True)
class BackupReport:
    """What a backup holds."""

    file: Path
    files: int
    bytes: int
    sha256: str
    parts: list[str]
    left_out: list[str]


@dataclass(frozen=True)
class RestoreReport:
    """What was restored."""

    folder: Path
    files: int
    bytes: int
    made_at: str


class Backup:
    """Writes a project into one file."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder

    def write(self, out: Path, parts: Collection[str] = PARTS, progress: Progress = no_progress) -> BackupReport:
        """Write the project into one file; it appears whole or not at all.

        Args:
            out: the file; an earlier one is replaced.
            parts: which of runs, evaluations and exports are taken along.
            progress: told how far it is.

        Raises:
            CurationError: an unknown part, a folder in the file's place, a place within the project's own parts, or
                the disk is full.
        """
        out = out.expanduser().absolute()
        _check_parts(parts)
        if out.is_dir():
            raise CurationError(f"{out} is a folder, not a file.", "Name the file, such as my-project.zip.")
        if any(out.is_relative_to(self._folder / part) for part in FOLDERS):
            raise CurationError(f"{out} lies within the project's own files.", "Choose a place outside of them.")
        left_out: list[str] = []
        files = [path for part in PARTS if part in parts for path in _files_in(self._folder / part, left_out)]
        with replaced_file(out) as draft, self._database_copy(out) as copy:
            progress(0.1, "copied the database")
            entries: dict[str, dict[str, Any]] = {}
            with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                todo = [(DATABASE, copy), *((str(path.relative_to(self._folder).as_posix()), path) for path in files)]
                for place, (name, path) in enumerate(todo):
                    progress(0.1 + 0.9 * place / len(todo), f"packing {name}")
                    entry = _pack(archive, name, path)
                    if entry is None:
                        left_out.append(f"{name} (gone meanwhile)")
                    else:
                        entries[name] = entry
                contents = {
                    "kind": KIND,
                    "format": 1,
                    "project": self._folder.name,
                    "made_at": self._store.now().isoformat(timespec="seconds"),
                    "schema": self._store.schema,
                    "parts": [part for part in PARTS if part in parts],
                    "left_out": left_out,
                    "files": entries,
                }
                archive.writestr(CONTENTS, json.dumps(contents, indent=1, ensure_ascii=False))
        progress(1.0, f"backed up to {out}")
        total = sum(int(entry["bytes"]) for entry in entries.values())
        taken = [part for part in PARTS if part in parts]
        return BackupReport(out, len(entries), total, sha256_of(out), taken, left_out)

    @contextmanager
    def _database_copy(self, out: Path) -> Iterator[Path]:
        """Copy the database beside the backup, as it is at this moment; a copy that a kill left there is removed."""
        copy = out.with_name(f".{out.name}.database.0.draft")
        for left in (out.name, f"{out.name}.database", copy.name):
            tidy(out.parent, left)
        try:
            try:
                self._store.copy_to(copy)
            except CurationError as error:
                raise CurationError(error.message.replace(str(copy), str(out)), error.remedy) from None
            yield copy
        finally:
            copy.unlink(missing_ok=True)


def restore(
    file: Path, folder: Path, *, most_bytes: int = MOST_BYTES, progress: Progress = no_progress
) -> RestoreReport:
    """Make a project of a backup; the folder appears whole or not at all.

    Args:
        file: a backup.
        folder: where the project is to be; must not exist, or be empty.
        most_bytes: refuse what unpacks to more.
        progress: told how far it is.

    Raises:
        CurationError: no backup, a folder that is not empty, a file in it that climbs out, is a link, is too large, or
            is not what its hash says; the disk is full.
    """
    folder = folder.expanduser().absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CurationError(f"{folder} is there already and not empty.", "Choose a new folder for the project.")
    try:
        with zipfile.ZipFile(file) as archive:
            contents = _contents(archive, file)
            listed = contents["files"]
            _check_names(archive, listed, file)
            total = sum(int(entry["bytes"]) for entry in listed.values())
            if total > most_bytes:
                raise CurationError(
                    f"{file} unpacks to {total:,} bytes; the limit is {most_bytes:,}.",
                    "Restore it only if you trust its maker; then allow more with --most-bytes.",
                )
            _check_room(folder, total)
            with replaced_folder(folder) as draft:
                for part in FOLDERS:
                    (draft / part).mkdir()
                for place, (name, entry) in enumerate(listed.items()):
                    progress(place / len(listed), f"unpacking {name}")
                    _unpack(archive, name, entry, draft / name, file)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise CurationError(f"{file} is no whole backup: {error}.", "Take another copy of the file.") from error
    except FileNotFoundError:
        raise CurationError(f"There is no file {file}.", "Give the path of a backup.") from None
    except OSError as error:
        raise CurationError(f"{file} cannot be read: {error.strerror or error}.", "Check the file.") from error
    progress(1.0, f"restored to {folder}")
    return RestoreReport(folder, len(listed), total, str(contents.get("made_at", "")))


def _check_parts(parts: Collection[str]) -> None:
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        raise CurationError(f"'{unknown[0]}' is no part of a project.", f"Choose from: {', '.join(PARTS)}.")


def _files_in(folder: Path, left_out: list[str]) -> Iterator[Path]:
    """Yield a part's files in order; links and unfinished files stay out, and the links are named."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            left_out.append(f"{path.relative_to(folder.parent).as_posix()} (a link)")
        elif path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def _pack(archive: zipfile.ZipFile, name: str, path: Path) -> dict[str, Any] | None:
    """Write a file into the archive, hashing what was written; None when it is gone (an old checkpoint)."""
    try:
        with path.open("rb") as source:
            digest, size = hashlib.sha256(), 0
            info = zipfile.ZipInfo.from_file(path, name, strict_timestamps=False)
            info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w", force_zip64=True) as target:
                while block := source.read(_BLOCK):
                    digest.update(block)
                    size += len(block)
                    target.write(block)
    except FileNotFoundError:
        return None
    return {"sha256": digest.hexdigest(), "bytes": size}


def _contents(archive: zipfile.ZipFile, file: Path) -> dict[str, Any]:
    try:
        with archive.open(CONTENTS) as stream:
            contents = json.loads(stream.read(256 * _BLOCK))
        if contents["kind"] != KIND or not isinstance(contents["files"], dict) or DATABASE not in contents["files"]:
            raise ValueError
        for entry in contents["files"].values():
            int(entry["bytes"]), str(entry["sha256"])
    except (KeyError, ValueError, TypeError, AttributeError):
        raise CurationError(
            f"{file} is no backup of a project.", "Give a file that `workbench backup` wrote."
        ) from None
    if contents.get("format") != 1:
        raise CurationError(f"{file} was made by a newer workbench.", "Update the workbench, then restore it.")
    return dict(contents)


def _check_names(archive: zipfile.ZipFile, listed: dict[str, Any], file: Path) -> None:
    """Refuse an archive whose entries are not exactly the listed files, each once, within the project's own folders."""
    names = [info.filename for info in archive.infolist()]
    if len(names) > MOST_FILES:
        raise CurationError(f"{file} holds {len(names):,} files; the limit is {MOST_FILES:,}.", "Check the file.")
    if sorted(names) != sorted([*listed, CONTENTS]):
        raise CurationError(f"{file} does not hold what it says.", "Take another copy of the file.")
    for info in archive.infolist():
        name, path = info.filename, PurePosixPath(info.filename)
        climbs = path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name
        strange = name not in (DATABASE, CONTENTS) and path.parts[:1] not in [(part,) for part in PARTS]
        if climbs or strange or path.as_posix() != name or stat.S_ISLNK(info.external_attr >> 16):
            raise CurationError(
                f"{file} holds '{name[:200]}', which is no file of a project.", "Restore only files that you trust."
            )


def _check_room(folder: Path, total: int) -> None:
    parent = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(parent).free
    if total > free:
        raise CurationError(
            f"The project needs {total:,} bytes; {free:,} are free on the disk of {folder}.", "Free some space."
        )


def _unpack(archive: zipfile.ZipFile, name: str, entry: dict[str, Any], target: Path, file: Path) -> None:
    """Write one file, no more of it than listed, and check its hash."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    stream: IO[bytes]
    with archive.open(name) as stream, target.open("xb") as written:
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > int(entry["bytes"]):
                break
            digest.update(block)
            written.write(block)
    if size != int(entry["bytes"]) or digest.hexdigest() != entry["sha256"]:
        raise CurationError(
            f"'{name}' in {file} is not what was backed up.", "The file is damaged: take another copy of it."
        )
