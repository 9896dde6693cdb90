"""Look through all examples as a table, decide about many at once, and repair many at once."""

import streamlit as st

from pages.components.texts import texts
from workbench.app import session
from workbench.app.navigation import go
from workbench.app.plain import counted
from workbench.app.repair_form import draw_repair_form, preview_of
from workbench.app.review_filter import ORDERS, draw_view, review_these
from workbench.app.whole_page import draw_again_later
from workbench.browsing import Filter

ACTIONS = {"keep": "Keep", "drop": "Drop", "flag": "Flag", "pending": "Set back to undecided"}
SEARCH_SECONDS = 0.4
TURN = "browse-turn"
COLUMNS = ["state", "suggestion", "quality", "prompt", "completion", "source", "line", "cluster", "tokens"]


def draw_table(project, view, who: str) -> float:
    """Draw one page of examples with decisions for the marked rows; return the share that was searched so far."""
    # A changed filter or order begins at the first page again.
    key = f"browse-page-{hash((view.chosen, view.order, view.descending))}"
    wanted = int(st.session_state.get(key, 1))
    shown = project.browsing.page(
        view.chosen, view.order, descending=view.descending, page=wanted, seconds=SEARCH_SECONDS
    )
    count = counted(shown.total, "example")
    if shown.searched < 1:
        count = f"{count} in the first {shown.searched:.0%} that were searched so far"
    st.caption(f"{count} · {ORDERS[view.order]}{', reversed' if view.descending else ''}")
    if not shown.total:
        st.info("No example is like this." if shown.searched == 1 else "Still searching …")
        return shown.searched
    marked = st.dataframe(
        shown.rows,
        hide_index=True,
        height=560,
        row_height=40,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"browse-table-{key}-{shown.page}-{st.session_state.get(TURN, 0)}",
        column_order=COLUMNS,
        column_config={"quality": st.column_config.ProgressColumn("quality", min_value=0, max_value=1, format="%.2f")},
    ).selection.rows
    ids = [shown.rows["example_id"][place] for place in marked]
    with st.container(horizontal=True, vertical_alignment="center"):
        if shown.pages > 1:
            st.pagination(shown.pages, key=key)
        for action, title in ACTIONS.items():
            st.button(title, on_click=decide, args=(project, ids, action, who), disabled=not ids)
        if st.button("Open in Review", disabled=not ids, type="tertiary"):
            review_these(Filter(ids=tuple(ids)), counted(len(ids), "marked example"))
            go("review")
        st.caption(f"{counted(len(ids), 'example')} marked", width="content")
    return shown.searched


def decide(project, ids: list[str], action: str, who: str) -> None:
    """Store one decision for the marked examples; it is undone as one."""
    session.attempt(project.reviewing.decide, ids, action, who)
    # The rows have moved: what was marked must not mark others now.
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1


def decide_all(project, chosen, action: str, who: str) -> None:
    """Store one decision for every example that the filter selects."""
    done = session.attempt(project.browsing.decide_all, chosen, action, who, st.session_state.get("browse-note", ""))
    if done is not None:
        st.toast(f"{ACTIONS[action]}: {counted(done, 'example')}. Undo takes it back.")


def draw_bulk(project, chosen, who: str) -> None:
    """Draw decisions about everything that the filter selects, counted before."""
    total = project.browsing.count(chosen)
    st.markdown(f"Decide about **all {counted(total, 'example')}** that the filter selects, as one step.")
    st.text_input("Why (optional)", key="browse-note", placeholder="stands beside each decision")
    with st.container(horizontal=True):
        for action, title in ACTIONS.items():
            args = (project, chosen, action, who)
            st.button(f"{title} {total:,}", key=f"all-{action}", on_click=decide_all, args=args, disabled=not total)


def draw_repair(project, chosen, who: str) -> None:
    """Draw find and replace: first what it would change, then the button that changes it."""
    settings = draw_repair_form()
    if settings is None:
        return
    preview = preview_of(project, chosen, settings)
    if preview is None:
        return
    st.markdown(f"Changes **{counted(preview.changed, 'example')}** of {preview.searched:,} that the filter selects.")
    if preview.refused:
        st.caption(f"{preview.refused:,} stay as they are: they would be empty, or copies of sealed test examples.")
    st.button(
        f"Replace in {preview.changed:,}",
        type="primary",
        disabled=not preview.changed,
        on_click=repair,
        args=(project, chosen, settings, who),
    )
    for place, change in enumerate(preview.first):
        texts(f"repair-{place}", [{"title": "After", "text": change.after}], against=change.before)


def repair(project, chosen, settings, who: str) -> None:
    """Replace in everything that the filter selects, as one step."""
    done = session.attempt(project.repairing.apply, chosen, settings, who)
    if done is not None:
        st.toast(f"Replaced in {counted(done.changed, 'example')}. Undo takes it back.")


session.page_head("Browse", "Search, sort and filter all examples; decide about many at once; repair many at once.")
project = session.current_project()
if not project.reviewing.has_examples():
    session.empty("There is nothing to browse yet.", "Import training examples first.", "import", "Import a file")
    st.stop()

who = session.reviewer_name()
view = draw_view(project)
with st.container(horizontal=True, vertical_alignment="center"):
    steps = ["Decide", "Find and replace"]
    step = st.segmented_control("For all of these", steps, key="browse-step", label_visibility="collapsed")
    st.button("Undo my last step", on_click=session.undo_last, args=(project, who), type="tertiary")
if step == "Decide":
    draw_bulk(project, view.chosen, who)
elif step == "Find and replace":
    draw_repair(project, view.chosen, who)
if draw_table(project, view, who) < 1:
    draw_again_later()
