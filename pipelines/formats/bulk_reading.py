"""Reading a file block by block: bounded memory, several blocks at once, the same result as `read.read_file`.

Plain lines of JSON Lines are read many at a time (`bulk_lines.py`), all others one by one, as `read.py` does. Frames of
a block come in the file's order, and blocks too. The work goes on threads: most of it is done by compiled code that
lets other threads run, among them whoever takes the blocks.
"""

import codecs
import os
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.examples import examples_frame, messages_of
from pipelines.formats.bulk_blocks import Block, blocks_of, decoded, lines_of, look_at
from pipelines.formats.bulk_grammar import LineForm, learn_form
from pipelines.formats.bulk_lines import LINES, read_lines
from pipelines.formats.containers.json_lines import record_of
from pipelines.formats.read import ReadSettings, Sorter, container_of, judged, records_of
from pipelines.formats.registry import Unfit
from pipelines.formats.source import SHOWN, SHOWN_BYTES, Line, Source, open_source, windows_warning
from pipelines.progress import Progress, no_progress

# Raise it when the same bytes may be read otherwise: files that were imported before are then read anew.
READING = 2
# The first lines are read one by one: from them the columns are told, and the file's most frequent shape.
_FIRST_LINES = 200
_RECORDS = 20_000
# A file that is written in more ways than these is not of one program.
_MOST_FORMS = 12
_TRIED_A_BLOCK = 8
_AHEAD = 2
_MOST_WORKERS = 8


@dataclass(frozen=True)
class ReadBlock:
    """What became of the lines of one block: `LINES` and `REJECTED`, each in the file's order."""

    accepted: pl.DataFrame
    rejected: pl.DataFrame


@dataclass
class Reading:
    """A file while it is read; the figures are whole once `blocks` has ended.

    Attributes:
        format: as `ReadResult` has it.
        lines: records so far; accepted + rejected.
        accepted: records that are examples.
        rejected: records that are not.
        warnings: what a person should look at.
    """

    path: Path
    settings: ReadSettings
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
        source = open_source(
            self.path, max_line_bytes=settings.max_line_bytes, max_unpacked_bytes=settings.max_unpacked_bytes
        )
        container = container_of(source, settings)
        shapes: dict[str, int] = {}
        # Texts that are evened out are not taken as they stand.
        many = container.name == "jsonl" and not settings.normalise
        parts = _json_lines(source, settings) if many else _records(source, settings)
        for part, position in parts:
            for name, count in part.shapes.items():
                shapes[name] = shapes.get(name, 0) + count
            self.accepted += part.accepted.height
            self.rejected += part.rejected.height
            self.lines = self.accepted + self.rejected
            progress(min(position / max(source.size, 1), 1.0), f"Read {self.lines:,} lines of {self.path.name}")
            yield ReadBlock(part.accepted, part.rejected)
        self.format, self.warnings = judged(container, source.warnings, shapes, self.lines)
        progress(1.0, f"Read {self.path.name}")


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
    forms = _Forms(settings)
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


class _Forms:
    """The forms that were learned so far, with their patterns; several threads add to them."""

    def __init__(self, settings: ReadSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._known: dict[LineForm, str] = {}

    def known(self) -> list[tuple[LineForm, str]]:
        with self._lock:
            return list(self._known.items())

    def learn(self, line: str) -> tuple[LineForm, str] | None:
        """Learn from a line; None when it is not plain, or there are too many forms already."""
        record = record_of(Line(1, line))
        if record is None or record.row is None:
            return None
        plan = Sorter(self._settings).plan(tuple(record.row))
        if plan.shape is None:
            return None
        form = learn_form(line, record.row, plan.shape, list(plan.fields.values()))
        with self._lock:
            if form is None or (form not in self._known and len(self._known) >= _MOST_FORMS):
                return None
            return form, self._known.setdefault(form, form.pattern())


def _read_block(block: Block, source: Source, damage: Unfit | None, settings: ReadSettings, forms: _Forms) -> _Part:
    own = look_at(source)
    cut_off: Line | None = None
    if damage is not None and block.last:
        block, cut_off = _without_end(block, damage)
    sorter = Sorter(settings)
    many = _ManyAtOnce(sorter, forms)
    cut = None if block.overlong else lines_of(block)
    places: list[int] | None = None
    offsets: np.ndarray | None = None
    if cut is not None:
        texts, offsets = cut
        numbers = pl.int_range(block.number, block.number + len(texts), dtype=pl.Int64, eager=True)
        fits = pl.Series(np.diff(offsets) <= own.max_line_bytes) & (numbers > _FIRST_LINES)
        places = many.read(texts, numbers, fits)
    lines = decoded(own, block, offsets, places)
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


class _ManyAtOnce:
    """Reads the plain lines of a block, form by form, learning forms on the way."""

    def __init__(self, sorter: Sorter, forms: _Forms) -> None:
        self.frames: list[pl.DataFrame] = []
        self.shapes: dict[str, int] = {}
        self._sorter = sorter
        self._forms = forms

    def read(self, texts: pl.Series, numbers: pl.Series, fits: pl.Series) -> list[int]:
        """Read what can be read so; returns the positions of the lines that are left, rising."""
        rest = fits.arg_true().cast(pl.Int64)
        left = [(~fits).arg_true().cast(pl.Int64)]
        for form, pattern in self._forms.known():
            rest = self._read_form(form, pattern, texts, numbers, rest, left)
        for tried in range(_TRIED_A_BLOCK):
            if rest.is_empty():
                break
            learned = self._forms.learn(texts[int(rest[tried * len(rest) // _TRIED_A_BLOCK])])
            if learned is not None:
                rest = self._read_form(*learned, texts, numbers, rest, left)
        return pl.concat([*left, rest]).sort().to_list()

    def _read_form(
        self,
        form: LineForm,
        pattern: str,
        texts: pl.Series,
        numbers: pl.Series,
        rest: pl.Series,
        left: list[pl.Series],
    ) -> pl.Series:
        """Read the lines of one form; returns the positions of those of other forms."""
        if rest.is_empty():
            return rest
        candidates = texts if len(rest) == len(texts) else texts.gather(rest)
        matches = candidates.str.contains(pattern)
        if not matches.any():
            return rest
        matched = rest.filter(matches)
        bulk = read_lines(candidates.filter(matches), numbers.gather(matched), form, self._sorter.read_row)
        self.frames += bulk.accepted
        for name, count in bulk.shapes.items():
            self.shapes[name] = self.shapes.get(name, 0) + count
        left += [matched.gather(rows) for rows in bulk.left]
        return rest.filter(~matches)
