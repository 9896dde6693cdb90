"""Look through duplicate groups, see what differs, and choose who stays."""

import streamlit as st

from pages.components.duplicate_pairs import draw_alike, draw_threshold
from pages.components.texts import texts
from workbench.app import session
from workbench.app.plain import counted, plain
from workbench.app.stages import draw_run_button, nothing_found_yet

KINDS = {None: "All", "exact": "Exact", "near": "Near", "semantic": "Same meaning"}
WORDS = {"exact": "exact copy", "near": "near copy", "semantic": "same meaning"}
GROUPS = 50
PARTS = ("Groups", "Threshold", "Alike, not the same")
MOVED = "groups-moved"


def title_of(project, kind) -> str:
    """Return the title of a kind with the number of its groups."""
    return f"{KINDS[kind]} {project.curation.group_count(kind):,}"


def keep_one(project, group_id: str, example_id: str, who: str) -> None:
    """Keep one member of the group and drop the others."""
    if session.attempt(project.curation.choose_representative, group_id, example_id, who) is not None:
        st.session_state[MOVED] = st.session_state.get(MOVED, 0) + 1
        st.toast("Kept this one, dropped the others.")


def keep_all(project, group_id: str, who: str) -> None:
    """Keep every member of the group."""
    if session.attempt(project.curation.keep_all, group_id, who) is not None:
        st.session_state[MOVED] = st.session_state.get(MOVED, 0) + 1
        st.toast("Kept all of them.")


def draw_groups(project) -> str | None:
    """Draw the list of groups, and return the id of the one that is chosen."""
    kind = st.segmented_control(
        "Kind", list(KINDS), format_func=lambda kind: title_of(project, kind), label_visibility="collapsed", key="kind"
    )
    total = project.curation.group_count(kind)
    page = st.pagination(-(-total // GROUPS), key=f"groups-page-{kind}") if total > GROUPS else 1
    groups = project.curation.duplicate_groups(kind, limit=GROUPS, offset=GROUPS * (page - 1))
    if groups.is_empty():
        st.caption("There is no group of this kind.")
        return None
    chosen = st.dataframe(
        groups,
        hide_index=True,
        height=min(620, 40 + 35 * len(groups)),
        on_select=lambda: st.session_state.pop(MOVED, None),
        selection_mode="single-row",
        key=f"groups-{kind}-{page}",
        column_order=["size", "prompt", "kind", "similarity"],
        column_config={
            "size": st.column_config.NumberColumn("size", width=50),
            "prompt": st.column_config.TextColumn("prompt", width=165),
            "kind": st.column_config.TextColumn("kind", width=70),
            "similarity": st.column_config.NumberColumn("alike", format="%.2f", width=60),
        },
    ).selection.rows
    at = (chosen[0] if chosen else 0) + st.session_state.get(MOVED, 0)  # a decision moves on to the next group
    return groups["group_id"][at % len(groups)]


def draw_group(project, group_id: str, who: str) -> None:
    """Draw a group's members, the representative first, with what differs from it marked."""
    members = project.curation.duplicate_group(group_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{counted(len(members), 'example')}**", width="content")
        keep_first = (project, group_id, members[0].example_id, who)
        st.button("Accept: keep the first", on_click=keep_one, args=keep_first, type="primary", shortcut="a")
        st.button("Keep all, not the same", on_click=keep_all, args=(project, group_id, who), shortcut="k")
        st.button("Undo", on_click=session.undo_last, args=(project, who), type="tertiary", shortcut="u")
    first = members[0]
    for place, member in enumerate(members):
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                alike = f"{WORDS.get(member.kind, member.kind)}, {member.similarity:.2f} alike"
                about = alike if place else "Stands for the group"
                st.markdown(f"**{about}** · {member.state} · {plain(member.source)}:{member.line}", width="stretch")
                label = "Keep only this one"
                st.button(
                    label, key=f"keep-{place}", on_click=keep_one, args=(project, group_id, member.example_id, who)
                )
            sides = [("Prompt", member.prompt, first.prompt), ("Completion", member.completion, first.completion)]
            for title, text, against in sides:
                texts(f"{title}-{place}", [{"title": title, "text": text}], against=against if place else None)


session.page_head("Duplicates", "Groups of examples that say the same. One of each stays; what differs is marked.")
project = session.current_project()
merged = project.overview.funnel()
copies = merged.imported - merged.pending - merged.kept - merged.dropped - merged.flagged
if copies > 0:
    st.caption(f"{counted(copies, 'line')} said exactly the same as another one and became one example when imported.")
if nothing_found_yet(project, "duplicates", "Exact copies, near copies and paraphrases then stand here as groups."):
    st.stop()
part = st.segmented_control("Part", PARTS, default=PARTS[0], label_visibility="collapsed", key="part") or PARTS[0]
if part == PARTS[1]:
    draw_threshold(project, session.reviewer_name())
    st.stop()
if part == PARTS[2]:
    draw_alike(project)
    st.stop()
if not project.curation.group_count():
    session.empty("No duplicates were found.", "Every example differs from the others.", "quality", "Go on to quality")
    st.stop()

left, right = st.columns([9, 11], gap="medium")
with left:
    group = draw_groups(project)
    draw_run_button(project, "Run again")
with right:
    if group is not None:
        draw_group(project, group, session.reviewer_name())
