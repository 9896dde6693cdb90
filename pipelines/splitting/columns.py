"""Splitting by what a column says: a source key, a time, or the name of a split.

A column that looks like a source key has a telling name (conversation, document, ticket, group, ... or an id),
many values, no value that holds a large share of the examples, and values that several examples share.

By time, the test split is the latest: groups are ordered by their earliest example, so that a group with one early
wording is early as a whole; train, validation and test follow each other up to their shares. Times are ISO 8601 dates
or date-times, or numbers of seconds or milliseconds since 1970; all of a column must be times.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from pipelines.errors import CurationError
from pipelines.splitting.settings import SPLITS

COLUMN = pl.Schema({"example_id": pl.String, "value": pl.String})
_KEY_NAME = re.compile(
    r"(^|_|-|\b)(id|key|uuid|conversation|dialogue|dialog|thread|session|ticket|document|doc|passage|article|context|group|item"
    r"|source_item|episode|case|url)s?($|_|-|\b)|[a-z]Id$",
    re.IGNORECASE,
)
_TIME_NAME = re.compile(
    r"(^|_|-)(time|date|timestamp|created|created_at|updated_at|datetime|day)($|_|-)|_at$", re.IGNORECASE
)
_NAMES_OF_SPLITS = {"train": "train", "training": "train", "validation": "validation", "valid": "validation"}
_NAMES_OF_SPLITS |= {"val": "validation", "dev": "validation", "test": "test", "testing": "test", "heldout": "test"}
_LEAST_VALUES = 5
_LARGEST = 0.1
_SHARED = 0.2
_SHOWN = 40


@dataclass(frozen=True)
class KeySuggestion:
    """A column that looks like a source key: how many values it has, and the share of examples that share theirs."""

    column: str
    values: int
    shared: float


def suggest_key(columns: dict[str, pl.DataFrame], examples: int) -> KeySuggestion | None:
    """Return the column that looks most like a source key, or None.

    Args:
        columns: name -> `COLUMN`, a row for each example and value.
        examples: number of all examples.
    """
    found = []
    for name, frame in sorted(columns.items()):
        if not _KEY_NAME.search(name) or frame.is_empty():
            continue
        sizes = frame.group_by("value").agg(n=pl.col("example_id").n_unique())["n"]
        shared = float(sizes.filter(sizes > 1).sum()) / max(examples, 1)
        if sizes.len() >= _LEAST_VALUES and int(sizes.max()) <= max(_LARGEST * examples, 2) and shared >= _SHARED:  # type: ignore[arg-type]
            found.append(KeySuggestion(name, sizes.len(), min(shared, 1.0)))
    return max(found, key=lambda entry: (round(entry.shared, 2), -entry.values, entry.column)) if found else None


def suggest_time(names: list[str]) -> str | None:
    """Return the first column whose name is one of a time, or None."""
    return next((name for name in sorted(names) if _TIME_NAME.search(name)), None)


def check_key(frame: pl.DataFrame, name: str, examples: int) -> None:
    """Check that a column can hold examples together.

    Raises:
        CurationError: no example has a value in it, or one value holds more than half of the examples.
    """
    _check_known(frame, name)
    largest = (
        frame.group_by("value").agg(n=pl.col("example_id").n_unique()).sort(["n", "value"], descending=[True, False])
    )
    value, count = largest.row(0)
    if count > max(examples / 2, 1):
        raise CurationError(
            f"In the column '{name}', {count:,} of {examples:,} examples have the value '{value[:_SHOWN]}':"
            " held together, they leave no fair split.",
            "Name a column with one value a source item, such as a conversation or document id.",
        )


def read_times(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Read a column as times.

    Args:
        frame: `COLUMN`.
        name: of the column, for messages.

    Returns:
        example_id, time (seconds since 1970); of an example with several, the earliest.

    Raises:
        CurationError: the column is empty, or a value is no time; names it.
    """
    _check_known(frame, name)
    values = frame["value"].unique()
    times = {value: _seconds(value) for value in values}
    if wrong := sorted(value for value, time in times.items() if time is None):
        raise CurationError(
            f"The column '{name}' is no time: '{wrong[0][:_SHOWN]}' ({len(wrong):,} of {len(times):,} values).",
            "Name a column of dates such as 2024-05-31 or 2024-05-31T12:00:00Z, or of seconds since 1970.",
        )
    read = frame.with_columns(time=pl.col("value").replace_strict(times, return_dtype=pl.Float64))
    return read.group_by("example_id").agg(pl.col("time").min()).sort("example_id")


def place_by_time(members: pl.DataFrame, times: pl.DataFrame, shares: dict[str, float]) -> pl.DataFrame:
    """Place groups by their earliest time: train first, then validation, then test.

    Args:
        members: example_id, group_id.
        times: example_id, time; groups without any go to train.
        shares: asked shares.

    Returns:
        example_id, split of all members.
    """
    dated = members.join(times, on="example_id", how="left")
    groups = dated.group_by("group_id").agg(time=pl.col("time").min(), size=pl.len())
    groups = groups.sort(["time", "group_id"], nulls_last=False)
    middle = (pl.col("size").cum_sum() - pl.col("size") / 2) / pl.col("size").sum()
    train, validation = shares["train"], shares["train"] + shares["validation"]
    last = SPLITS[2] if shares["test"] > 0 else SPLITS[1]
    first = pl.when((middle <= train) | pl.col("time").is_null()).then(pl.lit("train"))
    split = first.when(middle <= validation).then(pl.lit("validation")).otherwise(pl.lit(last))
    placed = groups.with_columns(split=split)
    return members.join(placed, on="group_id").select("example_id", "split").sort("example_id")


def read_splits(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Read a column as names of splits (train, validation or val or dev, test; case does not count).

    Returns:
        example_id, split; of an example with several, the one seen most.

    Raises:
        CurationError: the column is empty, or a value names no split.
    """
    _check_known(frame, name)
    read = frame.with_columns(split=pl.col("value").str.strip_chars().str.to_lowercase().str.replace_all("[-_ ]", ""))
    unknown = read.filter(~pl.col("split").is_in(list(_NAMES_OF_SPLITS)))["value"].unique().sort()
    if unknown.len():
        raise CurationError(
            f"The column '{name}' names no split in '{unknown[0][:_SHOWN]}'.",
            f"Its values must be {', '.join(SPLITS)} (or val, dev); rename them, or name another column.",
        )
    read = read.with_columns(pl.col("split").replace_strict(_NAMES_OF_SPLITS))
    order = pl.col("split").replace_strict({split: rank for rank, split in enumerate(SPLITS)}, return_dtype=pl.Int8)
    read = read.with_columns(rank=order).sort("example_id", "rank")
    return read.unique("example_id", keep="first", maintain_order=True).select("example_id", "split")


def _check_known(frame: pl.DataFrame, name: str) -> None:
    if frame.is_empty():
        raise CurationError(
            f"No example has a value in the column '{name}'.", "Name a column of the imported files, as they spell it."
        )


def _seconds(value: str) -> float | None:
    text = value.strip()
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    # Between 1980 and 2100, in seconds or milliseconds; a bare year or count is no time.
    for unit in (1.0, 1_000.0):
        if 3.2e8 <= number / unit <= 4.2e9:
            return number / unit
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if text.isdigit():
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
