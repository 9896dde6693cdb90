"""The server's side of the review card: which examples come next, storing what it logged, answering what it asks.

A queue's order is fixed a thousand examples at a time, so that an example does not slip away under a reviewer's fingers
when its state changes. Cards go out in chunks, each leased to the tab that gets it; a chunk is sent again until the tab
says that it has it. All that the tab needs to know is in each answer, as one may be lost.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

import streamlit as st

from pipelines.errors import CurationError, DiskFullError
from pipelines.examples import example_row
from workbench.app import living_tabs
from workbench.app.queue_counts import counts_soon
from workbench.app.review_answers import answer
from workbench.project import Project
from workbench.queues import CANDIDATES, QUEUES
from workbench.reviewing import Filter

COMPONENT_KEY = "review-card"
STATE = "review-queue"
TAB = "review-tab"
CARDS_AT_ONCE = 40
# The first cards are few, so that they are there soon.
FIRST_CARDS = 8
# What a tab may hold of a queue that nears its end, however little that leaves to others; as in review_card.js.
LEAST_AHEAD = 20
# Which of a card's parts is open from the start.
OPENS = {"duplicates": "duplicates", "conflicts": "conflicts"}

Event = dict[str, Any]


@dataclass
class _State:
    """What one tab got of one queue.

    `given` is the number of candidates that were handed out or passed over; the queue `ends` with those that are known.
    """

    name: str
    token: str = field(default_factory=lambda: secrets.token_hex(6))
    ids: list[str] = field(default_factory=list)
    known: int = 0
    given: int = 0
    more: bool = True
    ends: bool = False
    enough: bool = False
    serial: int = 0
    chunk: dict[str, Any] | None = None
    passed: set[str] = field(default_factory=set)
    total: int = 0
    counted: bool = False
    decided: set[str] = field(default_factory=set)
    lost: list[str] = field(default_factory=list)
    acknowledged: dict[str, int] = field(default_factory=dict)
    refused: list[dict[str, Any]] = field(default_factory=list)
    replaced: dict[str, str] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    trouble: str = ""


class ReviewQueue:
    """The examples of a queue within a filter, for one reviewer.

    Args:
        project: the open project.
        queue: a name of `QUEUES`.
        chosen: the filter.
        who: the reviewer.
    """

    def __init__(self, project: Project, queue: str, chosen: Filter, who: str) -> None:
        self._project = project
        self._queue = queue
        self._chosen = chosen
        self._who = who
        self._name = repr((str(project.folder), queue, astuple(chosen), who))
        state: _State | None = st.session_state.get(STATE)
        self._state = state if state is not None and state.name == self._name else self._new_state(state)

    def data(self) -> dict[str, Any]:
        """Return what the card needs now: cards that it lacks, how far its log is stored, and answers."""
        state, tab = self._state, st.session_state.get(TAB)
        if not state.counted:
            counts, state.counted = counts_soon(self._project, self._chosen, self._who)
            state.total = (counts or {}).get(self._queue, 0) + len(state.decided)
        if tab is not None and state.serial == 0:
            self._try(lambda: self._fill(tab, FIRST_CARDS))
        return {
            "project": self._project.name,
            "reviewer": self._who,
            "queue": state.name,
            "token": state.token,
            "tab": tab,
            "chunk": state.chunk,
            "total": max(state.total, state.given),
            "counting": not state.counted,
            "more": state.more,
            "enough": state.enough,
            # A filter chooses: what is drawn at random within it is no random sample of all.
            "asked": self._queue if self._chosen == Filter() else f"{self._queue} within a filter",
            "deciding": QUEUES[self._queue].deciding,
            "opens": OPENS.get(self._queue, ""),
            "acknowledged": state.acknowledged,
            "refused": state.refused,
            "lost": state.lost,
            "answers": state.answers,
            "trouble": state.trouble,
        }

    def receive(self) -> None:
        """Store what the card logged, and do what it asks; called by Streamlit when the card sends.

        Where nothing can be written, the card is told, keeps what it logged, and sends it again.
        """
        self._state.trouble = ""
        self._try(self._take)

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except DiskFullError as error:
            self._state.trouble = f"{error.message} {error.remedy}"

    def _take(self) -> None:
        state, sent = self._state, st.session_state[COMPONENT_KEY]["send"]
        tab = st.session_state[TAB] = str(sent["tab"])
        living_tabs.here(tab)
        self._store_events(sent["events"], tab)
        state.answers = {
            str(ask["number"]): state.answers.get(str(ask["number"])) or self._answer(ask, tab) for ask in sent["asks"]
        }
        state.lost = []
        if sent["again"] and sent["token"] == state.token:
            self._state = self._new_state(state)
            return
        if sent["queue"] != state.name or sent["token"] != state.token:
            return
        if state.chunk is None and sent["merged"] < state.serial:
            # The page was left and came back: the card is a new one and has nothing.
            self._state = self._new_state(state)
            return
        if state.chunk is not None and sent["merged"] >= state.serial:
            state.chunk = None
        if sent["renew"]:
            ahead = [str(one) for one in sent["ahead"]]
            state.lost = self._project.queues.renew(ahead, state.known, tab, self._who)
        if sent["hungry"] and state.chunk is None and state.more:
            self._fill(tab, CARDS_AT_ONCE, len(sent["ahead"]))

    def _fill(self, tab: str, count: int, ahead: int = 0) -> None:
        """Prepare the next chunk of cards, unless the tab has its share of what is left."""
        state, got = self._state, list[str]()
        living_tabs.here(tab)
        if closed := living_tabs.gone():
            self._project.queues.free_all(closed)
        if state.given >= len(state.ids):
            self._look_further()
        share = _share(len(state.ids) - state.given, ahead) if state.ends else count
        state.enough = share <= 0
        if state.enough and state.more:
            return
        count = min(count, max(share, 1))
        while len(got) < count and state.more:
            if state.given >= len(state.ids):
                self._look_further()
                continue
            wanted = state.ids[state.given : state.given + count - len(got)]
            state.given += len(wanted)
            state.passed.update(wanted)
            got += self._project.queues.take(wanted, state.known, tab, self._who)
        state.serial += 1
        state.chunk = {"serial": state.serial, "cards": self.cards(got)}

    def _look_further(self, offset: int = 0) -> None:
        """Fix the order of the next examples; what was given out or passed over before is left out."""
        state, fresh = self._state, list[str]()
        while not fresh:
            found = self._project.queues.candidates(self._queue, self._chosen, self._who, offset)
            fresh = [one for one in found.ids if one not in state.passed]
            offset += len(found.ids)
            state.ends = len(found.ids) < CANDIDATES
            if not found.ids:
                break
        state.ids, state.known, state.given, state.more = fresh, found.known, 0, bool(fresh)

    def cards(self, ids: Sequence[str], *, whole: bool = False) -> list[dict[str, Any]]:
        """Return cards as this reviewer may see them."""
        blind = self._project.queues.blind_to(ids, self._who, self._queue) if ids else set()
        return [card.to_dict() for card in self._project.reviewing.cards(ids, self._who, blind, whole=whole)]

    def go_to(self, place: int, tab: str) -> dict[str, Any]:
        """Go on at a place of the queue, counted from 1; what was decided here counts as before it."""
        if place < 1:
            raise CurationError(f"This queue has no number {place}.", "Its first example has number 1.")
        state = self._state
        offset = max(place - 1 - len(state.decided), 0)
        before, state.passed = state.passed, set(state.decided)
        self._look_further(offset)
        self._fill(tab, CARDS_AT_ONCE)
        cards = state.chunk["cards"] if state.chunk is not None else []
        if not cards:
            state.passed = before
            raise CurationError(f"This queue has no number {place}.", "Choose a smaller number.")
        # The answer carries the cards, so that this was no chunk.
        state.chunk, state.serial = None, state.serial - 1
        return {"base": place - 1, "cards": cards}

    def _answer(self, ask: dict[str, Any], tab: str) -> dict[str, Any]:
        try:
            if ask["kind"] == "jump" and "place" in ask:
                return self.go_to(int(ask["place"]), tab)
            return answer(self._project, ask, self._who, lambda ids: self.cards(ids, whole=ask["kind"] == "whole"))
        except CurationError as error:
            return {"error": f"{error.message} {error.remedy}"}

    def _store_events(self, events: Sequence[Event], tab: str) -> None:
        """Store events in their order; one that is refused is told to the card, and those after it are stored."""
        state, left = self._state, list(events)
        state.refused = []
        while left:
            followed = [self._followed(event) for event in left]
            try:
                state.acknowledged.update(store_by_session(followed, self._store))
                break
            except DiskFullError:
                raise
            except CurationError as error:
                stored = {session: self._project.reviewing.stored(session) for session in _sessions(left)}
                state.acknowledged.update(stored)
                bad, *left = [event for event in left if int(event["sequence"]) > stored[str(event["session"])]]
                place = {"session": bad["session"], "sequence": bad["sequence"]}
                state.refused.append({**place, "message": f"{error.message} {error.remedy}"})
        decided = {str(event["example_id"]) for event in events if event["action"] not in ("note", "undo")}
        undone = {str(event["example_id"]) for event in events if event["action"] == "undo"}
        state.decided = (state.decided | decided) - undone
        if decided:
            self._project.queues.free(sorted(decided), tab)

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
        state = _State(self._name)
        if before is not None:
            state.acknowledged = before.acknowledged
        st.session_state[STATE] = state
        return state


def _share(left: int, ahead: int) -> int:
    """Return how many of the examples left a tab may take that has some ahead: others may come and want the rest."""
    return max((left + ahead) // 2, LEAST_AHEAD) - ahead


def _sessions(events: Sequence[Event]) -> set[str]:
    return {str(event["session"]) for event in events}


def store_by_session(events: Sequence[Event], store: Callable[[Sequence[Event]], int]) -> dict[str, int]:
    """Store events session by session, and return the highest sequence that is stored of each."""
    sessions: dict[str, list[Event]] = {}
    for event in events:
        sessions.setdefault(str(event["session"]), []).append(event)
    return {
        session: store(sorted(rows, key=lambda event: int(event["sequence"]))) for session, rows in sessions.items()
    }
