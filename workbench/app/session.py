"""What the pages share: the open project, who is at the desk, and the one place where an error is shown.

The project comes from the launcher (the environment variable `WORKBENCH_PROJECT`) or is chosen in the app. One process
owns a project's database, so each folder is opened once and shared by every tab.
"""

import getpass
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar
from urllib.parse import unquote

import streamlit as st

from pipelines.errors import CurationError
from workbench.app import gate
from workbench.app.launcher import PROJECT_VARIABLE
from workbench.app.navigation import go
from workbench.app.plain import counted, plain
from workbench.project import Project

CHOSEN = "project_folder"
REVIEWER = "reviewer"
# As in pages/components/parts/remember_name.js, which writes it where somebody reviews or rates.
NAME_COOKIE = "workbench_reviewer"

Parameters = ParamSpec("Parameters")
Value = TypeVar("Value")


def current_project() -> Project:
    """Return the open project; where there is none, say so with the way on, and end the page."""
    folder = chosen_folder()
    if folder is None:
        empty("No project is open.", "Open one, or create one, on the overview.", "overview", "Go to the overview")
        st.stop()
    return _opened(str(folder))


def chosen_folder() -> Path | None:
    """Return the folder of the project that is open, or None."""
    if gate.is_shared():
        return Path(os.environ[PROJECT_VARIABLE])
    folder = st.session_state.get(CHOSEN) or _desk().get(CHOSEN) or os.environ.get(PROJECT_VARIABLE)
    return Path(folder) if folder else None


def open_project(folder: str, *, create: bool = False) -> None:
    """Open a project folder, or create one, and make it the one that every page shows.

    Raises:
        CurationError: no folder is named, it is no project, another process holds it, or a team shares the app.
    """
    if gate.is_shared():
        raise CurationError("This workbench serves one project.", "Ask who runs it for another one.")
    if not folder.strip():
        raise CurationError("No folder is named.", "Type the path of a folder, for example ~/my-project.")
    path = Path(folder.strip()).expanduser().resolve()
    if create:
        Project.create(path).close()
    _opened(str(path))
    st.session_state[CHOSEN] = str(path)
    _desk()[CHOSEN] = str(path)


def reviewer_name() -> str:
    """Return the name under which decisions and ratings are stored: that of the sign-in where there is one."""
    if gate.is_shared():
        name = gate.signed_in_name()
        if name is None:
            raise CurationError("Nobody is signed in.", "Reload the page and sign in.")
        return name
    return str(st.session_state.get(REVIEWER) or "").strip() or login_name()


def remember_reviewer() -> None:
    """Take up the name that was last reviewed or rated under in this browser, once, as a session begins."""
    if REVIEWER not in st.session_state:
        name = unquote(str(st.context.cookies.get(NAME_COOKIE) or "")).strip()
        st.session_state[REVIEWER] = "" if name == login_name() else name


def login_name() -> str:
    """Return the name of the account that runs the app, or "reviewer" where the machine knows none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "reviewer"


def page_head(title: str, purpose: str) -> None:
    """Draw a page's title and, in one sentence, what it is for."""
    st.title(title, anchor=False)
    st.caption(purpose)


def show_error(error: CurationError) -> None:
    """Show what is wrong and what to do about it."""
    st.error(f"**{plain(error.message)}**  \n{plain(error.remedy)}", icon=":material/error:")


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show a `CurationError` of the block in its place instead of a traceback."""
    try:
        yield
    except CurationError as error:
        show_error(error)


def attempt(action: Callable[Parameters, Value], *args: Parameters.args, **kwargs: Parameters.kwargs) -> Value | None:
    """Call the facade for a button or form; a `CurationError` is shown and None comes back."""
    with errors_shown():
        return action(*args, **kwargs)
    return None


def undo_last(project: Project, who: str) -> None:
    """Take back this person's last step, for a button, and say of how many examples; an edit is several decisions."""
    undone = attempt(project.reviewing.undo, who)
    count = len(set(undone.example_ids)) if undone is not None else 0
    st.toast("Nothing to undo." if undone is None else f"Taken back, for {counted(count, 'example')}.")


def empty(title: str, what_to_do: str, page: str | None = None, label: str | None = None) -> None:
    """Draw an empty state: what is missing, and the one next action."""
    with st.container(border=True):
        st.header(title.removesuffix("."), anchor=False)
        st.caption(what_to_do)
        if page is not None and st.button(label or page.capitalize(), key=f"go-{page}", type="primary"):
            go(page)


@st.cache_resource(show_spinner=False)
def _desk() -> dict[str, str]:
    """What a new tab starts with: the project that was opened last."""
    return {}


@st.cache_resource(show_spinner="Opening the project …", on_release=Project.close)
def _opened(folder: str) -> Project:
    project = Project.open(Path(folder))
    return project
