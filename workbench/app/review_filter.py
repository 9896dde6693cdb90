"""The filter of the review page: which examples, in which order."""

from collections.abc import Sequence

import streamlit as st

from workbench.project import Project
from workbench.reviewing import Filter

PASSED_ON = "review-passed-on"
ORDERS = {"quality": "Worst quality first", "position": "As imported", "random": "Shuffled", "id": "By id"}
ANY = "Any"
# Every state, also those that no example is in while the page is drawn.
_STATES = [(state, state, 0) for state in ("pending", "kept", "dropped", "flagged")]


def review_these(chosen: Filter, what: str) -> None:
    """Hand a selection of another page over to the review page."""
    st.session_state[PASSED_ON] = (chosen, what)


def draw_filter(project: Project) -> tuple[Filter, str]:
    """Draw the filter, and return it with the order."""
    passed_on: tuple[Filter, str] | None = st.session_state.get(PASSED_ON)
    choices = project.reviewing.filters()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = st.selectbox("Order", list(ORDERS), format_func=ORDERS.__getitem__, key="review-order", width=190)
        state = _choice("State", _STATES, "review-state", width=150, first="pending")
        suggestion = _choice("Suggested", choices.suggestions, "review-suggestion", width=150)
        text = st.text_input("Contains", key="review-text", placeholder="any words", width=160)
        with st.popover("More filters"):
            source = _choice("Source", choices.sources, "review-source")
            cluster = _choice("Cluster", choices.clusters, "review-cluster")
            scorer = _choice("Finding", choices.scorers, "review-scorer")
            conflict = st.toggle("In conflict with another example", key="review-conflict")
            personal = st.toggle("Holds personal data", key="review-personal")
            low, high = st.slider("Quality", 0.0, 1.0, (0.0, 1.0), step=0.05, key="review-quality")
    if passed_on is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(passed_on[1], color="primary")
            st.button("Show all again", on_click=_forget, type="tertiary")
    start = passed_on[0] if passed_on is not None else Filter()
    chosen = Filter(
        state=state,
        suggestion=suggestion or start.suggestion,
        source=source,
        cluster=start.cluster if cluster is None else int(cluster),
        scorer=scorer or start.scorer,
        conflict=conflict or start.conflict,
        personal=personal or start.personal,
        group=start.group,
        text=text.strip(),
        quality_low=low if low > 0 else start.quality_low,
        quality_high=high if high < 1 else start.quality_high,
        ids=start.ids,
    )
    return chosen, str(order)


def _choice(
    label: str, choices: Sequence[tuple[str, str, int]], key: str, *, width: int | None = None, first: str | None = None
) -> str | None:
    # A select box forgets its choice when an option's words change, so that no counts stand in them.
    named = [title for _, title, _ in choices]
    titles = {value: title if named.count(title) == 1 else f"{title} ({value})" for value, title, _ in choices}
    options = [ANY, *titles]
    start = options.index(first) if first in titles else 0
    value = st.selectbox(
        label,
        options,
        index=start,
        format_func=lambda option: titles.get(option, option),
        key=key,
        width=width or "stretch",
    )
    return None if value == ANY else value


def _forget() -> None:
    st.session_state.pop(PASSED_ON, None)
