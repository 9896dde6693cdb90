"""Look at examples, decide about them, take decisions back. The sealed test split is never shown."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipelines.errors import CurationError
from pipelines.examples import Message, canonical_messages, example_row
from workbench.cards import Card, read_cards
from workbench.history import check_nothing_builds_on
from workbench.store.browse import ORDERS, Filter
from workbench.store.edits import Edit
from workbench.store.store import Store

__all__ = ["Card", "Filter", "FilterChoices", "Reviewing", "Undone"]

ACTIONS = ("keep", "drop", "flag", "pending")
# A reviewer's own vote, or the one that settles what reviewers differ on.
ORIGINS = ("person", "deciding vote")


@dataclass(frozen=True)
class Undone:
    """What an undo took back: the batch, what was done, and the examples that it was decided about, each once."""

    batch: int
    action: str
    example_ids: list[str]


@dataclass(frozen=True)
class FilterChoices:
    """What can be chosen in each filter: (value, title, number of examples)."""

    states: list[tuple[str, str, int]]
    suggestions: list[tuple[str, str, int]]
    sources: list[tuple[str, str, int]]
    clusters: list[tuple[str, str, int]]
    scorers: list[tuple[str, str, int]]


class Reviewing:
    """Shows examples and records decisions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def count(self, chosen: Filter) -> int:
        """Count the examples that a filter selects."""
        return self._store.browse.count(chosen)

    def page(
        self, chosen: Filter, order: str = "position", *, descending: bool = False, limit: int = 50, offset: int = 0
    ) -> pl.DataFrame:
        """Return one page of a table of examples.

        Args:
            chosen: which examples.
            order: quality, id, position (import order) or random.
            descending: the other way round.
            limit: rows of a page.
            offset: rows to skip.
        """
        ids = self._store.browse.ids(chosen, _order(order), descending=descending, limit=limit, offset=offset)
        return self._store.browse.rows(ids)

    def queue(
        self, chosen: Filter, order: str = "position", limit: int = 200, *, descending: bool = False, offset: int = 0
    ) -> list[str]:
        """Return the ids of the next examples to look at."""
        return self._store.browse.ids(chosen, _order(order), descending=descending, limit=limit, offset=offset)

    def has_examples(self) -> bool:
        """Tell whether any training example was imported."""
        return self._store.cards.has_examples()

    def sealed_count(self) -> int:
        """Count the examples of the sealed test split, which review never shows."""
        return self._store.browse.sealed_count()

    def cards(
        self, ids: Sequence[str], who: str = "", blind: Collection[str] = (), *, whole: bool = True
    ) -> list[Card]:
        """Return the cards of examples, in the order of the ids; unknown and sealed ones are left out.

        Args:
            ids: the examples.
            who: the reviewer who looks.
            blind: those of them whose cards hide what others decided.
            whole: with every message in full, or long ones shortened to what a browser draws at once.
        """
        return read_cards(self._store, ids, who, set(blind), whole=whole)

    def decide(self, ids: Sequence[str], action: str, who: str, note: str = "", origin: str = "person") -> int:
        """Decide about examples as one batch, which is undone as one; returns the batch's number.

        Raises:
            CurationError: an unknown action, or no example given.
        """
        _check_action(action)
        if not ids:
            raise CurationError("No example was chosen.", "Choose at least one example, or loosen the filter.")
        return self._store.decisions.append_same(ids, action, note or None, who, self._store.now(), origin=origin)

    def decide_where(self, chosen: Filter, action: str, who: str, note: str = "") -> int:
        """Decide about all examples that a filter selects, as one batch; returns how many they were."""
        ids = self._store.browse.ids(chosen, "id")
        self.decide(ids, action, who, note, origin="filter")
        return len(ids)

    def edit(self, example_id: str, messages: Sequence[Message], who: str, note: str = "") -> str:
        """Put an edited example in the place of another and return its id; the first one stays in the history.

        Raises:
            CurationError: the example is unknown, or the messages are no conversation.
        """
        self._append_edit(example_id, messages, who, note)
        return str(example_row(messages)["example_id"])

    def _append_edit(
        self,
        example_id: str,
        messages: Sequence[Message],
        who: str,
        note: str,
        event: Mapping[str, object] | None = None,
    ) -> None:
        check_messages(messages)
        if self._store.examples.with_ids([example_id]).is_empty():
            raise CurationError(f"There is no example {example_id}.", "Reload the page and edit the example again.")
        row = example_row(messages)
        self._store.edits.append([Edit(example_id, row)], who, self._store.now(), note=note, event=event)

    def note(self, example_id: str, text: str, who: str) -> None:
        """Write a note beside an example; its state stays."""
        row: dict[str, object] = {"example_id": example_id, "action": "note", "note": text}
        self._store.decisions.append([row], who, self._store.now())

    def undo(self, who: str, event: dict[str, object] | None = None) -> Undone | None:
        """Take this reviewer's last decision (or bulk decision) back; None when there is none."""
        batch = self._store.decisions.last_batch(who)
        return None if batch is None else self.undo_batch(batch, who, event)

    def undo_batch(self, batch: int, who: str, event: dict[str, object] | None = None) -> Undone:
        """Take one batch of decisions back.

        Raises:
            CurationError: what an edit of the batch made was edited again.
        """
        check_nothing_builds_on(self._store, batch)
        rows = self._store.decisions.batch(batch)
        self._store.decisions.undo_batch(batch, who, self._store.now(), event)
        actions = rows["action"].to_list()
        # An edit also decides about what it made of an example: that is no example more.
        edited = rows.filter(pl.col("replacement_id").is_not_null() | (pl.col("action") == "redact"))
        of_whom = (rows if edited.is_empty() else edited)["example_id"].unique(maintain_order=True)
        return Undone(batch, actions[0] if actions else "", of_whom.to_list())

    def history(self, example_id: str) -> pl.DataFrame:
        """Return what was decided about an example, oldest first."""
        return self._store.decisions.history(example_id)

    def log(self, events: Sequence[Mapping[str, Any]], who: str) -> int:
        """Store events of a review session in their order and return the highest sequence that is stored.

        Each event is `{session, sequence, example_id, action, note?, messages?, undoes?, origin?, queue?}`; action is
        keep, drop, flag, pending, note, edit or undo (of the event whose sequence `undoes` names); origin is `person`,
        or `deciding vote` to settle a disagreement; queue is the one that showed the example.
        Sending an event twice stores it once.

        Raises:
            CurationError: an event that is no decision; those before it are stored.
        """
        if not events:
            return 0
        session = str(events[0]["session"])
        stored = self._store.decisions.highest_sequence(session)
        for event in sorted(events, key=lambda event: int(event["sequence"])):
            if int(event["sequence"]) > stored:
                self._store_event(event, who)
        return self._store.decisions.highest_sequence(session)

    def stored(self, session: str) -> int:
        """Return the highest sequence of a review session that is stored; 0 when there is none."""
        return self._store.decisions.highest_sequence(session)

    def _store_event(self, event: Mapping[str, Any], who: str) -> None:
        place: dict[str, object] = {"session": str(event["session"]), "sequence": int(event["sequence"])}
        if event.get("queue"):
            place["queue"] = str(event["queue"])
        action, note = str(event["action"]), str(event.get("note") or "")
        example_id = str(event.get("example_id") or "")
        row: dict[str, object] = {"example_id": example_id, "action": action, "note": note or None, **place}
        if action == "edit":
            self._append_edit(example_id, event["messages"], who, note, place)
            # An edit that changed nothing is acknowledged too, by a note; one that was stored is not stored again.
            nothing = {**row, "action": "note", "note": "edited without a change"}
            self._store.decisions.append_logged([nothing], who, self._store.now())
        elif action == "undo":
            self._undo_event(event, who, place)
        elif action == "note":
            self._store.decisions.append_logged([row], who, self._store.now())
        else:
            _check_action(action)
            origin = str(event.get("origin") or ORIGINS[0])
            if origin not in ORIGINS:
                raise CurationError(f"'{origin}' is no origin of a decision.", f"Use one of: {', '.join(ORIGINS)}.")
            self._store.decisions.append_logged([row], who, self._store.now(), origin=origin)

    def _undo_event(self, event: Mapping[str, Any], who: str, place: dict[str, object]) -> None:
        """Undo the event that `undoes` names by its sequence, or the reviewer's last decision when it names none."""
        named = event.get("undoes")
        batch = (
            self._store.decisions.last_batch(who)
            if named is None
            else self._store.decisions.batch_of_event(str(place["session"]), int(named))
        )
        # What cannot be taken back is acknowledged too, with the reason as a note.
        reason = "nothing to undo"
        if batch is not None:
            try:
                self.undo_batch(batch, who, place)
                return
            except CurationError as error:
                reason = f"not undone: {error.message}"
        row: dict[str, object] = {"example_id": "", "action": "note", "note": reason, **place}
        self._store.decisions.append_logged([row], who, self._store.now())

    def filters(self) -> FilterChoices:
        """Return what can be chosen in each filter."""
        return FilterChoices(**self._store.browse.choices())


def _order(order: str) -> str:
    if order not in ORDERS:
        raise CurationError(f"Examples cannot be ordered by '{order}'.", f"Choose one of: {', '.join(ORDERS)}.")
    return order


def _check_action(action: str) -> None:
    if action not in ACTIONS:
        raise CurationError(f"'{action}' is no decision.", f"Choose one of: {', '.join(ACTIONS)}.")


def check_messages(messages: Sequence[Message]) -> None:
    """Refuse what is no conversation, or what no file can hold.

    Raises:
        CurationError: a message without role or content, or half a character.
    """
    try:
        json.dumps(messages, allow_nan=False)
        readable = all(isinstance(message["role"], str) and "content" in message for message in messages)
    except (TypeError, ValueError, KeyError):
        readable = False
    if not messages or not readable:
        raise CurationError(
            "The edited example is no conversation: each message needs a role and a content.",
            "Keep the messages' roles and write text into each.",
        )
    try:
        canonical_messages(messages).encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise CurationError(
            f"The edited example holds half a character (U+{ord(half):04X}), which no file can hold.",
            "Write the character again as a whole, or remove it.",
        ) from None
