"""Unpacking gzip, zstd, bzip2 and xz in bounded steps, told by the first bytes and never by the name.

Every step gives at most `STEP` bytes, so a bomb is met by the limit before it fills the memory. Of a file that breaks
off or is damaged, everything before the break is given first; then `Broken` says where and why. Several members one
after another, as `cat a.gz b.gz` makes them, are one file.

Not covered: zip, tar and 7z, which hold several files (`archive.py` opens the first two), and dictionaries of zstd.
"""

import bz2
import contextlib
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from pipelines.errors import CurationError

STEP = 1 << 20
_READ = 1 << 16
_GZIP = 31  # zlib's window size for gzip headers

_MAGIC = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"BZh", "bzip2"), (b"\xfd7zXZ\x00", "xz"))


class Broken(Exception):  # noqa: N818 - told to the person as a rejected line
    """The packed file ends too early or is damaged; what came before was given."""


class _Member(Protocol):
    """One packed stream, as `bz2` and `lzma` have it."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


def packed_as(head: bytes) -> str:
    """Name the compression that the first bytes show: gzip, zstd, bzip2, xz, or '' when there is none."""
    return next((name for magic, name in _MAGIC if head.startswith(magic)), "")


def unpack(file: BinaryIO, kind: str, path: Path, limit: int) -> Iterator[bytes]:
    """Yield what a packed file holds, at most `STEP` bytes at a time.

    Args:
        file: opened at its start.
        kind: as `packed_as` names it.
        path: for messages.
        limit: bytes that the file may grow to.

    Raises:
        CurationError: it grows beyond the limit.
        Broken: it is cut off or damaged; everything before was yielded.
    """
    total = 0
    for chunk in _zstd(path) if kind == "zstd" else _members(file, _MEMBERS[kind]):
        total += len(chunk)
        if total > limit:
            raise CurationError(
                f"{path.name} unpacks to more than the limit of {limit:,} bytes.",
                "If it is meant to be so large, raise max_unpacked_bytes or unpack it yourself.",
            )
        yield chunk


class _Gzip:
    """A gzip member with the same face as those of bz2 and lzma."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(_GZIP)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


_MEMBERS: dict[str, Callable[[], _Member]] = {
    "gzip": _Gzip,
    "bzip2": bz2.BZ2Decompressor,
    "xz": lzma.LZMADecompressor,
}


def _members(file: BinaryIO, make: Callable[[], _Member]) -> Iterator[bytes]:
    """Unpack; the read that meets the damage gives nothing, so it is gone through again byte by byte."""
    given = 0
    reads = _Reads(file)
    try:
        for chunk in _decompress(reads, make):
            given += len(chunk)
            yield chunk
        return
    except Broken as error:
        broken = error
    last = bytearray()
    with contextlib.suppress(Broken):
        for chunk in _decompress(_Reads(file, reads.last), make):
            last += chunk[given:] if given else chunk
            given = max(given - len(chunk), 0)
    if last:
        yield bytes(last)
    raise broken


class _Reads:
    """Reads of a file from its start: large ones, and single bytes from an offset on."""

    def __init__(self, file: BinaryIO, fine_from: int | None = None) -> None:
        file.seek(0)
        self._file = file
        self._fine_from = fine_from
        self.last = 0  # where the last read began

    def next(self) -> bytes:
        self.last = self._file.tell()
        if self._fine_from is None:
            return self._file.read(_READ)
        return self._file.read(1 if self.last >= self._fine_from else min(_READ, self._fine_from - self.last))


def _decompress(reads: _Reads, make: Callable[[], _Member]) -> Iterator[bytes]:
    member = make()
    data = reads.next()
    while True:
        fed = bool(data)
        try:
            chunk = member.decompress(data, STEP)
        except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
            raise Broken(str(error) or type(error).__name__) from None
        if chunk:
            yield chunk
        if member.eof:
            data = member.unused_data.lstrip(b"\0")  # members may be padded with zeros
            while not data:
                data = reads.next()
                if not data:
                    return
                data = data.lstrip(b"\0")
            member = make()
        elif member.needs_input:
            data = reads.next()
            if not data and not fed and not chunk:
                raise Broken("it is cut off")
        else:
            data = b""


def _zstd(path: Path) -> Iterator[bytes]:
    """Unpack with Arrow's codec; a read that meets the break gives nothing, so it is gone through byte by byte."""
    import pyarrow as pa

    given = 0
    try:
        with pa.CompressedInputStream(pa.OSFile(str(path), "rb"), "zstd") as stream:
            while chunk := stream.read(STEP):
                given += len(chunk)
                yield chunk
        return
    except OSError as error:
        broken = Broken(str(error).splitlines()[0][:200])
    last = bytearray()
    with (
        contextlib.suppress(OSError),
        pa.CompressedInputStream(pa.OSFile(str(path), "rb"), "zstd") as stream,
    ):
        while given:
            given -= len(stream.read(min(given, STEP)))
        while byte := stream.read(1):
            last += byte
    if last:
        yield bytes(last)
    raise broken
