"""What single answers, rated on criteria, say about the variants: intervals, differences, agreement."""

import streamlit as st

from pages.components.results import draw_sentences, draw_table
from workbench.app import charts

LEVELS = ["criterion", "variant", "mean", "low", "high", "n", "ones", "twos", "threes", "fours", "fives"]
DIFFERENCES = ["variant", "against", "criterion", "difference", "low", "high", "q_value", "higher", "lower", "n"]
AGREEMENT = ["criterion", "same", "within_one", "alpha", "answers", "raters", "note"]
RATERS = ["rater", "answers", "mean", "shift", "low", "high", "note"]


def draw_rubric(project, evaluation: str, versions: list[int]) -> None:
    """Draw the results under one wording of the criteria; where there are several, which one is chosen."""
    st.markdown("**Rated on criteria**: mean scores from 1 (worst) to 5 (best) with their intervals")
    version = versions[0]
    if len(versions) > 1:
        version = st.selectbox("Criteria", versions, format_func=lambda one: f"version {one}", width=200)
    results = project.rubric.results(evaluation, version)
    charts.criteria_intervals(results.levels)
    draw_sentences([*results.differences["sentence"], *results.notes])
    with st.expander("As tables"):
        draw_table(results.levels, LEVELS)
        draw_table(results.differences, DIFFERENCES)
    with st.expander("Raters and their agreement"):
        draw_table(results.agreement, AGREEMENT)
        draw_table(results.raters, RATERS)
        draw_sentences(results.self_agreement["note"].to_list())
