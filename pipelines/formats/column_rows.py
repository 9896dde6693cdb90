"""Rows of Arrow batches as plain values, one record a row, so that one bad row costs itself and not the file.

A struct gives every message every key, so keys without a value are left out of messages; a null content stays, for it
says something. What JSON has no form for is kept as text: times in ISO form, bytes in base64, decimals as written.
"""

import base64
import datetime
import json
from collections.abc import Iterator
from typing import Any

from pipelines.formats.registry import Record, Unfit

_REMEDY = "Write the row again, with the types of the others."


def arrow_errors() -> tuple[type[Exception], ...]:
    """Return what Arrow raises on data that it cannot read or turn into Python values."""
    import pyarrow as pa

    return (pa.ArrowException, ValueError, TypeError, ArithmeticError, LookupError, OSError, MemoryError, ImportError)


def records_of(batch: Any, first: int) -> Iterator[Record]:
    """Yield a record for every row of an Arrow batch, numbered from `first`; a row that cannot be read is rejected."""
    try:
        rows: list[Any] = batch.to_pylist()
    except arrow_errors():
        for place in range(batch.num_rows):
            try:
                row = batch.slice(place, 1).to_pylist()[0]
            except arrow_errors() as error:
                problem = Unfit(f"The row holds a value that cannot be read: {reason_of(error)}.", _REMEDY)
                yield Record(first + place, "", None, problem)
            else:
                yield _record(first + place, row)
        return
    for place, row in enumerate(rows):
        yield _record(first + place, row)


def damaged(line: int, rows: int, error: Exception) -> Record:
    """Return the record that stands for rows that the file no longer holds."""
    what = f"{rows:,} rows from here on are" if rows else "The file from here on is"
    return Record(line, "", None, Unfit(f"{what} damaged: {reason_of(error)}.", "Fetch or write the file again."))


def reason_of(error: Exception) -> str:
    """Return the first line of an error's message."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200].rstrip(".")


def _record(line: int, row: dict[str, Any]) -> Record:
    plain = _plain(row)
    raw = json.dumps(plain, ensure_ascii=False)
    return Record(line, raw, {name: _without_nulls(value) for name, value in plain.items()})


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None or key == "content"}
    return value
