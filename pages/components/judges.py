"""What judge models say of an evaluation: first how far they agree with people, then whom they prefer."""

import streamlit as st

from pages.components.results import draw_sentences, draw_table
from workbench.app.comparisons import judge_command, judge_rates
from workbench.app.plain import plain


def draw_judges(project, evaluation) -> None:
    """Draw each judge's agreement with people, its bias for a place, and only then its verdict; and how to ask one."""
    reports = project.judging.reports(evaluation.evaluation)
    for report in reports:
        with st.container(border=True):
            pair = f"{plain(report.variant)} against {plain(report.against)}"
            st.markdown(f"**Judge model {plain(report.judge)}**, {pair}")
            draw_sentences(report.sentences[1:])
            if report.combined is not None:
                draw_table(judge_rates(report))
            st.caption(plain(report.sentences[0]))
    for judging in project.judging.judgings(evaluation.evaluation):
        if judging.state != "finished":
            told = f"{judging.judging} of {judging.judge}: {judging.state}. {judging.message}"
            st.caption(plain(told))
    for cost in project.judging.costs(evaluation.evaluation):
        st.caption(plain(f"Used by the judge {cost.sentence}"))
    with st.expander("Ask a judge model" if not reports else "Ask a judge model again"):
        st.caption(
            "A model behind an OpenAI-compatible endpoint compares the answers in both orders. The app itself sends"
            " nothing anywhere: close it and run this in a terminal. Its verdicts never replace ratings; they are"
            " combined with them only where the judge agrees with people better than the rule 'the longer answer'."
        )
        st.code(judge_command(project, evaluation.evaluation), language="bash", wrap_lines=True)
