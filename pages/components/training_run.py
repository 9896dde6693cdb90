"""One run while it goes on and afterwards: figures, curves, what it answers, what its curves say."""

import streamlit as st

from pages.components.results import draw_sentences
from pages.components.texts import texts
from workbench.amounts import GIB, duration, short
from workbench.app import charts, failures, session
from workbench.app.navigation import link
from workbench.app.plain import counted, plain

COLOURS = {"running": "blue", "finished": "green", "cancelled": "orange", "failed": "red", "queued": "gray"}
UNDER_WAY = ("queued", "running")
CHOSEN = {
    "best": "The base model knew this one best:",
    "worst": "The base model knew this one least:",
    "random": "Drawn by chance:",
}


def draw_run(project, run_id: str) -> None:
    """Draw one run: its state, its loss and what can be done with it."""
    run = project.training.run(run_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(run.state, color=COLOURS.get(run.state, "gray"))
        kind = "preference pair" if run.method == "dpo" else "example"
        about = f"{run.data} data, {counted(run.train_examples, kind)}, base {run.base}"
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
    with st.container(horizontal=True):
        for name, value in figures(metrics, run):
            st.metric(name, value, border=True, width="content")
    charts.loss_curve(metrics)
    with st.expander("More curves: learning rate, gradient norm, distance from the base model (KL)"):
        charts.curves(metrics, ("learning_rate", "gradient_norm", "kl_task", "preference_accuracy", "reward_margin"))
    draw_diagnosis(project.training.diagnosis(run_id), run)
    if run.state == "finished":
        draw_moves(failures.moves_of_run(project, run_id))
    draw_samples(project.training.samples(run_id))


def figures(metrics, run) -> list[tuple[str, str]]:
    """Return names and values of what a run is doing now."""
    last = {name: metrics[name].drop_nulls() for name in metrics.columns}
    shown = [("Step", f"{metrics['step'].max():,}"), ("Epoch", f"{metrics['epoch'].max() or 0:.2f}")]
    if run.best_loss is not None:
        shown.append(("Best validation loss", f"{run.best_loss:.3f}"))
    if len(last["preference_accuracy"]) and run.result:
        shown += preferences(run.result)
    if len(last["tokens_per_second"]):
        shown.append(("Tokens a second", f"{last['tokens_per_second'].median():,.0f}"))
    if len(last["padding_share"]):
        shown.append(("Padding", f"{last['padding_share'].mean():.1%}"))
    if len(last["memory"]):
        shown.append(("Memory", f"{last['memory'].max() / GIB:.2f} GiB"))
    if run.state in UNDER_WAY and len(last["seconds_left"]):
        shown.append(("Time left", duration(last["seconds_left"][-1])))
    return shown


def preferences(result) -> list[tuple[str, str]]:
    """Return how often a preference run is right about the validation pairs, and by how much."""
    if result.get("preference_accuracy") is None:
        return []
    low, high = result["preference_low"], result["preference_high"]
    interval = "" if low is None else f" ({low:.0%} to {high:.0%})"
    return [
        ("Chosen answer preferred", f"{result['preference_accuracy']:.0%}{interval}"),
        ("Reward margin", f"{result['reward_margin']:.3f}"),
    ]


def draw_diagnosis(found, run) -> None:
    """Draw what the curves say, once the run is over."""
    if run.state in UNDER_WAY:
        return
    for one in found:
        show = st.success if one.kind == "no trouble" else st.warning
        show(f"{plain(one.sentence)} {plain(one.evidence)}")


def draw_moves(found) -> None:
    """Draw which kinds of examples the run's model fails on more or less often than the model before it."""
    if found is None:
        return
    before, sentences = found
    st.markdown(f"**What moved since {plain(before)}**")
    if sentences:
        draw_sentences(sentences)
    else:
        st.caption("No slice is known to have moved.")


def draw_samples(rows) -> None:
    """Draw what the model answers to the fixed prompts, as it was at first and as it is now."""
    if not rows:
        return
    with st.expander(f"What it answers to {counted(len(rows[-1]['samples']), 'validation prompt')}"):
        first = {one["prompt"]: one["text"] for one in rows[0]["samples"]}
        for place, one in enumerate(rows[-1]["samples"]):
            st.caption(CHOSEN.get(one["kind"], plain(one["kind"])))
            answers = [
                {"title": "reference", "text": one["reference"]},
                {"title": f"step {rows[0]['step']}", "text": first.get(one["prompt"], "")},
                {"title": f"step {rows[-1]['step']}", "text": one["text"]},
            ]
            texts(f"sample-{place}", answers, [{"role": "prompt", "content": one["prompt"]}])


def draw_comparison(project, run_id: str, others: list[str]) -> None:
    """Draw what differs between a run and another one of the project."""
    if not others:
        return
    with st.expander("Compare with another run"):
        other = st.selectbox("Other run", others, key="other-run", width=360)
        found = project.training.compare(other, run_id)
        parts = {"setting": found.settings, "record": found.record, "result": found.results}
        rows = [(part, name, *pair) for part, names in parts.items() for name, pair in names.items()]
        columns = zip(*rows, strict=True) if rows else ((), (), (), ())
        names = ("what", "name", other, run_id)
        st.dataframe(
            {name: [short(value) for value in column] for name, column in zip(names, columns, strict=True)},
            hide_index=True,
        )
        st.caption(
            f"Training data: {counted(len(found.added), 'example')} added, {len(found.removed):,} removed,"
            f" {len(found.edited):,} edited."
        )
        changed = {"added": found.added, "removed": found.removed, "edited": [new for _, new in found.edited]}
        listed = [(change, example) for change, ids in changed.items() for example in ids]
        if listed:
            st.dataframe(
                {"change": [change for change, _ in listed], "example_id": [example for _, example in listed]},
                hide_index=True,
            )
