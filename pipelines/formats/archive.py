"""Zip and tar archives, opened into a folder of their own, by their content and never by their name.

Refused, before anything of it is read: a member whose path climbs or is absolute, links and devices, two members of one
name, members under a password, more members or bytes than the limits. Bytes are counted as they come out, so a size
that the archive lies about changes nothing. A spreadsheet or document, which is a zip file too, is refused by name.
"""

import contextlib
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from pipelines.errors import CurationError
from pipelines.formats.folder import FolderLimits, Found, look_into

_STEP = 1 << 20
_OFFICE = ("[Content_Types].xml", "mimetype", "META-INF/MANIFEST.MF")
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, ValueError, NotImplementedError)


@contextlib.contextmanager
def opened_files(path: Path, limits: FolderLimits | None = None) -> Iterator[tuple[Path, Found]]:
    """Give the files that a path stands for: of a folder, of an archive, or the file itself.

    Args:
        path: a file, a folder, a zip or a tar archive (packed by gzip, bzip2 or xz too).
        limits: on number, bytes and depth.

    Yields:
        the folder that names are relative to, and what was found; an archive's folder is removed afterwards.

    Raises:
        CurationError: as `folder.files_in`, or the archive is refused or damaged.
    """
    path = Path(path)
    limits = limits or FolderLimits()
    kind = archive_kind(path)
    if not kind:
        yield path, look_into(path, limits)
        return
    with tempfile.TemporaryDirectory(prefix="workbench-archive-") as name:
        folder = Path(name) / (path.name.split(".")[0] or "archive")
        folder.mkdir()
        unpack_archive(path, folder, limits)
        try:
            found = look_into(folder, limits)
        except CurationError as error:
            raise CurationError(error.message.replace(str(folder), path.name), error.remedy) from None
        yield folder, found


def archive_kind(path: Path) -> str:
    """Return zip or tar, or '' when the path is no archive (or no readable file)."""
    try:
        with path.open("rb") if path.is_file() else contextlib.nullcontext() as file:
            if file is None:
                return ""
            head = file.read(4)
        if head in (b"PK\x03\x04", b"PK\x05\x06"):
            return "zip"
        if head[:2] in (b"\x1f\x8b", b"BZ", b"\xfd7") or _is_tar(path):
            with tarfile.open(path, "r:*") as archive:
                return "tar" if archive.next() is not None else ""
    except _DAMAGED:
        return ""
    return ""


def unpack_archive(path: Path, into: Path, limits: FolderLimits) -> None:
    """Write the members of an archive into an empty folder.

    Raises:
        CurationError: a member is refused, a limit is met, or the archive is damaged.
    """
    left = limits.max_bytes
    try:
        for count, (name, file) in enumerate(_members(path), start=1):
            if count > limits.max_files:
                raise CurationError(
                    f"{path.name} holds more files than the limit of {limits.max_files:,}.",
                    "Unpack it yourself and import it in parts, or raise max_files.",
                )
            left -= _copy(file, _place(name, into, path, limits), left)
            if left < 0:
                raise CurationError(
                    f"{path.name} unpacks to more than the limit of {limits.max_bytes:,} bytes.",
                    "Unpack it yourself and import it in parts, or raise max_bytes.",
                )
    except FileExistsError:
        raise CurationError(f"{path.name} holds two files of one name.", "Pack it again.") from None
    except _DAMAGED as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise CurationError(f"{path.name} cannot be unpacked: {reason}.", "Fetch or pack it again.") from None
    except RuntimeError:  # what zipfile raises for a password
        raise CurationError(f"{path.name} is locked with a password.", "Unpack it yourself.") from None


def _is_tar(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(262)[257:] == b"ustar"


def _members(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the names and contents of the regular files."""
    if archive_kind(path) == "zip":
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if any(entry.filename in _OFFICE for entry in entries):
                raise CurationError(f"{path.name} is a spreadsheet or document.", "Save the sheet as CSV.")
            for entry in entries:
                if (entry.external_attr >> 16) & 0o170000 == 0o120000:
                    raise _refused(path, entry.filename, "is a link")
                if not entry.is_dir():
                    with archive.open(entry) as content:
                        yield entry.filename, content
        return
    with tarfile.open(path, "r:*") as tar:
        for member in tar:
            if member.isdir():
                continue
            taken = tar.extractfile(member) if member.isreg() else None
            if taken is None:
                raise _refused(path, member.name, "is a link or a device")
            with taken:
                yield member.name, taken


def _place(name: str, into: Path, path: Path, limits: FolderLimits) -> Path:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or parts[0].startswith("/") or ".." in parts or ":" in parts[0] or "\0" in name:
        raise _refused(path, name, "has a path that climbs out of it")
    if len(parts) > limits.max_depth:
        raise _refused(path, name, f"lies deeper than the limit of {limits.max_depth} levels")
    place = into.joinpath(*parts)
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def _copy(file: IO[bytes], place: Path, limit: int) -> int:
    copied = 0
    with place.open("xb") as out:
        while copied <= limit and (chunk := file.read(_STEP)):
            copied += len(chunk)
            out.write(chunk)
    return copied


def _refused(path: Path, name: str, why: str) -> CurationError:
    shown = name[:100].encode("utf-8", "replace").decode()
    return CurationError(f"{path.name} is refused: its member {shown!r} {why}.", "Unpack it where you trust it.")
