"""Which tabs still live, so that what a closed one held is free for others at once.

A tab's name comes from the browser and outlives a reload; Streamlit's session does not. A tab is gone when the session
that last spoke for it is.
"""

import streamlit as st
from streamlit.runtime import exists, get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx


def here(tab: str) -> None:
    """Note that this session speaks for a tab."""
    context = get_script_run_ctx()
    if context is not None:
        _sessions()[tab] = context.session_id


def gone() -> list[str]:
    """Return the tabs whose session has ended, and forget them."""
    if not exists():
        return []
    runtime, sessions = get_instance(), _sessions()
    ended = [tab for tab, session in list(sessions.items()) if not runtime.is_active_session(session)]
    for tab in ended:
        sessions.pop(tab, None)
    return ended


@st.cache_resource(show_spinner=False)
def _sessions() -> dict[str, str]:
    return {}
