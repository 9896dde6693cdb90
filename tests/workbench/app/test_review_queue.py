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


@pytest.mark.parametrize(("rows", "most"), [(3, 3), (30, 20), (60, 30), (300, 40)])
def test_a_tab_takes_no_more_than_half_of_a_short_queue_or_twenty(
    project: Project, write_jsonl: Any, state: dict[str, Any], rows: int, most: int
) -> None:
    project.queues.set_overlap(0.0, "ann")
    project.importing.import_files(
        [write_jsonl("a.jsonl", [{"prompt": f"Q{n}?", "completion": "A."} for n in range(rows)])]
    )
    tabs = {}
    for tab in ("one", "two"):
        state.clear()
        queue, cards = ReviewQueue(project, "all", Filter(), "ann"), list[str]()
        for _ in range(8):
            told = queue.data()
            if told["chunk"]:
                cards += [card["example_id"] for card in told["chunk"]["cards"] if card["example_id"] not in cards]
            message = {
                "tab": tab,
                "queue": told["queue"],
                "token": told["token"],
                "merged": (told["chunk"] or {}).get("serial", 0),
            }
            message |= {"hungry": len(cards) < (20 if told["enough"] else 40), "renew": False, "again": False}
            state[COMPONENT_KEY] = {"send": message | {"ahead": cards, "asks": [], "events": []}}
            queue.receive()
        tabs[tab] = cards
    assert len(tabs["one"]) == most
    assert tabs["two"] or rows <= 20
    assert not set(tabs["one"]) & set(tabs["two"])
