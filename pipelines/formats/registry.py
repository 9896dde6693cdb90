"""The registry of formats: one file a format, one decorator line.

Two kinds: a *shape* turns one row (an object with named columns) into messages and back, a *container* turns a file
into rows. `shapes/` and `containers/` hold one module each; adding a module is all that a new format needs.

    shape      chat, prompt-completion, alpaca, sharegpt, preference, chatml, prompt
    container  jsonl, json, csv, tsv, parquet, arrow, chatml-text, text

Both kinds may be asked for by name: a shape in any container, a container with any shape inside.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NamedTuple

from pipelines.examples import Message

if TYPE_CHECKING:
    from pipelines.formats.source import Source

Row = dict[str, Any]


class Unfit(Exception):  # noqa: N818 - a verdict on one row, not a failure of the program
    """One row cannot be read or written: the reason, what to do, and the column of the text where it is known."""

    def __init__(self, reason: str, remedy: str, column: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.column = column


class Record(NamedTuple):
    """What a container found: a row, or why there is none.

    `line` is the 1-based number of the record's first physical line (of the row, in a Parquet file).
    """

    line: int
    raw: str
    row: Row | None
    problem: Unfit | None = None


# Names of the columns that a shape takes from a row of these columns ({field: column}), or None if it is not its shape.
Recognise = Callable[[Sequence[str]], Mapping[str, str] | None]
# The conversation that the fields hold; raises Unfit.
ReadRow = Callable[[Mapping[str, Any]], list[Message]]
# The row that holds the conversation; True when the file has a column for system messages; raises Unfit.
# Whether what the fields hold is of the shape, where other shapes have the same columns.
Holds = Callable[[Mapping[str, Any]], bool]
WriteRow = Callable[[list[Message], bool], Row]
ReadRecords = Callable[["Source"], Iterator[Record]]
# Writes rows to a file and says what was changed on the way in.
WriteRows = Callable[[Iterator[Row], BinaryIO], list[str]]


@dataclass(frozen=True)
class Format:
    """One format: what people see of it, and the functions that read and write it.

    Attributes:
        name: what `--format` takes.
        title: its name for people.
        description: one sentence for tables and help.
        extensions: usual endings of file names; only a hint, detection looks at the content.
        example: a real row.
        kind: `shape` or `container`.
        order: shapes are asked in this order whether a row is theirs.
        holds: asked as well, of each row, where the columns alone do not tell.
    """

    name: str
    title: str
    description: str
    extensions: tuple[str, ...]
    example: Row
    kind: Literal["shape", "container"] = "shape"
    order: int = 100
    recognise: Recognise | None = None
    holds: Holds | None = None
    read_row: ReadRow | None = None
    write_row: WriteRow | None = None
    read_records: ReadRecords | None = None
    write_rows: WriteRows | None = None

    @property
    def can_read(self) -> bool:
        """Whether files of this format can be imported."""
        return self.read_row is not None or self.read_records is not None

    @property
    def can_write(self) -> bool:
        """Whether examples can be exported in this format."""
        return self.write_row is not None


FORMATS: dict[str, Format] = {}
_DESCRIBED: list[Callable[[], Format]] = []


def register_format(describe: Callable[[], Format]) -> Callable[[], Format]:
    """Add the format that the decorated function describes; it is asked once its module is whole."""
    _DESCRIBED.append(describe)
    return describe


def shapes() -> list[Format]:
    """Return the shapes in the order in which they are asked."""
    return sorted((entry for entry in FORMATS.values() if entry.kind == "shape"), key=lambda entry: entry.order)


def load_formats() -> None:
    """Import every module of `shapes/` and `containers/`, so that `FORMATS` is complete."""
    for folder in ("shapes", "containers"):
        package = importlib.import_module(f"pipelines.formats.{folder}")
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
    while _DESCRIBED:
        entry = _DESCRIBED.pop(0)()
        if entry.name in FORMATS:
            raise ValueError(f"two formats are named {entry.name}")
        FORMATS[entry.name] = entry
