"""A tab's chat with base and tuned model: its models, its conversation, and the question that is being answered."""

import secrets
from typing import Any

import streamlit as st

from pipelines.errors import CurationError
from pipelines.progress import Progress
from workbench.chatting import ChatModels, Conversation, Turn
from workbench.jobs.background import Task, forget_task, run_in_background, task
from workbench.project import Project

_CONVERSATION, _KEY = "chat-conversation", "chat-key"


def run_titles(project: Project) -> dict[str, str]:
    """Return the runs that can be talked with, newest first, with what they are chosen by."""
    return {run.run_id: f"{run.run_id} · {run.data} data, base {run.base}" for run in project.chatting.runs()}


@st.cache_resource(show_spinner=False, scope="session", max_entries=1, on_release=ChatModels.close)
def models_of(_project: Project, folder: str, run_id: str) -> ChatModels:
    """Return the tab's models of a run; another run's are closed then, and all when the tab is."""
    return _project.chatting.models(run_id)


def conversation_with(project: Project, run_id: str) -> Conversation:
    """Return the tab's conversation with a run; another run begins a new one."""
    owner, conversation = st.session_state.get(_CONVERSATION, (None, None))
    if owner != (str(project.folder), run_id):
        return begin(project, run_id)
    assert isinstance(conversation, Conversation)
    return conversation


def begin(project: Project, run_id: str) -> Conversation:
    """Begin a new conversation; a question of the old one that is being answered is cancelled."""
    if (going := answering(project)) is not None:
        going.cancel()
    forget_task(project, st.session_state.get(_KEY, ""))
    conversation = Conversation()
    st.session_state[_CONVERSATION] = (str(project.folder), run_id), conversation
    st.session_state[_KEY] = f"chat-{secrets.token_hex(8)}"
    return conversation


def ask(
    project: Project, models: ChatModels, conversation: Conversation, prompt: str, system: str, values: dict[str, Any]
) -> None:
    """Put a question to both models in the background.

    Raises:
        CurationError: a setting out of its bounds, or the question before is still being answered.
    """
    settings = project.chatting.settings(values)

    def work(progress: Progress) -> Turn:
        return project.chatting.ask(models, conversation, prompt, system=system, settings=settings, progress=progress)

    run_in_background(project, st.session_state[_KEY], "Asking both", work)


def answering(project: Project) -> Task | None:
    """Return the work on this tab's question while it goes on, or None."""
    found = task(project, st.session_state.get(_KEY, ""))
    return found if found is not None and found.running else None


def failure(project: Project) -> CurationError | None:
    """Return why the last question of this tab was not answered, or None."""
    found = task(project, st.session_state.get(_KEY, ""))
    return None if found is None or found.running else found.error


def sides(turn: Turn, going: bool = False) -> list[dict[str, Any]]:
    """Return a turn's two answers as texts to draw side by side."""
    shown = []
    for side in ("base", "tuned"):
        text = turn.answers.get(side, "")
        waiting = "…" if going else ""
        note = "stopped" if turn.stopped else "nothing was said" if not text and not going else ""
        shown.append({"title": side, "text": text or waiting, "note": note})
    return shown
