"""What the reviewers keep, as far as their decisions tell: how good the forecast is, and the likely problems."""

import streamlit as st

from workbench.app import charts, session, tastes
from workbench.app.navigation import go
from workbench.app.plain import counted, plain
from workbench.app.queue_choice import QUEUE
from workbench.app.review_filter import review_these
from workbench.app.watching import finished, watch
from workbench.reviewing import Filter

FEWEST = 50


def start(work, project) -> None:
    """Start to learn, or to list the likely problems."""
    session.attempt(work, project)


def review(queue: str) -> None:
    """Go to a queue of the review page."""
    review_these(Filter(), "")
    go("review", {QUEUE: queue})


@st.fragment
def draw_taste(project) -> None:
    """Draw what is known of the reviewers' taste."""
    decided, at_random = project.tasting.judged()
    st.caption(
        f"{counted(decided, 'example')} kept or dropped one by one, {at_random:,} of them drawn at random. From these"
        " a model learns what you keep. It never decides anything."
    )
    if watch(project, tastes.WORK):
        return
    reports = project.tasting.reports()
    with st.container(horizontal=True):
        if decided and project.tasting.behind():
            st.button("Learn from the decisions", type="primary", on_click=start, args=(tastes.start_learning, project))
        if (decided < FEWEST or not at_random) and st.button("Review some at random"):
            review("random")
        if any(report.likely_drops for report in reports) and st.button("Review the likely problems"):
            review("likely_problems")
    for report in reports:
        draw_report(report)
    if any(report.likely_drops for report in reports):
        draw_problems(project)


def draw_report(report) -> None:
    """Draw how good the forecast of one reviewer's decisions is."""
    with st.container(border=True):
        st.markdown(f"**{plain(report.sentence)}**")
        if report.auc is None:
            return
        figures, picture = st.columns([2, 3], gap="large")
        with figures:
            rates = "decisions drawn at random" if report.measured_at_random else "all decisions, not drawn at random"
            right = "Chance that a kept example is ranked above a dropped one (AUC); 50 % is guessing"
            st.metric("Ranked rightly", f"{report.auc:.0%}", help=right)
            gap = "Mean distance between the forecast and the share that was kept (calibration error)"
            st.metric("Forecast is off by", f"{report.error:.0%}", help=gap)
            if report.drop_rate is not None:
                rate, low, high = report.drop_rate
                st.metric("Drop rate", f"{rate:.0%}", help=f"{low:.0%} to {high:.0%} of the decisions drawn at random")
            st.caption(f"Measured on decisions that the model had not seen: {rates}.")
        with picture:
            charts.reliability(report.reliability)


def draw_problems(project) -> None:
    """Draw what would most likely be dropped, and why; finding the reasons takes a while, so a press starts it."""
    problems = finished(project, tastes.WORK)
    if problems is None:
        st.button("Show what would most likely be dropped", on_click=start, args=(tastes.start_listing, project))
        return
    st.markdown("**Most likely to be dropped**")
    st.dataframe(
        problems,
        hide_index=True,
        column_order=["score", "prompt", "completion", "reason", "like"],
        column_config={
            "score": st.column_config.ProgressColumn("to be kept", min_value=0, max_value=1, format="%.2f"),
            "completion": "answer",
            "reason": st.column_config.TextColumn("why", width="large"),
            "like": st.column_config.TextColumn("nearest decided", width="large"),
        },
    )
