"""A file as bytes, lines or text: compression, encodings and limits are settled here, before any format is asked.

Read: plain files and packed ones (`compression.py`), UTF-8 with or without BOM, UTF-16 with BOM or recognisably
without, Windows-1252 for lines that are not UTF-8, with a warning. Lines end with LF or CR LF; every line keeps its
true number. A packed file that grows beyond the limit is refused before it fills the memory; one that breaks off gives
the lines before the break, and one more line that says what is wrong.

A line that is not UTF-8 is taken for Windows-1252 only when nothing in it is UTF-8, and when the file does not begin
with other UTF-8 text than ASCII; else it is damaged, and is rejected rather than guessed.

Not covered: zip, tar (`archive.py` opens them), xlsx, and UTF-32; each is refused by name where it is recognised.
"""

import codecs
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from pipelines.errors import CurationError
from pipelines.formats.compression import Broken, packed_as, unpack
from pipelines.formats.registry import Unfit

CHUNK = 1 << 20
SHOWN = 2_000  # characters of an overlong line that are kept to show it
SHOWN_BYTES = 4 * SHOWN  # which as UTF-8 have at most so many bytes

_KNOWN_BINARY = (
    (b"PK\x03\x04", "a zip or spreadsheet file", "Unpack it, or save the sheet as CSV."),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "Unpack it first."),
    (b"%PDF-", "a PDF document", "Export the examples as JSON Lines or CSV."),
    (b"\xff\xfe\x00\x00", "UTF-32 text", "Save it as UTF-8."),
)
# Half of a surrogate pair, written as if it were a character: damaged text, not Windows-1252.
_HALF_PAIR = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_CONTROL = bytes([*range(9), *range(14, 32)])
_TAR_AT, _TAR = 257, b"ustar"
_ARROW = (b"ARROW1", b"\xff\xff\xff\xff")  # a file and a stream


class Line:
    """One physical line: its number, its text without LF, and what is wrong with its bytes, if anything."""

    __slots__ = ("number", "problem", "text")

    def __init__(self, number: int, text: str, problem: Unfit | None = None) -> None:
        self.number = number
        self.text = text
        self.problem = problem


@dataclass
class Source:
    """An open look at one file; `warnings` and `position` grow while it is read.

    Of a file that is not packed a part may be read alone: from `begin`, where line `first_line` begins, up to `end`.
    What the file is taken for is judged by its head all the same.
    """

    path: Path
    max_line_bytes: int
    max_unpacked_bytes: int
    max_whole_bytes: int
    size: int
    head: bytes
    packed: str  # how, as `compression.packed_as` names it; '' when it is not
    encoding: str
    warnings: list[str] = field(default_factory=list)
    position: int = 0  # bytes of the file on disk that were read
    windows_lines: int = 0
    damage: Unfit | None = None  # why the file ends too early, known once it is read
    begin: int = 0
    end: int | None = None
    first_line: int = 1

    @cached_property
    def guess_windows(self) -> bool:
        """Whether bytes that are no UTF-8 may be Windows-1252: not in a file whose first lines hold UTF-8 accents."""
        return self.encoding == "utf-8" and not any(_is_utf8_beyond_ascii(line) for line in self.head.split(b"\n"))

    @property
    def columns_kind(self) -> str:
        """How a file of columns begins: parquet, arrow, or '' for text."""
        if self.head.startswith(b"PAR1"):
            return "parquet"
        return "arrow" if self.head.startswith(_ARROW) else ""

    def lines(self) -> Iterator[Line]:
        """Yield every physical line, blank ones too."""
        yield from decode_lines(self, _split_lines(self, unpacked(self)))
        if self.windows_lines:
            self.warnings.append(windows_warning(self.windows_lines))

    def text(self) -> str:
        """Return the whole file as text, for formats that are one JSON value.

        Bytes that are no text stand as lone surrogates, so that only what holds them is lost; `is_broken` finds them.

        Raises:
            CurationError: it is larger than the limit, since all of it is held in memory.
        """
        data = b"".join(_up_to(unpacked(self), self))
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            if self.guess_windows and (text := _as_windows(data)) is not None:
                self.warnings.append("The file was not UTF-8 and was read as Windows-1252: look at its accents.")
                return text
            return data.decode("utf-8", "surrogateescape").lstrip("\ufeff")

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


def open_source(path: Path, *, max_line_bytes: int, max_unpacked_bytes: int, max_whole_bytes: int = 1 << 30) -> Source:
    """Look at the first bytes of a file.

    Raises:
        CurationError: no such file, no permission, a folder, or a kind of file that holds no text.
    """
    try:
        status = path.stat()
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            raise CurationError(f"{path} is a pipe or a device, not a file.", "Save what it gives to a file first.")
        size = status.st_size
        with path.open("rb") as file:
            head = file.read(1 << 16)
    except FileNotFoundError:
        raise CurationError(f"There is no file {path}.", "Check the path.") from None
    except IsADirectoryError:
        raise CurationError(f"{path} is a folder.", "Name the files in it.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CurationError(f"{path} cannot be read: {reason}.", "Check the path and the permissions.") from None
    source = Source(path, max_line_bytes, max_unpacked_bytes, max_whole_bytes, size, head, packed_as(head), "utf-8")
    if source.packed:
        source.head = _first(unpacked(source), 1 << 16)
        source.position = 0
        source.damage = None
    source.encoding = _encoding(source.head)
    if not source.columns_kind and source.encoding == "utf-8":
        _refuse_binary(path, source.head)
    return source


def windows_warning(lines: int) -> str:
    """Say how many lines were of another encoding."""
    return f"{lines} lines were not UTF-8 and were read as Windows-1252: look at their accents."


def is_broken(text: str) -> bool:
    """Whether a text holds lone surrogates, as which `Source.text` gives bytes that are no text."""
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _up_to(chunks: Iterator[bytes], source: Source) -> Iterator[bytes]:
    """Yield the chunks of a file that is held in memory as a whole.

    Raises:
        CurationError: they are more than the limit.
    """
    held = 0
    for chunk in chunks:
        held += len(chunk)
        if held > source.max_whole_bytes:
            raise CurationError(
                f"{source.path.name} is one JSON value of more than the limit of {source.max_whole_bytes:,} bytes.",
                "Save it as JSON Lines, one object a line, or raise max_whole_bytes.",
            )
        yield chunk


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
    # JSON begins with a Latin sign, whatever script follows.
    if head[:2] in (b"{\0", b"[\0") and head[2:4] != b"\0\0":
        return "utf-16-le"
    if head[:2] in (b"\0{", b"\0["):
        return "utf-16-be"
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
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        raise CurationError(f"{path.name} is a tar archive, which cannot be read.", "Unpack it, and name the files.")
    control = len(head) - len(head.translate(None, _CONTROL))
    if control > 0.1 * len(head) and not _reads_as_text(head):
        raise CurationError(
            f"{path.name} holds binary data, not text.", "Export the examples as JSON Lines, CSV or Parquet."
        )


def _reads_as_text(head: bytes) -> bool:
    """Tell text that holds many control characters, as a short table of odd cells may, from what no text is."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return head.count(0) <= 0.3 * len(head)


def unpacked(source: Source) -> Iterator[bytes]:
    """Yield the bytes of the file, unpacked and, where it was UTF-16, turned into UTF-8."""
    chunks = _raw_chunks(source)
    if source.encoding == "utf-8":
        return chunks
    return _to_utf8(chunks, source)


def _raw_chunks(source: Source) -> Iterator[bytes]:
    try:
        with source.path.open("rb") as file:
            if source.packed:
                chunks = unpack(file, source.packed, source.path, source.max_unpacked_bytes)
            else:
                chunks = _part(file, source)
            for chunk in chunks:
                source.position = file.tell()
                yield chunk
    except Broken as error:
        source.damage = Unfit(
            f"The {source.packed} file is damaged here ({error}): what follows is lost, and lines before may be wrong.",
            "Fetch or pack the file again.",
        )
    except OSError as error:
        raise CurationError(
            f"{source.path} stopped being readable: {error.strerror}.", "Copy the file and try again."
        ) from None


def _part(file: BinaryIO, source: Source) -> Iterator[bytes]:
    file.seek(source.begin)
    left = None if source.end is None else source.end - source.begin
    while chunk := file.read(CHUNK if left is None else min(CHUNK, left)):
        left = None if left is None else left - len(chunk)
        yield chunk


def _to_utf8(chunks: Iterator[bytes], source: Source) -> Iterator[bytes]:
    """Turn UTF-16 into UTF-8; halves of surrogate pairs stay undecodable, so that their line is rejected later."""
    decoder = codecs.getincrementaldecoder(source.encoding)("surrogatepass")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "surrogatepass")
    try:
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        source.damage = source.damage or Unfit(
            "The file ends in the middle of a character.", "Fetch or save the file again."
        )


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
                yield (b"".join(pending) if length <= limit else b"".join(pending)[:SHOWN_BYTES]), length
                pending, length = [], 0
            else:
                yield (piece if len(piece) <= limit else piece[:SHOWN_BYTES]), len(piece)
        tail = pieces[-1]
        if tail:
            length += len(tail)
            if length <= limit or not pending:
                pending.append(tail)
            else:
                pending = [b"".join([*pending, tail])[:SHOWN_BYTES]]
    if length:
        yield (b"".join(pending) if length <= limit else b"".join(pending)[:SHOWN_BYTES]), length


def decode_lines(source: Source, lines: Iterator[tuple[bytes, int]]) -> Iterator[Line]:
    """Decode the lines of a file, given as (bytes kept, bytes there were); counts those of another encoding."""
    number = 0
    limit = source.max_line_bytes
    for data, length in lines:
        number += 1
        if number == 1 and data.startswith(codecs.BOM_UTF8):
            data = data[3:]
        if source.damage is not None:  # known only once all whole lines were given: this one is cut off
            yield Line(number, data.decode("utf-8", "replace")[:SHOWN], source.damage)
            return
        if length > limit:
            yield Line(
                number,
                data.decode("utf-8", "replace")[:SHOWN],
                Unfit(
                    f"The line has {length:,} bytes, more than the limit of {limit:,}.",
                    "Split it, or raise max_line_bytes.",
                ),
            )
            continue
        try:
            yield Line(number, data.decode("utf-8"))
        except UnicodeDecodeError as error:
            text = _as_windows(data) if source.guess_windows else None
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
    if source.damage is not None:
        yield Line(number + 1, "", source.damage)


def _is_utf8_beyond_ascii(data: bytes) -> bool:
    try:
        return not data.isascii() and bool(data.decode("utf-8").removeprefix("\ufeff"))
    except UnicodeDecodeError:
        return False


def _as_windows(data: bytes) -> str | None:
    if _HALF_PAIR.search(data) or not data.decode("utf-8", "ignore").isascii():
        return None  # some of it is UTF-8: damaged, not another encoding
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return None
