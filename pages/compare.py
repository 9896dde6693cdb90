"""Let variants answer the same held-out examples, and read who is better."""

import streamlit as st

from pages.components.judges import draw_judges
from pages.components.output_rules import draw_rules
from pages.components.results import DIFFERENCES, VALUES, draw_looks, draw_sentences, draw_speeds, draw_table
from pages.components.rubric_results import draw_rubric
from pages.components.texts import texts
from workbench.app import charts, comparisons, session
from workbench.app.navigation import link
from workbench.app.plain import counted, plain
from workbench.app.watching import finished, watch

SPLITS = {
    "validation": "Validation, for choosing",
    "test": "Test, at the end: every look is counted",
    "noisy-test": "Test, typed as production types: a look too",
}
UNDER_WAY = ("queued", "running")
ANSWERS = 5
RATERS = ["rater", "votes", "agreement", "share_left", "low", "high", "note"]


def draw_start(project) -> None:
    """Draw which variants to let answer, and start it."""
    runs = {choice.run_id: choice.title for choice in project.comparing.variants() if choice.run_id}
    chosen = st.multiselect("Tuned models", list(runs), list(runs)[:2], format_func=runs.get)
    left, middle, right = st.columns([2, 1, 1], vertical_alignment="bottom")
    split = left.segmented_control(
        "Held-out examples", list(SPLITS), format_func=SPLITS.get, default="validation", required=True
    )
    shots = middle.number_input("Examples in the few-shot prompt", 1, 20, 3)
    limit = right.number_input("Examples, at most", 1, 100_000, None, placeholder="all")
    why = st.text_input("What is this look for?", key="look-why") if split != "validation" else ""
    with st.expander("Further ways to prompt the base"):
        system = st.text_area("System prompt", height=100, help="Adds the variant 'system'.")
        nearest = st.toggle("Also show it the nearest training examples by meaning", help="Adds the variant 'nearest'.")
    metrics, schema = draw_further()
    if st.button("Let them answer", type="primary", icon=":material/play_arrow:"):
        who = session.reviewer_name()
        asked = {"few_shot": shots, "limit": limit, "who": who, "why": why, "metrics": metrics, "json_schema": schema}
        asked |= {"system": system.strip() or None, "variants": comparisons.prompted(nearest)}
        started = session.attempt(project.comparing.start, chosen, split, **asked)
        if started is not None:
            st.session_state["evaluation"] = started
            st.rerun()


def draw_further() -> tuple[list, str | None]:
    """Draw the choice of further metrics and return it with the JSON schema, if one is given."""
    titles = comparisons.further_metrics()
    with st.expander("Further metrics"):
        st.caption("Each one more makes the correction for many comparisons stricter for all.")
        metrics = st.multiselect("Metrics beside the default ones", list(titles), format_func=titles.get)
        schema = st.text_area("JSON schema that answers must follow", placeholder='{"type": "object"}', height=100)
    return metrics, schema.strip() or None


def draw_labels(project, evaluation) -> None:
    """Draw macro figures and the figures of each label, where the answers are labels."""
    labels = project.comparing.labels(evaluation.evaluation)
    if not labels.macro.is_empty():
        st.markdown("**Labels**: F1 with its interval, precision and recall, as the plain mean over labels")
        draw_table(labels.macro)
        with st.expander("Each label"):
            draw_table(labels.classes)


def draw_progress(project, evaluation) -> None:
    """Draw an evaluation that is under way, every second, until it has ended."""

    @st.fragment(run_every=1.0)
    def look() -> None:
        with session.errors_shown():
            now = project.comparing.evaluation(evaluation.evaluation)
            st.progress(now.progress, text=plain(now.message) or "Starting")
            st.button("Cancel", on_click=session.attempt, args=(project.comparing.cancel, now.evaluation))
            if now.state not in UNDER_WAY:
                st.rerun()

    look()


def draw_results(project, evaluation, results) -> None:
    """Draw the verdict, the metrics with intervals, the differences and the answers."""
    looks = f" · look {results.looks} at this test split" if results.look else ""
    st.caption(f"{counted(results.examples, 'held-out example')} of the {results.split} split{looks}")
    with st.container(border=True):
        st.markdown("**Verdict**")
        draw_sentences(results.verdict)
    names = ["Metrics", "Differences", "Rules", "Answers", "Ratings"]
    metrics, differences, rules, answers, ratings = st.tabs(names)
    with metrics:
        charts.metric_intervals(comparisons.titled(results.metrics), evaluation.variants)
        with st.expander("As a table"):
            draw_table(results.metrics, VALUES)
        draw_labels(project, evaluation)
        draw_speeds(project.comparing.speeds(evaluation.evaluation))
        draw_looks(results)
    with differences:
        draw_sentences(results.summary)
        st.caption("Each pair of variants on the same examples. A small q means that chance is an unlikely reason.")
        draw_table(comparisons.main_differences(results), DIFFERENCES)
    with rules:
        draw_rules(project, evaluation, results)
    with answers:
        draw_answers(project, evaluation, results)
    with ratings:
        draw_ratings(project, evaluation)


def draw_answers(project, evaluation, results) -> None:
    """Draw answers side by side, those where the variants differ most first."""
    page = st.pagination(max(-(-results.examples // ANSWERS), 1), key=f"answers-{evaluation.evaluation}")
    for row in project.comparing.outputs(evaluation.evaluation, limit=ANSWERS, offset=ANSWERS * (page - 1)):
        with st.container(border=True):
            shown = comparisons.answers_of(row, evaluation.variants, None)
            reference = {"title": "reference", "text": row["reference"]}
            prompt = [{"role": "prompt", "content": row["prompt"]}]
            texts(f"answers-{row['example_id']}", [reference, *shown], prompt)


def draw_ratings(project, evaluation) -> None:
    """Draw the win rates of blind ratings, what was rated on criteria, and how far raters agree."""
    rates = project.rating.win_rates(evaluation.evaluation)
    versions = project.rubric.rated_versions(evaluation.evaluation)
    if rates.is_empty() and not versions:
        st.caption("Nobody has rated these answers yet.")
    if not rates.is_empty():
        draw_table(rates)
        draw_sentences([found.sentence for found in project.rating.stopping(evaluation.evaluation)])
        agreement = project.rating.agreement(evaluation.evaluation)
        if agreement:
            st.caption(f"Agreement of raters: {plain(agreement['note'])}")
        draw_table(project.rating.raters(evaluation.evaluation), RATERS)
        draw_sentences([found.note for found in project.rating.length_controlled(evaluation.evaluation)])
        draw_sentences(project.rating.self_agreement(evaluation.evaluation)["note"].to_list())
    if versions:
        draw_rubric(project, evaluation.evaluation, versions)
    link("rate", "Rate answers blind", ":material/arrow_forward:")
    draw_judges(project, evaluation)


session.page_head("Compare", "The same held-out examples, answered by each variant: did tuning help?")
project = session.current_project()
evaluations = project.comparing.evaluations()
if not evaluations and not project.training.runs():
    session.empty("There is no tuned model to compare yet.", "Train one first.", "train", "Go and train")
    st.stop()
if evaluations:
    names = {view.evaluation: comparisons.title_of(view) for view in evaluations}
    wanted = st.session_state.get("evaluation")
    place = list(names).index(wanted) if wanted in names else 0
    name = st.selectbox("Evaluation", list(names), index=place, format_func=names.get)
    st.session_state["evaluation"] = name
    evaluation = project.comparing.evaluation(name)
    if evaluation.state in UNDER_WAY:
        draw_progress(project, evaluation)
    elif evaluation.state != "finished":
        st.warning(f"It was stopped: {evaluation.state}. What was answered is kept.")
        if evaluation.error is not None:
            session.show_error(evaluation.error)
        st.button("Resume", type="primary", on_click=session.attempt, args=(project.comparing.resume, name))
    else:
        comparisons.start_collecting(project, evaluation)
        if not watch(project, comparisons.collect_key(evaluation)):
            results = finished(project, comparisons.collect_key(evaluation))
            if results is not None:
                draw_results(project, evaluation, results)
with st.container() if not evaluations else st.expander("Compare again"):
    draw_start(project)
