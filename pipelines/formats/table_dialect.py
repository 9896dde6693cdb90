r"""How a table is written, found by looking at its first lines: what stands between cells, and how cells are quoted.

    a,"b, c"        a;'b; c'        a<TAB>b "c"        a|"say \"hi\""        a^b

The usual delimiters come first; another sign is taken only when it cuts every line alike, and one that stands in
ordinary text (`/`, `%`, …) only where the header's names are known. Quotes are doubled inside cells, as RFC 4180 says,
unless more of the first lines can be read with backslashes before them, or, between tabs, with quotes that mean
nothing. Cells stand in single quotes when all those of the header do. A blank after the delimiter belongs to no cell
where quotes follow such blanks. A first line `sep=;` names the delimiter.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

DELIMITERS = (",", "\t", ";", "|")
# Delimiters that are as likely part of a text.
UNLIKELY = ("@", "$", "%", "!", "/", "&")
_RARE = ("^", "~", "#", "¦", "§", "¬", "\x01", "\x02", "\x1c", "\x1d", "\x1e", "\x1f", ":")
NO_DELIMITER = "\x00"
_LOOKED_AT = 40
_NAMED = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
# A backslash that stands before a quotation mark and is not itself the second of a pair.
_BEFORE_QUOTE = re.compile(r'(?<!\\)((?:\\\\)*)\\"')


@dataclass(frozen=True)
class Dialect:
    """How a table is written.

    Attributes:
        delimiter: one character.
        quote: the quotation mark, or '' where none has a meaning.
        backslash: whether a mark inside a cell has a backslash before it, instead of being doubled.
        padded: whether blanks stand between a delimiter and the next cell.
    """

    delimiter: str = ","
    quote: str = '"'
    backslash: bool = False
    padded: bool = False

    def records(self, lines: Iterable[str], strict: bool = True) -> "Iterator[list[str]]":
        """Read records from lines that keep their line ends; raises `csv.Error` where one cannot be read."""
        if self.backslash:
            lines = (_BEFORE_QUOTE.sub(r'\1""', line) for line in lines)
        if not self.quote:
            return csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE, strict=strict)
        return csv.reader(
            lines, delimiter=self.delimiter, quotechar=self.quote, strict=strict, skipinitialspace=self.padded
        )


def named_delimiter(line: str) -> str:
    """Return the delimiter that a table's first line names, as Excel reads it (`sep=;`); '' where it does not."""
    named = _NAMED.fullmatch(line.strip("\r\n"))
    return named[1] if named else ""


def find_dialect(lines: Sequence[str]) -> Dialect:
    """Find how a table is written.

    Args:
        lines: its first lines, without line ends.

    Returns:
        the dialect; commas and doubled quotes where nothing speaks for another.
    """
    lines = [line.rstrip("\r") for line in lines if line.strip()][:_LOOKED_AT]
    named = named_delimiter(lines[0]) if lines else ""
    lines = lines[1:] if named else lines
    delimiter = named or find_delimiter(lines)
    plain = Dialect(delimiter)
    if not lines:
        return plain
    cells = [cell.strip() for cell in lines[0].split(delimiter)]
    if len(cells) > 1 and all(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in cells):
        return Dialect(delimiter, "'")
    padded = not delimiter.isspace() and any(re.search(rf'{re.escape(delimiter)} +"', line) for line in lines)
    if padded:
        plain = Dialect(delimiter, padded=True)
    others = [replace(plain, backslash=True)] if any('\\"' in line for line in lines) else []
    if delimiter == "\t":
        others.append(Dialect(delimiter, ""))
    best, most = plain, _covered(lines, plain)
    for other in others:
        if (covered := _covered(lines, other)) > most:
            best, most = other, covered
    return best


def find_delimiter(lines: Sequence[str]) -> str:
    """Choose the delimiter that cuts the most of the first lines into as many cells as the header, at least two.

    Returns:
        the delimiter; a comma where none cuts the header.
    """
    lines = [line.rstrip("\r") for line in lines if line.strip()][:_LOOKED_AT]
    best, most = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        agreeing, width = _agreeing(lines, delimiter)
        if width >= 2 and (agreeing, width) > most:
            best, most = delimiter, (agreeing, width)
    if most[0] > 0.9 or len(lines) < 2:
        return best
    for delimiter in (*_RARE, *UNLIKELY):
        agreeing, width = _agreeing(lines, delimiter)
        if agreeing == 1.0 and width >= 2:
            return delimiter
    return best


def _agreeing(lines: Sequence[str], delimiter: str) -> tuple[float, int]:
    records = _try_records(lines, delimiter)
    if not records:
        return 0.0, 0
    width = len(records[0])
    return sum(len(record) == width for record in records) / len(records), width


def _covered(lines: Sequence[str], dialect: Dialect) -> int:
    """Count the lines that belong to records as wide as the header; one that cannot be read ends its record only."""
    covered = at = 0
    width: int | None = None
    while at < len(lines):
        reader = dialect.records(f"{line}\n" for line in lines[at:])
        try:
            record = next(reader)
        except (csv.Error, StopIteration):
            at += 1
            continue
        taken = int(getattr(reader, "line_num", 1))
        width = len(record) if width is None else width
        if len(record) == width:
            covered += taken
            at += taken
        else:
            at += 1
    return covered


def _try_records(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    records: list[list[str]] = []
    try:
        for record in csv.reader((line + "\n" for line in lines), delimiter=delimiter):
            records.append(record)
    except csv.Error:
        return records
    return records
