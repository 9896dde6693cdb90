"""What to collect next: gaps and failing slices in one list, and what failures resemble."""

import streamlit as st

from pages.components.results import draw_sentences
from pages.components.texts import texts
from workbench.app import failures, session
from workbench.app.navigation import link
from workbench.app.plain import plain

COLUMNS = ["place", "slice", "dimension", "kind", "collect", "volume_share", "failure_rate", "gap_ratio", "train_count"]
SHOWN = {
    "place": st.column_config.NumberColumn("no.", width="small"),
    "slice": st.column_config.TextColumn("what", width="large"),
    "dimension": st.column_config.TextColumn("by"),
    "collect": st.column_config.NumberColumn("to collect"),
    "volume_share": st.column_config.NumberColumn("of queries", format="percent"),
    "failure_rate": st.column_config.NumberColumn("fails", format="percent", help="Held-out examples that fail"),
    "kind": st.column_config.TextColumn(
        "why", help="gap: rarer in training than in production; failing slice: it fails more often than the rest"
    ),
    "gap_ratio": st.column_config.NumberColumn("ratio", format="%.1f×", help="Production's share over training's"),
    "train_count": st.column_config.NumberColumn("in training"),
}
FAILURES = 5


def draw_list(view) -> None:
    """Draw the list, the chosen task, and the files for writers."""
    chosen = st.dataframe(
        view.rows,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_order=COLUMNS,
        column_config=SHOWN,
        placeholder="–",
        key="collect",
    ).selection.rows
    task = view.rows.row(chosen[0] if chosen else 0, named=True)
    with st.container(border=True):
        st.text(task["description"])
        if task["queries"]:
            st.caption("Queries of this kind from production:")
        for query in task["queries"]:
            st.text(f"•  {query}")
    with st.container(horizontal=True):
        st.download_button("Download for writers (CSV)", failures.csv_of(view), "collect.csv", on_click="ignore")
        st.download_button("JSON Lines", failures.jsonl_of(view), "collect.jsonl", on_click="ignore")


def draw_slices(project, name: str) -> None:
    """Draw the slices that are findings, and how they moved since the evaluation before."""
    found = failures.finding_sentences(project, name)
    if found:
        draw_sentences(found)
    else:
        st.caption("No kind of example fails significantly more often than the rest.")
    before, moved = failures.moves(project, name)
    if before:
        st.caption(f"Since {before}:")
        draw_sentences(moved or ["No slice is known to have moved."])


def draw_failures(project, name: str, variants: list) -> None:
    """Draw failing examples beside the training examples that are similar to them."""
    left, right = st.columns(2)
    variant = left.selectbox("Variant", variants, index=len(variants) - 1)
    if failures.triage_under_way(project, name, variant):
        return
    counts = failures.cause_counts(project, name, variant)
    if counts is None:
        st.button("Look again", on_click=failures.start_triage, args=(project, name, variant))
        return
    if not counts:
        st.caption("No example fails.")
        return
    cause = right.selectbox("Similar training examples say", list(counts), format_func=lambda key: counts[key])
    pages = max(-(-failures.count_of(counts, cause) // FAILURES), 1)
    page = st.pagination(pages, key=f"failures-{name}-{variant}-{cause}")
    for view in failures.page_of(project, name, variant, cause, page, FAILURES):
        with st.container(border=True):
            st.markdown(f"**{plain(view.cause)}** · {plain(view.sentence)}")
            prompt = [{"role": "prompt", "content": view.prompt}]
            texts(f"failure-{variant}-{view.example_id}", failures.side_by_side(view), prompt)


session.page_head("Collect next", "Where data is missing and where the model fails, the most pressing first.")
project = session.current_project()
view = project.collecting.collect_next()
if view.rows.is_empty() and view.evaluation is None:
    session.empty(
        "There is nothing to collect yet.",
        "Find gaps against production, and compare variants on the validation split.",
        *failures.next_page(project),
    )
    st.stop()
if view.note:
    st.info(view.note)
    link("compare", "Compare on the validation split", ":material/arrow_forward:")
if view.rows.is_empty():
    st.caption("No gap of coverage and no failing slice was found.")
else:
    draw_list(view)
if view.evaluation is not None:
    variants = project.comparing.evaluation(view.evaluation).variants
    st.header(f"Where it fails in {view.evaluation}", anchor=False)
    draw_slices(project, view.evaluation)
    st.header("Failing examples", anchor=False)
    st.caption("Similar training examples stand beside each failure. That they are similar does not make them a cause.")
    draw_failures(project, view.evaluation, variants)
