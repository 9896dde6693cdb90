"""CSV and TSV: a header, then one row a record; the delimiter is found by looking, the shape by the header's names.

    prompt,completion
    Where is my order?,On its way.

Read strictly, with the delimiter and the quotes that `table_dialect.py` finds: quoted cells may hold delimiters, quotes
and line ends. A record's line is its first physical line. A cell that opens a quote and never closes it would swallow
the rest of the file: when a record that spans lines does not have as many cells as the header, only its first line is
rejected and reading goes on at the next.

Written with every cell in quotes. Cells that a spreadsheet would run as a formula (first character = + - @, tab or
carriage return) get a leading apostrophe, as OWASP advises; how many is noted, since such a cell reads back with it.
"""

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from pipelines.examples import Message
from pipelines.formats.registry import Format, Record, Row, Unfit, register_format
from pipelines.formats.shapes.prompt_completion import single_turn_row
from pipelines.formats.source import Line, Source
from pipelines.formats.table_dialect import NO_DELIMITER, Dialect, find_dialect, named_delimiter

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_LARGEST_CELL = 1 << 30
# Going back to the line after a runaway quote reads lines again; after so many times the file is hopeless, not unlucky.
_MAX_RECOVERIES = 50
_EXAMPLE: Row = {"prompt": "Where is my order?", "completion": "On its way."}


@register_format
def comma_separated() -> Format:
    """Describe CSV."""
    return Format(
        name="csv",
        title="CSV",
        description="A table with a header; comma, semicolon or bar between cells. Written safe against formulas.",
        extensions=(".csv",),
        example=_EXAMPLE,
        kind="container",
        read_records=read_delimited,
        write_row=table_row,
        write_rows=write_csv,
    )


@register_format
def tab_separated() -> Format:
    """Describe TSV."""
    return Format(
        name="tsv",
        title="TSV",
        description="A table with a header and tabs between cells.",
        extensions=(".tsv", ".tab"),
        example=_EXAMPLE,
        kind="container",
        read_records=read_delimited,
    )


def read_delimited(source: Source) -> Iterator[Record]:
    """Yield a record for every row after the header."""
    sample = [line for line in source.sample() if line.strip()]
    dialect = find_dialect(sample)
    names_it = bool(sample) and bool(named_delimiter(sample[0]))
    if dialect.delimiter not in next(iter(sample[names_it:]), ""):
        dialect = Dialect(NO_DELIMITER)  # one column: a comma belongs to the text
    # The limit is the csv module's own and holds for the process; it is only ever raised, to the same value.
    csv.field_size_limit(_LARGEST_CELL)
    feed = _Feed(source.lines())
    header: list[str] | None = None
    recoveries = 0
    reader = dialect.records(feed)
    while True:
        feed.begin()
        problem: Unfit | None = None
        cells: list[str] = []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problem = _explain(str(error))
            reader = dialect.records(feed)
        taken = feed.taken
        broken = next((line.problem for line in taken if line.problem is not None), None)
        if problem is None and broken is None and len(taken) == 1 and not taken[0].text.strip():
            continue
        if names_it:
            names_it = False
            continue
        if header is None and problem is None and broken is None:
            header = _header(cells)
            continue
        first = taken[0]
        width = len(header) if header is not None else 0
        if problem is None and len(cells) != width:
            problem = Unfit(
                f"The row has {len(cells)} cells, the header {width}.", "Put quotes around cells that hold a delimiter."
            )
        if problem is not None and len(taken) > 1 and recoveries < _MAX_RECOVERIES:
            recoveries += 1
            feed.push_back(taken[1:])
            taken = taken[:1]
            reader = dialect.records(feed)
        problem = next((line.problem for line in taken if line.problem is not None), problem)
        raw = "\n".join(line.text for line in taken).rstrip("\r")
        if problem is None and "\0" in raw:
            problem = Unfit("The row holds a NUL character.", "Remove it.", raw.index("\0") + 1)
        if problem is not None:
            yield Record(first.number, raw, None, problem)
        else:
            yield Record(first.number, raw, dict(zip(header or [], cells, strict=True)))


def table_row(messages: list[Message], with_system: bool) -> Row:
    """Return prompt and completion, as the prompt-completion shape has them.

    Raises:
        Unfit: more than a single turn of text, or a NUL character, at which readers of tables stop.
    """
    row = single_turn_row(messages, with_system)
    if any("\0" in cell for cell in row.values()):
        raise Unfit("holds a NUL character, which no table can hold", "Export it as chat.")
    return row


def write_csv(rows: Iterator[Row], file: BinaryIO) -> list[str]:
    """Write a header and the rows; returns a note when cells were made safe."""
    neutralised = 0
    header: list[str] | None = None
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for row in rows:
        if header is None:
            header = list(row)
            writer.writerow(header)
        cells = [str(row[name]) for name in header]
        neutralised += sum(cell.startswith(FORMULA_STARTS) for cell in cells)
        writer.writerow([f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell for cell in cells])
        file.write(buffer.getvalue().encode("utf-8"))
        buffer.seek(0)
        buffer.truncate()
    if header is None:
        file.write(b'"prompt","completion"\n')
    if neutralised:
        return [f"{neutralised} cells begin like a formula and were written with a leading apostrophe."]
    return []


class _Feed:
    """Physical lines for the csv module, remembered until the record that they belong to is done."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._again: list[Line] = []
        self.taken: list[Line] = []

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else next(self._lines)
        self.taken.append(line)
        return line.text + "\n"

    def begin(self) -> None:
        self.taken = []

    def push_back(self, lines: list[Line]) -> None:
        self._again.extend(reversed(lines))


def _header(cells: list[str]) -> list[str]:
    names: list[str] = []
    for position, cell in enumerate(cells, start=1):
        name = cell.strip() or f"column {position}"
        while name in names:
            name = f"{name} ({position})"
        names.append(name)
    return names


def _explain(error: str) -> Unfit:
    if "unexpected end" in error:
        return Unfit("A quote is opened and never closed.", "Close it, or double the quote signs inside the cell.")
    if "expected after" in error:
        return Unfit("Text follows a closing quote.", "Double the quote signs inside a quoted cell.")
    return Unfit(f"The row cannot be read: {error}.", "Put quotes around cells that hold line ends.")
