"""Training examples that give held-out ones away: how many, side by side, and decisions in bulk."""

import streamlit as st

from pages.components.texts import texts
from workbench.app import session
from workbench.app.plain import counted, plain

SHOWN = 10
TITLES = {"contaminated": "Contaminated", "review": "For a person to judge"}


def decide(project, verdict: str, action: str) -> None:
    """Decide about all examples of a verdict."""
    who = session.reviewer_name()
    decided = session.attempt(project.decontaminating.decide, verdict, action, who)
    if decided is not None:
        st.toast(f"Decided about {counted(decided, 'example')}; Undo takes it back.")


def draw_contamination(project) -> None:
    """Draw what was compared, and what gives held-out examples away."""
    figures = project.curation.stages_run().get("contamination")
    if figures is None or not figures["held_out"]:
        st.caption(
            "Import benchmark or other held-out files as test, then run the stages: copies and rephrasings show up."
        )
        return
    counts = project.decontaminating.counts()
    st.markdown(f"Compared with **{counted(figures['held_out'], 'held-out example')}**.")
    if figures["threshold"] is not None:
        st.caption(
            "Besides shared words: prompts whose meaning leads to one held-out prompt by "
            f"{figures['threshold']:.2f} are contaminated, those from {figures['review_threshold']:.2f} are for a "
            "person (cosine to the nearest, less half of that to the fourth; calibrated on this data)."
        )
    for verdict, title in TITLES.items():
        draw_verdict(project, verdict, f"{title}: {counts[verdict]['examples']:,}", counts[verdict]["examples"])
    st.button(
        "Undo",
        type="tertiary",
        on_click=session.undo_last,
        args=(project, session.reviewer_name()),
        key="undo-contamination",
    )


def draw_verdict(project, verdict: str, title: str, count: int) -> None:
    """Draw the examples of a verdict beside the held-out ones, and the buttons that decide about all."""
    if not count:
        st.caption(f"{title}.")
        return
    with st.expander(title):
        with st.container(horizontal=True):
            for action in ("drop", "flag", "keep"):
                kind = "primary" if action == "drop" and verdict == "contaminated" else "secondary"
                name, key = f"{action.capitalize()} all {count:,}", f"{verdict}-{action}"
                st.button(name, key=key, type=kind, on_click=decide, args=(project, verdict, action))
        page = st.pagination(-(-count // SHOWN), key=f"{verdict}-page") if count > SHOWN else 1
        for row in project.decontaminating.findings(verdict, limit=SHOWN, offset=SHOWN * (page - 1)):
            st.caption(plain(f"{row['kinds']} · {row['similarity']:.2f} · {row['file']}, line {row['line']}"))
            mine = {"title": "Training example", "text": row["prompt"], "badge": row["state"]}
            other = {"title": "Held-out example", "text": row["test_prompt"]}
            texts(f"{verdict}-{row['example_id']}", [mine, other], against=row["test_prompt"])
