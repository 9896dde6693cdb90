"""The import page: columns are mapped with a live preview, what was mapped is proposed again, unread lines are told."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pipelines.formats import bulk_reading
from tests.pages.conftest import visit, words_of
from workbench.jobs.background import task
from workbench.project import Project

OpenApp = Callable[[Path | None], AppTest]
ROWS = [{"frage": f"Was ist {n}?", "antwort": f"Es ist {n}.", "lang": "de"} for n in range(7)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Project.create(tmp_path / "project").close()
    return tmp_path / "project"


def write(path: Path, rows: list[object]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), "utf-8")
    return path


def choose(app: AppTest, path: Path) -> AppTest:
    """Type a path, as in the second tab."""
    return app.text_area[0].set_value(str(path)).run()


def columns(app: AppTest) -> dict[str, str | None]:
    return {box.label: box.value for box in app.selectbox if box.label in ("Prompt", "Completion", "System")}


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label.startswith(label)).click().run()


def import_it(app: AppTest, folder: Path) -> AppTest:
    """Press the button and wait for the background work."""
    return wait_for_it(press(app, "Import "), folder)


def wait_for_it(app: AppTest, folder: Path) -> AppTest:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        from workbench.app.session import _opened

        found = task(_opened(str(folder)), "import")
        if found is not None and not found.running:
            return app.run()
        time.sleep(0.05)
    raise AssertionError("The import did not end.")


def test_columns_are_mapped_and_proposed_the_next_time(open_app: OpenApp, folder: Path, tmp_path: Path) -> None:
    app = choose(visit(open_app(folder), "import"), write(tmp_path / "desk.jsonl", ROWS))
    assert not app.exception
    # Nothing can be read yet: the reason and the raw rows are there, and the form is open.
    assert columns(app) == {"Prompt": None, "Completion": None, "System": None}
    assert app.expander[0].proto.expanded
    assert [json.loads(code.value) for code in app.code] == ROWS[:5]
    for label, column in (("Prompt", "frage"), ("Completion", "antwort")):
        next(box for box in app.selectbox if box.label == label).select(column).run()
    assert not app.code
    assert "**lang** de" in words_of(app)
    app = import_it(app, folder)
    assert "7 lines read, 7 of them new; 0 lines could not be read." in words_of(app)
    app = choose(
        visit(app, "import"), write(tmp_path / "more" / "desk.jsonl", [*ROWS, {"frage": "Neu?", "antwort": "Ja."}])
    )
    assert columns(app) == {"Prompt": "frage", "Completion": "antwort", "System": None}
    assert "As the last time for this source." in words_of(app)
    assert not app.code


def test_a_folder_is_previewed_file_by_file(open_app: OpenApp, folder: Path, tmp_path: Path) -> None:
    usual = [{"prompt": "Q?", "completion": "A."}]
    for name in ("a.jsonl", "b.jsonl"):
        write(tmp_path / "data" / name, usual)
    app = choose(visit(open_app(folder), "import"), tmp_path / "data")
    assert not app.exception
    assert next(box for box in app.selectbox if box.label == "Preview").options == ["a.jsonl", "b.jsonl"]
    assert "Import 2 files" in {button.label for button in app.button}


def test_unread_lines_are_told_by_reason_and_a_missing_path_with_a_remedy(
    open_app: OpenApp, folder: Path, tmp_path: Path
) -> None:
    with Project.open(folder) as project:
        project.importing.import_files([write(tmp_path / "a.jsonl", [*ROWS, "{broken"])])
    app = visit(open_app(folder), "import")
    assert "8 lines could not be read" in words_of(app)
    assert list(app.dataframe[0].value["lines"]) == [7, 1]
    app = choose(app, tmp_path / "nowhere.jsonl")
    assert "There is no file" in app.error[0].value.replace("\\", "")


def test_what_is_to_be_normalised_is_seen_before_and_listed_after(
    open_app: OpenApp, folder: Path, tmp_path: Path
) -> None:
    rows = [{"prompt": f"cafe\u0301 {n}?", "completion": f"yes{blank}"} for n, blank in enumerate(("", "  ", ""))]
    app = choose(visit(open_app(folder), "import"), write(tmp_path / "a.jsonl", rows))
    field = next(box for box in app.multiselect if box.label == "Normalise")
    assert field.value == []
    app = field.select("unicode").select("white-space").run()
    assert not app.exception
    told = {"3 lines were normalised: unicode (line 1, 2, 3).", "1 lines were normalised: white-space (line 2)."}
    assert told <= {warning.value.replace("\\", "") for warning in app.warning}
    app = import_it(app, folder)
    assert {f"a.jsonl: {line}" for line in told} <= {warning.value.replace("\\", "") for warning in app.warning}
    from workbench.app.session import _opened

    examples = _opened(str(folder)).tables.table("examples")
    assert sorted(examples["prompt"]) == [f"caf\u00e9 {n}?" for n in range(3)]
    assert examples["completion"].to_list() == ["yes"] * 3


def test_cancel_stops_an_import_which_leaves_nothing(
    open_app: OpenApp, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file's blocks come one by one, the second only after Cancel was pressed."""
    pressed, whole = threading.Event(), bulk_reading.blocks_of

    def waiting_blocks(source: Any) -> Iterator[Any]:
        for number, block in enumerate(whole(source, 2000)):
            if number:
                assert pressed.wait(30)
            yield block

    monkeypatch.setattr(bulk_reading, "blocks_of", waiting_blocks)
    rows = [{"prompt": f"Question {n}?", "completion": "A" * 500} for n in range(2000)]
    app = choose(visit(open_app(folder), "import"), write(tmp_path / "a.jsonl", rows))
    app = press(app, "Import ")
    assert not [button for button in app.button if button.label.startswith("Import ")]
    app = press(app, "Cancel")
    pressed.set()
    app = wait_for_it(app, folder)
    assert [box.value for box in app.info] == ["Cancelled. What was finished before is kept."]
    from workbench.app.session import _opened

    project = _opened(str(folder))
    assert project.overview.sources().is_empty()
    assert project.tables.table("examples").is_empty()
    assert [button for button in import_it(choose(app, tmp_path / "a.jsonl"), folder).success]
