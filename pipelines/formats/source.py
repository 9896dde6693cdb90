"""A file as bytes, lines or text: compression, encodings and limits are settled here, before any format is asked.

Read: plain files and gzip (by their first bytes), UTF-8 with or without BOM, UTF-16 with BOM or recognisably without,
Windows-1252 for lines that are not UTF-8, with a warning. Lines end with LF or CR LF; every line keeps its true number.
A gzip file that unpacks to more than the limit is refused before it fills the memory; one that breaks off gives the
lines before the break and a warning.

A line that is not UTF-8 is taken for Windows-1252 only when nothing in it is UTF-8; a line that mixes both is damaged,
and is rejected rather than guessed.

Not covered: zip, zstd, xlsx, and UTF-32; each is refused by name where it is recognised.
"""

import codecs
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from pipelines.errors import CurationError
from pipelines.formats.registry import Unfit

CHUNK = 1 << 20
_GZIP = 31  # zlib's window size for gzip headers
_SHOWN = 2_000  # characters of an overlong line that are kept to show it

_KNOWN_BINARY = (
    (b"PK\x03\x04", "a zip or spreadsheet file", "Unpack it, or save the sheet as CSV."),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "Unpack it first: zstd -d FILE."),
    (b"BZh", "compressed with bzip2", "Unpack it first: bunzip2 FILE."),
    (b"\xfd7zXZ\x00", "compressed with xz", "Unpack it first: unxz FILE."),
    (b"%PDF-", "a PDF document", "Export the examples as JSON Lines or CSV."),
    (b"\xff\xfe\x00\x00", "UTF-32 text", "Save it as UTF-8."),
    (b"ARROW1", "an Arrow file", "Save it as Parquet."),
)


class Line:
    """One physical line: its number, its text without LF, and what is wrong with its bytes, if anything."""

    __slots__ = ("number", "problem", "text")

    def __init__(self, number: int, text: str, problem: Unfit | None = None) -> None:
        self.number = number
        self.text = text
        self.problem = problem


@dataclass
class Source:
    """An open look at one file; `warnings` and `position` grow while it is read."""

    path: Path
    max_line_bytes: int
    max_unpacked_bytes: int
    size: int
    head: bytes
    packed: bool
    encoding: str
    warnings: list[str] = field(default_factory=list)
    position: int = 0  # bytes of the file on disk that were read
    windows_lines: int = 0

    @property
    def is_parquet(self) -> bool:
        """Whether the file begins as a Parquet file does."""
        return self.head.startswith(b"PAR1")

    def lines(self) -> Iterator[Line]:
        """Yield every physical line, blank ones too."""
        yield from _decode_lines(self, _split_lines(self, _unpack(self)))
        if self.windows_lines:
            self.warnings.append(
                f"{self.windows_lines} lines were not UTF-8 and were read as Windows-1252: look at their accents."
            )

    def text(self) -> str:
        """Return the whole file as text, for formats that are one JSON value.

        Raises:
            CurationError: the text cannot be decoded.
        """
        data = b"".join(_unpack(self))
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            if data.decode("utf-8", "ignore").isascii():
                try:
                    text = data.decode("cp1252")
                except UnicodeDecodeError:
                    pass
                else:
                    self.warnings.append("The file was not UTF-8 and was read as Windows-1252: look at its accents.")
                    return text
            raise CurationError(
                f"{self.path.name}: byte {error.start + 1} is not UTF-8 text.", "Save the file as UTF-8."
            ) from None

    def sample(self) -> list[str]:
        """Return the lines of the first 64 KiB as text, the last one whole only if the file ends there."""
        head = self.head
        if self.encoding != "utf-8":
            return head.decode(self.encoding, "replace").lstrip("\ufeff").split("\n")
        try:
            text = codecs.getincrementaldecoder("utf-8")().decode(head)
        except UnicodeDecodeError:
            text = head.decode("cp1252", "replace")
        return text.lstrip("\ufeff").split("\n")


def open_source(path: Path, *, max_line_bytes: int, max_unpacked_bytes: int) -> Source:
    """Look at the first bytes of a file.

    Raises:
        CurationError: no such file, no permission, a folder, or a kind of file that holds no text.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(1 << 16)
    except FileNotFoundError:
        raise CurationError(f"There is no file {path}.", "Check the path.") from None
    except IsADirectoryError:
        raise CurationError(f"{path} is a folder.", "Name the files in it, one by one.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CurationError(f"{path} cannot be read: {reason}.", "Check the path and the permissions.") from None
    packed = head.startswith(b"\x1f\x8b")
    source = Source(path, max_line_bytes, max_unpacked_bytes, size, head, packed, "utf-8")
    if packed:
        source.head = _first(_unpack(source), 1 << 16)
        source.position = 0
        source.warnings.clear()
    source.encoding = _encoding(source.head)
    if not source.is_parquet and source.encoding == "utf-8":
        _refuse_binary(path, source.head)
    return source


def _first(chunks: Iterator[bytes], limit: int) -> bytes:
    parts: list[bytes] = []
    for chunk in chunks:
        parts.append(chunk)
        if sum(map(len, parts)) >= limit:
            break
    return b"".join(parts)[:limit]


def _encoding(head: bytes) -> str:
    if head.startswith(codecs.BOM_UTF16_LE) and not head.startswith(codecs.BOM_UTF32_LE):
        return "utf-16"
    if head.startswith(codecs.BOM_UTF16_BE):
        return "utf-16"
    even, odd = head[0:4096:2], head[1:4096:2]
    # Latin letters have a zero byte in UTF-16; on the other side zeros are rare.
    if len(odd) >= 4 and odd.count(0) > 0.4 * len(odd) and even.count(0) < 0.05 * len(even):
        return "utf-16-le"
    if len(odd) >= 4 and even.count(0) > 0.4 * len(even) and odd.count(0) < 0.05 * len(odd):
        return "utf-16-be"
    return "utf-8"


def _refuse_binary(path: Path, head: bytes) -> None:
    for magic, what, remedy in _KNOWN_BINARY:
        if head.startswith(magic):
            raise CurationError(f"{path.name} is {what}, which cannot be read.", remedy)
    control = sum(byte < 9 or 13 < byte < 32 for byte in head)
    if control > 0.1 * len(head):
        raise CurationError(
            f"{path.name} holds binary data, not text.", "Export the examples as JSON Lines, CSV or Parquet."
        )


def _unpack(source: Source) -> Iterator[bytes]:
    """Yield the bytes of the file, unpacked and, where it was UTF-16, turned into UTF-8."""
    chunks = _raw_chunks(source)
    if source.encoding == "utf-8":
        return chunks
    return _to_utf8(chunks, source)


def _raw_chunks(source: Source) -> Iterator[bytes]:
    try:
        with source.path.open("rb") as file:
            chunks = _unzip(file, source) if source.packed else iter(lambda: file.read(CHUNK), b"")
            for chunk in chunks:
                source.position = file.tell()
                yield chunk
    except OSError as error:
        raise CurationError(
            f"{source.path} stopped being readable: {error.strerror}.", "Copy the file and try again."
        ) from None


def _unzip(file: BinaryIO, source: Source) -> Iterator[bytes]:
    """Unpack gzip, several members too, in bounded steps; a break gives what comes before it and a warning."""
    unpacked = 0
    data = b""
    packed = zlib.decompressobj(_GZIP)
    broken = "it is cut off"
    while True:
        data = data or file.read(CHUNK // 16)
        if not data:
            break
        try:
            chunk = packed.decompress(data, CHUNK)
        except zlib.error as error:
            broken = str(error)
            break
        unpacked += len(chunk)
        if unpacked > source.max_unpacked_bytes:
            raise CurationError(
                f"{source.path.name} unpacks to more than {source.max_unpacked_bytes:,} bytes.",
                "If it is meant to be so large, raise max_unpacked_bytes or unpack it yourself.",
            )
        if chunk:
            yield chunk
        data = packed.unconsumed_tail
        if packed.eof:
            data = (packed.unused_data or file.read(CHUNK // 16)).lstrip(b"\0")  # members may be padded with zeros
            if not data:
                return
            packed = zlib.decompressobj(_GZIP)
    source.warnings.append(f"The gzip file is damaged ({broken}); what comes after is missing.")


def _to_utf8(chunks: Iterator[bytes], source: Source) -> Iterator[bytes]:
    """Turn UTF-16 into UTF-8; halves of surrogate pairs stay undecodable, so that their line is rejected later."""
    decoder = codecs.getincrementaldecoder(source.encoding)("surrogatepass")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "surrogatepass")
    try:
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        source.warnings.append("The file ends in the middle of a character.")


def _split_lines(source: Source, chunks: Iterator[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield lines without LF as (bytes kept, bytes there were); of an overlong line only the beginning is kept."""
    limit = source.max_line_bytes
    pending: list[bytes] = []
    length = 0
    for chunk in chunks:
        pieces = chunk.split(b"\n")
        for piece in pieces[:-1]:
            if length:
                pending.append(piece)
                length += len(piece)
                yield (b"".join(pending) if length <= limit else b"".join(pending)[: 4 * _SHOWN]), length
                pending, length = [], 0
            else:
                yield (piece if len(piece) <= limit else piece[: 4 * _SHOWN]), len(piece)
        tail = pieces[-1]
        if tail:
            length += len(tail)
            if length <= limit or not pending:
                pending.append(tail)
            else:
                pending = [b"".join(pending)[: 4 * _SHOWN]]
    if length:
        yield (b"".join(pending) if length <= limit else b"".join(pending)[: 4 * _SHOWN]), length


def _decode_lines(source: Source, lines: Iterator[tuple[bytes, int]]) -> Iterator[Line]:
    number = 0
    limit = source.max_line_bytes
    guess_windows = source.encoding == "utf-8"
    for data, length in lines:
        number += 1
        if number == 1 and data.startswith(codecs.BOM_UTF8):
            data = data[3:]
        if length > limit:
            yield Line(
                number,
                data.decode("utf-8", "replace")[:_SHOWN],
                Unfit(
                    f"The line has {length:,} bytes, more than the limit of {limit:,}.",
                    "Split it, or raise max_line_bytes.",
                ),
            )
            continue
        try:
            yield Line(number, data.decode("utf-8"))
        except UnicodeDecodeError as error:
            text = _as_windows(data) if guess_windows else None
            if text is not None:
                source.windows_lines += 1
                yield Line(number, text)
            else:
                column = len(data[: error.start].decode("utf-8", "replace")) + 1
                yield Line(
                    number,
                    data.decode("utf-8", "replace"),
                    Unfit("The line holds bytes that are no UTF-8 text.", "Save the file as UTF-8.", column),
                )


def _as_windows(data: bytes) -> str | None:
    if not data.decode("utf-8", "ignore").isascii():
        return None  # some of it is UTF-8: damaged, not another encoding
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return None
