"""The chat page: a question is answered by both, the conversation is kept, another one begins, a tab's models go."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pipelines.progress import Progress
from tests.pages.conftest import visit, words_of
from tests.workbench.conftest import add_run
from workbench.chatting import ChatModels, Chatting, Conversation
from workbench.project import Project
from workbench.store.browse import BrowseStore
from workbench.store.examples import ExampleStore

OpenApp = Callable[[Path | None], AppTest]


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with nothing but a run."""
    with Project.create(tmp_path_factory.mktemp("chat") / "project") as project:
        add_run(project)
    return project.folder


def say(app: AppTest, text: str) -> AppTest:
    return app.chat_input[0].set_value(text).run()


def wait(app: AppTest, until: Callable[[], bool]) -> AppTest:
    end = time.monotonic() + 120
    while not until() and time.monotonic() < end:
        time.sleep(0.2)
    assert until()
    return app.run()


def conversation_of(app: AppTest) -> Conversation:
    return app.session_state["chat-conversation"][1]


def labels(app: AppTest) -> set[str]:
    return {button.label for button in app.button}


def test_both_answer_and_the_conversation_goes_on(open_app: OpenApp, run_folder: Path) -> None:
    app = visit(open_app(run_folder), "chat")
    assert "loaded with the first question" in words_of(app)
    app = say(app, "Where is my order 4711?")
    app = wait(app, lambda: len(conversation_of(app).turns) == 1)
    assert not app.exception
    assert not app.error
    assert {"New conversation", "Release the models"} <= labels(app)
    app = say(app, "And when will it come?")
    app = wait(app, lambda: len(conversation_of(app).turns) == 2)
    first, second = conversation_of(app).turns
    assert [turn.prompt for turn in (first, second)] == ["Where is my order 4711?", "And when will it come?"]
    assert all(set(turn.answers) == {"base", "tuned"} for turn in (first, second))
    app = next(button for button in app.button if button.label == "New conversation").click().run()
    assert conversation_of(app).turns == []
    app = next(button for button in app.button if button.label == "Release the models").click().run()
    assert "Release the models" not in labels(app)


def test_a_question_that_goes_on_shows_a_message_and_can_be_cancelled(
    open_app: OpenApp, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = ChatModels.pair

    def slow(self: ChatModels, progress: Progress) -> object:
        for _ in range(600):
            progress(0.0, "Loading the base model")
            time.sleep(0.1)
        return pair(self, progress)

    monkeypatch.setattr(ChatModels, "pair", slow)
    app = say(visit(open_app(run_folder), "chat"), "Hello?")
    assert "Cancel" in labels(app)
    assert app.chat_input[0].disabled
    app = next(button for button in app.button if button.label == "Cancel").click().run()
    app = wait(app, lambda: conversation_of(app).asked is None)
    assert "Cancel" not in labels(app)
    assert conversation_of(app).turns == []


def test_an_error_is_shown_with_its_remedy(open_app: OpenApp, run_folder: Path) -> None:
    app = say(visit(open_app(run_folder), "chat"), "word " * 1200)
    app = wait(app, lambda: conversation_of(app).asked is None)
    assert "leaves no room" in app.error[0].value
    assert not app.exception


def test_the_page_reads_no_example_but_the_shared_system_prompt(
    open_app: OpenApp, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_app(run_folder)
    for store in (ExampleStore, BrowseStore):
        for name in (name for name in vars(store) if not name.startswith("_")):
            monkeypatch.setattr(store, name, lambda *given, name=name: pytest.fail(f"The page read {name}."))
    monkeypatch.setattr(Chatting, "system", lambda self, run_id: "Be brief.")
    app = visit(app, "chat")
    assert not app.exception
    assert next(area for area in app.text_area if area.label == "System prompt").value == "Be brief."
