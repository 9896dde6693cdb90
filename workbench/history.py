"""What was decided about an example, and taking any of it back.

    project.history.of(example_id)              every decision, oldest first: who, when, what, why, from where
    project.history.diff(example_id)            what the last edit changed, message by message
    project.history.texts(example_id)           every text that the example had, oldest first
    project.history.undo(batch, who)            any decision, not only the last; a bulk decision as one
    project.history.restore(id, earlier, who)   an earlier text again, as one more edit

Nothing is ever removed: an undo and a restoring are decisions too. Texts of the sealed test split never come out.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from pipelines.errors import CurationError
from pipelines.examples import Message, messages_of
from workbench.store.edits import Edit
from workbench.store.store import Store


@dataclass(frozen=True)
class HistoryEntry:
    """One thing that happened to an example, or to a text that it had before.

    `action` is import, keep, drop, flag, pending, edit, redact (of a rejected answer) or note. An import has neither
    batch nor `who`. `origin` is `person`, the rule that decided, or an import's place. `batch` is what an undo takes
    back, `batch_examples` how many examples that decision was about. An edit names what took the example's place in
    `replacement_id`.
    """

    example_id: str
    action: str
    who: str | None
    when: datetime | None
    why: str | None
    origin: str
    batch: int | None
    batch_examples: int
    replacement_id: str | None
    undone_by: str | None
    undone_at: datetime | None

    @property
    def undone(self) -> bool:
        """Whether it was taken back."""
        return self.undone_by is not None

    @property
    def can_undo(self) -> bool:
        """Whether it is a decision that still holds."""
        return self.batch is not None and not self.undone


@dataclass(frozen=True)
class MessageChange:
    """A message before and after an edit; None where there is none on that side."""

    role_before: str | None
    before: str | None
    role_after: str | None
    after: str | None

    @property
    def changed(self) -> bool:
        """Whether role or text differ."""
        return (self.role_before, self.before) != (self.role_after, self.after)


@dataclass(frozen=True)
class TextVersion:
    """A text that an example has or had; `present` marks the one that stands in the data now."""

    example_id: str
    messages: list[Message]
    present: bool


@dataclass(frozen=True)
class Taken:
    """What an undo took back: the decision, and the examples that it was about."""

    batch: int
    action: str
    example_ids: list[str]


class History:
    """Tells what happened to examples and takes it back."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, example_id: str, *, earlier: bool = True) -> list[HistoryEntry]:
        """Return what happened to an example, oldest first; an unknown id gives an empty list.

        Args:
            example_id: the example.
            earlier: with what happened to the texts that it had before and after edits (undone edits included).
        """
        ids = self._store.edits.line_of(example_id) if earlier else [example_id]
        rows = self._store.history.entries(ids)
        return [HistoryEntry(**row) for row in rows.iter_rows(named=True)]

    def texts(self, example_id: str) -> list[TextVersion]:
        """Return every text that an example had, oldest first, those of undone edits included.

        Raises:
            CurationError: the example is unknown, or sealed.
        """
        ids = self._store.edits.line_of(example_id)
        self._check_open([example_id, *ids])
        present = self._store.history.present(ids)
        rows = self._store.examples.with_ids(ids).iter_rows(named=True)
        return [
            TextVersion(row["example_id"], messages_of(row["messages"]), row["example_id"] in present) for row in rows
        ]

    def diff(self, example_id: str, against: str | None = None) -> list[MessageChange]:
        """Return an example's messages beside those of an earlier text, message by message.

        Args:
            example_id: the example.
            against: the text to compare with; what the example was last edited from when not given.

        Raises:
            CurationError: there is no earlier text, an id is unknown, or the texts are sealed.
        """
        before_id = against or self._store.edits.parent_of(example_id)
        if before_id is None:
            raise CurationError(
                f"The example {example_id} was never edited.", "Compare examples that came from an edit."
            )
        before, after = self._messages(before_id), self._messages(example_id)
        return [
            MessageChange(
                None if old is None else str(old["role"]),
                None if old is None else text_of(old),
                None if new is None else str(new["role"]),
                None if new is None else text_of(new),
            )
            for old, new in zip_longest(before, after)
        ]

    def undo(self, batch: int, who: str) -> Taken:
        """Take back any decision, by its batch; a bulk decision is taken back as one.

        Raises:
            CurationError: there is no such decision, it is undone already, or a later edit builds on it.
        """
        rows = self._store.decisions.batch(batch)
        actions = rows["action"].to_list()
        if not actions or actions[0] == "undo":
            raise CurationError(f"There is no decision {batch} to undo.", "Choose one from an example's history.")
        if not self._store.decisions.is_live(batch):
            raise CurationError(f"The decision {batch} is undone already.", "Nothing needs to be done.")
        check_nothing_builds_on(self._store, batch)
        self._store.decisions.undo_batch(batch, who, self._store.now())
        return Taken(batch, actions[0], list(dict.fromkeys(rows["example_id"].to_list())))

    def restore(self, example_id: str, earlier_id: str, who: str, why: str = "") -> int:
        """Let an earlier text stand in the place of the present one again, as one more edit; returns its batch.

        Args:
            example_id: any text of the example.
            earlier_id: the text that shall stand.
            who: who restores.
            why: a note; says what was restored when empty.

        Raises:
            CurationError: the text is none of the example's, stands there already, or the texts are sealed.
        """
        texts = {text.example_id: text for text in self.texts(example_id)}
        if earlier_id not in texts:
            raise CurationError(f"{earlier_id} is no text of the example {example_id}.", "Choose one of its history.")
        present = [text.example_id for text in texts.values() if text.present]
        if earlier_id in present:
            raise CurationError("This text stands there already.", "Choose another one of its history.")
        frame = self._store.examples.with_ids([earlier_id]).drop("parent_id")
        edits = [Edit(now, frame.row(0, named=True)) for now in present]
        batch = self._store.edits.append(
            edits, who, self._store.now(), note=why or f"restored {earlier_id}", origin="restore"
        )
        if batch is None:
            raise CurationError("No text of this example stands in the data.", "Undo the decision that removed it.")
        return batch

    def _messages(self, example_id: str) -> list[Message]:
        self._check_open([example_id])
        return messages_of(self._store.examples.with_ids([example_id]).row(0, named=True)["messages"])

    def _check_open(self, ids: Sequence[str]) -> None:
        """Refuse ids that are unknown, and texts of the sealed test split."""
        if self._store.examples.with_ids([ids[0]]).is_empty():
            raise CurationError(f"There is no example {ids[0]}.", "Take an id from a table, or from the review page.")
        if self._store.history.sealed(ids):
            raise CurationError(
                "This example is in the sealed test split: its texts are not shown.",
                "Decide about it after the next split, should it fall on another side.",
            )


def check_nothing_builds_on(store: Store, batch: int) -> None:
    """Refuse to undo an edit whose result was edited again: the first text and the last would both stand in the data.

    Raises:
        CurationError: says which edit is to be undone first.
    """
    later = store.edits.built_on(batch).to_dicts()
    if later:
        raise CurationError(
            f"What this edit made was edited again by {later[0]['who']} ({later[0]['when']:%Y-%m-%d %H:%M} UTC).",
            f"Undo that edit first (decision {later[0]['batch']}), or restore the earlier text.",
        )


def text_of(message: Message) -> str:
    """Return a message as text: its content, or all of it as JSON where it holds more than one text."""
    content = message.get("content")
    if isinstance(content, str) and set(message) <= {"role", "content"}:
        return content
    rest = {name: value for name, value in message.items() if name != "role"}
    return json.dumps(rest, ensure_ascii=False, indent=2)
