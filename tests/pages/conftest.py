"""The app run by Streamlit's own test driver, on no project, an empty one, and one that went the whole way.

The project is made of the first lines of the sample data, by the same public functions as the demo. The encoder is a
dictionary of words, so that no model is loaded; training and answering are real but short.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.workbench.conftest import WordEncoder
from workbench import sample
from workbench.app.launcher import PROJECT_VARIABLE
from workbench.app.navigation import PAGE_ENTRIES, PAGES_FOLDER, file_of
from workbench.project import Project

MAIN = PAGES_FOLDER.parent / "workbench" / "app" / "main.py"
PAGE_NAMES = [entry.name for entry in PAGE_ENTRIES]
TRAIN_LINES, PRODUCTION_LINES = 160, 80


ENCODER = "pipelines.embedding.minilm.load_encoder"


@pytest.fixture(autouse=True)
def word_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the dictionary encoder in the place of the bundled model, for the tests of this folder alone."""
    monkeypatch.setattr(ENCODER, lambda name="default": WordEncoder())


@pytest.fixture(scope="session")
def sample_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with imports, results of all stages, decisions, a split, a run, an evaluation and ratings."""
    folder = tmp_path_factory.mktemp("sample")
    train, production = folder / "train.jsonl", folder / "production.jsonl"
    train.write_text("".join(_lines(sample.TRAIN, TRAIN_LINES)) + "{broken\n", "utf-8")
    production.write_text("".join(_lines(sample.PRODUCTION, PRODUCTION_LINES)), "utf-8")
    with pytest.MonkeyPatch.context() as patch, Project.create(folder / "project") as project:
        patch.setattr(ENCODER, lambda name="default": WordEncoder())
        project.importing.import_files([train])
        project.importing.import_files([production], role="production")
        project.curation.curate()
        project.curation.apply_suggestions("tester")
        project.splitting.split()
        project.exporting.export(project.folder / "exports" / "chat")
        run_id = project.training.start(project.training.settings({"epochs": 0.5, "max_length": 256}))
        project.training.wait(run_id)
        evaluation = project.comparing.start([run_id], limit=4)
        project.comparing.wait(evaluation)
        project.comparing.results(evaluation)
        variants = project.comparing.evaluation(evaluation).variants
        project.rating.begin(evaluation, variants[-1], variants[0], "tester", count=3)
        first = project.rating.pending(evaluation, "tester")[0]
        event = {"session": "s", "sequence": 1, "comparison_id": first.comparison_id, "choice": "left"}
        project.rating.rate([event], "tester")
    return project.folder


@pytest.fixture(scope="session")
def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with nothing in it."""
    folder = tmp_path_factory.mktemp("empty") / "project"
    Project.create(folder).close()
    return folder


@pytest.fixture
def open_app(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path | None], AppTest]]:
    """Return a function that starts the app on a project folder, or on none."""

    def start(folder: Path | None) -> AppTest:
        if folder is not None:
            monkeypatch.setenv(PROJECT_VARIABLE, str(folder))
        return AppTest.from_file(str(MAIN), default_timeout=60).run()

    assert PROJECT_VARIABLE not in os.environ
    st.cache_resource.clear()
    yield start
    st.cache_resource.clear()


def visit(app: AppTest, name: str) -> AppTest:
    """Go to a page; paths are relative to the entry point."""
    return app.switch_page(os.path.relpath(file_of(name), MAIN.parent)).run()


def words_of(app: AppTest) -> str:
    """Return all that the page says in text."""
    kinds = (
        app.title,
        app.header,
        app.subheader,
        app.markdown,
        app.caption,
        app.error,
        app.info,
        app.success,
        app.warning,
        app.text,
    )
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def _lines(path: Path, count: int) -> list[str]:
    with path.open(encoding="utf-8") as file:
        return [line for line, _ in zip(file, range(count), strict=False)]
