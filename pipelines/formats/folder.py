"""From what a person names to the files to read: a file is itself, a folder the files of examples in it.

    data_set/                             a folder that `datasets` saved to disk: the files that state.json names
      dataset_dict.json                   {"splits": ["train", "test"]}
      train/state.json, train/data-00000-of-00001.arrow, …
    data/train-00000-of-00002.parquet …   any other folder: every file whose name ends as data does, and those whose
                                          name says nothing but which begin as JSON, Parquet or Arrow do, by their names

Passed over, and listed: hidden files, files of other kinds (README.md, licences, pictures), and links to files of the
same folder, which are read under their own name. Refused: a link or a listed name that leads out of the folder, more
files, bytes or levels than the limits. Packed files have their own limit when they are read.
"""

import json
import mimetypes
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, Field

from pipelines.errors import CurationError
from pipelines.formats.detect import detect_container
from pipelines.formats.registry import FORMATS
from pipelines.formats.source import open_source

_PACKED = (".gz", ".zst", ".zstd", ".bz2", ".xz")
# Small texts that tools keep beside the data; they end as data does.
_BESIDE = {"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json", "metadata.json"}
# What is told by content alone; a table or a text could be anything.
_UNMISTAKABLE = ("jsonl", "json", "parquet", "arrow")
# Python's own list, so that no machine's settings change what is read.
_KINDS = mimetypes.MimeTypes()
_HEAD_BYTES = 1 << 20
_NO_DATA = ("readme", "license", "licence", "changelog", "requirements")


class FolderLimits(BaseModel, frozen=True, extra="forbid"):
    """How much a folder or an archive may hold."""

    max_files: int = Field(10_000, ge=1, description="Files in a folder or an archive.")
    max_bytes: int = Field(64 << 30, ge=1, description="Bytes of all its files together; of an archive, unpacked.")
    max_depth: int = Field(16, ge=1, description="Levels of folders.")


@dataclass(frozen=True)
class Found:
    """What there is to read.

    Attributes:
        files: in the order of reading.
        passed_over: names relative to the folder of what is not read, with the reason.
    """

    files: list[Path]
    passed_over: list[tuple[str, str]] = field(default_factory=list)


def files_in(path: Path, limits: FolderLimits | None = None) -> list[Path]:
    """Return the files of examples that a path stands for: itself, or those in the folder.

    Args:
        path: a file or a folder; whether a file can be read shows when it is read.
        limits: on number, bytes and depth.

    Returns:
        paths in the order of their names, those of a saved data set in its own order; at least one.

    Raises:
        CurationError: no such path, nothing to read in the folder, a link or name that leads out, a limit that is met.
    """
    return look_into(path, limits).files


def look_into(path: Path, limits: FolderLimits | None = None) -> Found:
    """Return what `files_in` does and what is passed over, with reasons.

    Raises:
        CurationError: as `files_in`.
    """
    limits = limits or FolderLimits()
    path = Path(path)
    if not path.is_dir():
        if not path.exists():
            raise CurationError(f"There is no file {path}.", "Check the path.")
        return Found([path])
    found = Found([])
    try:
        if (path / "dataset_dict.json").is_file():
            for split in _listed(path / "dataset_dict.json", ("splits",)):
                _saved(_inside(path, path / split), path, found)
        elif (path / "state.json").is_file():
            _saved(path, path, found)
        else:
            _walk(path, limits, found)
    except OSError as error:
        raise CurationError(f"{path} cannot be read: {error.strerror or error}.", "Check its permissions.") from None
    if not found.files:
        raise CurationError(
            f"{path} holds no file of examples.", f"Put files there that end in {', '.join(sorted(_endings()))}."
        )
    _check_size(path, found.files, limits)
    return found


def shown_name(path: Path, within: Path) -> str:
    """Return a file's name as it is shown and stored: relative to the folder that was named, with slashes."""
    return path.relative_to(within).as_posix() if path != within and path.is_relative_to(within) else path.name


def _endings() -> set[str]:
    return {ending for entry in FORMATS.values() for ending in entry.extensions}


def _saved(folder: Path, root: Path, found: Found) -> None:
    """Add the files of one data set that was saved to disk."""
    for name in _listed(folder / "state.json", ("_data_files", "filename")):
        file = _inside(root, folder / name)
        if not file.is_file():
            raise CurationError(f"{folder} lacks the file {name[:100]}.", "Save or copy the data set again, whole.")
        found.files.append(file)


def _listed(file: Path, keys: tuple[str, ...]) -> list[str]:
    """Read names from a small JSON file: of {"splits": [name]} or {"_data_files": [{"filename": name}]}."""
    problem = CurationError(f"{file} is not as `datasets` writes it.", "Save the data set again with save_to_disk.")
    if file.stat().st_size > 1 << 24:
        raise problem
    try:
        value = json.loads(file.read_bytes())
        names = [item[keys[1]] if len(keys) > 1 else item for item in value[keys[0]]]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise problem from None
    if not all(isinstance(name, str) and name and "\0" not in name for name in names):
        raise problem
    return names


def _inside(root: Path, path: Path) -> Path:
    try:
        inside = path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # links that go in a circle
        inside = False
    if not inside:
        raise CurationError(
            f"{os.fsencode(path).decode('utf-8', 'replace')} leads out of {root}.",
            "Copy the file into the folder, or name it by itself.",
        )
    return path


def _walk(root: Path, limits: FolderLimits, found: Found) -> None:
    endings = _endings()
    for path, depth in _entries(root, 1):
        if depth > limits.max_depth:
            raise CurationError(
                f"{root} has more than the limit of {limits.max_depth} levels of folders.", "Name a folder further in."
            )
        if reason := _passed_over(path, root, endings):
            found.passed_over.append((shown_name(path, root), reason))
            continue
        found.files.append(path)
        if len(found.files) > limits.max_files:
            raise _too_many(root, limits)


def _entries(folder: Path, depth: int) -> Iterator[tuple[Path, int]]:
    """Yield files and links, folder by folder in the order of names; links to folders are not followed."""
    if depth > 64:
        return  # far beyond any limit, so that the walk itself cannot run too deep
    with os.scandir(folder) as scanned:
        entries = sorted(scanned, key=lambda entry: entry.name)
    for entry in entries:
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
            yield from _entries(path, depth + 1)
        else:
            yield path, depth


def _passed_over(path: Path, root: Path, endings: set[str]) -> str:
    name = path.name.casefold()
    if name.startswith("."):
        return "hidden"
    if path.is_symlink():
        _inside(root, path)
        return "a link to something in the same folder"
    if not path.is_file():
        return "no regular file"
    if name in _BESIDE or name.startswith(_NO_DATA):
        return "tells of the data"
    bare = next((name.removesuffix(ending) for ending in _PACKED if name.endswith(ending)), name)
    if any(bare.endswith(ending) for ending in endings) or (_says_nothing(bare) and _begins_as_data(path)):
        return ""
    return "neither its name nor its beginning is that of data"


def _says_nothing(name: str) -> bool:
    return _KINDS.guess_type(name, strict=False)[0] is None


def _begins_as_data(path: Path) -> bool:
    try:
        source = open_source(path, max_line_bytes=_HEAD_BYTES, max_unpacked_bytes=_HEAD_BYTES)
        return source.size > 0 and detect_container(source, {}) in _UNMISTAKABLE
    except CurationError:
        return False


def _check_size(root: Path, files: list[Path], limits: FolderLimits) -> None:
    if len(files) > limits.max_files:
        raise _too_many(root, limits)
    total = sum(file.stat().st_size for file in files)
    if total > limits.max_bytes:
        raise CurationError(
            f"{root} holds {total:,} bytes, more than the limit of {limits.max_bytes:,}.",
            "Import it in parts, or raise max_bytes.",
        )


def _too_many(root: Path, limits: FolderLimits) -> CurationError:
    return CurationError(
        f"{root} holds more files than the limit of {limits.max_files:,}.", "Import it in parts, or raise max_files."
    )
