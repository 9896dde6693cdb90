"""Long work inside the app: start it, watch it, cancel it.

The work runs in `workbench.jobs.background`, outside any browser tab; this module only draws how far it is. A page
starts it on a press and calls `watch` where the progress bar is to stand.
"""

from typing import Any

import streamlit as st

from workbench.app.plain import plain
from workbench.app.session import show_error
from workbench.jobs.background import Task, run_in_background, task
from workbench.project import Project

SECONDS_BETWEEN_LOOKS = 1.0

__all__ = ["finished", "run_in_background", "watch"]


def watch(project: Project, key: str) -> bool:
    """Draw the work under this key: a bar with Cancel while it runs, its error if it failed.

    Returns:
        True while it runs: the page then hides the button that would start it again.
    """
    found = task(project, key)
    if found is None:
        return False
    if found.running:
        _draw_running(project, key)
        return True
    if found.error is not None:
        show_error(found.error)
    if found.cancelled:
        st.info("Cancelled. What was finished before is kept.")
    return False


def finished(project: Project, key: str) -> Any:
    """Return what the work under this key gave, or None while it runs, if it failed or never ran."""
    found = task(project, key)
    return None if found is None or found.running or found.error is not None else found.result


@st.fragment(run_every=SECONDS_BETWEEN_LOOKS)
def _draw_running(project: Project, key: str) -> None:
    found = task(project, key)
    if found is None or not found.running:
        st.rerun()
    else:
        _draw_bar(found, key)


def _draw_bar(found: Task, key: str) -> None:
    bar, button = st.columns([6, 1], vertical_alignment="bottom")
    bar.progress(min(max(found.progress, 0.0), 1.0), text=f"**{plain(found.title)}** {plain(found.message)}")
    button.button("Cancel", key=f"cancel-{key}", on_click=found.cancel, width="stretch")
