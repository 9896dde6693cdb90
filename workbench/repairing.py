"""Find and replace: one repair, seen before it is made, for all examples that a filter selects.

Each changed example is an edit like a reviewer's: the first text stays in the history, the new one takes its place with
the state that the first had, and undo takes the whole repair back. The sealed test split is not touched, and no example
is made into the copy of a sealed one.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from pipelines.errors import CurationError
from pipelines.examples import Message, example_row, messages_of
from workbench.store.browse import Filter
from workbench.store.edits import ACTION_OF, Edit
from workbench.store.search import literal
from workbench.store.store import Store

# Examples read at a time, and the most that one repair changes: each is three decisions and a text held in memory.
BATCH, MOST_CHANGED = 20_000, 200_000
SHOWN = 10


class RepairSettings(BaseModel):
    """What is to be found, and what is put in its place."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    find: str = Field(min_length=1, max_length=500, description="What to find: a text, or a regular expression.")
    replace: str = Field(
        default="",
        max_length=5000,
        description="What takes its place; of a regular expression, \\1 is its first group.",
    )
    regex: bool = Field(default=False, description="Read what to find as a regular expression in RE2's syntax.")
    match_case: bool = Field(default=True, description="Tell upper from lower case.")
    where: Literal["both", "prompt", "completion"] = Field(
        default="both", description="The last answer (completion), what comes before it (prompt), or both."
    )
    roles: tuple[Literal["system", "user", "assistant", "tool"], ...] = Field(
        default=(), description="Only messages of these roles; all when none is named."
    )

    @property
    def pattern(self) -> str:
        """The regular expression to search for."""
        if not self.regex:
            return literal(self.find, match_case=self.match_case)
        return self.find if self.match_case else f"(?i){self.find}"

    @property
    def replacement(self) -> str:
        """The replacement as RE2 reads it: in a text, a backslash stands for itself."""
        return self.replace if self.regex else self.replace.replace("\\", "\\\\")


@dataclass(frozen=True)
class Change:
    """One changed example: its id, and the text of each changed message before and after."""

    example_id: str
    before: str
    after: str


@dataclass(frozen=True)
class RepairPreview:
    """What a repair would do: how many of the searched examples it changes, and the first of them.

    `refused` counts examples that would become a copy of one in the sealed test split, or a conversation without text.
    """

    searched: int
    changed: int
    refused: int
    first: list[Change]


@dataclass(frozen=True)
class Repaired:
    """What a repair did; `batch` undoes it, None where nothing was changed."""

    changed: int
    refused: int
    batch: int | None


@dataclass(frozen=True)
class _Repair:
    parent_id: str
    state: str
    before: list[Message]
    after: list[Message]
    row: Mapping[str, object]


class Repairing:
    """Finds and replaces."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def preview(self, chosen: Filter, settings: RepairSettings) -> RepairPreview:
        """Try a repair on everything that a filter selects, without storing anything.

        Raises:
            CurationError: the regular expression or its replacement cannot be read.
        """
        numbers = self._candidates(chosen, settings)
        first: list[Change] = []
        changed = refused = 0
        for repairs, not_made in self._repairs(numbers, settings):
            changed, refused = changed + len(repairs), refused + not_made
            first += [_change(repair) for repair in repairs[: SHOWN - len(first)]]
        return RepairPreview(len(numbers), changed, refused, first)

    def apply(self, chosen: Filter, settings: RepairSettings, who: str, note: str = "") -> Repaired:
        """Make a repair in everything that a filter selects, as one batch of edits that is undone as one.

        Raises:
            CurationError: the regular expression or its replacement cannot be read, or it changes more than
                `MOST_CHANGED` examples; nothing is stored then.
        """
        edits: list[Edit] = []
        refused = 0
        for repairs, not_made in self._repairs(self._candidates(chosen, settings), settings):
            refused += not_made
            edits += [Edit(one.parent_id, one.row, ACTION_OF[one.state]) for one in repairs]
            if len(edits) > MOST_CHANGED:
                raise CurationError(
                    f"The repair would change more than {MOST_CHANGED:,} examples.",
                    "Narrow the filter, for example to one source, and repair one part after another.",
                )
        why = note or f"{settings.find[:80]} → {settings.replace[:80]}"
        batch = self._store.edits.append(edits, who, self._store.now(), note=why, origin="repair") if edits else None
        return Repaired(len(edits), refused, batch)

    def _candidates(self, chosen: Filter, settings: RepairSettings) -> pl.Series:
        self._store.browse.check_pattern(settings.pattern)
        return self._store.browse.view(chosen, "position").numbers

    def _repairs(self, numbers: pl.Series, settings: RepairSettings) -> Iterator[tuple[list[_Repair], int]]:
        """Yield the repairs of a batch of examples, and how many were refused, batch after batch."""
        for first in range(0, len(numbers), BATCH):
            texts = self._store.browse.texts_with(numbers.slice(first, BATCH), _within_json(settings))
            repairs, refused = self._repaired(texts, settings)
            known = self._store.browse.sealed_among([str(one.row["example_id"]) for one in repairs])
            made = [one for one in repairs if one.row["example_id"] not in known]
            yield made, refused + len(repairs) - len(made)

    def _repaired(self, texts: pl.DataFrame, settings: RepairSettings) -> tuple[list[_Repair], int]:
        conversations = [messages_of(canonical) for canonical in texts["messages"]]
        places = [
            (number, place, part)
            for number, messages in enumerate(conversations)
            for place, part in _places(messages, settings)
        ]
        found = [_text_at(conversations[number][place], part) for number, place, part in places]
        replaced = self._store.browse.replace_texts(found, settings.pattern, settings.replacement)
        after: dict[int, list[Message]] = {}
        for (number, place, part), before, text in zip(places, found, replaced, strict=True):
            if text != before:
                messages = after.setdefault(number, json.loads(json.dumps(conversations[number])))
                _put(messages[place], part, text)
        repairs, refused = [], 0
        for number, messages in after.items():
            row = texts.row(number, named=True)
            if not any(_text_at(message, part).strip() for message in messages for part in _parts(message)):
                refused += 1
                continue
            fresh = example_row(messages)
            if fresh["example_id"] != row["example_id"]:
                repairs.append(_Repair(row["example_id"], row["state"], conversations[number], messages, fresh))
        return repairs, refused


def _within_json(settings: RepairSettings) -> str:
    """Return what the stored form of every example that can match holds; '' where there is no telling."""
    if settings.regex or not settings.match_case:
        return ""
    return json.dumps(settings.find, ensure_ascii=False)[1:-1]


def _places(messages: list[Message], settings: RepairSettings) -> Iterator[tuple[int, int]]:
    """Yield which messages, and which parts of them, a repair may change; -1 is a content that is one text."""
    last = len(messages) - 1
    for place, message in enumerate(messages):
        answer = place == last and message.get("role") == "assistant"
        if settings.where != "both" and answer != (settings.where == "completion"):
            continue
        if not settings.roles or message.get("role") in settings.roles:
            yield from ((place, part) for part in _parts(message))


def _parts(message: Message) -> list[int]:
    content = message.get("content")
    if isinstance(content, str):
        return [-1]
    if not isinstance(content, list):
        return []
    return [
        number
        for number, part in enumerate(content)
        if isinstance(part, str) or (isinstance(part, dict) and isinstance(part.get("text"), str))
    ]


def _text_at(message: Message, part: int) -> str:
    content: Any = message["content"] if part < 0 else message["content"][part]
    return str(content["text"]) if isinstance(content, dict) else str(content)


def _put(message: Message, part: int, text: str) -> None:
    if part < 0:
        message["content"] = text
    elif isinstance(message["content"][part], dict):
        message["content"][part]["text"] = text
    else:
        message["content"][part] = text


def _change(repair: _Repair) -> Change:
    pairs = [
        (_text_at(before, part), _text_at(after, part))
        for before, after in zip(repair.before, repair.after, strict=True)
        for part in _parts(before)
        if _text_at(before, part) != _text_at(after, part)
    ]
    return Change(repair.parent_id, "\n\n".join(pair[0] for pair in pairs), "\n\n".join(pair[1] for pair in pairs))
