"""Rating single answers on criteria: the card, how many to draw, and the criteria with their anchors."""

import streamlit as st

from pages.components.rubric_card import rubric_card
from workbench.app import session
from workbench.app.criteria_form import FURTHER, criteria_of
from workbench.app.plain import counted, plain
from workbench.app.rubric_queue import RubricQueue
from workbench.rating import pair_to_rate

ANCHORS = "Its anchors, one a line, from 1 (worst) to 5 (best)"


def draw_single_answers(project, evaluation, rater: str) -> None:
    """Draw the rubric card of one evaluation for a rater, or how to begin."""
    name = evaluation.evaluation
    _, drawn = project.rubric.progress(name, rater)
    if drawn:
        rubric_card(RubricQueue(project, name, rater))
        with st.expander(f"Draw more answers ({counted(drawn, 'answer')} drawn for {plain(rater)})"):
            draw_begin(project, evaluation, rater, drawn)
    else:
        st.caption("You see one answer at a time, nobody's name, and press 1 to 5 for each criterion.")
        draw_begin(project, evaluation, rater, drawn)
    draw_criteria(project, rater)


def draw_begin(project, evaluation, rater: str, drawn: int) -> None:
    """Draw whose answers to rate, and to how many examples."""
    variants = evaluation.variants
    first, second = pair_to_rate(variants)
    left, number, press = st.columns([4, 1, 1], vertical_alignment="bottom")
    chosen = left.multiselect("Rate the answers of", variants, [one for one in variants if one in (first, second)])
    count = number.number_input("Examples", 1, 1000, 30)
    label = "Draw more" if drawn else "Begin"
    if press.button(label, type="secondary" if drawn else "primary", width="stretch"):
        begun = session.attempt(project.rubric.begin, evaluation.evaluation, chosen, rater, count=count)
        if begun is not None:
            st.rerun()


def draw_criteria(project, rater: str) -> None:
    """Draw the criteria in force, each with what its values mean, as a form to change them."""
    criteria = project.rubric.criteria()
    with st.expander(f"Criteria: {plain(', '.join(criterion.name for criterion in criteria))}"):
        st.caption(
            "Ratings stay with the wording that they were made under: after a change, answers are drawn anew."
            " A criterion without a name is left out."
        )
        with st.form("criteria", border=False):
            given = []
            for place in range(len(criteria) + FURTHER):
                known = criteria[place] if place < len(criteria) else None
                title = f"Criterion {place + 1}" if known else "A further criterion"
                name = st.text_input(title, known.name if known else "", key=f"criterion-{place}-{known}")
                text = "\n".join(known.anchors) if known else ""
                anchors = st.text_area(ANCHORS, text, height=150, key=f"anchors-{place}-{known}")
                given.append((name, anchors))
            if st.form_submit_button("Use these criteria"):
                stored = session.attempt(project.rubric.set_criteria, criteria_of(given), rater)
                if stored is not None:
                    st.rerun()
