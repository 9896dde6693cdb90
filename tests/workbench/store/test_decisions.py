"""Decisions: appended only; the state is what the newest one that was not undone says."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.examples import Message, example_row
from workbench.project import Project
from workbench.reviewing import Filter

IMPORTED = 5


@pytest.fixture
def ids(project: Project, write_jsonl) -> list[str]:
    """Import five examples and return their ids in the order of the file."""
    path = write_jsonl("a.jsonl", [{"prompt": f"Question {n}?", "completion": f"Answer {n}."} for n in range(IMPORTED)])
    project.importing.import_files([path])
    return project.reviewing.queue(Filter(), "position")


def state(project: Project, example_id: str) -> str:
    states = project.store.decisions.states()
    found = dict(states.rows())
    return found.get(example_id, "gone")


def rows(project: Project) -> int:
    return project.tables.table("decisions").height


def conversation(prompt: str, completion: str) -> list[Message]:
    return [{"role": "user", "content": prompt}, {"role": "assistant", "content": completion}]


def test_nothing_decided_is_pending(project: Project, ids: list[str]) -> None:
    assert {state(project, example_id) for example_id in ids} == {"pending"}


@pytest.mark.parametrize(
    ("action", "expected"), [("keep", "kept"), ("drop", "dropped"), ("flag", "flagged"), ("pending", "pending")]
)
def test_the_newest_decision_counts(project: Project, ids: list[str], action: str, expected: str) -> None:
    project.reviewing.decide([ids[0]], "keep", "ada")
    project.reviewing.decide([ids[0]], action, "ada")
    assert state(project, ids[0]) == expected
    assert state(project, ids[1]) == "pending"


def test_undo_takes_back_the_last_one_and_adds_a_row_instead_of_removing_any(project: Project, ids: list[str]) -> None:
    project.reviewing.decide([ids[0]], "keep", "ada")
    project.reviewing.decide([ids[0]], "drop", "ada")
    undone = project.reviewing.undo("ada")
    assert undone is not None
    assert (undone.action, undone.example_ids) == ("drop", [ids[0]])
    assert state(project, ids[0]) == "kept"
    assert rows(project) == 3
    project.reviewing.undo("ada")
    assert state(project, ids[0]) == "pending"
    assert project.reviewing.undo("ada") is None
    assert rows(project) == 4


def test_a_bulk_decision_is_undone_as_one(project: Project, ids: list[str]) -> None:
    project.reviewing.decide([ids[0]], "flag", "ada")
    project.reviewing.decide(ids, "drop", "ada")
    undone = project.reviewing.undo("ada")
    assert undone is not None
    assert sorted(undone.example_ids) == sorted(ids)
    assert [state(project, example_id) for example_id in ids] == ["flagged"] + ["pending"] * 4


def test_a_person_undoes_only_what_that_person_decided(project: Project, ids: list[str]) -> None:
    project.reviewing.decide([ids[0]], "keep", "ada")
    project.reviewing.decide([ids[1]], "drop", "ben")
    assert project.reviewing.undo("ada") is not None
    assert (state(project, ids[0]), state(project, ids[1])) == ("pending", "dropped")
    assert project.reviewing.undo("ada") is None


def test_an_older_batch_can_be_taken_back_under_a_newer_decision(project: Project, ids: list[str]) -> None:
    first = project.reviewing.decide(ids, "drop", "ada")
    project.reviewing.decide([ids[0]], "keep", "ada")
    project.reviewing.undo_batch(first, "ben")
    assert [state(project, example_id) for example_id in ids] == ["kept"] + ["pending"] * 4


def test_notes_change_no_state_and_are_not_what_undo_takes_back(project: Project, ids: list[str]) -> None:
    project.reviewing.decide([ids[0]], "keep", "ada")
    project.reviewing.note(ids[0], "check the tone", "ada")
    assert state(project, ids[0]) == "kept"
    undone = project.reviewing.undo("ada")
    assert undone is not None
    assert undone.action == "keep"
    assert project.reviewing.history(ids[0])["note"].to_list() == [None, "check the tone"]


def test_an_edit_puts_the_child_in_the_place_of_the_parent(project: Project, ids: list[str]) -> None:
    child = project.reviewing.edit(ids[0], conversation("Question 0?", "A better answer."), "ada", "was wrong")
    assert state(project, child) == "kept"
    assert state(project, ids[0]) == "gone"
    shown = project.reviewing.queue(Filter(), "id")
    assert child in shown
    assert ids[0] not in shown
    assert len(shown) == IMPORTED
    card = project.reviewing.cards([child])[0]
    assert card.parent_id == ids[0]
    assert (card.file, card.line) == ("a.jsonl", 1)
    assert card.messages[-1]["content"] == "A better answer."


def test_undoing_an_edit_brings_the_parent_back_and_takes_the_child_away(project: Project, ids: list[str]) -> None:
    project.reviewing.decide([ids[0]], "flag", "ada")
    child = project.reviewing.edit(ids[0], conversation("Question 0?", "A better answer."), "ada")
    undone = project.reviewing.undo("ada")
    assert undone is not None
    assert undone.action == "edit"
    assert state(project, ids[0]) == "flagged"
    assert sorted(project.reviewing.queue(Filter(), "id")) == sorted(ids)
    assert child not in set(project.store.examples.with_role("train")["example_id"])
    assert project.overview.funnel().pending + project.overview.funnel().flagged == IMPORTED
    assert project.overview.funnel().dropped == 0
    # Editing in the same way once more works as the first time.
    assert project.reviewing.edit(ids[0], conversation("Question 0?", "A better answer."), "ada") == child
    assert state(project, child) == "kept"


def test_an_edit_of_an_edit_can_be_undone_step_by_step(project: Project, ids: list[str]) -> None:
    first = project.reviewing.edit(ids[0], conversation("Question 0?", "Better."), "ada")
    second = project.reviewing.edit(first, conversation("Question 0?", "Best."), "ada")
    assert second in project.reviewing.queue(Filter())
    project.reviewing.undo("ada")
    assert first in project.reviewing.queue(Filter())
    assert second not in project.reviewing.queue(Filter())
    project.reviewing.undo("ada")
    assert sorted(project.reviewing.queue(Filter(), "id")) == sorted(ids)


def test_editing_back_to_the_first_text_shows_the_first_example_again(project: Project, ids: list[str]) -> None:
    child = project.reviewing.edit(ids[0], conversation("Question 0?", "Better."), "ada")
    assert project.reviewing.edit(child, conversation("Question 0?", "Answer 0."), "ada") == ids[0]
    shown = project.reviewing.queue(Filter())
    assert ids[0] in shown
    assert child not in shown
    assert len(shown) == IMPORTED


def test_an_edit_that_changes_nothing_decides_nothing(project: Project, ids: list[str]) -> None:
    messages = project.reviewing.cards([ids[0]])[0].messages
    assert project.reviewing.edit(ids[0], messages, "ada") == ids[0]
    assert rows(project) == 0


def test_an_edit_into_an_example_that_is_there_already_joins_the_two(project: Project, ids: list[str]) -> None:
    assert project.reviewing.edit(ids[0], conversation("Question 1?", "Answer 1."), "ada") == ids[1]
    assert sorted(project.reviewing.queue(Filter(), "id")) == sorted(ids[1:])
    assert state(project, ids[1]) == "kept"
    project.reviewing.undo("ada")
    assert sorted(project.reviewing.queue(Filter(), "id")) == sorted(ids)
    assert state(project, ids[1]) == "pending"


def test_an_edit_does_not_count_as_an_imported_line(project: Project, ids: list[str]) -> None:
    project.reviewing.edit(ids[0], conversation("Question 0?", "Better."), "ada")
    assert project.overview.funnel().imported == IMPORTED


def test_the_history_tells_everything_in_order(project: Project, ids: list[str]) -> None:
    project.reviewing.decide([ids[0]], "drop", "ada", "too short")
    project.reviewing.undo("ada")
    project.reviewing.decide([ids[0]], "keep", "ben")
    history = project.reviewing.history(ids[0])
    assert history.select("action", "who", "note", "undone_by").rows() == [
        ("drop", "ada", "too short", "ada"),
        ("keep", "ben", None, None),
    ]
    times = history["when"].to_list()
    assert times == sorted(times)


def test_states_agree_with_a_replay_of_random_decisions(project: Project, ids: list[str]) -> None:
    """Oracle: a stack of batches a reviewer, replayed in Python."""
    generator = random.Random(5)
    words = {"keep": "kept", "drop": "dropped", "flag": "flagged", "pending": "pending"}
    batches: list[tuple[str, list[str], str]] = []
    for _ in range(25):
        who = generator.choice(["ada", "ben"])
        if generator.random() < 0.35:
            undone = project.reviewing.undo(who)
            mine = [batch for batch in batches if batch[0] == who]
            assert (undone is None) == (not mine)
            if mine:
                batches.reverse()
                batches.remove(mine[-1])
                batches.reverse()
        else:
            chosen, action = generator.sample(ids, generator.randint(1, 4)), generator.choice(sorted(words))
            project.reviewing.decide(chosen, action, who)
            batches.append((who, chosen, action))
        expected = dict.fromkeys(ids, "pending")
        for _, chosen, action in batches:
            expected |= dict.fromkeys(chosen, words[action])
        assert dict(project.store.decisions.states().rows()) == expected


REVIEW = """
import sys
from pathlib import Path
from workbench.project import Project
project = Project.open(Path(sys.argv[1]))
ids = sys.argv[2].split(",")
for number in range(int(sys.argv[3]), 100_000):
    event = {"session": "s", "sequence": number, "example_id": ids[number % len(ids)], "action": "keep"}
    print(project.reviewing.log([event], "ada"), flush=True)
"""


def test_a_reviewer_who_is_killed_loses_nothing_that_was_acknowledged(tmp_path: Path, write_jsonl) -> None:
    folder = tmp_path / "killed"
    with Project.create(folder) as project:
        project.importing.import_files([write_jsonl("a.jsonl", [{"prompt": "Q?", "completion": "A."}])])
        ids = project.reviewing.queue(Filter())
    acknowledged, generator = 0, random.Random(1)
    for _ in range(3):
        reviewer = subprocess.Popen(
            [sys.executable, "-c", REVIEW, str(folder), ",".join(ids), str(acknowledged + 1)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert reviewer.stdout is not None
        for _ in range(generator.randint(3, 15)):
            acknowledged = int(reviewer.stdout.readline())
        reviewer.send_signal(signal.SIGKILL)
        rest = reviewer.communicate(timeout=20)[0].split()
        acknowledged = int(rest[-1]) if rest and rest[-1].isdigit() else acknowledged
        with Project.open(folder) as project:
            stored = project.store.decisions.highest_sequence("s")
            assert stored >= acknowledged
            assert rows(project) == stored
            assert state(project, ids[0]) == "kept"
            acknowledged = stored


def test_the_id_of_an_edit_is_the_id_of_its_text(project: Project, ids: list[str]) -> None:
    messages = conversation("New?", "Yes.")
    assert project.reviewing.edit(ids[0], messages, "ada") == example_row(messages)["example_id"]
