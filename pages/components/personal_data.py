"""Taking personal data out: what each way would do, shown first, and the button that does it."""

import streamlit as st

from workbench.app import session
from workbench.app.plain import counted, plain

WAYS = {
    "redact": "Redact: the kind takes its place",
    "pseudonymise": "Pseudonymise: the same stand-in for the same value",
    "drop": "Drop the examples",
}
BUTTONS = {"redact": "Redact", "pseudonymise": "Pseudonymise", "drop": "Drop"}


def remove(project, way: str, kinds: list[str], who: str) -> None:
    """Take personal data out, as one step that can be undone."""
    done = session.attempt(project.redacting.apply, way, who, kinds)
    if done is not None:
        st.toast(
            f"Done to {counted(done.examples, 'example')}; Undo takes that back. Run the stages again after edits."
        )


@st.fragment
def draw_removal(project, who: str) -> None:
    """Draw the ways to take personal data out of the examples that are not dropped."""
    known = project.curation.personal_data_counts()
    if "personal-data" not in project.curation.stages_run() or known.is_empty():
        return
    st.markdown("**Take it out**")
    way = st.radio("Way", list(WAYS), format_func=WAYS.get, key="personal-way", label_visibility="collapsed")
    kinds = st.multiselect("Kinds", known["kind"].to_list(), placeholder="All kinds", key="personal-kinds")
    seen = session.attempt(project.redacting.preview, way, kinds)
    if seen is None:
        return
    with st.container(horizontal=True):
        if seen.examples:
            text = f"{BUTTONS[way]} {counted(seen.examples, 'example')}"
            act = {"on_click": remove, "args": (project, way, kinds, who)}
            st.button(text, type="primary", key="personal-apply", **act)
        st.button("Undo", type="tertiary", on_click=session.undo_last, args=(project, who), key="undo-personal")
    if not seen.examples:
        st.caption("Nothing is left in examples that are not dropped.")
    if seen.refused:
        st.caption(f"{seen.refused:,} stay as they are: they would be copies of examples in the sealed test split.")
    for change in seen.first:
        with st.expander(plain(change.before, 90)):
            st.code(change.before, language=None, wrap_lines=True)
            st.caption("becomes" if change.after else "is dropped")
            if change.after:
                st.code(change.after, language=None, wrap_lines=True)
