"""How hard the answers are for the base model: the button that measures a sample, and the hardest ones."""

import streamlit as st

from workbench.app import difficulties, session
from workbench.app.plain import counted, plain
from workbench.app.watching import watch

SAMPLE = 500


def start(project, base: str, sample: int) -> None:
    """Start to measure."""
    session.attempt(difficulties.start_measuring, project, base, sample)


@st.fragment
def draw_difficulty(project) -> None:
    """Draw what was measured, the examples whose prompt helps least, and the form that measures."""
    st.caption(
        "How much a prompt helps the base model to foresee its answer (IFD), and how surprising the answer is"
        " (perplexity). This is what there is to learn, not how good an example is: an IFD of 1 or more can be a prompt"
        " that has nothing to do with its answer, or something wholly new."
    )
    if watch(project, difficulties.WORK):
        return
    figures = project.curation.stages_run().get("difficulty")
    if figures is not None:
        draw_figures(project, figures)
    with st.form("difficulty"):
        left, right = st.columns([3, 1], vertical_alignment="bottom")
        base = left.text_input("Base model", "default", help="A name or folder of a model on this machine.")
        sample = right.number_input("Examples", 1, 1_000_000, SAMPLE)
        if st.form_submit_button("Measure", icon=":material/play_arrow:"):
            start(project, base, int(sample))
            st.rerun()


def draw_figures(project, figures) -> None:
    """Draw the figures of the last measurement and its hardest examples."""
    with st.container(horizontal=True):
        st.metric("Measured", f"{figures['sampled'] - figures['without']:,}")
        if figures["median_ifd"] is not None:
            st.metric("Median IFD", f"{figures['median_ifd']:.2f}")
            st.metric("Median perplexity", f"{figures['median_perplexity']:,.1f}")
        st.metric("Prompt does not help", f"{figures['prompt_does_not_help']:,}", help="IFD of 1 or more")
    if figures["without"]:
        st.caption(f"{counted(figures['without'], 'example')} had an answer too short to measure, or one too long.")
    st.caption(f"By {plain(figures['base'])}. The highest first; the table `difficulty` holds all.")
    st.dataframe(
        project.curation.hardest(),
        hide_index=True,
        column_order=["ifd", "perplexity", "prompt", "completion"],
        column_config={
            "ifd": st.column_config.NumberColumn("IFD", format="%.2f"),
            "perplexity": st.column_config.NumberColumn("perplexity", format="%.1f"),
            "prompt": st.column_config.TextColumn("prompt", width="large"),
            "completion": st.column_config.TextColumn("answer", width="large"),
        },
    )
