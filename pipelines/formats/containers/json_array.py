"""One JSON value for the whole file: an array of objects, objects one after another, or an object that holds the array.

    [{"instruction": "…", "input": "", "output": "…"}, …]

The elements are parsed one by one, so each keeps its text and the line it begins on. One that is JSON but refused (NaN,
a key that occurs twice, …) costs itself only. One that is no JSON costs what lies before the next line that begins as
its own did; where there is none, it and all that follows become one rejected record.

The file is held in memory.
"""

import json
import re
from collections.abc import Iterator

from pipelines.formats.containers.json_lines import as_record
from pipelines.formats.containers.wrapped import is_rows, wrapped
from pipelines.formats.registry import Format, Record, Unfit, register_format
from pipelines.formats.source import Source, is_broken
from pipelines.formats.strict_json import end_of_json, parse_json_at

_BLANKS = re.compile(r"[ \t\r\n]*")
_SHOWN = 2_000


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
    reader = _Reader(text, is_broken(text))
    yield from reader.records(source)
    if source.damage is not None and not reader.cut_off:
        yield Record(reader.lines.at(len(text)), "", None, source.damage)


class _Reader:
    """Walks over the elements of one text."""

    def __init__(self, text: str, broken: bool) -> None:
        self._text = text
        self._broken = broken
        self.lines = _LineCounter(text)
        self.cut_off = False

    def records(self, source: Source) -> Iterator[Record]:
        text = self._text
        offset = _after_blanks(text, 0)
        if offset == len(text):
            return
        in_array = text[offset] == "["
        if in_array:
            offset = _after_blanks(text, offset + 1)
            if offset < len(text) and text[offset] == "]":
                yield from self._after_the_end(offset + 1)
                return
        first = True
        while offset < len(text):
            begin = offset
            try:
                value, offset = parse_json_at(text, begin)
            except Unfit as problem:
                end = end_of_json(text, begin)
                if end is None:
                    end = _next_element(text, begin)
                    if end is None:
                        yield self._rest(begin, source.damage or problem)
                        return
                    yield self._rest(begin, problem, end)
                    offset = end
                    continue
                offset = end
                yield self._rest(begin, problem, end)
            else:
                if first and not in_array and (key := wrapped(value)) is not None:
                    yield from self._unwrap(key, value, begin, source)
                else:
                    yield self._element(begin, offset, value)
            first = False
            end, offset = offset, _after_blanks(text, offset)
            if not in_array:
                continue
            if offset < len(text) and text[offset] == "]":
                yield from self._after_the_end(offset + 1)
                return
            if offset < len(text) and text[offset] == "{":
                source.warnings.append(f"A comma is missing before the element in line {self.lines.at(offset)}.")
                continue
            if offset < len(text) and text[offset] != ",":
                yield self._rest(offset, Unfit("A comma is missing between two elements.", "Put it in."))
                return
            offset = _after_blanks(text, offset + 1)
            if offset >= len(text):
                cut = Unfit("The array has no end: the file is cut off.", "Export it again.")
                yield self._rest(end, source.damage or cut)

    def _element(self, begin: int, end: int, value: object) -> Record:
        raw = self._text[begin:end]
        if self._broken and is_broken(raw):
            problem = Unfit("The element holds bytes that are no UTF-8 text.", "Save the file as UTF-8.")
            return Record(self.lines.at(begin), raw, None, problem)
        return as_record(self.lines.at(begin), raw, value)

    def _unwrap(self, key: str, value: object, begin: int, source: Source) -> Iterator[Record]:
        """Yield the rows under a key; their lines are not known, so they have the line of the whole."""
        whole = value if isinstance(value, dict) else {}
        if beside := [name for name in whole if name != key]:
            shown = ", ".join(beside[:8])[:200].encode("utf-8", "replace").decode()
            source.warnings.append(f"The rows were found under '{key}'; what stands beside it was not read: {shown}.")
        line = self.lines.at(begin)
        for row in whole[key]:
            raw = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
            if self._broken and is_broken(raw):
                yield Record(line, raw, None, Unfit("The row holds bytes that are no UTF-8 text.", "Save it as UTF-8."))
            else:
                yield as_record(line, raw, row)
        for name in beside:
            for row in whole[name] if is_rows(whole[name]) else []:
                raw = json.dumps(row, ensure_ascii=False, separators=(",", ":"))[:_SHOWN]
                reason = f"The rows under '{name[:40]}' stand beside those under '{key}', which were read."
                yield Record(line, raw, None, Unfit(reason, "Save them to a file of their own."))

    def _after_the_end(self, offset: int) -> Iterator[Record]:
        offset = _after_blanks(self._text, offset)
        if offset < len(self._text):
            yield self._rest(offset, Unfit("More text follows the array.", "Remove it."))

    def _rest(self, begin: int, problem: Unfit, end: int | None = None) -> Record:
        """Reject what lies between two offsets, or all that follows."""
        self.cut_off = self.cut_off or end is None
        line = self.lines.at(begin)
        column = None
        reason = problem.reason
        if problem.column is not None:
            at = problem.column - 1
            column = at - self._text.rfind("\n", 0, at)
            if skipped := self._text.count("\n", begin, at):
                reason = f"{reason} (line {line + skipped})"
        stop = begin + _SHOWN if end is None else end
        return Record(line, self._text[begin:stop].rstrip(", \t\r\n"), None, Unfit(reason, problem.remedy, column))


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


def _next_element(text: str, begin: int) -> int | None:
    """Find where the next element may begin: at a line that begins as this element's own line does."""
    line_begin = text.rfind("\n", 0, begin) + 1
    indent = text[line_begin:begin]
    if text[begin] != "{" or (indent and not indent.isspace()):
        return None
    found = text.find(f"\n{indent}{{", begin)
    return None if found < 0 else found + 1 + len(indent)
