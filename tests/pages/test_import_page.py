"""The import page: columns are mapped with a live preview, what was mapped is proposed again, unread lines are told."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

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


def import_it(app: AppTest, folder: Path) -> AppTest:
    """Press the button and wait for the background work."""
    next(button for button in app.button if button.label.startswith("Import ")).click().run()
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
