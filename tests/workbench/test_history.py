"""History, undo of any decision, and restoring: nothing is lost, and what is shown agrees with a replay."""

import random

import pytest

from pipelines.errors import CurationError
from pipelines.examples import Message, example_row
from workbench.history import HistoryEntry
from workbench.project import Project
from workbench.reviewing import Filter

IMPORTED = 4


@pytest.fixture
def ids(project: Project, write_jsonl) -> list[str]:
    """Import a few examples and return their ids in the order of the file."""
    rows = [{"prompt": f"Question {n}?", "completion": f"Answer {n}."} for n in range(IMPORTED)]
    project.importing.import_files([write_jsonl("a.jsonl", rows)], source="desk")
    return project.reviewing.queue(Filter(), "position")


def conversation(prompt: str, completion: str) -> list[Message]:
    return [{"role": "user", "content": prompt}, {"role": "assistant", "content": completion}]


def told(entries: list[HistoryEntry]) -> list[tuple[str, str | None, str | None, str | None]]:
    return [(entry.action, entry.who, entry.why, entry.undone_by) for entry in entries]


def shown(project: Project) -> list[str]:
    return sorted(project.reviewing.queue(Filter(), "id"))


def test_an_example_tells_where_it_is_from_and_all_that_was_decided(project: Project, ids: list[str]) -> None:
    project.reviewing.decide([ids[1]], "drop", "ada", "too short")
    project.reviewing.undo("ada")
    project.reviewing.decide(ids, "keep", "ben", origin="filter")
    project.reviewing.note(ids[1], "fine after all", "ada")
    history = project.history.of(ids[1])
    assert told(history) == [
        ("import", None, None, None),
        ("drop", "ada", "too short", "ada"),
        ("keep", "ben", None, None),
        ("note", "ada", "fine after all", None),
    ]
    assert [entry.origin for entry in history] == ["a.jsonl line 2 (desk, train)", "person", "filter", "person"]
    assert [entry.batch_examples for entry in history] == [1, 1, IMPORTED, 1]
    times = [entry.when for entry in history]
    assert all(times)
    assert times == sorted(times, key=str)
    assert history[1].undone_at is not None
    assert [entry.can_undo for entry in history] == [False, False, True, True]


def test_an_unknown_example_has_no_history(project: Project, ids: list[str]) -> None:
    assert project.history.of("nobody") == []
    with pytest.raises(CurationError, match="no example nobody"):
        project.history.texts("nobody")


def test_the_history_of_an_edit_goes_back_to_the_import(project: Project, ids: list[str]) -> None:
    project.reviewing.decide([ids[0]], "flag", "ada")
    child = project.reviewing.edit(ids[0], conversation("Question 0?", "Better."), "ben", "was wrong")
    project.reviewing.decide([child], "drop", "ada")
    whole = told(project.history.of(child))
    assert whole == [
        ("import", None, None, None),
        ("flag", "ada", None, None),
        ("edit", "ben", "was wrong", None),
        ("drop", "ada", None, None),
    ]
    assert told(project.history.of(ids[0])) == whole
    assert told(project.history.of(child, earlier=False))[-2:] == whole[2:]
    assert project.history.of(child)[2].replacement_id == child


def test_any_decision_can_be_undone_and_only_once(project: Project, ids: list[str]) -> None:
    first = project.reviewing.decide([ids[0]], "drop", "ada")
    bulk = project.reviewing.decide(ids[1:], "keep", "ben")
    project.reviewing.decide([ids[1]], "flag", "ada")
    assert project.history.undo(first, "cleo").example_ids == [ids[0]]
    assert sorted(project.history.undo(bulk, "cleo").example_ids) == sorted(ids[1:])
    states = dict(project.store.decisions.states().rows())
    assert [states[example_id] for example_id in ids] == ["pending", "flagged", "pending", "pending"]
    for batch in (first, bulk):
        with pytest.raises(CurationError, match="undone already"):
            project.history.undo(batch, "cleo")
    undo_itself = project.tables.table("decisions").height
    for unknown in (0, 999, -1):
        with pytest.raises(CurationError, match="no decision"):
            project.history.undo(unknown, "cleo")
    assert project.tables.table("decisions").height == undo_itself


def test_an_edit_on_which_another_builds_is_not_undone_before_that(project: Project, ids: list[str]) -> None:
    first = project.reviewing.edit(ids[0], conversation("Question 0?", "Better."), "ada")
    second = project.reviewing.edit(first, conversation("Question 0?", "Best."), "ben")
    edits = [entry.batch for entry in project.history.of(second) if entry.action == "edit"]
    with pytest.raises(CurationError, match="edited again by ben") as caught:
        project.history.undo(edits[0] or 0, "ada")
    assert f"decision {edits[1]}" in caught.value.remedy
    assert second in shown(project)
    assert first not in shown(project)
    for batch in reversed(edits):
        project.history.undo(batch or 0, "ada")
    assert shown(project) == sorted(ids)


def test_the_reviewers_own_undo_does_not_show_two_texts_of_one_example(project: Project, ids: list[str]) -> None:
    first = project.reviewing.edit(ids[0], conversation("Question 0?", "Better."), "ada")
    project.reviewing.edit(first, conversation("Question 0?", "Best."), "ben")
    with pytest.raises(CurationError, match="edited again by ben"):
        project.reviewing.undo("ada")
    assert len(shown(project)) == IMPORTED
    event = {"session": "s", "sequence": 1, "example_id": "", "action": "undo"}
    assert project.reviewing.log([event], "ada") == 1
    assert len(shown(project)) == IMPORTED


def test_undoing_an_edit_shows_one_text_though_the_other_was_decided_about(project: Project, ids: list[str]) -> None:
    child = project.reviewing.edit(ids[0], conversation("Question 0?", "Better."), "ada")
    project.reviewing.decide([child], "flag", "ben")
    edited = next(entry.batch for entry in project.history.of(child) if entry.action == "edit")
    project.history.undo(edited or 0, "ada")
    assert shown(project) == sorted(ids)
    project.history.restore(ids[0], child, "ada")
    assert child in shown(project)
    assert len(shown(project)) == IMPORTED


def test_a_text_of_an_undone_edit_is_present_once_it_is_imported_itself(
    project: Project, ids: list[str], write_jsonl
) -> None:
    child = project.reviewing.edit(ids[0], conversation("Question 0?", "Better."), "ada")
    project.reviewing.undo("ada")
    assert child not in shown(project)
    project.importing.import_files([write_jsonl("b.jsonl", [{"prompt": "Question 0?", "completion": "Better."}])])
    assert sorted([*ids, child]) == shown(project)


def test_a_diff_shows_messages_before_and_after(project: Project, ids: list[str]) -> None:
    longer = [*conversation("Question 0?", "Better."), *conversation("And?", "Good.")]
    child = project.reviewing.edit(ids[0], longer, "ada")
    changes = project.history.diff(child)
    assert [(change.before, change.after, change.changed) for change in changes] == [
        ("Question 0?", "Question 0?", False),
        ("Answer 0.", "Better.", True),
        (None, "And?", True),
        (None, "Good.", True),
    ]
    assert [change.before for change in project.history.diff(child, ids[1])][:2] == ["Question 1?", "Answer 1."]
    with pytest.raises(CurationError, match="never edited"):
        project.history.diff(ids[1])


def test_a_message_with_more_than_a_text_is_shown_whole_in_a_diff(project: Project, ids: list[str]) -> None:
    call = {"function": {"name": "find", "arguments": "{}"}, "type": "function", "id": "1"}
    messages = [{"role": "user", "content": "Find it."}, {"role": "assistant", "content": "", "tool_calls": [call]}]
    child = project.reviewing.edit(ids[0], messages, "ada")
    assert '"name": "find"' in str(project.history.diff(child)[1].after)


def test_an_earlier_text_can_be_restored_which_is_one_more_decision(project: Project, ids: list[str]) -> None:
    first = project.reviewing.edit(ids[0], conversation("Question 0?", "Better."), "ada")
    second = project.reviewing.edit(first, conversation("Question 0?", "Best."), "ada")
    assert [text.example_id for text in project.history.texts(second)] == [ids[0], first, second]
    before = project.tables.table("decisions").height
    batch = project.history.restore(second, ids[0], "ben")
    assert shown(project) == sorted(ids)
    entry = project.history.of(second)[-1]
    assert (entry.action, entry.who, entry.origin, entry.batch) == ("edit", "ben", "restore", batch)
    assert project.tables.table("decisions").height == before + 3
    project.history.restore(ids[0], first, "ben", "better after all")
    assert first in shown(project)
    assert ids[0] not in shown(project)
    assert len(shown(project)) == IMPORTED
    with pytest.raises(CurationError, match="stands there already"):
        project.history.restore(second, first, "ben")
    with pytest.raises(CurationError, match="no text of the example"):
        project.history.restore(second, ids[1], "ben")


def test_a_text_of_an_undone_edit_can_be_restored(project: Project, ids: list[str]) -> None:
    child = project.reviewing.edit(ids[0], conversation("Question 0?", "Better."), "ada")
    project.reviewing.undo("ada")
    project.history.restore(ids[0], child, "ada")
    assert child in shown(project)
    assert ids[0] not in shown(project)


def test_exactly_one_text_of_each_line_is_present_after_random_edits_undos_and_restores(
    project: Project, ids: list[str]
) -> None:
    generator = random.Random(4)
    line_of = {example_id: number for number, example_id in enumerate(ids)}
    for step in range(40):
        chosen = generator.choice(shown(project))
        number, kind = line_of[chosen], generator.random()
        if kind < 0.5:
            messages = conversation(f"Question {number}?", f"Text {generator.randint(0, 3)} of {number}.")
            line_of[str(example_row(messages)["example_id"])] = number
            project.reviewing.edit(chosen, messages, generator.choice(["ada", "ben"]), f"step {step}")
        elif kind < 0.75:
            candidates = [entry.batch for entry in project.history.of(chosen) if entry.can_undo]
            try:
                project.history.undo(generator.choice(candidates or [0]) or 0, "cleo")
            except CurationError:
                continue
        else:
            texts = [text.example_id for text in project.history.texts(chosen) if not text.present]
            if texts:
                project.history.restore(chosen, generator.choice(texts), "dora")
        assert sorted(line_of[example_id] for example_id in shown(project)) == list(range(IMPORTED)), step


@pytest.fixture
def sealed_child(project: Project, ids: list[str]) -> tuple[str, str]:
    """An edited example whose new text stands in the sealed test split: parent, child."""
    import polars as pl

    child = project.reviewing.edit(ids[0], conversation("Question 0?", "Better."), "ada")
    members = pl.DataFrame(
        {
            "example_id": [child, *ids[1:]],
            "split": ["test", "train", "train", "validation"],
            "group_id": [child, *ids[1:]],
            "included": [True] * IMPORTED,
        }
    )
    project.store.versions.add("v", members, settings={}, certificate={}, notes=[], now=project.store.now())
    return ids[0], child


def test_undoing_an_edit_of_a_sealed_example_does_not_unseal_the_text_before_it(
    project: Project, sealed_child: tuple[str, str]
) -> None:
    parent, child = sealed_child
    assert {parent, child} & set(shown(project)) == set()
    project.reviewing.undo("ada")
    assert {parent, child} & set(shown(project)) == set()
    assert project.reviewing.cards([parent, child]) == []
    assert set(project.store.examples.with_role("train")["example_id"]) >= {parent}
    assert told(project.history.of(child))[-1] == ("edit", "ada", None, "ada")


def test_texts_of_sealed_examples_are_not_told(project: Project, sealed_child: tuple[str, str]) -> None:
    parent, child = sealed_child
    for action in (
        lambda: project.history.texts(child),
        lambda: project.history.diff(child),
        lambda: project.history.diff(parent, child),
        lambda: project.history.restore(child, parent, "ada"),
    ):
        with pytest.raises(CurationError, match="sealed test split"):
            action()


def test_an_edit_of_a_card_that_was_sealed_meanwhile_stays_sealed(
    project: Project, sealed_child: tuple[str, str]
) -> None:
    _, child = sealed_child
    later = project.reviewing.edit(child, conversation("Question 0?", "Written on an old card."), "ben")
    assert later not in shown(project)
    assert project.reviewing.cards([later]) == []
