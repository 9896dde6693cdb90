"""What the trainer would see: findings with their examples, figures, and the first batches, trained text marked."""

import streamlit as st

from pages.components.trained_text import trained_text
from workbench.app.plain import counted, plain


def draw_check(found) -> None:
    """Draw a preflight."""
    for finding in found.findings:
        if finding.level == "red":
            st.error(plain(finding.message), icon=":material/block:")
        else:
            st.warning(plain(finding.message), icon=":material/pan_tool:" if finding.needs_force else None)
        if finding.examples:
            with st.expander(f"{counted(len(finding.examples), 'example')}: {finding.kind}"):
                st.dataframe({"number": finding.examples, "example_id": finding.example_ids}, hide_index=True)
    if not found.sample:
        return
    if not found.problems:
        st.success(
            f"{counted(found.examples, 'example')}, {counted(found.tokens, 'token')}, {found.supervised:,} of them"
            f" trained, {counted(found.steps, 'step')}."
        )
    all_examples = max(1, found.examples + found.vanished)
    with st.container(horizontal=True):
        st.metric("Cut", f"{found.truncated / all_examples:.1%}", border=True, width="content")
        lost = found.lost / max(1, found.lost + found.supervised)
        st.metric("Trained tokens lost", f"{lost:.1%}", border=True, width="content")
        st.metric("Nothing to learn", f"{found.vanished / all_examples:.1%}", border=True, width="content")
        st.metric("Padding", f"{found.padding_share:.1%}", border=True, width="content")
    st.caption("The first batches as the model reads them; it learns only what is marked.")
    for tab, spans, name in zip(st.tabs(found.titles), found.sample, found.titles, strict=True):
        with tab:
            trained_text(spans, key=f"trained-{name}")
