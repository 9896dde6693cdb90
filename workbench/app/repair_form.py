"""The form of find and replace; what it shows follows from the fields of `RepairSettings`."""

import streamlit as st

from workbench.app import session
from workbench.project import Project
from workbench.repairing import RepairPreview, RepairSettings
from workbench.reviewing import Filter
from workbench.settings import checked_settings

_ASKED, _SEEN = "repair-asked", "repair-preview"
_PLACES = {"both": "Prompt and answer", "prompt": "Prompt", "completion": "Answer"}
_ROLES = ["system", "user", "assistant", "tool"]


def draw_repair_form() -> RepairSettings | None:
    """Draw the form, and return what was last asked for; None before, and while it cannot be read."""
    help_of = {name: field.description for name, field in RepairSettings.model_fields.items()}
    with st.form("repair"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            find = st.text_input("Find", help=help_of["find"])
            replace = st.text_input("Replace by", help=help_of["replace"])
            where = st.selectbox("In", list(_PLACES), format_func=_PLACES.__getitem__, help=help_of["where"])
            roles = st.multiselect("Roles", _ROLES, help=help_of["roles"], placeholder="All")
        with st.container(horizontal=True, vertical_alignment="center"):
            regex = st.toggle("Regular expression", help=help_of["regex"])
            match_case = st.toggle("Match case", value=True, help=help_of["match_case"])
            asked = st.form_submit_button("Show what changes", type="primary")
    if asked:
        st.session_state[_ASKED] = {
            "find": find,
            "replace": replace,
            "where": where,
            "roles": tuple(roles),
            "regex": regex,
            "match_case": match_case,
        }
    if _ASKED not in st.session_state:
        return None
    return session.attempt(checked_settings, RepairSettings, st.session_state[_ASKED], "find and replace")


def preview_of(project: Project, chosen: Filter, settings: RepairSettings) -> RepairPreview | None:
    """Return what a repair would change, tried once until the filter, the repair or the data change."""
    asked = (project.folder, chosen, settings, project.browsing.generation())
    seen: tuple[object, RepairPreview | None] = st.session_state.get(_SEEN, (None, None))
    preview = seen[1]
    if seen[0] != asked:
        preview = session.attempt(project.repairing.preview, chosen, settings)
        # What could not be tried is tried again, so that its error is shown again.
        st.session_state[_SEEN] = (asked if preview is not None else None, preview)
    return preview
