"""Reading a file block by block: bounded memory, several blocks at once, the same result as `read.read_file`.

Plain lines of JSON Lines are read many at a time (`bulk_plain.py`), all others one by one, as `read.py` does. Frames of
a block come in the file's order, and blocks too. The work goes on threads: most of it is done by compiled code that
lets other threads run, among them whoever takes the blocks.
"""

import codecs
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from pipelines.examples import examples_frame, messages_of
from pipelines.formats.bulk_blocks import Block, blocks_of, decoded, look_at
from pipelines.formats.bulk_lines import LINES
from pipelines.formats.bulk_plain import Forms, PlainLines
from pipelines.formats.containers.json_lines import record_of
from pipelines.formats.read import (
    ReadSettings,
    Sorter,
    container_of,
    disliked,
    disliked_warning,
    judged,
    opened_source,
    records_of,
)
from pipelines.formats.registry import Unfit
from pipelines.formats.source import SHOWN, SHOWN_BYTES, Line, Source, windows_warning
from pipelines.progress import Progress, no_progress

# Raise it when the same bytes may be read otherwise: files that were imported before are then read anew.
READING = 3
_RECORDS = 20_000
_AHEAD = 2
_MOST_WORKERS = 8


@dataclass(frozen=True)
class ReadBlock:
    """What became of the lines of one block: `LINES` and `REJECTED`, each in the file's order."""

    accepted: pl.DataFrame
    rejected: pl.DataFrame


@dataclass(frozen=True)
class Span:
    """A part of a file: bytes from `begin` up to `end`, of which the first begins line `first_line`."""

    begin: int
    end: int
    first_line: int


@dataclass
class Reading:
    """A file while it is read; the figures are whole once `blocks` has ended.

    Attributes:
        format: as `ReadResult` has it.
        lines: records so far; accepted + rejected.
        accepted: records that are examples.
        rejected: records that are not.
        warnings: what a person should look at.
        span: the part that is read, of a file that `can_be_cut`; all of it when not given.
    """

    path: Path
    settings: ReadSettings
    span: Span | None = None
    format: str = ""
    lines: int = 0
    accepted: int = 0
    rejected: int = 0
    warnings: list[str] = field(default_factory=list)

    def blocks(self, progress: Progress = no_progress) -> Iterator[ReadBlock]:
        """Yield what became of the file's lines, block by block.

        Args:
            progress: told the share of the file that was read; may raise to stop.

        Raises:
            CurationError: the file as a whole cannot be read (missing, binary, grows past the limit, damaged Parquet).
        """
        settings = self.settings
        source = opened_source(self.path, settings)
        if self.span is not None:
            source.begin, source.end, source.first_line = self.span.begin, self.span.end, self.span.first_line
        container = container_of(source, settings)
        shapes: dict[str, int] = {}
        unliked = 0
        # Texts that are evened out are not taken as they stand.
        many = container.name == "jsonl" and not settings.normalise
        parts = _json_lines(source, settings) if many else _records(source, settings)
        for part, position in parts:
            for name, count in part.shapes.items():
                shapes[name] = shapes.get(name, 0) + count
            unliked += disliked(part.accepted)
            self.accepted += part.accepted.height
            self.rejected += part.rejected.height
            self.lines = self.accepted + self.rejected
            progress(min(position / max(source.size, 1), 1.0), f"Read {self.lines:,} lines of {self.path.name}")
            yield ReadBlock(part.accepted, part.rejected)
        warnings = [*source.warnings, *disliked_warning(unliked)]
        self.format, self.warnings = judged(container, warnings, shapes, self.lines)
        progress(1.0, f"Read {self.path.name}")


def can_be_cut(path: Path, settings: ReadSettings) -> bool:
    """Whether parts of whole lines of a file give together what all of it gives: plain JSON Lines in UTF-8.

    Raises:
        CurationError: the file as a whole cannot be read.
    """
    source = opened_source(path, settings)
    plain = not source.packed and source.encoding == "utf-8"
    return plain and container_of(source, settings).name == "jsonl" and not settings.normalise


@dataclass(frozen=True)
class _Part:
    """What became of some lines, the accepted ones by shape, and how many were of another encoding."""

    accepted: pl.DataFrame
    rejected: pl.DataFrame
    shapes: dict[str, int]
    windows_lines: int = 0


def _records(source: Source, settings: ReadSettings) -> Iterator[tuple[_Part, int]]:
    """Read one by one what a container finds that is not JSON Lines."""
    sorter = Sorter(settings)
    for count, record in enumerate(records_of(container_of(source, settings), source), start=1):
        sorter.take(record)
        if count % _RECORDS == 0:
            yield _taken(sorter), source.position
    yield _taken(sorter), source.position
    source.warnings.extend(sorter.warnings())


def _taken(sorter: Sorter) -> _Part:
    accepted, rejected = sorter.frames()
    shapes, sorter.shapes = sorter.shapes, {}
    return _Part(_as_lines(accepted), rejected, shapes)


def _as_lines(accepted: pl.DataFrame) -> pl.DataFrame:
    if accepted.is_empty():
        return LINES.to_frame()
    examples = examples_frame(messages_of(text) for text in accepted["messages"])
    return examples.with_columns(
        accepted["line"], accepted["raw"], pl.lit(None, pl.String).alias("form"), accepted["metadata"]
    ).select(LINES.names())


def _json_lines(source: Source, settings: ReadSettings) -> Iterator[tuple[_Part, int]]:
    """Read blocks on threads, a few ahead of whoever takes them."""
    forms = Forms(settings)
    waiting: deque[tuple[Future[_Part], int]] = deque()
    windows_lines = 0
    workers = max(2, min(_MOST_WORKERS, (os.cpu_count() or 1) - 1))
    with ThreadPoolExecutor(workers, thread_name_prefix="reading") as pool:
        try:
            for block in blocks_of(source):
                waiting.append(
                    (pool.submit(_read_block, block, source, source.damage, settings, forms), source.position)
                )
                while waiting and (block.last or len(waiting) > workers + _AHEAD):
                    future, position = waiting.popleft()
                    part = future.result()
                    windows_lines += part.windows_lines
                    yield part, position
        finally:
            for future, _ in waiting:
                future.cancel()
    if windows_lines:
        source.warnings.append(windows_warning(windows_lines))


def _read_block(block: Block, source: Source, damage: Unfit | None, settings: ReadSettings, forms: Forms) -> _Part:
    own = look_at(source)
    cut_off: Line | None = None
    if damage is not None and block.last:
        block, cut_off = _without_end(block, damage)
    sorter = Sorter(settings)
    many = PlainLines(sorter, forms)
    places = None if block.overlong else many.read(block, own.max_line_bytes)
    lines = [] if places == [] else decoded(own, block, places)
    for line in [*lines, cut_off] if cut_off is not None else lines:
        if (record := record_of(line)) is not None:
            sorter.take(record)
    accepted, rejected = sorter.frames()
    frames = [frame for frame in (_as_lines(accepted), *many.frames) if frame.height]
    whole = pl.concat(frames).sort("line") if len(frames) > 1 else frames[0] if frames else LINES.to_frame()
    shapes = dict(sorter.shapes)
    for name, count in many.shapes.items():
        shapes[name] = shapes.get(name, 0) + count
    return _Part(whole, rejected, shapes, own.windows_lines)


def _without_end(block: Block, damage: Unfit) -> tuple[Block, Line]:
    """Part the last block of a damaged file into its whole lines and the one that is cut off."""
    end = 0 if block.overlong else block.data.rfind(b"\n") + 1
    shown = block.data[end : end + SHOWN_BYTES]
    if block.number == 1 and end == 0:
        shown = shown.removeprefix(codecs.BOM_UTF8)
    text = shown.decode("utf-8", "replace")[:SHOWN]
    return Block(block.number, block.data[:end]), Line(block.number + block.data.count(b"\n"), text, damage)
