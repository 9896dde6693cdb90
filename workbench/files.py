"""Write files so that a reader sees the old one or the new one, never half of it."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
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
        draft.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Put a text in the place of a file."""
    with replaced_file(path) as draft:
        draft.write_text(text, encoding="utf-8")


def sha256_of(path: Path) -> str:
    """Hash a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
