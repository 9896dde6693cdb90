"""Leaving out the worst share: what it would remove, beside other ways of the same size, and the button for it."""

import streamlit as st

from workbench.app import session
from workbench.app.plain import counted


def drop(project, share: float, who: str) -> None:
    """Drop the worst share, as one step that can be undone."""
    done = session.attempt(project.selecting.drop, share, who)
    if done is not None:
        st.toast(f"Dropped {counted(done.dropped, 'example')}; Undo takes that back.")


@st.fragment
def draw_worst(project, who: str) -> None:
    """Draw what leaving out a share would remove, and the button that does it."""
    share = st.slider("Share to leave out, %", 1, 50, 10, key="worst-share") / 100
    plan = session.attempt(project.selecting.plan, share)
    if plan is None:
        return
    count = len(plan.removed["worst"])
    st.caption(
        f"{counted(count, 'example')} of {plan.pool:,} (those not dropped yet and not kept by a person one by one)."
        " Most ways of selecting do no better than chance, or than keeping the longest answers. So the table says what"
        " those two would remove."
    )
    with st.container(horizontal=True):
        if count:
            text = f"Drop the worst {count:,}"
            st.button(text, type="primary", on_click=drop, args=(project, share, who), key="drop-worst")
        st.button("Undo", type="tertiary", on_click=session.undo_last, args=(project, who), key="undo-worst")
    if not count:
        return
    st.dataframe(
        [
            {"what goes": f"the {way}" if way != "random" else "a random share", **means}
            for way, means in plan.means.items()
        ],
        hide_index=True,
        column_config={
            "quality": st.column_config.NumberColumn("mean quality", format="%.2f"),
            "tokens": st.column_config.NumberColumn("mean tokens", format="%.0f"),
        },
    )
    with st.expander("How many would go from each source and cluster"):
        st.dataframe(
            plan.effects,
            hide_index=True,
            column_config={"worst": "worst goes", "random": "random goes", "shortest": "shortest goes"},
        )
    st.caption("The first that would go:")
    st.dataframe(
        project.selecting.sample(plan),
        hide_index=True,
        column_order=["quality", "reason", "prompt", "completion", "source"],
        column_config={"quality": st.column_config.NumberColumn("quality", format="%.2f")},
    )
