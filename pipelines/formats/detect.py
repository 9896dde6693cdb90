"""Which format a file has, judged by its content and never by its name.

The container first, by the first bytes and lines; then each row's shape, by the names of its columns.
"""

from collections.abc import Mapping, Sequence

from pipelines.formats.containers.wrapped import wrapped
from pipelines.formats.names import apply_mapping
from pipelines.formats.registry import FORMATS, Format, Row, Unfit, shapes
from pipelines.formats.source import Source
from pipelines.formats.strict_json import parse_json
from pipelines.formats.table_dialect import UNLIKELY, find_delimiter, named_delimiter

_LOOKED_AT = 20


def detect_format(rows: Sequence[Row]) -> str | None:
    """Name the shape that most of the first rows have.

    Args:
        rows: the first rows of a file.

    Returns:
        the name of a shape in `FORMATS`; None when no row has a known shape. Ties go to the earlier row's.
    """
    counts: dict[str, int] = {}
    for row in rows:
        if (shape := shape_of_row(row)) is not None:
            counts[shape.name] = counts.get(shape.name, 0) + 1
    return max(counts, key=lambda name: counts[name]) if counts else None


def shape_of(columns: Sequence[str]) -> Format | None:
    """Return the first shape that recognises the columns, whatever they hold."""
    return next((shape for shape in shapes() if shape.recognise is not None and shape.recognise(columns)), None)


def shape_of_row(row: Row) -> Format | None:
    """Return the first shape that recognises the columns and what they hold."""
    for shape in shapes():
        fields = shape.recognise(list(row)) if shape.recognise is not None else None
        if fields and (shape.holds is None or shape.holds({field: row[column] for field, column in fields.items()})):
            return shape
    return None


def detect_container(source: Source, mapping: Mapping[str, str]) -> str:
    """Name the container of a file.

    Args:
        source: the opened file.
        mapping: {field: column} as the person gave it: a header that has such a column is a header.

    Returns:
        the name of a container in `FORMATS`; text when nothing else fits.
    """
    if source.columns_kind:
        return source.columns_kind
    lines = [line.strip() for line in source.sample()]
    lines = [line for line in lines if line]
    if not lines:
        return "jsonl"
    if lines[0].startswith("<|im_start|>"):
        return "chatml-text"
    if _is_spread(lines[:_LOOKED_AT]):
        return "json"
    if len(lines) == 1 and _wraps_rows(lines[0]):
        return "json"
    if any(_is_object(line) for line in lines[:_LOOKED_AT]):
        return "jsonl"
    if lines[0][0] == "{":
        # No line is an object by itself. Objects spread over lines begin with a line that holds only their opening.
        return "json" if _opens_only(lines[0]) else "jsonl"
    if lines[0][0] == "[" and _opens_array(lines):
        return "json"
    return _delimited_or_text(lines, mapping)


def _is_object(line: str) -> bool:
    if not (line.startswith("{") and line.endswith("}")):
        return False
    try:
        return isinstance(parse_json(line), dict)
    except Unfit:
        return False


def _wraps_rows(line: str) -> bool:
    """Whether a file's only line is an object that is no row itself but holds a list of rows."""
    try:
        value = parse_json(line)
    except Unfit:
        return False
    return isinstance(value, dict) and shape_of_row(value) is None and wrapped(value) is not None


def _is_spread(lines: Sequence[str]) -> bool:
    """Whether the first line opens an array or an object that goes on in the next, even where a line is a whole one."""
    first, following = lines[0], lines[1:]
    if first in ("[", "{"):
        return True
    if first[0] == "[" and _opens_array(lines):
        goes_on = any(line.endswith((",", "]")) for line in lines)
        return goes_on and not (first.endswith("]") and any(_is_object(line) for line in following))
    if first[0] == "{" and _opens_only(first):
        return any(line[0] in '"}]' for line in following)
    return False


def _opens_only(line: str) -> bool:
    return line == "{" or line.endswith((",", ":", "{", "["))


def _opens_array(lines: Sequence[str]) -> bool:
    after = "".join(lines[:3])[1:].lstrip()
    return not after or after[0] in "{[]"


def _delimited_or_text(lines: list[str], mapping: Mapping[str, str]) -> str:
    if named := named_delimiter(lines[0]):
        return "tsv" if named == "\t" else "csv"
    delimiter = find_delimiter(lines)
    header = [cell.strip().strip("\"'") for cell in lines[0].split(delimiter)]
    table = "tsv" if delimiter == "\t" else "csv"
    if shape_of(list(apply_mapping(header, mapping))) is not None:
        return table
    # A header of unknown names still is one where all rows are cut alike and it reads like names, not like sentences.
    looks_like_names = delimiter not in UNLIKELY and all(
        cell and len(cell) <= 40 and len(cell.split()) <= 3 for cell in header
    )
    rows = [line.count(delimiter) for line in lines[:_LOOKED_AT]]
    if len(header) >= 2 and len(set(header)) == len(header) and looks_like_names and len(rows) >= 2:
        alike = sum(count >= rows[0] for count in rows) / len(rows)
        if alike > 0.9:
            return table
    return "text"


def container_named(name: str) -> Format | None:
    """Return the container of that name, or None when it names a shape."""
    entry = FORMATS.get(name)
    return entry if entry is not None and entry.kind == "container" else None
