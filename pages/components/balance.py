"""Balance: how the examples lie over topics, what a cap and quotas would do to every share, and the button for it."""

import streamlit as st

from workbench.app import session
from workbench.app.plain import counted

PERCENT = {"format": "percent"}
COLUMNS = {
    "group": st.column_config.TextColumn("group", width="large"),
    "share": st.column_config.NumberColumn("share now", **PERCENT),
    "share_left": st.column_config.NumberColumn("share then", **PERCENT),
    "left": st.column_config.NumberColumn("examples then"),
    "thin": st.column_config.CheckboxColumn("thin", help="Less than a quarter of what equal groups would have"),
    "quota": st.column_config.NumberColumn("quota, %", min_value=0, max_value=100, help="Share of what is left"),
}


def apply(project, who: str, by: str, cap, quotas) -> None:
    """Drop what the proposal removes, as one step that can be undone."""
    done = session.attempt(project.balancing.apply, who, by, cap, quotas)
    if done is not None:
        st.toast(f"Dropped {counted(done.dropped, 'example')}; Undo takes that back.")


@st.fragment
def draw_balance(project, who: str) -> None:
    """Draw the shares, the cap and the quotas, what they would do, and the button that does it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = st.segmented_control("By", ["topic", "cluster", "source"], default="topic", key="balance-by") or "topic"
        cap = st.number_input("Most examples a group keeps", min_value=1, value=None, key="balance-cap")
    now = session.attempt(project.balancing.plan, by)
    if now is None or now.effects.is_empty():
        return
    st.caption(
        f"{counted(now.effects.height, by)}, as mixed as {now.effective:.1f} equally large ones;"
        f" {int(now.effects['thin'].sum()):,} thin. A quota is a share of what is left; to give one group more, the"
        " others shrink, lowest quality first. What a person kept one by one stays."
    )
    rows = [{**row, "quota": None} for row in now.effects.iter_rows(named=True)]
    edited = st.data_editor(
        rows,
        hide_index=True,
        key=f"balance-edit-{by}",
        column_order=["group", "examples", "share", "thin", "quota"],
        column_config=COLUMNS,
        disabled=["group", "examples", "share", "thin"],
    )
    wanted = {row["group"]: row["quota"] / 100 for row in edited if row["quota"]}
    if cap is None and not wanted:
        return
    plan = session.attempt(project.balancing.plan, by, cap, wanted)
    if plan is None:
        return
    st.markdown(
        f"**{counted(len(plan.removed), 'example')} would go**: then as mixed as {plan.effective_left:.1f} equally"
        " large groups."
    )
    st.dataframe(
        plan.effects,
        hide_index=True,
        column_order=["group", "share", "share_left", "examples", "left", "removed"],
        column_config=COLUMNS,
    )
    with st.container(horizontal=True):
        if plan.removed:
            text = f"Drop {len(plan.removed):,}"
            st.button(text, type="primary", on_click=apply, args=(project, who, by, cap, wanted), key="balance-apply")
        st.button("Undo", type="tertiary", on_click=session.undo_last, args=(project, who), key="balance-undo")
