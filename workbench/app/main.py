"""The frame around every page: the menu, the project, the reviewer's name, and where errors are shown."""

import streamlit as st

from pipelines.errors import CurationError
from workbench.app import gate, session
from workbench.app.navigation import sections
from workbench.app.plain import plain
from workbench.app.theme import EXTRA_CSS


def draw_app() -> None:
    """Draw the menu and run the page that is asked for."""
    # A picture of our own: a page's icon as favicon would be fetched from a font host.
    st.set_page_config(page_title="Fine-tuning workbench", page_icon="🧵", layout="wide")
    gate.draw_gate()
    page = st.navigation(sections(), expanded=True)
    _draw_sidebar()
    try:
        page.run()
    except CurationError as error:
        session.show_error(error)


def _draw_sidebar() -> None:
    with st.sidebar:
        # With an element of its own: Streamlit now and then loses a style that stands alone.
        st.html(f"<style>{EXTRA_CSS}</style><div></div>")
        folder = session.chosen_folder()
        if folder is not None:
            st.caption(f"Project **{plain(folder.name)}**")
        if gate.is_shared():
            gate.draw_person()
            return
        session.remember_reviewer()
        st.text_input(
            "Your name",
            key=session.REVIEWER,
            placeholder=session.login_name(),
            persist_state="session",
            help="Stands beside each decision and rating.",
        )


draw_app()
