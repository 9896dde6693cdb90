"""What is wrong with the data, what is suggested for it, and applying the suggestions."""

import streamlit as st

from pages.components.difficulty import draw_difficulty
from pages.components.findings import draw_conflicts, draw_personal
from pages.components.personal_data import draw_removal
from pages.components.selection import draw_worst
from pages.components.taste import draw_taste
from workbench.app import charts, session
from workbench.app.navigation import go
from workbench.app.plain import counted, plain
from workbench.app.review_filter import review_these
from workbench.app.stages import draw_run_button, nothing_found_yet
from workbench.reviewing import Filter

WORDS = {"keep": "keep", "drop": "drop", "review": "look at"}


def apply_suggestions(project, who: str, only: str | None) -> None:
    """Apply the suggestions to undecided examples, as one step that can be undone."""
    report = session.attempt(project.curation.apply_suggestions, who, only)
    if report is not None:
        st.toast(f"Kept {report.kept:,}, dropped {report.dropped:,}; {report.left:,} are left to you.")


def open_counts(project) -> dict:
    """Count the undecided examples of each suggestion."""
    return {name: project.reviewing.count(Filter(state="pending", suggestion=name)) for name in WORDS}


def draw_suggestions(project, who: str) -> None:
    """Draw what applying the suggestions would do, and the buttons that do it."""
    counts = open_counts(project)
    with st.container(border=True):
        if not counts["keep"] and not counts["drop"]:
            st.markdown("**All suggestions are applied.**")
        else:
            st.markdown(f"Of the undecided examples: **keep {counts['keep']:,}, drop {counts['drop']:,}**")
        st.caption(f"Left for you to judge: {counted(counts['review'], 'doubtful example')}.")
        with st.container(horizontal=True):
            both = counts["keep"] + counts["drop"]
            act = {"on_click": apply_suggestions}
            if both:
                st.button(f"Apply to {both:,}", type="primary", args=(project, who, None), **act)
            if counts["drop"]:
                st.button(f"Only drop {counts['drop']:,}", args=(project, who, "drop"), **act)
            st.button("Undo", type="tertiary", on_click=session.undo_last, args=(project, who))
        if counts["review"] and st.button(f"Review the {counts['review']:,} doubtful ones"):
            review_these(Filter(suggestion="review"), "doubtful examples")
            go("review")


def draw_findings(project) -> None:
    """Draw what the scorers found, each with the way to its examples."""
    summary = project.curation.score_summary()
    chosen = st.dataframe(
        summary,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_order=["title", "dimension", "flagged", "mean"],
        column_config={
            "title": st.column_config.TextColumn("finding", width="large"),
            "flagged": st.column_config.NumberColumn("examples", format="localized"),
            "mean": st.column_config.ProgressColumn("mean score", min_value=0, max_value=1, format="%.2f"),
        },
        key="findings",
    ).selection.rows
    st.caption("Mark a row to review its examples.")
    if chosen:
        scorer, title = summary["scorer"][chosen[0]], summary["title"][chosen[0]]
        if st.button("Review these examples", type="primary"):
            review_these(Filter(scorer=scorer), plain(title))
            go("review")


session.page_head("Quality", "What is wrong, how sure that is, and what to do about it.")
project = session.current_project()
if nothing_found_yet(project, "quality", "Every example then has a quality from 0 to 1, a suggestion and its reason."):
    st.stop()
left, right = st.columns([3, 2], gap="large")
with left:
    charts.quality_histogram(project.curation.quality_histogram())
with right:
    draw_suggestions(project, session.reviewer_name())
    draw_run_button(project, "Run again")
findings, reasons, conflicts, personal, worst, taste, difficulty = st.tabs(
    ["Findings", "Reasons for suggestions", "Conflicts", "Personal data", "Drop the worst", "Your taste", "Difficulty"]
)
with findings:
    draw_findings(project)
with reasons:
    st.dataframe(
        project.curation.suggestion_counts(),
        hide_index=True,
        column_order=["suggestion", "cause", "examples", "share"],
        column_config={
            "cause": st.column_config.TextColumn("reason", width="large"),
            "examples": st.column_config.NumberColumn("examples", format="localized"),
            "share": st.column_config.NumberColumn("of all", format="percent"),
        },
    )
with conflicts:
    draw_conflicts(project)
with personal:
    draw_personal(project)
    draw_removal(project, session.reviewer_name())
with worst:
    draw_worst(project, session.reviewer_name())
with taste:
    draw_taste(project)
with difficulty:
    draw_difficulty(project)
