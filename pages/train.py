"""Start a training run, watch its loss, cancel and resume it."""

import streamlit as st

from pages.components.training_check import draw_check
from pages.components.training_estimate import draw_estimate
from pages.components.training_run import UNDER_WAY, draw_comparison, draw_run
from workbench.app import session
from workbench.app.forms import changed_values, command_line, draw_fields, other_fields
from workbench.app.plain import counted, plain

MAIN_FIELDS = ("base", "epochs", "learning_rate", "rank", "batch_size", "seed")
SOFT_PROMPT_FIELDS = ("base", "epochs", "learning_rate", "virtual_tokens", "batch_size", "seed")
PREFERENCE_FIELDS = ("base", "epochs", "learning_rate", "beta", "batch_size", "seed")
NOT_FIELDS = ("method", "starts_from", "reason")
METHODS = {
    "lora": "Adapter on examples (LoRA)",
    "qlora": "Adapter on a quantised base (QLoRA)",
    "prompt-tuning": "Soft prompt",
    "full": "All weights",
    "dpo": "Adapter on preference pairs (DPO)",
}
DATA = {"curated": "Curated: what was kept", "raw": "Raw: everything imported, for comparison"}


def draw_new_run(project) -> None:
    """Draw the settings of a new run, what they would train on, and the button that starts it."""
    method = st.segmented_control("Method", list(METHODS), format_func=METHODS.get, default="lora", required=True)
    data = st.segmented_control("Data", list(DATA), format_func=DATA.get, default="curated", required=True)
    chosen = {"method": method} if method != "lora" else {}
    if method == "dpo":
        chosen |= draw_pairs(project, data)
    with session.errors_shown():
        proposed = project.training.settings(chosen)
        draw_settings(project, data, chosen, proposed)


def draw_pairs(project, data) -> dict[str, str]:
    """Draw which pairs there are and from which run they would start; returns that choice."""
    train, held_out = (project.training.pairs(data, split) for split in ("train", "validation"))
    st.caption(
        f"{counted(len(train.pairs), 'pair')} to train on ({train.imported:,} imported, {train.rated:,} rated),"
        f" {len(held_out.pairs):,} to validate on ({held_out.imported:,} imported, {held_out.rated:,} rated). Ratings"
        " are of held-out examples, so that they validate; pairs to train on are imported with a rejected answer."
    )
    names = {run.run_id: f"{run.run_id} · {run.method} · {run.data}" for run in project.training.to_start_from()}
    run = st.selectbox("Starts from", ["", *names], format_func=lambda run: names.get(run, "the base model"), width=360)
    return {"starts_from": run} if run else {}


def draw_settings(project, data, chosen, proposed) -> None:
    """Draw the settings of a method, and what starts or checks a run with them."""
    key = "-".join(["train", *chosen.values()])
    main = {"dpo": PREFERENCE_FIELDS, "prompt-tuning": SOFT_PROMPT_FIELDS}.get(proposed.method, MAIN_FIELDS)
    values = draw_fields(proposed, main, key)
    with st.expander("All settings"):
        if proposed.reason:
            st.caption(f"Why these are proposed: {plain(proposed.reason)}")
        values |= draw_fields(proposed, other_fields(proposed, main, NOT_FIELDS), f"{key}-more")
    changed = chosen | changed_values(proposed, values)
    with st.container(horizontal=True, vertical_alignment="center"):
        start = st.button("Start training", type="primary", icon=":material/play_arrow:")
        check = st.button("Check the data first")
        queue = st.toggle("After the runs under way", help="The run waits until those that are going on are over.")
        force = st.toggle("Start in spite of warnings", help="Findings marked by a hand stop a run unless this is on.")
    with st.expander("The same from the command line"):
        st.code(command_line("train", str(project.folder), changed), language="bash", wrap_lines=True)
    with session.errors_shown():
        settings = project.training.settings(changed, values["base"])
        if start:
            after = project.training.under_way() if queue else ()
            st.session_state["run"] = project.training.start(settings, data, force=force, after=after)
            st.rerun()
        if check:
            found = project.training.check(settings, data)
            draw_check(found)
            if found.ok:
                draw_estimate(project.training.estimate(settings, data, seconds_here=found.estimated_seconds))


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
    "Train", "Tune the base model on the training split; the loss on the validation split says when to stop."
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
    with session.errors_shown():
        draw_comparison(project, run_id, [name for name in names if name != run_id])
    st.header("Another run", anchor=False)
    with st.expander("Settings of a new run"):
        draw_new_run(project)
else:
    draw_new_run(project)
