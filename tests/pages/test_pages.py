"""Every page draws without an exception, whatever the project holds, and says what to do where there is nothing."""

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button, TextInput

from tests.pages.conftest import PAGE_NAMES, visit, words_of
from workbench.app.failures import triage_key
from workbench.app.navigation import PAGE_ENTRIES
from workbench.collecting import Collecting
from workbench.jobs import background
from workbench.project import Project
from workbench.reviewing import Filter
from workbench.tasting import Tasting

OpenApp = Callable[[Path | None], AppTest]
TITLES = {entry.name: entry.title for entry in PAGE_ENTRIES}


def field(app: AppTest, label: str) -> TextInput:
    return next(found for found in app.text_input if found.label == label)


def press(app: AppTest, label: str) -> Button:
    return next(found for found in app.button if found.label == label).click()


@pytest.mark.parametrize("name", PAGE_NAMES)
def test_a_page_without_a_project_leads_to_the_overview(open_app: OpenApp, name: str) -> None:
    app = visit(open_app(None), name)
    assert not app.exception
    if name == "overview":
        assert [button.label for button in app.button] == ["Create the project", "Open the project"]
    else:
        assert "No project is open" in words_of(app)
        assert "go-overview" in {button.key for button in app.button}


@pytest.mark.parametrize("name", PAGE_NAMES)
def test_a_page_of_an_empty_project_has_one_next_action(open_app: OpenApp, empty_folder: Path, name: str) -> None:
    app = visit(open_app(empty_folder), name)
    assert not app.exception
    assert not app.error
    if name == "overview":
        assert "What to do next" in words_of(app)
        assert "Import data" in {button.label for button in app.button}
    elif name != "import":
        assert [button.key for button in app.button] == [f"go-{NEXT[name]}"]


NEXT = dict.fromkeys(("review", "browse", "duplicates", "coverage", "quality", "split"), "import")
NEXT |= {"train": "split", "handoff": "train", "compare": "train", "rate": "compare", "collect": "import"}
NEXT |= {"chat": "train"}


@pytest.mark.parametrize("name", PAGE_NAMES)
def test_a_page_of_a_full_project_draws(open_app: OpenApp, sample_folder: Path, name: str) -> None:
    app = visit(open_app(sample_folder), name)
    assert not app.exception
    assert not app.error
    assert app.title[0].value == (TITLES[name] if name != "overview" else "project")


def test_a_project_is_created_and_opened_in_the_app(open_app: OpenApp, tmp_path: Path) -> None:
    app = open_app(None)
    field(app, "New folder").set_value(str(tmp_path / "mine"))
    press(app, "Create the project").run()
    assert not app.exception
    assert app.title[0].value == "mine"
    assert (tmp_path / "mine" / "workbench.duckdb").exists()


def test_a_folder_that_is_no_project_is_refused_with_a_remedy(open_app: OpenApp, tmp_path: Path) -> None:
    app = open_app(None)
    field(app, "Its folder").set_value(str(tmp_path))
    press(app, "Open the project").run()
    assert not app.exception
    assert "holds no project" in app.error[0].value
    assert "workbench new" in app.error[0].value


def test_a_project_that_another_process_holds_is_an_error_on_every_page(
    open_app: OpenApp, empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.errors import CurationError

    def held(folder: Path) -> None:
        raise CurationError("Process 42 holds the project.", "Stop it first.")

    monkeypatch.setattr("workbench.project.Project.open", held)
    app = open_app(empty_folder)
    for name in PAGE_NAMES:
        visit(app, name)
        assert not app.exception
        assert "Process 42 holds the project" in app.error[0].value


def test_a_run_is_handed_off_on_its_page(open_app: OpenApp, sample_folder: Path, tmp_path: Path) -> None:
    app = visit(open_app(sample_folder), "handoff")
    folder = next(field for field in app.text_input if field.label == "Folder")
    app = folder.set_value(str(tmp_path / "out")).run()
    app = press(app, "Hand off").run()
    until = time.monotonic() + 120
    while "Loaded again" not in words_of(app) and time.monotonic() < until:
        time.sleep(0.2)
        app = app.run()
    assert "3 of 3 answers are the same" in words_of(app)
    assert (tmp_path / "out" / "adapter_model.safetensors").is_file()


def test_collect_is_drawn_while_its_triage_goes_on_and_shows_it_afterwards(
    open_app: OpenApp, sample_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, triage = threading.Event(), Collecting.triage
    monkeypatch.setattr(background, "_tasks", {})
    monkeypatch.setattr(Collecting, "triage", lambda *args: goes_on.wait(60) and triage(*args))
    app = visit(open_app(sample_folder), "collect")
    shown = next(box for box in app.selectbox if box.label == "Variant").value
    work = background._tasks[sample_folder.resolve(), triage_key("evaluation-0001", shown)]
    assert work.running
    assert "Failing examples" in words_of(app)
    assert "Cancel" in {button.label for button in app.button}
    goes_on.set()
    assert work.wait(60)
    app = app.run()
    assert not app.exception
    assert not app.error
    assert "Cancel" not in {button.label for button in app.button}
    failing = work.result.height
    chosen = [box.value for box in app.selectbox if box.label == "Similar training examples say"]
    assert chosen == (["all"] if failing else [])
    assert ("No example fails." in words_of(app)) == (failing == 0)


def test_learning_the_taste_does_not_hold_the_page_up(
    open_app: OpenApp, sample_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(sample_folder, folder)
    with Project.open(folder) as project:
        rows = project.browsing.page(Filter(state="pending")).rows["example_id"].to_list()
        for place, example_id in enumerate(rows[:4]):
            project.reviewing.decide([example_id], "drop" if place % 2 else "keep", "tester")
    goes_on, learn = threading.Event(), Tasting.learn
    monkeypatch.setattr(background, "_tasks", {})
    monkeypatch.setattr(Tasting, "learn", lambda self, **how: goes_on.wait(60) and learn(self, **how))
    app = press(visit(open_app(folder), "quality"), "Learn from the decisions").run()
    work = background._tasks[folder.resolve(), "taste"]
    assert work.running
    assert "Learn from the decisions" not in {button.label for button in app.button}
    goes_on.set()
    assert work.wait(60)
    app = app.run()
    assert not app.exception
    assert not app.error
    assert "decisions" in words_of(app)
    assert "Learn from the decisions" not in {button.label for button in app.button}


def test_preference_training_says_which_pairs_there_are_and_refuses_without(
    open_app: OpenApp, sample_folder: Path
) -> None:
    app = visit(open_app(sample_folder), "train")
    method = next(group for group in app.get("button_group") if "DPO" in str(group.options))
    method.set_value("dpo").run()
    assert not app.exception
    assert "0 pairs to train on (0 imported, 0 rated)" in words_of(app)
    assert "Beta of DPO" in {one.label for one in app.number_input}
    start = next(box for box in app.selectbox if box.label == "Starts from")
    assert start.options[0] == "the base model"
    assert any("run-0001" in option for option in start.options[1:])
    press(app, "Check the data first").run()
    assert "no preference pair to train on" in app.error[0].value
