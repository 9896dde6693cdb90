"""The server's side of the review card: which examples come next, and storing what the card logged.

The queue's ids are fixed when the queue is chosen, so that an example does not slip away under a reviewer's fingers
when its state changes; the card asks for the next cards as it nears the end of those it has.
"""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

import streamlit as st

from pipelines.examples import example_row
from workbench.app.session import errors_shown
from workbench.project import Project
from workbench.reviewing import Filter

COMPONENT_KEY = "review-card"
STATE = "review-queue"
QUEUE_LENGTH = 2000
CARDS_AT_ONCE = 30

Event = dict[str, Any]


@dataclass
class _State:
    name: str
    ids: list[str]
    total: int
    first: int = 0
    renewed: int = 0
    acknowledged: dict[str, int] = field(default_factory=dict)
    replaced: dict[str, str] = field(default_factory=dict)


class ReviewQueue:
    """The examples that a filter selects, in an order, for one reviewer."""

    def __init__(self, project: Project, chosen: Filter, order: str, who: str) -> None:
        self._project = project
        self._chosen = chosen
        self._order = order
        self._who = who
        self._name = repr((str(project.folder), astuple(chosen), order))
        state: _State | None = st.session_state.get(STATE)
        self._state = state if state is not None and state.name == self._name else self._new_state(state)

    def __len__(self) -> int:
        return len(self._state.ids)

    def data(self) -> dict[str, Any]:
        """Return what the card needs now: the cards that it lacks and how far its log is stored."""
        state = self._state
        ids = state.ids[state.first : state.first + CARDS_AT_ONCE]
        cards = self._project.reviewing.cards(ids)
        # An example that was edited or sealed since the queue was chosen has no card any more.
        state.ids[state.first : state.first + len(ids)] = [card.example_id for card in cards]
        return {
            "project": self._project.name,
            "queue": f"{state.name} {state.renewed}",
            "first": state.first,
            "cards": [card.to_dict() for card in cards],
            "total": max(state.total, len(state.ids)),
            "queued": len(state.ids),
            "acknowledged": state.acknowledged,
        }

    def receive(self) -> None:
        """Store what the card logged; called by Streamlit when the card sends."""
        state, sent = self._state, st.session_state[COMPONENT_KEY]["send"]
        with errors_shown():
            events = [self._followed(event) for event in sent["events"]]
            state.acknowledged.update(store_by_session(events, self._store))
        if sent.get("renew"):
            self._state = self._new_state(state)
        elif sent["queue"] == f"{state.name} {state.renewed}":
            state.first = min(int(sent["have"]), len(state.ids))

    def _store(self, events: Sequence[Event]) -> int:
        return self._project.reviewing.log(events, self._who)

    def _followed(self, event: Event) -> Event:
        """Let an event about an example that was edited here speak of what the edit made of it."""
        replaced, example_id = self._state.replaced, event["example_id"]
        now = replaced.get(example_id, example_id)
        if event["action"] == "edit":
            replaced[example_id] = str(example_row(event["messages"])["example_id"])
        elif event["action"] == "undo" and event.get("undone") == "edit":
            replaced.pop(example_id, None)
        return {**event, "example_id": now}

    def _new_state(self, before: _State | None) -> _State:
        reviewing = self._project.reviewing
        ids = reviewing.queue(self._chosen, self._order, limit=QUEUE_LENGTH)
        total = len(ids) if len(ids) < QUEUE_LENGTH else reviewing.count(self._chosen)
        state = _State(self._name, ids, total)
        if before is not None:
            state.acknowledged = before.acknowledged
            state.renewed = before.renewed + 1
        st.session_state[STATE] = state
        return state


def store_by_session(events: Sequence[Event], store: Callable[[Sequence[Event]], int]) -> dict[str, int]:
    """Store events session by session, and return the highest sequence that is stored of each."""
    sessions: dict[str, list[Event]] = {}
    for event in events:
        sessions.setdefault(str(event["session"]), []).append(event)
    return {
        session: store(sorted(rows, key=lambda event: int(event["sequence"]))) for session, rows in sessions.items()
    }


def forget_queue() -> None:
    """Choose the queue's examples anew at the next draw, after decisions were made elsewhere."""
    state: _State | None = st.session_state.get(STATE)
    if state is not None:
        state.name = ""
