"""The page of duplicates: groups decided one after the other, thresholds, pairs that are alike and not the same."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import visit, words_of
from tests.workbench.conftest import chat
from workbench.project import Project

OpenApp = Callable[[Path | None], AppTest]
ANSWER = "Print the label in your account and drop the parcel off at any shop of ours, it is free of charge."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two groups and a pair that differs in a number."""
    rows = [
        chat("How can I send back the blue kettle that I bought in your shop?", ANSWER),
        chat("HOW can I send back the blue kettle that I bought in your shop?", ANSWER),
        chat("Who helps me to mend the red radio that fell from my old shelf?", ANSWER.replace("label", "form")),
        chat("Who helps me to mend the red radio that fell off my old shelf?", ANSWER.replace("label", "form")),
        chat("What is the sum of the number 3 and the number 5, please tell?", "The sum of both is 8."),
        chat("What is the sum of the number 3 and the number 6, please tell?", "The sum of both is 9."),
    ]
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with Project.create(tmp_path / "project") as project:
        project.importing.import_files([path])
        project.curation.curate(["embeddings", "duplicates"])
    return tmp_path / "project"


def button(app: AppTest, start: str) -> object:
    return next(found for found in app.button if found.label.startswith(start))


def part(app: AppTest, name: str) -> AppTest:
    return next(found for found in app.button_group if found.key == "part").set_value(name).run()


def test_accepting_a_group_moves_on_to_the_next_and_undo_takes_it_back(open_app: OpenApp, folder: Path) -> None:
    app = visit(open_app(folder), "duplicates")
    assert not app.exception
    assert "pending" in words_of(app)
    app = button(app, "Accept: keep the first").click().run()  # type: ignore[attr-defined]
    assert app.session_state["groups-moved"] == 1
    assert "kept" not in words_of(app)  # the next group is shown, and nobody decided about it
    app = button(app, "Keep all, not the same").click().run()  # type: ignore[attr-defined]
    assert "kept" in words_of(app)  # past the last group comes the first again
    app = button(app, "Undo").click().run()  # type: ignore[attr-defined]
    assert not app.exception


def test_the_threshold_shows_what_it_would_drop_and_drops_it_in_one_batch(open_app: OpenApp, folder: Path) -> None:
    app = part(visit(open_app(folder), "duplicates"), "Threshold")
    assert not app.exception
    # the pair in capitals is an exact one, so that of the near pairs one is the same and one has another number
    assert [metric.value for metric in app.metric] == ["1", "2", "2", "1"]
    assert "0.60 alike or more" in words_of(app)
    app = button(app, "Accept 2 groups: drop 2 copies").click().run()  # type: ignore[attr-defined]
    assert not app.exception
    assert button(app, "No undecided group").disabled  # type: ignore[attr-defined]
    app = button(app, "Undo").click().run()  # type: ignore[attr-defined]
    assert not button(app, "Accept 2 groups").disabled  # type: ignore[attr-defined]


def test_pairs_that_are_alike_and_not_the_same_are_shown_with_the_reason(open_app: OpenApp, folder: Path) -> None:
    app = part(visit(open_app(folder), "duplicates"), "Alike, not the same")
    assert not app.exception
    assert "Nothing is done about them" in words_of(app)
    assert "Other numbers, or the same in another order" in words_of(app)
