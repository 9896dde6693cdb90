"""The server's side of the review card where nothing can be written: decisions wait in the browser."""

from types import SimpleNamespace
from typing import Any

import pytest

from pipelines.errors import DiskFullError
from workbench.app import review_queue
from workbench.app.review_queue import COMPONENT_KEY, ReviewQueue
from workbench.project import Project
from workbench.reviewing import Filter


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    held: dict[str, Any] = {}
    monkeypatch.setattr(review_queue, "st", SimpleNamespace(session_state=held))
    monkeypatch.setattr(review_queue, "counts_soon", lambda *_: ({}, True))
    return held


def sent(queue: ReviewQueue, state: dict[str, Any], events: list[dict[str, Any]]) -> dict[str, Any]:
    """Let the card send events, and return what it is told."""
    before = queue.data()
    state[COMPONENT_KEY] = {
        "send": {
            "tab": "t", "queue": before["queue"], "token": before["token"], "merged": 0, "hungry": True, "renew": False,
            "again": False, "ahead": [], "asks": [], "events": events,
        }
    }  # fmt: skip
    queue.receive()
    return queue.data()


def test_on_a_full_disk_the_card_keeps_what_it_logged_and_is_told(
    project: Project, write_jsonl: Any, state: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"prompt": f"Q{n}?", "completion": "A."} for n in range(5)]
    project.importing.import_files([write_jsonl("a.jsonl", rows)])
    queue = ReviewQueue(project, "all", Filter(), "ann")
    cards = sent(queue, state, [])["chunk"]["cards"]
    events = [
        {"session": "s", "sequence": place, "example_id": card["example_id"], "action": "keep", "queue": "all"}
        for place, card in enumerate(cards[:3], start=1)
    ]

    def full(*_: Any) -> int:
        raise DiskFullError("The disk is full.", "Free some space.")

    with monkeypatch.context() as broken:
        broken.setattr(type(project.reviewing), "log", full)
        told = sent(queue, state, events)
        assert told["trouble"] == "The disk is full. Free some space."
        assert told["refused"] == []
        assert told["acknowledged"].get("s", 0) == 0
    told = sent(queue, state, events)
    assert (told["trouble"], told["refused"], told["acknowledged"]["s"]) == ("", [], 3)
    assert project.reviewing.count(Filter(state="kept")) == 3


def test_opening_the_card_on_a_full_disk_shows_the_reason(
    project: Project, write_jsonl: Any, state: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    project.importing.import_files([write_jsonl("a.jsonl", [{"prompt": "Q?", "completion": "A."}])])
    state[review_queue.TAB] = "t"

    def full(*_: Any) -> list[str]:
        raise DiskFullError("The disk is full.", "Free some space.")

    monkeypatch.setattr(type(project.queues), "take", full)
    assert "disk is full" in ReviewQueue(project, "all", Filter(), "ann").data()["trouble"]
