"""The server's side of the rubric card: criteria and the next drawn answers, without a word on whose they are."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from workbench.app.review_queue import Event, store_by_session
from workbench.app.session import errors_shown
from workbench.project import Project
from workbench.rubric import AnswerCard

COMPONENT_KEY = "rubric-card"
STATE = "rubric-acknowledged"
ANSWERS_AT_ONCE = 20


class RubricQueue:
    """The answers of one evaluation that a rater has still to judge under the criteria in force."""

    def __init__(self, project: Project, evaluation: str, rater: str) -> None:
        self._project = project
        self._evaluation = evaluation
        self._rater = rater
        self._acknowledged: dict[str, int] = st.session_state.setdefault(STATE, {})

    def data(self) -> dict[str, Any]:
        """Return what the card needs now: criteria, the next answers, the last one, how far its log is stored."""
        rubric = self._project.rubric
        rated, drawn = rubric.progress(self._evaluation, self._rater)
        last = rubric.last_seen(self._evaluation, self._rater)
        pending = rubric.pending(self._evaluation, self._rater, limit=ANSWERS_AT_ONCE)
        return {
            "queue": f"{self._project.name}:{self._evaluation}:{rubric.version()}:{self._rater}",
            "rater": self._rater,
            "criteria": [criterion.model_dump(mode="json") for criterion in rubric.criteria()],
            "last": None if last is None else _shown(last, rated),
            "items": [_shown(card, rated + place) for place, card in enumerate(pending, start=1)],
            "total": drawn,
            "acknowledged": self._acknowledged,
        }

    def receive(self) -> None:
        """Store what the card logged; called by Streamlit when the card sends."""
        sent = st.session_state[COMPONENT_KEY]["send"]
        with errors_shown():
            self._acknowledged.update(store_by_session(sent["events"], self._store))

    def _store(self, events: Sequence[Event]) -> int:
        return self._project.rubric.rate(events, self._rater)


def _shown(card: AnswerCard, position: int) -> dict[str, Any]:
    return {
        "answer_id": card.answer_id,
        "prompt": card.messages,
        "text": card.text,
        "reference": card.reference,
        "position": position,
    }
