r"""JSON Lines: one object a line.

    {"prompt": "Where is my order?", "completion": "On its way."}

Blank lines are passed over and not counted; the numbers of the others stay true. Written with ASCII escapes, so that
U+2028 and its kin cannot cut a line for readers that split at them, without NaN, with LF and a final newline.
"""

import json
from collections.abc import Iterator
from typing import BinaryIO

from pipelines.formats.registry import Format, Record, Row, Unfit, register_format
from pipelines.formats.source import Line, Source
from pipelines.formats.strict_json import parse_json

_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False)


@register_format
def json_lines() -> Format:
    """Describe JSON Lines."""
    return Format(
        name="jsonl",
        title="JSON Lines",
        description="One JSON object a line, of any shape that is known.",
        extensions=(".jsonl", ".ndjson"),
        example={"prompt": "Where is my order?", "completion": "On its way."},
        kind="container",
        read_records=read_json_lines,
    )


def read_json_lines(source: Source) -> Iterator[Record]:
    """Yield a record for every line that is not blank."""
    for line in source.lines():
        if (record := record_of(line)) is not None:
            yield record


def record_of(line: Line) -> Record | None:
    """Read one line; None when it is blank."""
    text = line.text
    if line.problem is not None:
        return Record(line.number, text, None, line.problem)
    if not text or text.isspace():
        return None
    try:
        row = parse_json(text)
    except Unfit as problem:
        return Record(line.number, text.rstrip("\r"), None, problem)
    return as_record(line.number, text.rstrip("\r"), row)


def as_record(line: int, raw: str, value: object) -> Record:
    """Make a record of one JSON value: only an object is a row."""
    if isinstance(value, dict):
        return Record(line, raw, value)
    kind = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}.get(type(value), "a number")
    return Record(
        line, raw, None, Unfit(f"The line holds {kind}, not an object.", 'Write an object such as {"messages": [...]}.')
    )


def write_json_lines(rows: Iterator[Row], file: BinaryIO) -> list[str]:
    """Write one object a line; nothing is changed, so there is nothing to note."""
    for row in rows:
        file.write(json_line(row).encode("ascii") + b"\n")
    return []


def json_line(row: Row) -> str:
    """Write one object as a line without its end."""
    return _ENCODER.encode(row)
