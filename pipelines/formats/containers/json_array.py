"""One JSON value for the whole file: an array of objects, objects one after another, or an object that holds the array.

    [{"instruction": "…", "input": "", "output": "…"}, …]

The elements are parsed one by one, so each keeps its text and the line it begins on; one that cannot be parsed ends the
reading, since nothing says where the next begins: it and all that follows become one rejected record.

The file is held in memory.
"""

import json
import re
from collections.abc import Iterator

from pipelines.formats.containers.json_lines import as_record
from pipelines.formats.registry import Format, Record, Unfit, register_format
from pipelines.formats.source import Source
from pipelines.formats.strict_json import parse_json_at

_BLANKS = re.compile(r"[ \t\r\n]*")
_SHOWN = 2_000
# Keys under which tools wrap the rows of a whole data set.
_WRAPPERS = ("data", "rows", "examples", "train", "instances", "items", "conversations_list")


@register_format
def json_array() -> Format:
    """Describe the JSON array."""
    return Format(
        name="json",
        title="JSON array",
        description="One JSON array of objects (or objects one after another, over several lines).",
        extensions=(".json",),
        example={"instruction": "Name a fruit.", "input": "", "output": "Apple."},
        kind="container",
        read_records=read_json_array,
    )


def read_json_array(source: Source) -> Iterator[Record]:
    """Yield a record for every element."""
    text = source.text()
    offset = _after_blanks(text, 0)
    lines = _LineCounter(text)
    if offset == len(text):
        return
    in_array = text[offset] == "["
    if in_array:
        offset = _after_blanks(text, offset + 1)
        if offset < len(text) and text[offset] == "]":
            offset = _after_blanks(text, offset + 1)
            if offset < len(text):
                yield _rest(text, offset, lines, Unfit("More text follows the array.", "Remove it."))
            return
    first = True
    while offset < len(text):
        try:
            value, end = parse_json_at(text, offset)
        except Unfit as problem:
            yield _rest(text, offset, lines, problem)
            return
        if first and not in_array and (wrapped := _wrapped(value)) is not None:
            yield from _unwrap(wrapped, lines.at(offset))
        else:
            yield as_record(lines.at(offset), text[offset:end], value)
        first = False
        offset = _after_blanks(text, end)
        if not in_array:
            continue
        if offset == len(text):
            yield _rest(text, end, lines, Unfit("The array has no end: the file is cut off.", "Export it again."))
            return
        if text[offset] == "]":
            offset = _after_blanks(text, offset + 1)
            if offset < len(text):
                yield _rest(text, offset, lines, Unfit("More text follows the array.", "Remove it."))
            return
        if text[offset] != ",":
            yield _rest(text, offset, lines, Unfit("A comma is missing between two elements.", "Put it in."))
            return
        offset = _after_blanks(text, offset + 1)
        if offset == len(text):
            yield _rest(text, end, lines, Unfit("The array has no end: the file is cut off.", "Export it again."))
            return


class _LineCounter:
    """Counts lines up to rising offsets, each character once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._offset = 0
        self._line = 1

    def at(self, offset: int) -> int:
        self._line += self._text.count("\n", self._offset, offset)
        self._offset = offset
        return self._line


def _after_blanks(text: str, offset: int) -> int:
    match = _BLANKS.match(text, offset)
    return match.end() if match else offset


def _rest(text: str, offset: int, lines: _LineCounter, problem: Unfit) -> Record:
    line = lines.at(offset)
    column = None
    if problem.column is not None:
        at = problem.column - 1
        column = at - text.rfind("\n", 0, at)
        skipped = text.count("\n", offset, at)
        if skipped:
            problem = Unfit(f"{problem.reason} (line {line + skipped})", problem.remedy)
    return Record(line, text[offset : offset + _SHOWN], None, Unfit(problem.reason, problem.remedy, column))


def _wrapped(value: object) -> list[object] | None:
    if not isinstance(value, dict):
        return None
    for key in _WRAPPERS:
        held = value.get(key)
        if isinstance(held, list) and held and all(isinstance(item, dict) for item in held):
            return held
    return None


def _unwrap(rows: list[object], line: int) -> Iterator[Record]:
    for row in rows:
        yield as_record(line, _compact(row), row)


def _compact(row: object) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))
