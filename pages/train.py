"""Start a training run, watch its loss, cancel and resume it."""

import streamlit as st

from pages.components.training_check import draw_check
from pages.components.training_estimate import draw_estimate
from workbench.app import charts, session
from workbench.app.forms import changed_values, command_line, draw_fields, other_fields
from workbench.app.navigation import link
from workbench.app.plain import counted, plain

MAIN_FIELDS = ("base", "epochs", "learning_rate", "rank", "batch_size", "seed")
NOT_FIELDS = ("method", "reason")
DATA = {"curated": "Curated: what was kept", "raw": "Raw: everything imported, for comparison"}
COLOURS = {"running": "blue", "finished": "green", "cancelled": "orange", "failed": "red", "queued": "gray"}
UNDER_WAY = ("queued", "running")


def draw_new_run(project) -> None:
    """Draw the settings of a new run, what they would train on, and the button that starts it."""
    proposed = project.training.defaults()
    data = st.segmented_control("Data", list(DATA), format_func=DATA.get, default="curated", required=True)
    values = draw_fields(proposed, MAIN_FIELDS, "train")
    if proposed.reason:
        st.caption(plain(proposed.reason))
    with st.expander("All settings"):
        values |= draw_fields(proposed, other_fields(proposed, MAIN_FIELDS, NOT_FIELDS), "train-more")
    changed = changed_values(proposed, values)
    with st.container(horizontal=True):
        start = st.button("Start training", type="primary", icon=":material/play_arrow:")
        check = st.button("Check the data first")
        force = st.toggle("Start in spite of warnings", help="Findings marked by a hand stop a run unless this is on.")
    with st.expander("The same from the command line"):
        st.code(command_line("train", str(project.folder), changed), language="bash", wrap_lines=True)
    with session.errors_shown():
        settings = project.training.settings(changed, values["base"])
        if start:
            st.session_state["run"] = project.training.start(settings, data, force=force)
            st.rerun()
        if check:
            found = project.training.check(settings, data)
            draw_check(found)
            if found.ok:
                draw_estimate(project.training.estimate(settings, data, seconds_here=found.estimated_seconds))


def draw_run(project, run_id: str) -> None:
    """Draw one run: its state, its loss and what can be done with it."""
    run = project.training.run(run_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(run.state, color=COLOURS.get(run.state, "gray"))
        about = f"{run.data} data, {counted(run.train_examples, 'example')}, base {run.base}"
        st.caption(plain(about), width="content")
        if run.state in UNDER_WAY:
            act = {"on_click": session.attempt, "args": (project.training.cancel, run_id)}
            st.button("Cancel", icon=":material/stop:", key="cancel-run", **act)
        elif run.state in ("cancelled", "failed"):
            act = {"on_click": session.attempt, "args": (project.training.resume, run_id)}
            st.button("Resume", icon=":material/play_arrow:", key="resume-run", type="primary", **act)
        elif run.state == "finished":
            link("compare", "Compare it with the base model", ":material/arrow_forward:")
    if run.error is not None:
        session.show_error(run.error)
    if run.state in UNDER_WAY:
        st.progress(run.progress, text=plain(run.message) or "Starting")
    metrics = project.training.metrics(run_id)
    if metrics.is_empty():
        st.caption("The loss appears here after the first steps.")
        return
    speed = metrics["tokens_per_second"].drop_nulls()
    with st.container(horizontal=True):
        st.metric("Step", f"{metrics['step'].max():,}", border=True, width="content")
        st.metric("Epoch", f"{metrics['epoch'].max() or 0:.2f}", border=True, width="content")
        if run.best_loss is not None:
            st.metric("Best validation loss", f"{run.best_loss:.3f}", border=True, width="content")
        if len(speed):
            st.metric("Tokens a second", f"{speed.median():,.0f}", border=True, width="content")
    charts.loss_curve(metrics)


def watch_run(project, run_id: str) -> None:
    """Draw a run, again every second while it is under way; the page follows when it ends or goes on."""
    going = project.training.run(run_id).state in UNDER_WAY

    @st.fragment(run_every=1.0 if going else None)
    def look() -> None:
        with session.errors_shown():
            draw_run(project, run_id)
            if going != (project.training.run(run_id).state in UNDER_WAY):
                st.rerun()

    look()


session.page_head(
    "Train", "LoRA-tune the base model on the training split; its loss on the validation split says when to stop."
)
project = session.current_project()
runs = project.training.runs()
if project.splitting.current() is None:
    session.empty("There is nothing to train on yet.", "Split the kept examples first.", "split", "Split them")
    st.stop()

if runs:
    names = {run.run_id: f"{run.run_id} · {run.data} · {run.started_at:%d %b %H:%M}" for run in runs}
    chosen = st.session_state.get("run")
    start = list(names).index(chosen) if chosen in names else 0
    run_id = st.selectbox("Run", list(names), index=start, format_func=names.get, width=360)
    st.session_state["run"] = run_id
    watch_run(project, run_id)
    st.header("Another run", anchor=False)
    with st.expander("Settings of a new run"):
        draw_new_run(project)
else:
    draw_new_run(project)
