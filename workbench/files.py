"""Write files and folders so that a reader sees the old one or the new one, never half of it.

A process that is killed leaves drafts behind, hidden files and folders whose names end in `.draft` (or `.draft.wal`, a
database's log), and perhaps an old folder that was moved aside (`.aside`); `tidy` removes the first and puts back the
second.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipelines.errors import CurationError


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """Offer a draft beside the file; when the block ends well, it takes the file's place.

    Raises:
        CurationError: the folder cannot be written to, or the disk is full; the old file is untouched.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield draft
        os.replace(draft, path)
    except OSError as error:
        raise CurationError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Free some space, or choose a folder that you may write to.",
        ) from error
    finally:
        with suppress(OSError):  # a folder that is none holds no draft
            draft.unlink(missing_ok=True)


@contextmanager
def replaced_folder(path: Path) -> Iterator[Path]:
    """Offer a draft folder beside the folder; when the block ends well, it takes the folder's place, whole.

    Raises:
        CurationError: the folder cannot be written or replaced, or the disk is full; the old folder is untouched.
    """
    path = path.resolve()  # a link to a folder stays, what it leads to is replaced
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    aside = draft.with_suffix(".aside")
    _drafts_in_use.add(draft)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        tidy(path.parent, path.name)
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        yield draft
        if path.exists():
            os.replace(path, aside)
        os.replace(draft, path)
        if aside.exists():
            os.replace(aside, draft)
    except OSError as error:
        if aside.exists() and not path.exists():
            os.replace(aside, path)
        raise CurationError(
            f"The folder {path} cannot be written: {error.strerror or error}.",
            "Free some space, or choose a folder within one that you may write to.",
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        _drafts_in_use.discard(draft)


def tidy(folder: Path, name: str | None = None) -> list[Path]:
    """Clean up after a process that was killed while it replaced files or folders; returns what was put right.

    Args:
        folder: where drafts may lie; one that is not there has none.
        name: only the drafts of this file or folder; all when not given.
    """
    mended = []
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    for path in found:
        match = _LEFT_BEHIND.fullmatch(path.name)
        if match is None or name not in (None, match["name"]) or path.with_suffix(".draft") in _drafts_in_use:
            continue
        place = folder / match["name"]
        if match["kind"] == "aside" and not place.exists():
            os.replace(path, place)
        elif path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        mended.append(path)
    return mended


_LEFT_BEHIND = re.compile(r"\.(?P<name>.+)\.\d+\.(?P<kind>draft|aside|draft\.wal)")
_drafts_in_use: set[Path] = set()


def write_text(path: Path, text: str) -> None:
    """Put a text in the place of a file."""
    with replaced_file(path) as draft:
        draft.write_text(text, encoding="utf-8")


def sha256_of(path: Path) -> str:
    """Hash a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
