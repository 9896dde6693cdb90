"""Where the project stands, and what to do next."""

import streamlit as st

from pages.components.funnel import funnel
from pages.components.taking_along import draw_backup, draw_report
from workbench.app import gate, session
from workbench.app.navigation import go, link
from workbench.app.plain import plain


def draw_welcome() -> None:
    """Draw what somebody sees who has no project open."""
    st.title("Fine-tuning workbench", anchor=False)
    st.markdown(
        "Fine-tuning is mostly about having good data. Import examples, find what is wrong and what is missing, split "
        "without leaks, train, and prove on held-out examples and blind ratings whether it helped."
    )
    create, reopen = st.columns(2, gap="large")
    with create, st.form("create"):
        st.header("Start a project", anchor=False)
        folder = st.text_input("New folder", placeholder="~/my-project", help="It will hold everything of the project.")
        if st.form_submit_button("Create the project", type="primary"):
            change_project(folder, create=True)
    with reopen, st.form("open"):
        st.header("Open a project", anchor=False)
        folder = st.text_input("Its folder", placeholder="~/my-project")
        if st.form_submit_button("Open the project"):
            change_project(folder, create=False)
    st.markdown("Only looking around? Stop the app and run `workbench demo`: it fills a project from sample data.")


def change_project(folder: str, create: bool) -> None:
    """Open or create a project and start over with it."""
    with session.errors_shown():
        session.open_project(folder, create=create)
        st.rerun()


def draw_next(steps: list) -> None:
    """Draw the one next action."""
    upcoming = next((step for step in steps if step.next), None)
    words, page, label = (
        ("**Every step is done.** Look at the results, or collect what is missing.", "compare", "See the results")
        if upcoming is None
        else ("**What to do next**", upcoming.page, upcoming.title)
    )
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(words)
        if st.button(label, type="primary", icon=":material/arrow_forward:", icon_position="right"):
            go(page)


def draw_steps(steps: list) -> None:
    """Draw the loop's steps with what was done of each."""
    for step in steps:
        mark = ":material/check_circle:" if step.done else ":material/radio_button_unchecked:"
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            link(step.page, step.title, mark)
            st.caption(plain(step.detail), width="content")


if session.chosen_folder() is None:
    draw_welcome()
    st.stop()

project = session.current_project()
counts = project.overview.funnel()
steps = project.overview.steps(counts)
session.page_head(plain(project.name), plain(project.folder))
draw_next(steps)

left, right = st.columns([5, 4], gap="large")
with left:
    st.header("From import to split", anchor=False)
    if counts.imported:
        funnel(counts)
    else:
        st.caption("Nothing is imported yet. The funnel shows how many examples are left after each step.")
    if counts.production or counts.general:
        st.caption(f"Beside them: {counts.production:,} production queries, {counts.general:,} general examples.")
with right:
    st.header("The loop", anchor=False)
    draw_steps(steps)

sources = project.overview.sources()
if not sources.is_empty():
    st.header("Sources", anchor=False)
    st.dataframe(sources, hide_index=True, column_config={"imported_at": st.column_config.DatetimeColumn("imported")})

if counts.imported:
    with st.expander("A report to send around"):
        draw_report(project)

with st.expander("Back up this project"):
    draw_backup(project)

if not gate.is_shared():
    with st.expander("Open another project"), st.form("other"):
        folder = st.text_input("Folder", placeholder="~/another-project")
        create = st.toggle("Create it new")
        if st.form_submit_button("Open"):
            change_project(folder, create)
