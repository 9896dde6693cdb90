"""Look at examples one by one or in a table, and decide."""

import streamlit as st

from pages.components.review_card import review_card
from workbench.app import session
from workbench.app.plain import counted
from workbench.app.review_filter import draw_filter
from workbench.app.review_queue import ReviewQueue, forget_queue

ACTIONS = {"keep": "Keep", "drop": "Drop", "flag": "Flag", "pending": "Set back to undecided"}
ROWS = 50
VIEWS = ["Cards", "Table"]
TURN = "review-turn"


def draw_table(project, chosen, order: str, total: int, who: str) -> None:
    """Draw the examples as a table, with decisions for the marked rows."""
    pages = max(-(-total // ROWS), 1)
    page = st.pagination(pages, key=f"review-page-{chosen}") if pages > 1 else 1
    rows = project.reviewing.page(chosen, order, limit=ROWS, offset=ROWS * (page - 1))
    marked = st.dataframe(
        rows,
        hide_index=True,
        height=560,
        row_height=40,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"review-table-{chosen}-{page}-{st.session_state.get(TURN, 0)}",
        column_order=["state", "suggestion", "quality", "prompt", "completion", "reason", "source", "line"],
        column_config={"quality": st.column_config.ProgressColumn("quality", min_value=0, max_value=1, format="%.2f")},
    ).selection.rows
    ids = [rows["example_id"][place] for place in marked]
    with st.container(horizontal=True, vertical_alignment="center"):
        for action, title in ACTIONS.items():
            st.button(title, on_click=decide, args=(project, ids, action, who), disabled=not ids)
        st.caption(f"{counted(len(ids), 'example')} marked", width="content")


def decide(project, ids: list[str], action: str, who: str) -> None:
    """Store one decision for several examples; it is undone as one."""
    session.attempt(project.reviewing.decide, ids, action, who)
    # The rows have moved: what was marked must not mark others now.
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1
    forget_queue()


def decide_all(project, chosen, action: str, who: str) -> None:
    """Store one decision for every example that the filter selects."""
    session.attempt(project.reviewing.decide_where, chosen, action, who)
    forget_queue()


def undo(project, who: str) -> None:
    """Take back this reviewer's last decision, however many examples it was for."""
    undone = session.attempt(project.reviewing.undo, who)
    st.toast("Nothing to undo." if undone is None else f"Taken back: {counted(len(undone.example_ids), 'decision')}.")
    forget_queue()


def draw_bulk(project, chosen, total: int, who: str) -> None:
    """Draw decisions about everything that the filter selects, and the way back."""
    with st.popover("All of these", disabled=not total):
        st.markdown(f"Decide about **all {counted(total, 'example')}** that the filter selects, as one step.")
        for action, title in ACTIONS.items():
            st.button(
                f"{title} all {total:,}", on_click=decide_all, args=(project, chosen, action, who), width="stretch"
            )
        st.divider()
        st.button("Undo the last decision", on_click=undo, args=(project, who), width="stretch")


session.page_head("Review", "Keep, drop, edit or flag. Every decision is stored with your name and can be undone.")
project = session.current_project()
if not project.overview.funnel().imported:
    session.empty("There is nothing to review yet.", "Import training examples first.", "import", "Import a file")
    st.stop()

who = session.reviewer_name()
chosen, order = draw_filter(project)
total = project.reviewing.count(chosen)
with st.container(horizontal=True, vertical_alignment="center"):
    view = st.segmented_control(
        "View", VIEWS, default="Cards", required=True, key="review-view", label_visibility="collapsed"
    )
    sealed = project.reviewing.sealed_count()
    note = f" · {counted(sealed, 'example')} in the sealed test split are never shown" if sealed else ""
    st.caption(f"{counted(total, 'example')}{note}")
    draw_bulk(project, chosen, total, who)
if view == "Table":
    draw_table(project, chosen, order, total, who)
else:
    review_card(ReviewQueue(project, chosen, order, who))
