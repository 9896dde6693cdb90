"""Writing examples: strict, whole or not at all, and nothing flattened in silence.

A file appears under its name only when it is complete (temporary file in the same folder, flushed, renamed). JSON is
ASCII-escaped, without NaN, one object a line with LF and a final newline, one set of keys a file. Before an example is
written it is read back in memory: what the format would not give back the same is left out with its reason.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.errors import CurationError
from pipelines.examples import Message, canonical_messages, messages_of
from pipelines.formats.containers.json_lines import write_json_lines
from pipelines.formats.detect import shape_of_row
from pipelines.formats.registry import FORMATS, Format, Row, Unfit
from pipelines.progress import Progress, no_progress

LEFT_OUT = pl.Schema({"example_id": pl.String, "reason": pl.String})
_TOLD_EVERY = 5_000


@dataclass(frozen=True)
class WriteResult:
    """What was written.

    Attributes:
        rows: examples in the file, in the order of the frame.
        left_out: `LEFT_OUT`: examples that the format cannot carry, and why.
        sha256: of the file, 64 hex digits.
        notes: what was changed on the way in, such as cells made safe against formulas.
    """

    rows: int
    left_out: pl.DataFrame
    sha256: str
    notes: list[str]


def write_examples(examples: pl.DataFrame, path: Path, format: str, *, progress: Progress = no_progress) -> WriteResult:
    """Write examples to one file.

    Args:
        examples: `EXAMPLES`; only example_id and messages are read.
        path: the file; its folder is made, and a file that is there is replaced as a whole.
        format: a name of `FORMATS` that can be written.
        progress: told the share that is written.

    Returns:
        counts, the examples left out, and the file's hash. No examples give an empty file (a table: its header).

    Raises:
        CurationError: unknown format, or the file cannot be written; then nothing is left behind.
    """
    entry = FORMATS.get(format)
    if entry is None or not entry.can_write:
        known = ", ".join(sorted(entry.name for entry in FORMATS.values() if entry.can_write))
        raise CurationError(f"There is no format '{format}' to write.", f"Use one of: {known}.")
    path = Path(path)
    rows = _Rows(entry, examples, progress)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise _cannot_write(path, error) from None
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            notes = (entry.write_rows or write_json_lines)(iter(rows), file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.chmod(0o644)
        with unfinished.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
        unfinished.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from None
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
    left_out = pl.DataFrame(rows.left_out, schema=LEFT_OUT, orient="row")
    return WriteResult(rows.written, left_out, digest, notes)


class _Rows:
    """The rows of the examples that the format can carry; the others gather in `left_out`."""

    def __init__(self, entry: Format, examples: pl.DataFrame, progress: Progress) -> None:
        self._entry = entry
        self._examples = examples
        self._progress = progress
        self.left_out: list[tuple[str, str]] = []
        self.written = 0

    def __iter__(self) -> Iterator[Row]:
        # One set of keys: the system column is there for all rows or for none.
        with_system = bool(self._examples["messages"].str.contains('"role":"system"', literal=True).any())
        columns = self._examples.select("example_id", "messages")
        for count, (example_id, canonical) in enumerate(columns.iter_rows(), start=1):
            if count % _TOLD_EVERY == 0:
                self._progress(count / columns.height, f"Wrote {count:,} of {columns.height:,} examples")
            try:
                row = _row(self._entry, messages_of(canonical), with_system)
            except Unfit as problem:
                self.left_out.append((example_id, problem.reason))
                continue
            self.written += 1
            yield row


def _row(entry: Format, messages: list[Message], with_system: bool) -> Row:
    if entry.write_row is None:
        raise Unfit("cannot be written in this format", "Use another format.")
    row = entry.write_row(messages, with_system)
    if read_back(row) != canonical_messages(messages):
        raise Unfit("would not read back the same from this format", "Export it as chat.")
    return row


def read_back(row: Row) -> str | None:
    """Return the canonical messages that an import would take from a row, or None where it is no known shape."""
    shape = shape_of_row(row)
    if shape is None or shape.recognise is None or shape.read_row is None:
        return None
    fields = shape.recognise(list(row)) or {}
    try:
        return canonical_messages(shape.read_row({field: row[column] for field, column in fields.items()}))
    except Unfit:
        return None


def _cannot_write(path: Path, error: OSError) -> CurationError:
    return CurationError(
        f"{path} cannot be written: {error.strerror or error}.", "Check the folder, its permissions and the free space."
    )
