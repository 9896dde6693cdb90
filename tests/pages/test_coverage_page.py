"""The coverage page: a cap is planned there, shows what it would do, and does it as one step."""

import shutil
from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from tests.pages.conftest import visit, words_of
from workbench.project import Project
from workbench.reviewing import Filter

OpenApp = Callable[[Path | None], AppTest]


def dropped(folder: Path) -> int:
    with Project.open(folder) as project:
        return len(project.reviewing.queue(Filter(state="dropped")))


def test_a_cap_is_planned_and_done_where_balance_is_asked_for(
    sample_folder: Path, open_app: OpenApp, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(sample_folder, tmp_path / "project"))
    before = dropped(folder)
    app = visit(open_app(folder), "coverage")
    assert not app.exception
    assert "as mixed as" not in words_of(app)
    app.toggle(key="balance-shown").set_value(True).run()
    assert "as mixed as" in words_of(app)
    assert "would go" not in words_of(app)
    app.number_input(key="balance-cap").set_value(3).run()
    assert "would go" in words_of(app)
    app.button(key="balance-apply").click().run()
    assert not app.exception
    assert dropped(folder) > before
