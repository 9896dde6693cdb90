"""While a file is imported, reviewers go on: what they decide is stored at once, and both are whole in the end."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pipelines.formats import bulk_reading
from pipelines.progress import Cancelled
from tests.workbench.conftest import chat
from workbench.project import Project
from workbench.reviewing import Filter

PATIENCE = 30
LINES = [chat(f"Question {n}?", f"Answer {n}. {'x' * 300}") for n in range(300)]


@dataclass
class Gate:
    """Stops every reading after its first block until it is opened."""

    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate, whole = Gate(), bulk_reading.blocks_of

    def blocks(source: Any) -> Iterator[Any]:
        for number, block in enumerate(whole(source, 20_000)):
            if number == 3:
                gate.reached.set()
                assert gate.opened.wait(PATIENCE)
            yield block

    monkeypatch.setattr("pipelines.formats.source.CHUNK", 10_000)
    monkeypatch.setattr(bulk_reading, "blocks_of", blocks)
    yield gate
    gate.opened.set()


@pytest.fixture
def reviewed(project: Project, write_jsonl: Callable[..., Path]) -> Project:
    project.importing.import_files([write_jsonl("first.jsonl", [chat(f"Old {n}?", "Yes.") for n in range(5)])])
    return project


def begin(project: Project, path: Path, **options: Any) -> tuple[threading.Thread, list[Any]]:
    """Import a file in a thread; what comes of it is put into the list."""
    came: list[Any] = []

    def work() -> None:
        try:
            came.append(project.importing.import_files([path], **options))
        except BaseException as error:
            came.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, came


def join(thread: threading.Thread) -> None:
    thread.join(PATIENCE)
    assert not thread.is_alive()


def event(example_id: str, **more: Any) -> dict[str, Any]:
    return {"session": "s", "sequence": 1, "example_id": example_id, "action": "keep", **more}


def in_time(work: Callable[[], Any]) -> Any:
    """Do something on a thread and expect its end while the gate is shut."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    join(thread)
    return found[0]


def test_decisions_made_while_a_file_is_read_are_stored_at_once(
    reviewed: Project, gate: Gate, write_jsonl: Callable[..., Path]
) -> None:
    thread, came = begin(reviewed, write_jsonl("long.jsonl", LINES))
    assert gate.reached.wait(PATIENCE)
    first, _ = reviewed.reviewing.queue(Filter(), limit=2)
    assert in_time(lambda: reviewed.reviewing.log([event(first)], "ada")) == 1
    assert in_time(lambda: reviewed.browsing.decide_all(Filter(text="old 3"), "drop", "bo")) == 1
    assert in_time(lambda: reviewed.queues.counts(Filter(), "cy"))
    assert in_time(lambda: reviewed.browsing.page(Filter(state="kept"))).total == 1
    # Nothing of the file is there before all of it is.
    assert reviewed.browsing.page(Filter()).total == 5
    in_time(lambda: reviewed.reviewing.undo("bo"))
    gate.opened.set()
    join(thread)
    assert (came[0].accepted, came[0].new) == (300, 300)
    assert reviewed.browsing.page(Filter()).total == 305
    assert reviewed.reviewing.queue(Filter(state="kept")) == [first]


def test_an_edit_into_what_the_file_brings_leaves_one_example(
    reviewed: Project, gate: Gate, write_jsonl: Callable[..., Path]
) -> None:
    thread, came = begin(reviewed, write_jsonl("long.jsonl", LINES))
    assert gate.reached.wait(PATIENCE)
    old = reviewed.reviewing.queue(Filter(), limit=1)[0]
    made = in_time(lambda: reviewed.reviewing.edit(old, LINES[0]["messages"], "ada"))
    gate.opened.set()
    join(thread)
    assert (came[0].accepted, came[0].new) == (300, 300)
    ids = reviewed.tables.table("examples")["example_id"].to_list()
    assert ids.count(made) == 1
    assert len(ids) == len(set(ids))
    # The sixth of the first file's texts is the file's own first line.
    assert reviewed.browsing.page(Filter()).total == 304
    assert [line["file"] for line in reviewed.store.examples.raw_lines(made)] == ["first.jsonl", "long.jsonl"]


def test_a_cancelled_import_takes_no_decision_with_it(
    reviewed: Project, gate: Gate, write_jsonl: Callable[..., Path]
) -> None:
    def stop(share: float, message: str) -> None:
        if gate.opened.is_set():
            raise Cancelled

    thread, came = begin(reviewed, write_jsonl("long.jsonl", LINES), progress=stop)
    assert gate.reached.wait(PATIENCE)
    first = reviewed.reviewing.queue(Filter(), limit=1)[0]
    in_time(lambda: reviewed.reviewing.log([event(first)], "ada"))
    gate.opened.set()
    join(thread)
    assert isinstance(came[0], Cancelled)
    assert reviewed.browsing.page(Filter()).total == 5
    assert reviewed.reviewing.queue(Filter(state="kept")) == [first]


def test_two_imports_at_once_are_both_whole(reviewed: Project, gate: Gate, write_jsonl: Callable[..., Path]) -> None:
    works = [begin(reviewed, write_jsonl(f"{name}.jsonl", LINES)) for name in "ab"]
    assert gate.reached.wait(PATIENCE)
    gate.opened.set()
    for thread, _ in works:
        join(thread)
    assert [came[0].new for _, came in works] == [300, 300]
    # The same texts in two files are one example each, with two lines.
    assert reviewed.browsing.page(Filter()).total == 305
    assert len(reviewed.overview.sources()) == 3
    assert reviewed.store.examples.occurrence_counts("train")["occurrences"].sum() == 605
