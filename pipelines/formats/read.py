"""Reading a file: every line ends as accepted or as rejected with its place, reason and remedy.

The container yields records, the shape (by the names of a row's columns, row by row) yields messages, the role check
says what can be used. Rows of another shape than the rest are read as what they are, with a warning. Columns that the
shape does not take become the metadata. Blank lines are no lines.

Frames are built in batches, so that Python objects never pile up; the result itself is held in memory.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel, Field, field_validator

from pipelines.errors import CurationError
from pipelines.examples import Message, canonical_messages
from pipelines.formats.detect import container_named, detect_container
from pipelines.formats.names import FIELDS
from pipelines.formats.normalisation import Kind, normalise
from pipelines.formats.registry import FORMATS, Format, Record, Row, Unfit
from pipelines.formats.roles import Role, check_conversation
from pipelines.formats.row_plan import Plan
from pipelines.formats.source import Source, open_source
from pipelines.progress import Progress, no_progress

READ_ROWS = pl.Schema({"line": pl.Int64, "messages": pl.String, "metadata": pl.String, "raw": pl.String})
REJECTED = pl.Schema({"line": pl.Int64, "column": pl.Int64, "reason": pl.String, "remedy": pl.String, "raw": pl.String})
_BATCH = 10_000
# So many lines that were evened out are named.
_LISTED_LINES = 20
_TOLD_EVERY = 2_000


class ReadSettings(BaseModel, frozen=True, extra="forbid"):
    """How a file is read."""

    format: str = Field("auto", description="A format by name, or auto: judged by the content.")
    role: Role = Field("train", description="What the rows are for; only production queries need no answer.")
    mapping: dict[str, str] = Field(
        default_factory=dict, description="Which column holds what, where names are unusual: {'prompt': 'question'}."
    )
    normalise: tuple[Kind, ...] = Field(
        (), description="What to even out in the messages: unicode, white-space, keys; counted, and off by default."
    )
    max_line_bytes: int = Field(64 << 20, ge=100, description="Longer lines are rejected.")
    max_unpacked_bytes: int = Field(8 << 30, ge=100, description="A compressed file that grows beyond is refused.")
    max_whole_bytes: int = Field(1 << 30, ge=100, description="A JSON array, held in memory, must not be larger.")
    limit: int | None = Field(None, ge=1, description="Stop after so many lines; for previews.")

    @field_validator("format")
    @classmethod
    def _known_format(cls, name: str) -> str:
        if name != "auto" and (name not in FORMATS or not FORMATS[name].can_read):
            known = ", ".join(sorted(entry.name for entry in FORMATS.values() if entry.can_read))
            raise ValueError(f"there is no format '{name}' to read; known: auto, {known}")
        return name

    @field_validator("mapping")
    @classmethod
    def _known_fields(cls, mapping: dict[str, str]) -> dict[str, str]:
        if unknown := sorted(set(mapping) - set(FIELDS)):
            raise ValueError(f"'{unknown[0]}' is nothing a column can be mapped to; known: {', '.join(FIELDS)}")
        if twice := [column for column, count in Counter(mapping.values()).items() if count > 1]:
            raise ValueError(f"the column '{twice[0]}' is mapped to two fields; name another column for one of them")
        return mapping


@dataclass(frozen=True)
class ReadResult:
    """What became of every line.

    Attributes:
        accepted: `READ_ROWS`, in the file's order: messages in canonical form, metadata as a JSON object.
        rejected: `REJECTED`, in the file's order; column is null where it is not known.
        format: the shape of most rows, or the container for tables and text.
        lines: records in the file; accepted + rejected.
        warnings: what a person should look at.
        columns: columns of the first rows, in their order of appearance.
    """

    accepted: pl.DataFrame
    rejected: pl.DataFrame
    format: str
    lines: int
    warnings: list[str]
    columns: tuple[str, ...]


def read_file(path: Path, settings: ReadSettings | None = None, *, progress: Progress = no_progress) -> ReadResult:
    """Read one file of examples.

    Args:
        path: the file; its name plays no part in what it is taken for.
        settings: format, role, mapping and limits.
        progress: told the share of the file that was read.

    Returns:
        accepted and rejected lines; an empty file gives none and a warning.

    Raises:
        CurationError: the file as a whole cannot be read (missing, binary, grows past the limit, damaged Parquet).
    """
    settings = settings or ReadSettings()
    path = Path(path)
    source = opened_source(path, settings)
    container = container_of(source, settings)
    sorter = Sorter(settings)
    for count, record in enumerate(records_of(container, source), start=1):
        sorter.take(record)
        if count % _TOLD_EVERY == 0:
            progress(min(source.position / max(source.size, 1), 1.0), f"Read {count:,} lines of {path.name}")
        if count == settings.limit:
            break
    progress(1.0, f"Read {path.name}")
    accepted, rejected = sorter.frames()
    found = [*source.warnings, *sorter.warnings(), *disliked_warning(disliked(accepted))]
    name, warnings = judged(container, found, sorter.shapes, sorter.lines)
    return ReadResult(accepted, rejected, name, sorter.lines, warnings, tuple(sorter.columns))


def opened_source(path: Path, settings: ReadSettings) -> Source:
    """Look at the first bytes of a file, with the limits of the settings.

    Raises:
        CurationError: as `open_source`.
    """
    return open_source(
        path,
        max_line_bytes=settings.max_line_bytes,
        max_unpacked_bytes=settings.max_unpacked_bytes,
        max_whole_bytes=settings.max_whole_bytes,
    )


def disliked(accepted: pl.DataFrame) -> int:
    """Count rows whose column `label` is false, as data for KTO mark answers that people disliked."""
    return int(accepted["metadata"].str.contains(r'"label": ?false').sum())


def disliked_warning(count: int) -> list[str]:
    """Return the warning of such rows, if there are any."""
    told = f"{count:,} lines have label false: in KTO data these are answers that people disliked. Drop them on Browse"
    return [f"{told} (label is false)."] if count else []


def judged(container: Format, warnings: Sequence[str], shapes: Mapping[str, int], lines: int) -> tuple[str, list[str]]:
    """Name the format of what was read, and warn of rows that have another shape than most.

    Args:
        container: of the file.
        warnings: what the source had to say.
        shapes: number of accepted rows by the name of their shape.
        lines: records in the file.
    """
    warnings = list(warnings)
    if not lines:
        warnings.append("The file is empty.")
    names = sorted(shapes)
    common = max(names, key=lambda name: shapes[name]) if shapes else None
    for name, count in ((name, shapes[name]) for name in names):
        if name != common:
            warnings.append(f"{count} lines have another shape than the rest and were read as {name}.")
    tables = {"csv", "tsv", "parquet", "arrow", "text"}
    return (container.name if container.name in tables or common is None else common), warnings


def container_of(source: Source, settings: ReadSettings) -> Format:
    """Return the container of a file: the one that was asked for, or the one that its content shows.

    Raises:
        CurationError: the file is none of the format that was asked for.
    """
    named = container_named(settings.format)
    detected = detect_container(source, settings.mapping)
    if named is None:
        return FORMATS[detected]
    if source.columns_kind != (named.name if named.name in ("parquet", "arrow") else ""):
        raise CurationError(
            f"{source.path.name} is {FORMATS[detected].title}, not {named.title}.",
            "Leave the format to be detected: auto.",
        )
    return named


def records_of(container: Format, source: Source) -> Iterator[Record]:
    """Yield what the container finds in the file.

    Raises:
        CurationError: the file as a whole cannot be read.
    """
    if container.read_records is None:
        raise CurationError(f"Files of the format {container.name} cannot be read.", "Use another format.")
    return container.read_records(source)


class Sorter:
    """Sorts records into accepted and rejected, and builds frames of them batch by batch.

    Attributes:
        lines: records that were taken.
        shapes: number of accepted records by the name of their shape.
        columns: those of the first records, in their order of appearance.
        normalised: number of accepted records that were changed, by the kind of the change.
    """

    def __init__(self, settings: ReadSettings) -> None:
        self._settings = settings
        forced = FORMATS[settings.format] if settings.format != "auto" else None
        self._forced = forced if forced is not None and forced.kind == "shape" else None
        self._plans: dict[tuple[str, ...], Plan] = {}
        self.shapes: dict[str, int] = {}
        self.columns: dict[str, None] = {}
        self._accepted: list[tuple[int, str, str, str]] = []
        self._rejected: list[tuple[int, int | None, str, str, str]] = []
        self._accepted_frames: list[pl.DataFrame] = []
        self._rejected_frames: list[pl.DataFrame] = []
        self.lines = 0
        self.normalised: Counter[Kind] = Counter()
        self._normalised_lines: dict[Kind, list[int]] = {}
        self._changed: set[Kind] = set()
        self._seen_columns = 0

    def take(self, record: Record) -> None:
        """Sort one record."""
        self.lines += 1
        try:
            if record.row is None:
                raise record.problem or Unfit("The line cannot be read.", "Remove it.")
            messages, metadata, shape = self.read_row(record.row)
        except Unfit as problem:
            raw = record.raw.encode("utf-8", "replace").decode()
            reason, remedy = (_storable(text) for text in (problem.reason, problem.remedy))
            self._rejected.append((record.line, problem.column, reason, remedy, raw))
            if len(self._rejected) >= _BATCH:
                self._flush()
            return
        self.shapes[shape] = self.shapes.get(shape, 0) + 1
        for kind in self._changed:
            self.normalised[kind] += 1
            if self.normalised[kind] <= _LISTED_LINES:
                self._normalised_lines.setdefault(kind, []).append(record.line)
        self._accepted.append((record.line, messages, metadata, record.raw))
        if len(self._accepted) >= _BATCH:
            self._flush()

    def frames(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return what was accepted and what was rejected since the last call: `READ_ROWS` and `REJECTED`."""
        self._flush()
        accepted = _joined(self._accepted_frames, READ_ROWS)
        rejected = _joined(self._rejected_frames, REJECTED)
        self._accepted_frames, self._rejected_frames = [], []
        return accepted, rejected

    def plan(self, columns: tuple[str, ...]) -> Plan:
        """Return how rows of these columns are read."""
        plan = self._plans.get(columns)
        if plan is None:
            plan = Plan(columns, self._settings.mapping, self._forced)
            if len(self._plans) < _BATCH:  # a hostile file has other columns in every row
                self._plans[columns] = plan
        return plan

    def read_row(self, row: Row) -> tuple[str, str, str]:
        """Read one row.

        Returns:
            the canonical messages, the metadata as a JSON object, and the name of the row's shape.

        Raises:
            Unfit: why it cannot be used.
        """
        columns = tuple(row)
        plan = self.plan(columns)
        if self._seen_columns < 100:
            self._seen_columns += 1
            self.columns.update(dict.fromkeys(columns))
        way = plan.way(row)
        if way.shape.read_row is None:
            raise Unfit(f"The format {way.shape.title} cannot be read.", "Use another format.")
        messages, changed = way.shape.read_row(way.take(row)), set[Kind]()
        if self._settings.normalise:
            messages, changed = normalise(messages, self._settings.normalise)
        messages = check_conversation(messages, self._settings.role)
        metadata = _metadata({name: row[column] for name, column in way.rest.items()}) if way.rest else "{}"
        canonical = _canonical(messages)
        self._changed = changed
        return canonical, metadata, way.shape.name

    def warnings(self) -> list[str]:
        """Return how many lines were evened out, and the first of them, for each kind that changed one."""
        told = []
        for kind, count in sorted(self.normalised.items()):
            lines = self._normalised_lines[kind]
            listed = ", ".join(map(str, lines)) + (" …" if count > len(lines) else "")
            told.append(f"{count:,} lines were normalised: {kind} (line {listed}).")
        return told

    def _flush(self) -> None:
        if self._accepted:
            self._accepted_frames.append(_frame(self._accepted, READ_ROWS))
            self._accepted = []
        if self._rejected:
            self._rejected_frames.append(_frame(self._rejected, REJECTED))
            self._rejected = []


def _joined(frames: Sequence[pl.DataFrame], schema: pl.Schema) -> pl.DataFrame:
    if len(frames) < 2:
        return frames[0] if frames else schema.to_frame()
    return pl.concat(frames, rechunk=False)


def _frame(rows: Sequence[tuple[object, ...]], schema: pl.Schema) -> pl.DataFrame:
    """Build a frame by columns, which is twice as fast as by rows."""
    return pl.DataFrame(
        [pl.Series(name, values, schema[name]) for name, values in zip(schema, zip(*rows, strict=True), strict=True)]
    )


_METADATA = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, default=str)


def _canonical(messages: list[Message]) -> str:
    """Write the canonical form; plain messages, nearly all there are, by a shorter way to the same text."""
    parts: list[str] = []
    for message in messages:
        content = message["content"] if len(message) == 2 and "content" in message else None
        if type(content) is not str:
            return _canonical_of_any(messages)
        parts.append(f'{{"content":{encode_basestring(content)},"role":"{message["role"]}"}}')
    return f"[{','.join(parts)}]"


def _canonical_of_any(messages: list[Message]) -> str:
    try:
        return canonical_messages(messages)
    except ValueError:
        raise _not_finite() from None
    except (TypeError, RecursionError):
        raise Unfit("A message holds a value that JSON cannot hold.", "Write it as text.") from None


def _metadata(rest: dict[str, Any]) -> str:
    try:
        return _METADATA.encode(rest)
    except ValueError:
        raise _not_finite() from None
    except (TypeError, RecursionError):
        raise Unfit("A column holds a value that JSON cannot hold.", "Write it as text.") from None


def _not_finite() -> Unfit:
    return Unfit("A number is too large or not a number.", "Write null, a smaller number or a text.")


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
