"""Talking with base and tuned model: what each is asked, what stays after a cancel, and what is never read."""

from typing import Any

import pytest

from pipelines.errors import CurationError
from pipelines.generation.generate import generate_outputs
from pipelines.generation.settings import GenerationSettings
from pipelines.progress import Cancelled
from pipelines.training.adapter import load_adapter, merged_adapter
from pipelines.training.base import load_base
from tests.workbench.conftest import add_run
from workbench.chatting import ChatModels, Conversation
from workbench.project import Project
from workbench.run_prompts import training_examples, usual_system

SYSTEM = "Answer briefly."


def chat_rows(system: str, count: int) -> list[dict[str, Any]]:
    head = [{"role": "system", "content": system}] if system else []
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    return [{"messages": [*head, *turns]} for _ in range(count)]


@pytest.fixture
def with_run(project: Project) -> Project:
    """A project with one run that has an adapter on the embedded base, and one that has none."""
    add_run(project, rows=chat_rows(SYSTEM, 3) + chat_rows("", 2))
    add_run(project, "run-0002", adapter=False)
    return project


def test_only_runs_with_a_model_can_be_talked_with(with_run: Project) -> None:
    assert [run.run_id for run in with_run.chatting.runs()] == ["run-0001"]
    with pytest.raises(CurationError, match="no adapter yet"):
        with_run.chatting.models("run-0002")
    with pytest.raises(CurationError, match="no run 'run-0009'"):
        with_run.chatting.models("run-0009")


def test_the_system_prompt_is_the_one_that_most_training_examples_share(with_run: Project) -> None:
    assert with_run.chatting.system("run-0001") == SYSTEM
    assert with_run.chatting.system("run-0002") == ""
    examples = [row["messages"] for row in chat_rows(SYSTEM, 2) + chat_rows("", 2)]
    assert usual_system(examples) == usual_system([]) == ""
    assert len(training_examples(with_run.folder / "runs" / "run-0001", 2)) == 2


def test_both_are_asked_the_same_each_with_its_own_answers_before(with_run: Project) -> None:
    models, conversation = with_run.chatting.models("run-0001"), Conversation()
    assert not models.loaded
    settings = with_run.chatting.settings({"max_new_tokens": 12})
    asked = ["Where is my order 4711?", "And when will it come?"]
    for prompt in asked:
        with_run.chatting.ask(models, conversation, prompt, system=SYSTEM, settings=settings)
    assert models.loaded
    base, tokenizer = load_base("default")
    expected: dict[str, list[str]] = {"base": [], "tuned": []}
    with_adapter = load_adapter(load_base("default")[0], with_run.training.adapter("run-0001"), "default")
    with merged_adapter(with_adapter) as tuned:
        for side, model in (("base", base), ("tuned", tuned)):
            messages = [{"role": "system", "content": SYSTEM}]
            for prompt in asked:
                messages.append({"role": "user", "content": prompt})
                (text,) = generate_outputs([messages], model, tokenizer, GenerationSettings(max_new_tokens=12))
                messages.append({"role": "assistant", "content": text})
                expected[side].append(text)
    assert expected["base"] != expected["tuned"]
    for side, texts in expected.items():
        assert [turn.answers[side] for turn in conversation.turns] == texts
    models.release()
    assert not models.loaded


def test_what_was_said_before_a_cancel_stays_and_nothing_else(with_run: Project) -> None:
    models, conversation = with_run.chatting.models("run-0001"), Conversation()
    said: list[str] = []

    def in_the_answer(share: float, message: str) -> None:
        if message == "The tuned model answers":
            said.append(message)
            if len(said) == 3:
                raise Cancelled

    def while_loading(share: float, message: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        with_run.chatting.ask(models, conversation, "Hello?", progress=while_loading)
    assert conversation == Conversation()
    with pytest.raises(Cancelled):
        with_run.chatting.ask(models, conversation, "Hello?", progress=in_the_answer)
    (turn,) = conversation.turns
    assert turn.stopped
    assert turn.answers["base"]
    assert turn.answers["tuned"]
    assert conversation.asked is None
    with_run.chatting.ask(models, conversation, "And now?")
    assert not conversation.turns[1].stopped


def test_closing_the_models_stops_who_is_being_answered(with_run: Project) -> None:
    models, conversation = with_run.chatting.models("run-0001"), Conversation()

    def close(share: float, message: str) -> None:
        if message.endswith("answers"):
            models.close()

    with pytest.raises(Cancelled):
        with_run.chatting.ask(models, conversation, "Hello?", progress=close)
    assert not models.loaded


def test_bad_questions_are_refused_with_a_remedy(with_run: Project) -> None:
    models, conversation = with_run.chatting.models("run-0001"), Conversation()
    with pytest.raises(CurationError, match="Nothing was asked"):
        with_run.chatting.ask(models, conversation, "  ")
    with pytest.raises(CurationError, match="'temperature' cannot be"):
        with_run.chatting.settings({"temperature": 9})
    with_run.chatting.ask(models, conversation, "Hello?", settings=with_run.chatting.settings({"max_new_tokens": 2}))
    with pytest.raises(CurationError, match="no room") as caught:
        with_run.chatting.ask(models, conversation, "word " * 1200)
    assert "new conversation" in caught.value.remedy
    assert len(conversation.turns) == 1
    broken = ChatModels("default", with_run.folder / "runs" / "run-0002" / "adapter")
    with pytest.raises(CurationError, match="no adapter in"):
        with_run.chatting.ask(broken, conversation, "Hello?")
    assert conversation.asked is None
