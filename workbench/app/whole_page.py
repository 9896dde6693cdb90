"""Draw the whole page again: where only a part of it was to be drawn and more has changed, or for what comes later.

A browser gathers what changes within a moment into one message to the server. Streamlit 1.67 lets the first change say
what is drawn again: where a card in a fragment sent something just before somebody set a filter, the server knows the
filter's new value and draws the card alone, and the page stays as it was. So a fragment that sends by itself begins by
looking whether a widget outside of all fragments has changed.
"""

import time

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

# In which a browser draws a table.
DRAWING_SECONDS = 0.15


def draw_whole_page_if_changed() -> None:
    """Within a fragment that is drawn by itself: begin anew with the whole page when a widget outside has changed."""
    if _changed_outside():
        st.rerun()


def draw_again_later() -> None:
    """Begin anew, a moment after what is there was sent: what comes next may take every core, the browser's too."""
    time.sleep(DRAWING_SECONDS)
    st.rerun()


def _changed_outside() -> bool:
    context = get_script_run_ctx()
    if context is None or not context.fragment_ids_this_run:
        return False
    # Streamlit tells a script the values of its widgets, not which of them are new.
    state = context.session_state._state
    known = state._new_widget_state.widget_metadata
    return any(
        known[one].fragment_id is None for one in state._new_widget_state if one in known and state._widget_changed(one)
    )
