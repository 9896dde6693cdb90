"""The filter of the review and browse pages, kept in the page's address so that a view can be sent to a colleague.

The address says which examples are shown; what it names wins over what the tab showed before. Widgets are drawn from
the view that is remembered for the tab, and what they say is written back into both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import streamlit as st

from workbench.app import session
from workbench.project import Project
from workbench.reviewing import Filter
from workbench.store.filters import STATES, SUGGESTIONS, several

ORDERS = {
    "position": "As imported",
    "quality": "Quality",
    "length": "Length",
    "state": "State",
    "suggestion": "Suggestion",
    "source": "Source",
    "cluster": "Cluster",
    "prompt": "Prompt, A to Z",
    "completion": "Answer, A to Z",
    "random": "Shuffled",
    "id": "By id",
}
ANY = "Any"
_VIEW, _WRITTEN, _TURN = "filter-view", "filter-written", "filter-turn"
# Parameters of the address that are no filters: this module's own, and the review page's queue.
_ORDER, _DESCENDING = "order", "descending"
OTHERS = {"queue", "page", _ORDER, _DESCENDING}


@dataclass(frozen=True)
class FilterView:
    """What a page shows: the filter, the order, and what another page called the selection it handed over."""

    chosen: Filter = field(default_factory=Filter)
    order: str = "position"
    descending: bool = False
    name: str = ""


def review_these(chosen: Filter, what: str) -> None:
    """Hand a selection of another page over to the review page, which is then gone to."""
    _remember(FilterView(chosen, name=what))


def address_of(view: FilterView) -> dict[str, list[str]]:
    """Return a view as the parameters of an address."""
    query = view.chosen.to_query()
    if view.order != "position":
        query[_ORDER] = [view.order]
    if view.descending:
        query[_DESCENDING] = ["yes"]
    return query


def draw_filter(project: Project) -> Filter:
    """Draw the filter without an order, which the review page's queues have themselves."""
    return draw_view(project, ordered=False).chosen


def draw_view(project: Project, *, ordered: bool = True) -> FilterView:
    """Draw the filter and, where it is asked for, the order, and return what they say; the address says the same."""
    view = _from_address()
    drawn = _draw(project, view, st.session_state.get(_TURN, 0), ordered=ordered)
    st.session_state[_VIEW] = drawn
    written = address_of(drawn)
    if written != _named():
        others = {name: st.query_params.get_all(name) for name in st.query_params if name in OTHERS - {_ORDER}}
        others.pop(_DESCENDING, None)
        st.query_params.from_dict({**others, **written})
    st.session_state[_WRITTEN] = written
    return drawn


def _from_address() -> FilterView:
    """Return the view that the address names, if it was not this module that wrote it; else the one of this tab."""
    known: FilterView = st.session_state.get(_VIEW, FilterView())
    named = _named()
    if not named or named == st.session_state.get(_WRITTEN):
        return known
    with session.errors_shown():
        order = named.pop(_ORDER, ["position"])[-1]
        descending = named.pop(_DESCENDING, ["no"])[-1] == "yes"
        read = FilterView(Filter.from_query(named), order if order in ORDERS else "position", descending)
        _remember(read)
        return read
    return known


def _named() -> dict[str, list[str]]:
    ours = OTHERS - {_ORDER, _DESCENDING}
    return {name: st.query_params.get_all(name) for name in st.query_params if name not in ours}


def _remember(view: FilterView) -> None:
    st.session_state[_VIEW] = view
    # New keys make new widgets, which start from the view.
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1


def _draw(project: Project, view: FilterView, turn: int, *, ordered: bool) -> FilterView:
    start, order, descending = view.chosen, view.order, view.descending
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input("Contains", start.text, placeholder="any words", width=170, key=f"filter-text-{turn}")
        state = _many("State", [(name, name, 0) for name in STATES], start.state, f"state-{turn}", width=150)
        suggestion = _many(
            "Suggested", [(name, name, 0) for name in SUGGESTIONS], start.suggestion, f"suggestion-{turn}", width=150
        )
        if ordered:
            order = st.selectbox(
                "Order", list(ORDERS), list(ORDERS).index(order), ORDERS.__getitem__, key=f"order-{turn}", width=150
            )
            descending = st.toggle("Reversed", descending, key=f"descending-{turn}")
        with st.popover("More filters"):
            chosen = _draw_more(project, start, turn)
        chosen = replace(chosen, text=text.strip(), state=state, suggestion=suggestion)
        if chosen != Filter() or view.name:
            st.button("Clear", on_click=_remember, args=(FilterView(),), type="tertiary", help="Show all examples")
    if view.name or start.group or start.ids is not None:
        st.badge(view.name or "A selection from another page", color="primary")
    return replace(view, chosen=chosen, order=str(order), descending=descending)


def _draw_more(project: Project, start: Filter, turn: int) -> Filter:
    choices = project.reviewing.filters()
    regex = st.text_input(
        "Regular expression",
        start.regex,
        key=f"filter-regex-{turn}",
        help="RE2's syntax, in prompt or answer. Begin with (?i) to ignore case.",
    )
    source = _many("Source", choices.sources, start.source, f"source-{turn}")
    cluster = _many("Cluster", choices.clusters, start.cluster, f"cluster-{turn}")
    scorer = _many("Finding", choices.scorers, start.scorer, f"scorer-{turn}")
    reviewer = _one("Decided by", project.browsing.reviewers(), start.reviewer, f"reviewer-{turn}")
    decided = _one("Decided", ["yes", "no"], {None: None, True: "yes", False: "no"}[start.decided], f"decided-{turn}")
    conflict = st.toggle("In conflict with another example", start.conflict, key=f"conflict-{turn}")
    personal = st.toggle("Holds personal data", start.personal, key=f"personal-{turn}")
    noted = st.toggle("Has a note", start.noted, key=f"noted-{turn}")
    span = (start.quality_low or 0.0, 1.0 if start.quality_high is None else start.quality_high)
    low, high = st.slider("Quality", 0.0, 1.0, span, step=0.05, key=f"quality-{turn}")
    clusters = tuple(int(str(value)) for value in several(cluster))
    return replace(
        start,
        regex=regex,
        source=source,
        cluster=clusters[0] if len(clusters) == 1 else clusters or None,
        scorer=scorer,
        reviewer=reviewer,
        decided=None if decided is None else decided == "yes",
        conflict=conflict,
        personal=personal,
        noted=noted,
        quality_low=low if low > 0 else None,
        quality_high=high if high < 1 else None,
        metadata=_draw_column(project, start, turn),
    )


def _draw_column(project: Project, start: Filter, turn: int) -> tuple[tuple[str, str], ...]:
    """Draw the choice of a further column and its value; what the address says of more columns stays."""
    columns = project.browsing.columns()
    first = start.metadata[0] if start.metadata else (None, None)
    if not columns and not start.metadata:
        return ()
    column = _one("Column of the imported file", columns, first[0], f"column-{turn}")
    if column is None:
        return start.metadata[1:]
    value = _one(
        "Its value",
        project.browsing.values(column),
        first[1] if column == first[0] else None,
        f"value-{turn}-{column}",
        free=True,
    )
    return (((column, value),) if value else ()) + start.metadata[1:]


def _one(label: str, options: Sequence[str], start: str | None, key: str, *, free: bool = False) -> str | None:
    listed = list(options) if start is None or start in options else [*options, start]
    index = None if start is None else listed.index(start)
    chosen = st.selectbox(label, listed, index, key=f"filter-{key}", placeholder=ANY, accept_new_options=free)
    return None if chosen is None else str(chosen)


def _many(
    label: str, choices: Sequence[tuple[str, str, int]], start: object, key: str, *, width: int | None = None
) -> str | tuple[str, ...] | None:
    # A choice is forgotten when an option's words change, so that no counts stand in them.
    named = [title for _, title, _ in choices]
    titles = {value: title if named.count(title) == 1 else f"{title} ({value})" for value, title, _ in choices}
    given = [str(value) for value in several(start)]
    options = [*titles, *(value for value in given if value not in titles)]
    values = st.multiselect(
        label,
        options,
        given,
        format_func=lambda option: titles.get(option, option),
        key=f"filter-{key}",
        placeholder=ANY,
        width=width or "stretch",
    )
    return values[0] if len(values) == 1 else tuple(values) or None
