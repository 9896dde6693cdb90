"""Pairs of examples side by side: what a threshold means, and which pairs are alike and not the same."""

import streamlit as st

from pages.components.texts import texts
from workbench.app import session
from workbench.app.plain import counted
from workbench.duplicates import Pair
from workbench.project import Project

KINDS = {"near": "Near", "semantic": "Same meaning"}
PAGE = 5
WHY = {
    "numbers": "Other numbers, or the same in another order",
    "negation": "One says no",
    "code": "Other code",
    "names": "Other names",
    "subject": "About something else",
    "prompts": "Other questions, one answer",
    "answers": "One question, other answers",
    "short": "Short answers",
}


def draw_threshold(project: Project, who: str) -> None:
    """Draw the slider, what each threshold would call duplicates, and pairs around it."""
    kind = st.segmented_control("Compared by", list(KINDS), format_func=KINDS.get, default="near", key="by") or "near"
    floor = project.duplicate_review.floor(kind).similarity
    counts = _counts(project, kind, project.duplicate_review.found_at())
    chosen = st.select_slider("Least similarity", counts["threshold"].to_list(), key=f"threshold-{kind}")
    row = counts.row(counts["threshold"].to_list().index(chosen), named=True)
    for column, name, words in zip(
        st.columns(4),
        ("pairs", "groups", "extra", "guarded"),
        ("Pairs", "Groups", "Copies that would go", "Alike, not the same"),
        strict=True,
    ):
        column.metric(words, f"{row[name]:,}")
    st.caption(
        f"Counted from the pairs that were found, {floor:.2f} alike or more. To look for pairs that are less alike:"
    )
    lower = max(floor - 0.1, 0.3 if kind == "near" else 0.5)
    st.code(f"workbench curate PROJECT --only duplicates --set duplicates.{kind}_threshold={lower:.2f}", language=None)
    groups, copies = project.duplicate_review.undecided_above(chosen)
    with st.container(horizontal=True, vertical_alignment="center"):
        drop = f"Accept {counted(groups, 'group')}: drop {counted(copies, 'copy', 'copies')}"
        label = drop if groups else "No undecided group at this threshold"
        st.button(label, key="accept-above", disabled=not groups, on_click=_accept, args=(project, chosen, who))
        st.button("Undo", key="undo-above", type="tertiary", on_click=session.undo_last, args=(project, who))
    st.caption(f"These are groups of any kind that nobody has decided about, every member {chosen:.2f} alike or more.")
    _draw(project.duplicate_review.pairs_around(kind, chosen), "around", against=chosen)


def draw_alike(project: Project) -> None:
    """Draw the pairs that a guard holds apart."""
    counts = project.duplicate_review.guard_counts()
    if not counts:
        st.caption("No pair is alike without being the same.")
        return
    st.caption("They look like copies, and dropping one would lose something. Nothing is done about them.")
    guard = st.segmented_control(
        "Why", list(counts), format_func=lambda name: f"{WHY.get(name, name)} {counts[name]:,}", key="guard"
    ) or next(iter(counts))
    pages = -(-counts[guard] // PAGE)
    page = st.pagination(pages, key=f"guarded-{guard}") if pages > 1 else 1
    _draw(project.duplicate_review.guarded_pairs(guard, PAGE, PAGE * (page - 1)), f"guarded-{guard}-{page}")


def _draw(pairs: list[Pair], key: str, against: float | None = None) -> None:
    for place, pair in enumerate(pairs):
        with st.container(border=True):
            counts = against is not None and pair.similarity >= against and pair.guard is None
            side = "" if against is None else ", counts" if counts else ", does not count"
            held = f" · {WHY.get(pair.guard, pair.guard)}" if pair.guard else ""
            st.markdown(f"**{pair.similarity:.3f} alike{side}**{held}")
            for title, one, other in (
                ("Prompt", pair.prompt_a, pair.prompt_b),
                ("Completion", pair.completion_a, pair.completion_b),
            ):
                both = [{"title": title, "text": one}, {"title": f"{title} of the other", "text": other}]
                texts(f"{key}-{title}-{place}", both, against=one)


@st.cache_data(show_spinner="Counting groups at each threshold …", max_entries=8)
def _counts(_project: Project, kind: str, found_at: str):
    return _project.duplicate_review.counts_by_threshold(kind)


def _accept(project: Project, similarity: float, who: str) -> None:
    if session.attempt(project.duplicate_review.accept_above, similarity, who) is not None:
        st.toast("Kept one of each, dropped the copies. Undo takes all of it back.")
