"""Read a log of production: which arm served whom, when, and what came of it.

    variant,outcome,time,user
    tuned,1,2026-03-02T09:15:00Z,u-17

CSV (`.csv`, `.tsv`), JSON Lines (`.jsonl`, `.ndjson`) or Parquet (`.parquet`), one row a request. An outcome is a
number or true/false. A time is ISO 8601 (without a zone it is taken for UTC), or seconds since 1970 (milliseconds
beyond 1e11). A row that lacks a value, or holds one that is none, is an error that names it: a row left out in silence
could be the one that decides.

Not covered: several outcomes at once (name another column), logs in several files.
"""

import json
import math
from collections.abc import Callable
from pathlib import Path

import polars as pl

from pipelines.errors import CurationError
from pipelines.production.settings import ABSettings

LOG = pl.Schema(
    [
        ("variant", pl.String()),
        ("outcome", pl.Float64()),
        ("time", pl.Datetime("us")),
        ("user", pl.String()),
        ("row", pl.Int64()),
    ]
)
_MILLISECONDS_FROM = 1e11
_TRUTH = {"true": 1.0, "false": 0.0}


def read_log(path: Path, settings: ABSettings | None = None) -> pl.DataFrame:
    """Read a log.

    Args:
        path: the file.
        settings: names of the columns.

    Returns:
        `LOG` in the order of the file; `row` is the line (CSV with a heading: the first row is 2), or the row of a
        Parquet file from 1.

    Raises:
        CurationError: the file cannot be read or holds nothing, a column is missing, a value is none of its kind.
    """
    settings = settings or ABSettings()
    readers: dict[str, Callable[[Path], pl.DataFrame]] = {
        ".csv": lambda file: _read_table(file, ","),
        ".tsv": lambda file: _read_table(file, "\t"),
        ".jsonl": _read_lines,
        ".ndjson": _read_lines,
        ".parquet": _read_parquet,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise CurationError(
            f"{path.name} is no log that can be read.", f"Give a file that ends in {', '.join(sorted(readers))}."
        )
    if not path.is_file():
        raise CurationError(f"There is no file {path}.", "Name a file that is there.")
    raw = reader(path)
    if raw.is_empty():
        raise CurationError(f"{path.name} holds no rows.", "Write one row for each request.")
    columns = {name: getattr(settings, f"{name}_column") for name in ("variant", "outcome", "time", "user")}
    for name, column in columns.items():
        if column not in raw.columns:
            known = ", ".join(f"'{one}'" for one in raw.columns if one != "row")
            raise CurationError(
                f"{path.name} has no column '{column}' for the {name}; it has {known}.",
                f"Name the column: --{name}-column NAME.",
            )
    rows = raw.select("row", **{name: pl.col(column) for name, column in columns.items()})
    return _checked(path.name, rows)


def _checked(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Read each value as what it is to be, or name the first row that holds something else."""
    kinds = dict(rows.schema)
    read = rows.select(
        "row",
        variant=_text("variant", kinds["variant"]),
        user=_text("user", kinds["user"]),
        outcome=_number("outcome", kinds["outcome"]),
        time=_time("time", kinds["time"]),
    )
    for column, what, remedy in (
        ("variant", "is empty", "Fill it, or leave the row out of the log."),
        ("user", "is empty", "Fill it, or leave the row out of the log."),
        ("outcome", "is no number", "Write a number, or true and false, in every row."),
        ("time", "is no time", "Write times as 2026-03-02T09:15:00Z, or as seconds since 1970."),
    ):
        bad = read[column].is_null()
        if bad.any():
            row = rows.filter(bad).row(0, named=True)
            raise CurationError(
                f"{name}, row {row['row']}: the {column} {str(row[column])[:80]!r} {what} ({int(bad.sum()):,} such).",
                remedy,
            )
    return read.select(list(LOG)).cast(dict(LOG))  # type: ignore[arg-type]  # a schema is a mapping


def _text(column: str, kind: pl.DataType) -> pl.Expr:
    """Read a text; nothing but white space becomes null."""
    if kind.is_nested():
        return pl.lit(None, pl.String).alias(column)
    text = pl.col(column).cast(pl.String, strict=False).str.strip_chars()
    return pl.when(text != "").then(text)


def _number(column: str, kind: pl.DataType) -> pl.Expr:
    """Read finite numbers, true and false; what is neither becomes null."""
    if kind == pl.Boolean or kind.is_numeric():
        number = pl.col(column).cast(pl.Float64)
    else:
        text = _text(column, kind).str.to_lowercase()
        truth = text.replace_strict(_TRUTH, default=None, return_dtype=pl.Float64)
        number = pl.coalesce(text.cast(pl.Float64, strict=False), truth)
    return pl.when(number.is_finite()).then(number)


def _time(column: str, kind: pl.DataType) -> pl.Expr:
    """Read times as UTC without a zone; what is none becomes null."""
    if isinstance(kind, pl.Datetime):
        moment = pl.col(column)
        if kind.time_zone is not None:
            moment = moment.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return moment.cast(pl.Datetime("us"))
    if kind == pl.Date:
        return pl.col(column).cast(pl.Datetime("us"))
    if kind.is_numeric():
        return _moment(pl.col(column).cast(pl.Float64))
    text = _text(column, kind).str.replace(r"^(\S+) (\d\d:)", "${1}T${2}").str.replace(r"[zZ]$", "+00:00")
    # A zone, where there is one, stands at the end as an offset.
    zoned = text.str.to_datetime("%+", strict=False, time_zone="UTC", time_unit="us").dt.replace_time_zone(None)
    forms = [
        text.str.to_datetime(form, strict=False, time_unit="us") for form in ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M")
    ]
    days = text.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))
    return pl.coalesce(zoned, *forms, days, _moment(text.cast(pl.Float64, strict=False)))


def _moment(value: pl.Expr) -> pl.Expr:
    """Read seconds since 1970, or milliseconds where they would lie beyond the year 5000; not before 1970."""
    seconds = pl.when(value > _MILLISECONDS_FROM).then(value / 1000).otherwise(value)
    sound = seconds.is_finite() & (seconds >= 0) & (seconds <= _MILLISECONDS_FROM)
    return pl.when(sound).then(seconds * 1e6).cast(pl.Int64, strict=False).cast(pl.Datetime("us"))


def _read_table(path: Path, separator: str) -> pl.DataFrame:
    try:
        frame = pl.read_csv(path, separator=separator, infer_schema=False)
    except pl.exceptions.NoDataError:
        return pl.DataFrame()
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        raise _unreadable(
            path, error, "Save it as CSV in UTF-8 with one heading and as many fields in each row."
        ) from None
    return _numbered(frame, 2)


def _read_parquet(path: Path) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(path, error, "Write it again as Parquet, or as CSV or JSON Lines.") from None
    return _numbered(frame, 1)


def _read_lines(path: Path) -> pl.DataFrame:
    rows, numbers = [], []
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    rows.append(_object(path.name, number, line))
                    numbers.append(number)
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error, "Save it as UTF-8.") from None
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: [_cell(row.get(name)) for row in rows] for name in names if name != "row"}
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)).with_columns(row=pl.Series(numbers))


def _object(name: str, number: int, line: str) -> dict[str, object]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise CurationError(f"{name}, row {number}: no JSON object.", "Write one JSON object a line.")
    return row


def _cell(value: object) -> str | None:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _numbered(frame: pl.DataFrame, first: int) -> pl.DataFrame:
    return frame.drop("row", strict=False).with_columns(row=pl.int_range(first, frame.height + first, dtype=pl.Int64))


def _unreadable(path: Path, error: Exception, remedy: str) -> CurationError:
    return CurationError(f"{path.name} cannot be read: {str(error).splitlines()[0][:200]}.", remedy)
