"""Rating single answers on the page: the way is chosen, answers are drawn, criteria are changed in their form."""

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import visit, words_of
from workbench.project import Project

OpenApp = Callable[[Path | None], AppTest]
SINGLE = "One answer: how good on each criterion"


def labelled(elements, label: str):
    return next(found for found in elements if found.label == label)


def choose_single(app: AppTest) -> AppTest:
    return next(found for found in app.button_group if found.key == "rate-way").set_value(SINGLE).run()


def copied(sample_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sample_folder, tmp_path / "project"))


def test_answers_are_drawn_on_the_page_and_no_metric_is_shown(
    open_app: OpenApp, sample_folder: Path, tmp_path: Path
) -> None:
    folder = copied(sample_folder, tmp_path)
    app = choose_single(visit(open_app(folder), "rate"))
    assert not app.exception
    assert "one answer at a time" in words_of(app)
    app = labelled(app.button, "Begin").click().run()
    assert not app.exception
    assert not app.error
    assert "Draw more" in {button.label for button in app.button}
    assert not app.dataframe
    assert "win rate" not in words_of(app).lower()


def test_criteria_are_changed_in_their_form_and_what_is_none_is_refused(
    open_app: OpenApp, sample_folder: Path, tmp_path: Path
) -> None:
    app = choose_single(visit(open_app(copied(sample_folder, tmp_path)), "rate"))
    labelled(app.text_input, "A further criterion").set_value("Brevity")
    anchors = [area for area in app.text_area if area.label.startswith("Its anchors")]
    assert len(anchors) == 5
    anchors[-1].set_value("far too long\nlong\nfair\nshort")
    app = labelled(app.button, "Use these criteria").click().run()
    assert "has 4 anchors" in app.error[0].value
    anchors = [area for area in app.text_area if area.label.startswith("Its anchors")]
    anchors[-1].set_value("far too long\nlong\nfair\nshort\n\nas short as can be")
    app = labelled(app.button, "Use these criteria").click().run()
    assert not app.exception
    assert not app.error
    assert any("tone, Brevity" in expander.label for expander in app.expander)
    labelled(app.text_input, "Criterion 1").set_value("")
    app = labelled(app.button, "Use these criteria").click().run()
    assert not any("helpfulness" in expander.label for expander in app.expander)


def test_how_many_examples_are_passed_over_is_told_before_pairs_are_drawn_and_not_while_they_are_rated(
    open_app: OpenApp, sample_folder: Path, tmp_path: Path
) -> None:
    folder = copied(sample_folder, tmp_path)
    with Project.open(folder) as project:
        evaluation = project.comparing.newest()
        outputs = project.store.runs.outputs(evaluation)
        told = "I am ChatGPT. " + pl.col("text")
        empty = pl.DataFrame(schema={"variant": pl.String})
        tables = {"outputs": outputs.with_columns(text=told), "output_scores": empty, "metrics": empty}
        project.store.runs.store_results(evaluation, tables | {"differences": empty})
    app = visit(open_app(folder), "rate")
    app = labelled(app.text_input, "Your name").set_value("grace").run()
    assert not app.exception
    assert "an answer that names its author: these are passed over" in words_of(app)
    app = labelled(app.button, "Begin").click().run()
    assert "nothing to rate blind" in " ".join(error.value for error in app.error)
    with Project.open(folder) as project:
        project.store.runs.store_results(evaluation, tables | {"outputs": outputs, "differences": empty})
    app = labelled(app.button, "Begin").click().run()
    assert not app.error
    assert "these are passed over" not in words_of(app)
