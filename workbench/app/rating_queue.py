"""The server's side of the rating card: the next drawn pairs, without a word on whose answers they are."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from workbench.app.review_queue import Event, store_by_session
from workbench.app.session import errors_shown
from workbench.project import Project
from workbench.rating import RatingCard

COMPONENT_KEY = "rating-card"
STATE = "rating-acknowledged"
PAIRS_AT_ONCE = 20


class RatingQueue:
    """The pairs of one evaluation that a rater has still to judge."""

    def __init__(self, project: Project, evaluation: str, rater: str) -> None:
        self._project = project
        self._evaluation = evaluation
        self._rater = rater
        self._acknowledged: dict[str, int] = st.session_state.setdefault(STATE, {})

    def data(self) -> dict[str, Any]:
        """Return what the card needs now: the next pairs, the last one, how far its log is stored."""
        hand = self._project.rating.at_hand(self._evaluation, self._rater, PAIRS_AT_ONCE)
        return {
            "queue": f"{self._project.name}:{self._evaluation}:{self._rater}",
            "rater": self._rater,
            "last": None if hand.last is None else _shown(hand.last),
            "items": [_shown(card) for card in hand.pairs],
            "total": hand.total,
            "acknowledged": self._acknowledged,
        }

    def receive(self) -> None:
        """Store what the card logged; called by Streamlit when the card sends."""
        sent = st.session_state[COMPONENT_KEY]["send"]
        with errors_shown():
            self._acknowledged.update(store_by_session(sent["events"], self._store))

    def _store(self, events: Sequence[Event]) -> int:
        return self._project.rating.rate(events, self._rater)


def _shown(card: RatingCard) -> dict[str, Any]:
    return {
        "comparison_id": card.comparison_id,
        "prompt": card.messages,
        "left": card.left_text,
        "right": card.right_text,
        "reference": card.reference,
        "position": card.position,
    }
