"""The project's own rules for outputs: a table to write them in, and measuring an evaluation by them."""

import streamlit as st

from pages.components.results import DIFFERENCES, VALUES, draw_sentences, draw_table
from workbench.app import comparisons, rules_form, session
from workbench.app.plain import counted

HELP = {
    "name": "Small letters, digits, underscores; the metric is called rule_NAME.",
    "value": "The text, regular expression, JSON value or number.",
    "path": "For json_equals: where the value stands, such as $.intent or $.items[0].",
    "examples": "On all examples, on those whose reference is a JSON object, or on the others.",
}


def draw_rules(project, evaluation, results) -> None:
    """Draw what the outputs of an evaluation score on the project's rules, and the rules as a table to change them."""
    rules = project.comparing.rules_of(evaluation.evaluation)
    names = [rule.metric for rule in rules]
    if rules:
        own = results.differences.filter(results.differences["metric"].is_in(names))
        draw_sentences(own["sentence"].to_list())
        draw_table(results.metrics.filter(results.metrics["metric"].is_in(names)), VALUES)
        draw_table(own, DIFFERENCES)
    else:
        st.caption("This evaluation was measured without rules of your own.")
    if rules_form.measured_by_others(project, evaluation.evaluation):
        st.info("The project's rules are others than those that this evaluation was measured by.")
        act = {"on_click": session.attempt, "args": (comparisons.measure_by_rules, project, evaluation)}
        st.button("Measure by the rules as they are now", type="primary", **act)
    with st.expander(f"Rules of this project ({counted(len(project.output_rules.rules()), 'rule')})"):
        draw_form(project)


def draw_form(project) -> None:
    """Draw the rules in force as a table with empty rows to add some, and a button that puts them in force."""
    kinds = rules_form.kinds()
    st.caption(f"An output {'; '.join(f'{kind}: {words}' for kind, words in kinds.items())}.")
    with st.form("output-rules", border=False):
        rows = st.data_editor(
            rules_form.rows_of(project),
            num_rows="dynamic",
            hide_index=True,
            key="output-rules-table",
            column_config={
                "name": st.column_config.TextColumn(help=HELP["name"]),
                "kind": st.column_config.SelectboxColumn(options=list(kinds), default="contains"),
                "value": st.column_config.TextColumn(help=HELP["value"], width="large"),
                "path": st.column_config.TextColumn(help=HELP["path"]),
                "ignore_case": st.column_config.CheckboxColumn("any case", default=False),
                "examples": st.column_config.SelectboxColumn(
                    options=rules_form.EXAMPLES, default="all", help=HELP["examples"]
                ),
            },
        )
        if st.form_submit_button("Use these rules"):
            given = rules_form.rules_of(rows)
            if session.attempt(project.output_rules.set_rules, given, session.reviewer_name()) is not None:
                st.rerun()
