"""The registry of export layouts: which files a tool takes, what a row of them is, and what it refuses.

A layout is one file in `layouts/` with one decorator line. The shapes and tables of `pipelines.formats` that can be
written are layouts too, with one file a split. What a layout cannot carry is left out with its reason, never flattened.
Layouts for a trainer or a service hold train and validation only: the test split stays sealed.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import polars as pl

from pipelines.errors import CurationError
from pipelines.examples import Message
from pipelines.exports.plain_chat import plain_line
from pipelines.formats.containers.json_lines import write_json_lines
from pipelines.formats.registry import FORMATS, Format, Row, WriteRows
from pipelines.training.settings import TrainSettings

# File of each split where one set of names serves: for everybody, and for trainers.
ALL_SPLITS = {"train": "train.jsonl", "validation": "validation.jsonl", "test": "test.jsonl"}
TRAINER_SPLITS = {"train": "train.jsonl", "validation": "validation.jsonl"}


class Conversation(NamedTuple):
    """One example on its way out.

    `extra` holds the further columns of the file that it was imported from (`tools`, `rejected`, …), `with_system` says
    whether any example of the export has a system message.
    """

    messages: list[Message]
    extra: Mapping[str, Any]
    split: str
    with_system: bool


@dataclass(frozen=True)
class Handed:
    """What the files beside the data are made of.

    Attributes:
        rows: rows written, by split.
        files: file of each split, relative to the export's folder.
        with_system: some example has a system message.
        with_tools: some row has a column `tools`.
        base: what the configuration names as base model.
        settings: the project's training settings.
        card: the data card.
    """

    rows: Mapping[str, int]
    files: Mapping[str, str]
    with_system: bool
    with_tools: bool
    base: str
    settings: TrainSettings
    card: str


def _as_it_is(messages: list[Message]) -> list[Message]:
    return messages


@dataclass(frozen=True)
class Layout:
    """One layout.

    Attributes:
        name: what `--format` takes.
        title: its name for people.
        description: one sentence for tables and help.
        source: which version of the tool, or which page, the rules were read from.
        write_row: the row of a conversation; raises `Unfit`.
        files: file of each split that is handed over; two splits may share one.
        not_carried: what examples are left out for, in words.
        write_rows: writes rows to a file.
        reads_back: each row is read back in memory and compared before it is written.
        carried: the messages that reading back gives, where the tool's form changes them without loss of content.
        minimum: fewest rows by split; fewer in train refuse the export, fewer in another split are noted.
        maximum: most rows by split; more refuse the export.
        check: looks at the training examples before anything is written; raises `CurationError`.
        warn_row: why a row that is written may be refused or cut by the tool, or None.
        side_files: files beside the data, by name.
        needs: the further column without which no example can be written, for the error.
        plain_line: turns canonical messages into a line, None where that takes thought; the same bytes as `write_row`
            and `write_rows` give. For layouts of JSON lines whose rows are made of the messages alone.
    """

    name: str
    title: str
    description: str
    source: str
    write_row: Callable[[Conversation], Row]
    files: Mapping[str, str]
    not_carried: tuple[str, ...] = ()
    write_rows: WriteRows = write_json_lines
    reads_back: bool = True
    carried: Callable[[list[Message]], list[Message]] = _as_it_is
    minimum: Mapping[str, int] = field(default_factory=dict)
    maximum: Mapping[str, int] = field(default_factory=dict)
    check: Callable[[pl.DataFrame], None] | None = None
    warn_row: Callable[[Row], str | None] | None = None
    side_files: Callable[[Handed], dict[str, str]] | None = None
    needs: str = ""
    plain_line: Callable[[str], str | None] | None = None

    @property
    def for_trainer(self) -> bool:
        """Whether the layout is handed to a trainer or a service; it then has no test split."""
        return "test" not in self.files


LAYOUTS: dict[str, Layout] = {}
_DESCRIBED: list[Callable[[], Layout]] = []


def register_layout(describe: Callable[[], Layout]) -> Callable[[], Layout]:
    """Add the layout that the decorated function describes."""
    _DESCRIBED.append(describe)
    return describe


def layouts() -> dict[str, Layout]:
    """Return all layouts by name: the general formats first, then the tools' in the order of their names."""
    if not LAYOUTS:
        package = importlib.import_module("pipelines.exports.layouts")
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
        found = [_general(entry) for entry in FORMATS.values() if entry.can_write]
        made = sorted((describe() for describe in _DESCRIBED), key=lambda layout: layout.name)
        for layout in sorted(found, key=lambda layout: layout.name != "chat") + made:
            if layout.name in LAYOUTS:
                raise ValueError(f"two layouts are named {layout.name}")
            LAYOUTS[layout.name] = layout
    return LAYOUTS


def layout_named(name: str) -> Layout:
    """Return a layout.

    Raises:
        CurationError: there is none of this name.
    """
    found = layouts().get(name)
    if found is None:
        raise CurationError(f"Splits cannot be written as '{name}'.", f"Choose one of: {', '.join(layouts())}.")
    return found


def _general(entry: Format) -> Layout:
    """Describe a format that can be written as a layout of one file a split."""
    write_row = entry.write_row
    assert write_row is not None
    limits = {
        "chat": (),
        "sharegpt": ("tool calls", "content parts"),
        "parquet": ("tool calls", "content parts", "weights"),
    }
    return Layout(
        name=entry.name,
        title=entry.title,
        description=entry.description,
        source="this project",
        write_row=lambda conversation: write_row(conversation.messages, conversation.with_system),
        files={split: f"{split}{entry.extensions[0]}" for split in ALL_SPLITS},
        not_carried=limits.get(entry.name, ("several turns", "tool calls", "content parts", "weights")),
        write_rows=entry.write_rows or write_json_lines,
        plain_line=plain_line if entry.name == "chat" else None,
    )
