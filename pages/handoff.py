"""Hand a tuned model off to what serves or distributes it."""

import streamlit as st

from workbench.app import handoffs, session
from workbench.app.plain import plain
from workbench.app.watching import finished, watch


def draw_form(project, runs) -> None:
    """Draw the choice of run, target and folder, and the button."""
    targets = project.handing_off.targets()
    left, right = st.columns(2)
    run_id = left.selectbox("Run", runs, key="handoff-run")
    target = right.selectbox("For", list(targets), format_func=targets.get, key="handoff-target")
    folder = st.text_input(
        "Folder", str(project.folder / "exports" / f"{run_id}-{target}"), key=f"handoff-folder-{run_id}-{target}"
    )
    base_name = st.text_input(
        "Name of the base model for others",
        help="Where others find the base model, if it is a folder of this machine. Empty: its own name.",
    )
    if st.button("Hand off", type="primary", icon=":material/outbox:"):
        with session.errors_shown():
            handoffs.start_handoff(project, run_id, folder, target, base_name)
            st.rerun()
    with st.expander("The same from the command line"):
        to = handoffs.quoted(folder)
        text = f"workbench handoff {handoffs.quoted(project.folder)} {run_id} --to {to} --target {target}"
        st.code(text, language="bash", wrap_lines=True)
        st.caption("Check it there, or on another machine that has the workbench:")
        st.code(f"workbench verify {to}", language="bash", wrap_lines=True)


def draw_outcome(report) -> None:
    """Draw what was made."""
    st.success(plain(handoffs.outcome(report)), icon=":material/check_circle:")
    st.dataframe(handoffs.file_rows(report), hide_index=True)


session.page_head("Hand off", "The adapter, a merged model, GGUF, or what Ollama, vLLM and TGI are started with.")
project = session.current_project()
runs = handoffs.runs_with_adapter(project)
if not runs:
    session.empty("There is no tuned model yet.", "Train one first.", "train", "Train")
    st.stop()
if not watch(project, handoffs.HANDOFF):
    report = finished(project, handoffs.HANDOFF)
    if report is not None:
        draw_outcome(report)
    draw_form(project, runs)
