"""Files of any format, cut into shards: large JSON Lines by bytes, so that several tasks read one file.

    files -> slices of about equal size, begun and ended at line breaks -> lines counted -> read into shards

A file that cannot be cut (packed, a table, UTF-16) is one slice; it is read block by block all the same. What a line
gives does not depend on where the file was cut.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import polars as pl

from pipelines.engine.ordering import SHARD
from pipelines.engine.shard_files import whole_file, whole_folder
from pipelines.engine.stages import Stages, numbered
from pipelines.formats.bulk_lines import plain_messages
from pipelines.formats.bulk_reading import Reading, Span, can_be_cut
from pipelines.formats.read import REJECTED, ReadSettings

STAGES = 2
# Rows of a shard, at which a slice that holds more begins another one.
SHARD_ROWS = 100_000
READ_AT_ONCE = 1 << 20
REJECTED_LINES = pl.Schema([("file", pl.String), *REJECTED.items()])


@dataclass(frozen=True)
class Shards:
    """What became of the files.

    Attributes:
        paths: of shards, columns of `ordering.SHARD`.
        rejected: Parquet files of `REJECTED_LINES`.
        accepted: number of lines that are examples.
        rejected_lines: number of lines that are not.
        warnings: what a person should look at, each with its file.
    """

    paths: list[Path]
    rejected: list[Path]
    accepted: int
    rejected_lines: int
    warnings: list[str]


@dataclass(frozen=True)
class Slice:
    """Part of a file, about from byte `begin` to byte `end`; all of a file that cannot be cut when `end` is None."""

    path: Path
    begin: int
    end: int | None


def cut_files(files: Sequence[Path], count: int, settings: ReadSettings) -> list[Slice]:
    """Cut files into about `count` slices of about equal size.

    Raises:
        CurationError: a file that cannot be read.
    """
    cuttable = {path: can_be_cut(path, settings) for path in files}
    size = max(sum(path.stat().st_size for path in files) // count, 1)
    slices = []
    for path in files:
        length = path.stat().st_size
        parts = max(round(length / size), 1)
        if not cuttable[path]:
            slices.append(Slice(path, 0, None))
            continue
        bounds = [length * part // parts for part in range(parts + 1)]
        slices += [Slice(path, begin, end) for begin, end in pairwise(bounds)]
    return slices


def read_shards(
    files: Sequence[Path], count: int, folder: Path, stages: Stages, settings: ReadSettings | None = None
) -> Shards:
    """Read files into shards.

    Args:
        files: in any format that can be read; names tell them apart.
        count: about how many slices to read.
        folder: for the shards.
        stages: runs the work.
        settings: how files are read.

    Raises:
        CurationError: a file that cannot be read.
    """
    settings = settings or ReadSettings.model_validate({})
    slices = cut_files(files, count, settings)
    counted = stages.run(
        "Counting lines",
        count_lines,
        [(part, numbered(folder / "lines", number, ".json")) for number, part in enumerate(slices)],
    )
    jobs: list[tuple[Path, Span | None, ReadSettings, Path]] = []
    line = 1
    for number, (part, path) in enumerate(zip(slices, counted, strict=True)):
        begin, end, lines = json.loads(path.read_text("utf-8"))
        line = 1 if part.begin == 0 else line
        span = None if part.end is None else Span(begin, end, line)
        jobs.append((part.path, span, settings, numbered(folder / "read", number)))
        line += lines
    folders = stages.run("Reading files", read_slice, jobs)
    told = [json.loads((path / "told.json").read_text("utf-8")) for path in folders]
    return Shards(
        [path for folder in folders for path in sorted(folder.glob("rows-*.parquet"))],
        [folder / "rejected.parquet" for folder in folders],
        sum(entry["accepted"] for entry in told),
        sum(entry["rejected"] for entry in told),
        sorted({warning for entry in told for warning in entry["warnings"]}),
    )


def count_lines(part: Slice, out: Path) -> None:
    """Write where a slice truly begins and ends, and how many line breaks it holds: a JSON list of three numbers."""
    begin, end, lines = 0, 0, 0
    if part.end is not None:
        with part.path.open("rb") as file:
            begin, end = (_line_begin(file, place) for place in (part.begin, part.end))
            file.seek(begin)
            left = end - begin
            while left > 0 and (chunk := file.read(min(READ_AT_ONCE, left))):
                lines += chunk.count(b"\n")
                left -= len(chunk)
    with whole_file(out) as draft:
        draft.write_text(json.dumps([begin, end, lines]), "utf-8")


def _line_begin(file: BinaryIO, place: int) -> int:
    """Return where the first line begins that begins at a place or after it."""
    if place == 0:
        return 0
    file.seek(place - 1)
    while chunk := file.read(READ_AT_ONCE):
        found = chunk.find(b"\n")
        if found >= 0:
            return file.tell() - len(chunk) + found + 1
    return file.tell()


def read_slice(path: Path, span: Span | None, settings: ReadSettings, out: Path) -> None:
    """Read a slice into a folder of shards, with its rejected lines and what there is to tell."""
    reading = Reading(path, settings, span)
    rejected = [REJECTED_LINES.to_frame()]
    waiting: list[pl.DataFrame] = []
    with whole_folder(out) as draft:
        number = 0
        for block in reading.blocks():
            waiting.append(_shard_rows(block.accepted, path.name))
            rejected.append(block.rejected.select(pl.lit(path.name).alias("file"), *REJECTED.names()))
            if sum(frame.height for frame in waiting) >= SHARD_ROWS:
                pl.concat(waiting).write_parquet(draft / f"rows-{number:05d}.parquet")
                number, waiting = number + 1, []
        if waiting:
            pl.concat(waiting).write_parquet(draft / f"rows-{number:05d}.parquet")
        pl.concat(rejected).write_parquet(draft / "rejected.parquet")
        # That a slice is empty says nothing about its file.
        warnings = reading.warnings if reading.lines or span is None else []
        told = {
            "accepted": reading.accepted,
            "rejected": reading.rejected,
            "warnings": [f"{path.name}: {warning}" for warning in warnings],
        }
        (draft / "told.json").write_text(json.dumps(told), "utf-8")


def _shard_rows(accepted: pl.DataFrame, file: str) -> pl.DataFrame:
    """Return the rows of a shard; messages that the texts give stay null, however the line was read."""
    rows = accepted.select("messages", "system", "prompt", "completion").iter_rows()
    messages = [None if said is None or said == plain_messages(*texts) else said for said, *texts in rows]
    return accepted.with_columns(pl.Series("messages", messages, dtype=pl.String), file=pl.lit(file)).select(
        pl.col(name).cast(dtype) for name, dtype in SHARD.items()
    )
