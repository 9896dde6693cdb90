"""Lines that could not be read: why, how many, the lines themselves, and a file of them to mend."""

import streamlit as st

from workbench.app import uploads
from workbench.app.plain import counted

REASON_COLUMNS = ["lines", "reason", "remedy", "file", "first_line"]


def draw_rejected(project, unread: int) -> None:
    """Draw why lines could not be read, and the lines themselves."""
    st.header(f"{counted(unread, 'line')} could not be read", anchor=False)
    st.caption("They are kept with their text. Mend them in the file and import it again: known lines are not doubled.")
    st.dataframe(project.importing.rejected_reasons().head(500), hide_index=True, column_order=REASON_COLUMNS)
    with st.expander("The lines"):
        page = st.pagination(-(-unread // 50), key="rejected-page") if unread > 50 else 1
        st.dataframe(project.importing.rejected(limit=50, offset=50 * (page - 1)), hide_index=True)
    st.download_button(
        "Download them as JSON Lines",
        lambda: uploads.rejected_lines(project),
        "rejected.jsonl",
        "application/jsonl",
        on_click="ignore",
        icon=":material/download:",
    )
