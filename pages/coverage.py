"""The map of what is there, and the clusters that production asks about and training lacks."""

import streamlit as st

from pages.components.balance import draw_balance
from pages.components.coverage_map import coverage_map
from workbench.app import charts, session
from workbench.app.gap_brief import brief_of, example_prompts
from workbench.app.map_points import MapPoints
from workbench.app.navigation import go
from workbench.app.plain import counted
from workbench.app.review_filter import review_these
from workbench.app.stages import draw_run_button, nothing_found_yet
from workbench.reviewing import Filter

COLUMNS = ["title", "collect", "ratio", "production_share", "train_share", "production_count", "train_count", "q_value"]
PERCENT = {"format": "percent"}
SETTINGS = {
    "title": st.column_config.TextColumn("cluster", width="large"),
    "collect": st.column_config.NumberColumn("to collect", help="Examples that bring training to production's share"),
    "ratio": st.column_config.NumberColumn("ratio", format="%.1f×", help="Production's share over training's"),
    "production_share": st.column_config.NumberColumn("of production", **PERCENT),
    "train_share": st.column_config.NumberColumn("of training", **PERCENT),
    "production_count": st.column_config.NumberColumn("queries"),
    "train_count": st.column_config.NumberColumn("examples"),
    "q_value": st.column_config.NumberColumn("q", format="%.4f", help="Chance share of false gaps up to here"),
}


@st.fragment
def draw_map(view) -> None:
    """Draw the map, and what the lasso enclosed."""
    points = MapPoints(view.points)
    coverage_map(points)
    if view.total > view.points.height:
        st.caption(f"A random sample: {view.points.height:,} of {view.total:,} points; the lasso takes from it.")
    if points.selected:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{counted(len(points.selected), 'point')}** inside the lasso", width="content")
            if st.button("Review the training examples among them", type="primary"):
                chosen = Filter(ids=points.selected)
                review_these(chosen, f"{counted(len(points.selected), 'point')} from the map")
                go("review")
            st.button("Clear", on_click=points.clear)
    else:
        st.caption("Draw a lasso around points (Shift and drag) to review them. Scroll to zoom, drag to move.")


def draw_gaps(gaps) -> None:
    """Draw the table of gaps, and the brief of the one that is chosen."""
    chosen = st.dataframe(
        gaps,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_order=COLUMNS,
        column_config=SETTINGS,
        key="gaps",
    ).selection.rows
    table, brief = st.columns(2, gap="large")
    with table:
        charts.share_bars(gaps.head(12))
    with brief, st.container(border=True):
        gap = gaps.row(chosen[0] if chosen else 0, named=True)
        st.markdown("**What to collect**")
        st.text(f"{counted(gap['collect'], 'example')} about: {gap['title']}")
        st.caption("Queries of this kind from production:")
        for prompt in example_prompts(gap):
            st.text(f"•  {prompt}")
        name = f"collect-{gap['cluster_id']}.txt"
        st.download_button("Download the brief", brief_of(gap), name, on_click="ignore")


session.page_head("Coverage", "What the data is about, and what people ask that it does not teach.")
project = session.current_project()
if nothing_found_yet(
    project, "coverage", "The map then shows every prompt near its likes, and the gaps against production."
):
    st.stop()

view = project.curation.coverage()
gaps = project.curation.gaps()
with st.container(horizontal=True, vertical_alignment="center"):
    if not view.topics.is_empty():
        st.metric("Topics", f"{view.topics.height:,}", width="content", border=True)
    st.metric("Clusters", f"{view.clusters.height:,}", width="content", border=True)
    if view.coverage is not None:
        near = "Share of production queries that have training examples near"
        st.metric("Production covered", f"{view.coverage:.0%}", width="content", border=True, help=near)
        st.metric("Gaps", f"{gaps.height:,}", width="content", border=True)
    draw_run_button(project, "Run again")
draw_map(view)
if not view.topics.is_empty():
    with st.expander("Topics and the clusters within them"):
        st.dataframe(
            view.topics,
            hide_index=True,
            column_order=["topic", "examples", "production", "clusters", "holds"],
            column_config={"holds": st.column_config.ListColumn("its clusters", width="large")},
        )

st.header("Gaps against production", anchor=False)
if view.coverage is None:
    session.empty(
        "There are no production queries to compare with.",
        "Import a log of real queries as production queries; answers are not needed.",
        "import",
        "Import production queries",
    )
elif gaps.is_empty():
    st.caption("No cluster is significantly rarer in training than in production.")
else:
    draw_gaps(gaps)

st.header("Balance", anchor=False)
# Counted only where it is asked for: it reads all examples.
if st.toggle("Show how the examples are spread, and plan caps and quotas", key="balance-shown"):
    draw_balance(project, session.reviewer_name())
