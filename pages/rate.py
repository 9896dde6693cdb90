"""Rate answers blind: two side by side, or one at a time on criteria; nobody knows whose is whose."""

import streamlit as st

from pages.components.rating_card import rating_card
from pages.components.single_answers import draw_single_answers
from pages.components.texts import texts
from workbench.app import session
from workbench.app.plain import counted, plain
from workbench.app.rating_queue import RatingQueue
from workbench.rating import pair_to_rate

PAIRS, SINGLE = "Two answers: which is better", "One answer: how good on each criterion"


def draw_begin(project, evaluation, rater: str, drawn: int) -> None:
    """Draw which two variants to rate, and how many pairs to draw."""
    variants = evaluation.variants
    left, right, number, press = st.columns([2, 2, 1, 1], vertical_alignment="bottom")
    first, second = pair_to_rate(variants)
    one = left.selectbox("Rate", variants, index=variants.index(first))
    other = right.selectbox("Against", variants, index=variants.index(second))
    count = number.number_input("Pairs", 1, 1000, 50)
    # Not while pairs are being rated: it reads all answers, and the page is drawn again with every few ratings.
    if one != other and not drawn:
        tell_passed_over(project, evaluation.evaluation, one, other)
    label = "Draw more" if drawn else "Begin"
    if press.button(label, type="secondary" if drawn else "primary", width="stretch"):
        if one == other:
            st.error("Choose two different variants.")
        elif session.attempt(project.rating.begin, evaluation.evaluation, one, other, rater, count=count) is not None:
            st.rerun()


def tell_passed_over(project, evaluation: str, one: str, other: str) -> None:
    """Tell how many examples cannot be rated blind, and why."""
    passed = session.attempt(project.rating.passed_over, evaluation, one, other)
    if passed is None:
        return
    why = {"are answered alike": passed.alike, "have an answer that names its author": passed.telling}
    told = " and ".join(f"{len(ids):,} {what}" for what, ids in why.items() if ids)
    if told:
        st.caption(f"Of {counted(passed.common, 'example')} that both answered, {told}: these are passed over.")


def draw_writing(project, rater: str) -> None:
    """Draw the first prompt to which both answers were bad, with a form for the right answer."""
    waiting = project.writing_answers.queue()
    if not waiting:
        return
    with st.expander(f"Both bad: write the right answer ({counted(len(waiting), 'prompt')})"):
        st.caption("What you write is imported from the source 'written answers' and waits for review.")
        place = st.number_input("Prompt", 1, len(waiting), 1, key="writing-place", width=160)
        one = waiting[place - 1]
        shown = [{"title": "bad", "text": text} for text in one.answers]
        texts(f"writing-{one.example_id}", [*shown, {"title": "reference", "text": one.reference}], one.messages)
        with st.form(f"writing-form-{one.example_id}", border=False):
            answer = st.text_area("The right answer", height=160)
            if st.form_submit_button("Store as a training candidate", type="primary"):
                stored = session.attempt(project.writing_answers.write, one.example_id, answer, rater)
                if stored is not None:
                    st.rerun()


def draw_pairs(project, evaluation, rater: str) -> None:
    """Draw the rating card of one evaluation for a rater, or how to begin."""
    name = evaluation.evaluation
    rated, drawn = project.rating.progress(name, rater)
    if drawn:
        rating_card(RatingQueue(project, name, rater))
        if rated:
            # Only whether to go on: who leads must not be known while somebody rates.
            st.caption(" ".join(found.blind_sentence for found in project.rating.stopping(name)))
        with st.expander(f"Draw more pairs ({counted(drawn, 'pair')} drawn for {plain(rater)})"):
            draw_begin(project, evaluation, rater, drawn)
    else:
        st.caption("Choose which two to rate. You see one pair at a time and press 1, 2, 3 or 4.")
        draw_begin(project, evaluation, rater, drawn)
    draw_writing(project, rater)


def way_begun(project, name: str, rater: str) -> str:
    """Return the way in which this rater has something left to rate: pairs, where there is no single answer."""
    left = {
        way: drawn - rated
        for way, (rated, drawn) in (
            (PAIRS, project.rating.progress(name, rater)),
            (SINGLE, project.rubric.progress(name, rater)),
        )
    }
    return SINGLE if left[SINGLE] and not left[PAIRS] else PAIRS


session.page_head("Rate", "How good are the answers? They come in random order, and no name is shown.")
project = session.current_project()
evaluations = [view for view in project.comparing.evaluations() if view.state == "finished"]
if not evaluations:
    session.empty("There are no answers to rate yet.", "Let variants answer first.", "compare", "Go to compare")
    st.stop()

rater = session.reviewer_name()
names = {view.evaluation: f"{view.evaluation} · {view.split}" for view in evaluations}
left, right = st.columns([1, 2])
name = left.selectbox("Evaluation", list(names), format_func=names.get)
evaluation = next(view for view in evaluations if view.evaluation == name)
begun = way_begun(project, name, rater) if "rate-way" not in st.session_state else None
way = right.segmented_control("Rate", [PAIRS, SINGLE], default=begun, required=True, key="rate-way")
if way == SINGLE:
    draw_single_answers(project, evaluation, rater)
else:
    draw_pairs(project, evaluation, rater)
