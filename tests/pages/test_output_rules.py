"""Rules for outputs on the page Compare: those in force are shown, an evaluation is measured by them on a press."""

import time
from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from tests.pages.conftest import visit, words_of
from tests.pages.test_judges import compared  # noqa: F401  # a fixture
from workbench.project import Project

OpenApp = Callable[[Path | None], AppTest]


def wait_for(words: str, app: AppTest) -> AppTest:
    """Run the page until the work in the background is done and it says so."""
    end = time.monotonic() + 120
    while words not in words_of(app) and time.monotonic() < end:
        time.sleep(0.3)
        app = app.run()
    assert not app.exception
    assert words in words_of(app)
    return app


def test_an_evaluation_is_measured_by_the_rules_of_the_project(
    open_app: OpenApp,
    compared: tuple[Path, str],  # noqa: F811
) -> None:
    folder, _ = compared
    with Project.open(folder) as project:
        project.output_rules.set_rules([{"name": "braces", "kind": "matches", "value": r"^\{"}], "tester")
    app = wait_for("without rules of your own", visit(open_app(folder), "compare"))
    button = next(one for one in app.button if one.label.startswith("Measure by the rules"))
    app = wait_for(r"rule\_braces\: too few to tell", button.click().run())
    assert not any(one.label.startswith("Measure by the rules") for one in app.button)
