"""A file in blocks of whole lines, and the lines of a block as a column of texts without a copy.

Not covered: files that are not JSON Lines; their containers yield records.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from pipelines.formats.source import SHOWN_BYTES, Line, Source, decode_lines, unpacked

# Just under glibc's largest threshold for handing memory back to the system (32 MiB): blocks above it are new pages
# each time, which cost a tenth of an import. Smaller ones cost more than that in calls.
BLOCK_BYTES = 24 << 20
_LINE_BREAK = 10


@dataclass(frozen=True)
class Block:
    """Some whole lines of a file.

    Attributes:
        number: of the first line, from 1.
        data: the lines with their line breaks; the file's last may have none.
        overlong: bytes of the one line of which `data` is only the beginning; 0 in all other blocks.
        last: whether the file ends with this block.
    """

    number: int
    data: bytes
    overlong: int = 0
    last: bool = False

    @cached_property
    def offsets(self) -> np.ndarray:
        """Offsets of the lines' begins, and of the end of the last one."""
        offsets = np.append(0, np.flatnonzero(np.frombuffer(self.data, np.uint8) == _LINE_BREAK) + 1)
        return offsets if offsets[-1] == len(self.data) else np.append(offsets, len(self.data))

    @cached_property
    def is_text(self) -> bool:
        """Whether all of it is UTF-8 text; else each line has to be looked at by itself."""
        import pyarrow as pa

        bounds = pa.py_buffer(np.array([0, len(self.data)]))
        try:
            pa.LargeStringArray.from_buffers(1, bounds, pa.py_buffer(self.data)).validate(full=True)
        except pa.ArrowInvalid:
            return False
        return True

    @cached_property
    def _texts(self) -> pl.Series:
        import pyarrow as pa

        lines = pa.LargeStringArray.from_buffers(
            len(self.offsets) - 1, pa.py_buffer(self.offsets), pa.py_buffer(self.data)
        )
        return pl.Series(lines).str.strip_chars_end("\r\n")

    def chosen(self, rows: pl.Series) -> pl.Series:
        """Return some lines without line breaks, by their positions; all of the block must be text."""
        return self._texts if len(rows) == len(self._texts) else self._texts.gather(rows)

    def line(self, row: int) -> str:
        """Return one line without its line break; it must be text."""
        return self.data[self.offsets[row] : self.offsets[row + 1]].decode().rstrip("\r\n")


def blocks_of(source: Source, size: int = BLOCK_BYTES) -> Iterator[Block]:
    """Yield the file's lines in blocks of about so many bytes; a line that is too long is a block of its own.

    The last block may be empty; it comes once all of the file was read, when the source knows of any damage.
    """
    number = source.first_line
    pending: list[bytes] = []
    held = 0
    overlong = 0  # bytes of a line whose end was not met yet and that is too long to be kept
    for chunk in unpacked(source):
        if overlong:
            end = chunk.find(b"\n")
            pending = [(pending[0] + chunk[: end if end >= 0 else None])[:SHOWN_BYTES]]
            if end < 0:
                overlong += len(chunk)
                continue
            yield Block(number, pending[0], overlong + end)
            number += 1
            chunk = chunk[end + 1 :]
            pending, held, overlong = [], 0, 0
        pending.append(chunk)
        held += len(chunk)
        if held < size:
            continue
        whole, rest = _whole_lines(pending)
        if whole:
            block = Block(number, whole)
            number += whole.count(b"\n")
            yield block
        pending, held = [rest], len(rest)
        if held > source.max_line_bytes:
            pending, overlong = [rest[:SHOWN_BYTES]], held
    yield Block(number, b"".join(pending), overlong, last=True)


def _whole_lines(chunks: list[bytes]) -> tuple[bytes, bytes]:
    """Join chunks up to the last line break, and what comes after it."""
    for place in reversed(range(len(chunks))):
        end = chunks[place].rfind(b"\n") + 1
        if end:
            before, after = chunks[place][:end], chunks[place][end:]
            return b"".join([*chunks[:place], before]), b"".join([after, *chunks[place + 1 :]])
    return b"", b"".join(chunks)


def decoded(source: Source, block: Block, places: Sequence[int] | None) -> list[Line]:
    """Decode lines of a block one by one, with whatever is wrong with them.

    Args:
        source: the block's own look at the file (`look_at`); counts lines of another encoding.
        block: of the file.
        places: positions of the lines in the block, rising; None for all.
    """
    if block.overlong:
        pieces = [(0, block.data, block.overlong)]
    elif places is None:
        found = block.data.split(b"\n")
        if not found[-1]:
            found.pop()
        pieces = [(place, line, len(line)) for place, line in enumerate(found)]
    else:
        offsets = block.offsets
        cut = ((place, block.data[offsets[place] : offsets[place + 1]].removesuffix(b"\n")) for place in places)
        pieces = [(place, line, len(line)) for place, line in cut]
    limit = source.max_line_bytes
    shown = [(data if length <= limit else data[:SHOWN_BYTES], length) for _, data, length in pieces]
    # The file's first line may begin with a mark of its encoding; an empty line goes before the others.
    first = block.number == 1 and bool(pieces) and pieces[0][0] == 0
    lines = list(decode_lines(source, iter(shown if first else [(b"", 0), *shown])))
    if not first:
        lines = lines[1:]
    for line, (place, _, _) in zip(lines, pieces, strict=True):
        line.number = block.number + place
    return lines


def look_at(source: Source) -> Source:
    """Return a copy of the source that counts by itself and knows of no damage, for one block."""
    return dataclasses.replace(source, warnings=[], windows_lines=0, damage=None)
