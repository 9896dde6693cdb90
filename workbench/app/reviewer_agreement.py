"""Several reviewers: how much of the data all of them get, how far they agree, and the way to what they differ on."""

import streamlit as st

from workbench.app import session
from workbench.app.plain import counted
from workbench.app.queue_choice import QUEUE
from workbench.project import Project

SHARE = "review-overlap"


def draw_reviewers(project: Project, who: str) -> None:
    """Draw what is known of the reviewers' agreement, behind one button."""
    with st.popover("Reviewers", icon=":material/groups:"):
        found = project.queues.agreement()
        st.markdown("**How far reviewers agree**")
        st.write(found.sentence)
        if found.pairs:
            st.dataframe(
                {
                    "reviewers": [f"{pair.one}, {pair.other}" for pair in found.pairs],
                    "both judged": [pair.examples for pair in found.pairs],
                    "same": [round(pair.raw, 2) for pair in found.pairs],
                    "kappa": [None if pair.kappa is None else round(pair.kappa, 2) for pair in found.pairs],
                },
                hide_index=True,
            )
        open_ones = project.queues.disagreements()
        if open_ones:
            st.button(f"Decide {counted(open_ones, 'disagreement')}", on_click=_go_to_disagreements, type="primary")
        st.slider(
            "Every reviewer gets this share of the examples",
            0.0,
            1.0,
            project.queues.overlap(),
            step=0.01,
            format="percent",
            key=SHARE,
            on_change=_set_overlap,
            args=(project, who),
            help="Their votes measure the agreement. All other examples go to one reviewer each.",
        )


def _set_overlap(project: Project, who: str) -> None:
    session.attempt(project.queues.set_overlap, float(st.session_state[SHARE]), who)


def _go_to_disagreements() -> None:
    st.query_params[QUEUE] = "disagreements"
