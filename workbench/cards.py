"""The card: all that a reviewer sees of one example, within bounds on how much of it is sent to the browser."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipelines.examples import Message, messages_of
from workbench.store.cards import DETAILS
from workbench.store.store import Store

# Characters of a message that a card carries; more are fetched when the reviewer asks for them.
SHOWN_CHARACTERS = 40_000

_ROW_FIELDS = (
    "example_id",
    "state",
    "quality",
    "suggestion",
    "reason",
    "source",
    "file",
    "line",
    "cluster",
    "parent_id",
)


@dataclass(frozen=True)
class Card:
    """All that a reviewer sees of one example.

    `cut` names the messages that were shortened, with their full number of characters. A `blind` card hides what others
    decided, so that this reviewer's vote is a second opinion and no echo; `votes` is what each reviewer said.
    """

    example_id: str
    messages: list[Message]
    state: str
    quality: float | None
    suggestion: str | None
    reason: str | None
    scores: list[dict[str, Any]]
    duplicates: list[dict[str, Any]]
    conflicts: list[dict[str, Any]]
    personal: list[dict[str, Any]]
    source: str | None
    file: str | None
    line: int | None
    cluster: str | None
    parent_id: str | None
    parents: list[dict[str, Any]]
    history: list[dict[str, Any]]
    votes: list[dict[str, Any]]
    cut: dict[str, int]
    blind: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return asdict(self)


def read_cards(store: Store, ids: Sequence[str], who: str, blind: set[str], *, whole: bool = False) -> list[Card]:
    """Return the cards of examples, in the order of the ids; unknown and sealed ones are left out.

    Args:
        store: the project's store.
        ids: the examples.
        who: the reviewer who looks.
        blind: examples whose cards hide what others decided.
        whole: send every message in full.
    """
    shown = store.cards.shown(ids) if ids else set()
    wanted = [example_id for example_id in ids if example_id in shown]
    details = {name: _by_example(store, name, wanted) for name in DETAILS}
    votes = defaultdict(list)
    for vote in store.queues.votes(wanted).iter_rows(named=True):
        votes[vote.pop("example_id")].append(vote)
    return [
        _card(row, {name: details[name].get(row["example_id"], []) for name in DETAILS}, votes, who, blind, whole)
        for row in store.cards.rows(wanted).iter_rows(named=True)
    ]


def _card(
    row: Mapping[str, Any],
    parts: dict[str, Any],
    votes: Mapping[str, list[dict[str, Any]]],
    who: str,
    blind: set[str],
    whole: bool,
) -> Card:
    example_id = row["example_id"]
    fields: dict[str, Any] = {name: row[name] for name in _ROW_FIELDS}
    messages = messages_of(row["messages"])
    cut = {} if whole else _shorten(messages)
    said = votes.get(example_id, [])
    if example_id in blind:
        fields["state"] = "pending"
        parts["history"] = [past for past in parts["history"] if past["who"] == who]
        said = []
    return Card(
        messages=messages,
        personal=parts.pop("personal_data"),
        votes=said,
        cut=cut,
        blind=example_id in blind,
        **fields,
        **parts,
    )


def _shorten(messages: list[Message]) -> dict[str, int]:
    cut: dict[str, int] = {}
    for place, message in enumerate(messages):
        content = message.get("content")
        if isinstance(content, str) and len(content) > SHOWN_CHARACTERS:
            messages[place] = {**message, "content": content[:SHOWN_CHARACTERS]}
            cut[str(place)] = len(content)
    return cut


def _by_example(store: Store, name: str, ids: list[str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in store.cards.details(name, ids).iter_rows(named=True):
        example_id = row.pop("example_id")
        if "when" in row:
            row["when"] = row["when"].isoformat(timespec="seconds")
        found[example_id].append(row)
    return found
