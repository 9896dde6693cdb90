"""The door of an app that a team shares: nothing of a project is drawn before a person has signed in.

The launcher turns it on (the environment variable `WORKBENCH_SIGN_IN`); without it the app is one person's own.
"""

import os
from collections.abc import Mapping
from typing import Any

import streamlit as st

from workbench.app.launcher import SIGN_IN_VARIABLE
from workbench.app.sign_in import may_enter


def is_shared() -> bool:
    """Say whether people have to sign in: they may then use the project, not the machine's other files."""
    return bool(os.environ.get(SIGN_IN_VARIABLE))


def signed_in_name() -> str | None:
    """Return the name of the person at the desk, or None where nobody who may come in has signed in."""
    if not st.user.get("is_logged_in"):
        return None
    claims: Mapping[str, Any] = st.user.to_dict()
    return may_enter(claims, list(st.secrets["workbench"]["allow"]))


def draw_gate() -> None:
    """Let people in who have signed in; draw how to sign in for others, and end the page."""
    if not is_shared() or signed_in_name() is not None:
        return
    st.navigation([st.Page(_draw_door, title="Sign in")], position="hidden").run()
    st.stop()


def draw_person() -> None:
    """Draw who is signed in, and the way out."""
    st.caption("Signed in as")
    st.text(signed_in_name() or "")
    st.button("Sign out", on_click=st.logout, icon=":material/logout:")


def _draw_door() -> None:
    st.title("Fine-tuning workbench", anchor=False)
    if st.user.get("is_logged_in"):
        st.error("You are signed in, but you are not among those who may use this workbench.")
        st.caption("Ask who runs it to add your address to its list, or sign in with another account.")
        st.button("Sign out", on_click=st.logout, type="primary")
    else:
        st.caption("Your decisions and ratings will carry the name that you sign in with.")
        st.button("Sign in", on_click=st.login, type="primary", icon=":material/login:")
