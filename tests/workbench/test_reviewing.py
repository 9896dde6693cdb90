"""Review: the log of a session, cards, and what is refused."""

import pytest

from pipelines.errors import CurationError
from workbench.project import Project
from workbench.reviewing import Filter


@pytest.fixture
def ids(project: Project, write_jsonl) -> list[str]:
    path = write_jsonl("a.jsonl", [{"prompt": f"Question {n}?", "completion": f"Answer {n}."} for n in range(4)])
    project.importing.import_files([path])
    return project.reviewing.queue(Filter(), "position")


def states(project: Project) -> dict[str, str]:
    return dict(project.store.decisions.states().rows())


def event(sequence: int, example_id: str, action: str, **more: object) -> dict[str, object]:
    return {"session": "s1", "sequence": sequence, "example_id": example_id, "action": action, **more}


def test_events_sent_again_are_stored_once(project: Project, ids: list[str]) -> None:
    events = [
        event(1, ids[0], "keep"),
        event(2, ids[1], "drop", note="rude"),
        event(3, ids[2], "note", note="hm"),
        event(4, ids[1], "undo"),
        event(5, ids[3], "flag"),
    ]
    assert project.reviewing.log(events[:3], "ada") == 3
    before = project.tables.table("decisions").height
    assert project.reviewing.log(events[:3], "ada") == 3
    assert project.tables.table("decisions").height == before
    assert project.reviewing.log(events, "ada") == 5
    assert project.reviewing.log(list(reversed(events)), "ada") == 5
    assert project.tables.table("decisions").height == 5
    assert states(project) == {ids[0]: "kept", ids[1]: "pending", ids[2]: "pending", ids[3]: "flagged"}


def test_events_out_of_order_are_stored_in_their_order(project: Project, ids: list[str]) -> None:
    project.reviewing.log([event(2, ids[0], "drop"), event(1, ids[0], "keep")], "ada")
    assert states(project)[ids[0]] == "dropped"


def test_sessions_count_for_themselves(project: Project, ids: list[str]) -> None:
    project.reviewing.log([event(1, ids[0], "keep")], "ada")
    other = {**event(1, ids[1], "drop"), "session": "s2"}
    assert project.reviewing.log([other], "ben") == 1
    assert states(project)[ids[1]] == "dropped"


def test_an_edit_in_the_log_is_an_edit_and_its_undo_is_acknowledged(project: Project, ids: list[str]) -> None:
    messages = [{"role": "user", "content": "Question 0?"}, {"role": "assistant", "content": "Better."}]
    assert project.reviewing.log([event(1, ids[0], "edit", messages=messages)], "ada") == 1
    assert project.reviewing.log([event(1, ids[0], "edit", messages=messages)], "ada") == 1
    assert "Better." in project.reviewing.page(Filter())["completion"].to_list()
    assert project.reviewing.log([event(2, ids[0], "undo")], "ada") == 2
    assert sorted(states(project)) == sorted(ids)
    # An undo of nothing is acknowledged too, or the page would send it for ever.
    assert project.reviewing.log([event(3, ids[0], "undo")], "ada") == 3
    assert project.reviewing.log([], "ada") == 0


def test_an_edit_that_changes_nothing_is_acknowledged(project: Project, ids: list[str]) -> None:
    messages = project.reviewing.cards([ids[0]])[0].messages
    assert project.reviewing.log([event(1, ids[0], "edit", messages=messages)], "ada") == 1
    assert project.reviewing.log([event(2, ids[1], "keep")], "ada") == 2


def test_an_event_that_is_no_decision_is_refused_and_those_before_it_stay(project: Project, ids: list[str]) -> None:
    with pytest.raises(CurationError, match="'explode'"):
        project.reviewing.log([event(1, ids[0], "keep"), event(2, ids[1], "explode")], "ada")
    assert states(project)[ids[0]] == "kept"


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "user"}],
        [{"content": "x"}],
        [{"role": 1, "content": "x"}],
        [{"role": "user", "content": float("nan")}],
        ["text"],
    ],
)
def test_an_edit_into_no_conversation_is_refused_and_changes_nothing(
    project: Project, ids: list[str], messages: list[dict[str, object]]
) -> None:
    with pytest.raises(CurationError) as caught:
        project.reviewing.edit(ids[0], messages, "ada")
    assert caught.value.remedy
    assert project.reviewing.queue(Filter(), "position") == ids
    assert project.tables.table("decisions").is_empty()


def test_unknown_examples_orders_and_actions_are_refused_in_words(project: Project, ids: list[str]) -> None:
    messages = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]
    for wrong in (
        lambda: project.reviewing.edit("0" * 32, messages, "ada"),
        lambda: project.reviewing.decide(ids, "burn", "ada"),
        lambda: project.reviewing.decide([], "keep", "ada"),
        lambda: project.reviewing.page(Filter(), "colour"),
        lambda: project.reviewing.decide_where(Filter(text="nowhere to be found"), "keep", "ada"),
    ):
        with pytest.raises(CurationError) as caught:
            wrong()
        assert caught.value.remedy
    assert project.reviewing.cards(["0" * 32, ids[1]])[0].example_id == ids[1]


def test_deciding_by_filter_is_one_batch(project: Project, ids: list[str]) -> None:
    assert project.reviewing.decide_where(Filter(text="question"), "drop", "ada") == 4
    assert set(states(project).values()) == {"dropped"}
    project.reviewing.undo("ada")
    assert set(states(project).values()) == {"pending"}


def test_undo_takes_back_the_event_it_names_not_whatever_came_last(project: Project, ids: list[str]) -> None:
    project.reviewing.log([event(1, ids[0], "keep")], "ada")
    project.reviewing.decide(ids[1:3], "drop", "ada")
    assert project.reviewing.log([event(2, ids[0], "undo", undoes=1)], "ada") == 2
    assert [states(project)[example_id] for example_id in ids[:3]] == ["pending", "dropped", "dropped"]
    # Named again it is undone already: acknowledged, and nothing else is touched.
    assert project.reviewing.log([event(3, ids[0], "undo", undoes=1)], "ada") == 3
    assert states(project)[ids[1]] == "dropped"
