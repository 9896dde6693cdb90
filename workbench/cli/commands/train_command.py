"""`workbench train PROJECT`: check, estimate, train, cancel, resume."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.progress import Cancelled
from workbench.cli.answer import json_option, progress_on_stderr, project_argument, settings_given, tell
from workbench.cli.training_lines import comparison_lines, estimate_lines, preference_lines, sweep_lines

if TYPE_CHECKING:
    from pipelines.training.preflight import Preflight
    from workbench.training import RunView, Training


@click.command("train")
@project_argument
@click.option("--base", default="default", show_default=True, help="Base model: default, a hub name, or a folder.")
@click.option(
    "--method",
    type=click.Choice(["lora", "full", "qlora", "prompt-tuning", "dpo"]),
    help="How it is tuned; lora where none is named.",
)
@click.option(
    "--data", type=click.Choice(["curated", "raw"]), default="curated", show_default=True, help="Kept examples, or all."
)
@click.option("--from", "starts_from", metavar="RUN", help="Run whose adapter preference training (dpo) goes on with.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change a setting; repeatable.")
@click.option("--resume", metavar="RUN", help="Go on with a run that was stopped or has died.")
@click.option("--cancel", metavar="RUN", help="Stop a run that is under way; it keeps its best adapter.")
@click.option("--rerun", metavar="RUN", help="Train again from a run's record: its settings, its data.")
@click.option("--sweep", multiple=True, metavar="KEY=V1,V2", help="A run for each value, in turn; repeatable once.")
@click.option("--queue", is_flag=True, help="Wait for the runs that are under way first.")
@click.option("--log", metavar="KIND:DIR", help="Log the run in DIR as well, for mlflow or wandb; sends nothing.")
@click.option("--compare", nargs=2, metavar="OLD NEW", help="Only say what differs between two runs.")
@click.option("--check", is_flag=True, help="Only look at what the trainer would see.")
@click.option("--estimate", is_flag=True, help="Only say what it takes: memory, time, cost, here and on rented GPUs.")
@click.option("--prices", type=click.Path(path_type=Path), help="Price file; else gpu_prices.json of the project.")
@click.option("--force", is_flag=True, help="Start in spite of findings that a person may accept.")
@json_option
def command(
    project: Path,
    base: str,
    method: str | None,
    data: str,
    starts_from: str | None,
    settings: tuple[str, ...],
    resume: str | None,
    cancel: str | None,
    rerun: str | None,
    sweep: tuple[str, ...],
    queue: bool,
    log: str | None,
    compare: tuple[str, str] | None,
    check: bool,
    estimate: bool,
    prices: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Train an adapter on PROJECT's training split and wait for it; the run goes on if this command is stopped."""
    if log and (resume or cancel or rerun or sweep or compare or check or estimate):
        raise click.UsageError("--log belongs to a new run; a resumed one goes on logging where it did.")
    from workbench.project import Project

    with Project.open(project) as opened:
        training = opened.training
        if compare:
            differing = training.compare(*compare)
            tell({"comparison": differing}, comparison_lines(differing), as_json=as_json)
            return
        if cancel:
            training.cancel(cancel)
            run = training.wait(cancel, progress_on_stderr())
            tell({"run": run}, [f"{run.run_id}: {run.state}"], as_json=as_json)
            return
        if rerun:
            run_id = training.rerun(rerun)
        elif resume:
            training.resume(resume)
            run_id = resume
        else:
            named = {"method": method, "starts_from": starts_from}
            given = {name: value for name, value in named.items() if value is not None}
            chosen = training.settings({**settings_given(settings), **given}, base)
            if check or estimate:
                looked = training.check(chosen, data)  # type: ignore[arg-type]
                figures: dict[str, object] = {"preflight": looked}
                lines = _preflight_lines(looked) if check else []
                if estimate:
                    seconds = looked.estimated_seconds
                    taken = training.estimate(chosen, data, prices=prices, seconds_here=seconds)  # type: ignore[arg-type]
                    figures["estimate"] = taken
                    lines += estimate_lines(taken)
                tell(figures, lines, as_json=as_json)
                return
            if sweep:
                grid = {key: str(value).split(",") for key, value in settings_given(sweep).items()}
                ids = training.sweep(chosen, grid, data, force=force)  # type: ignore[arg-type]
                runs = _waited(training, ids, project)
                tell({"runs": runs}, sweep_lines(runs, list(grid)), as_json=as_json)
                return
            after = training.under_way() if queue else []
            run_id = training.start(chosen, data, force=force, after=after, log=log)  # type: ignore[arg-type]
        (run,) = _waited(training, [run_id], project)
        loss = "" if run.best_loss is None else f", best validation loss {run.best_loss:.4f}"
        found = training.diagnosis(run_id)
        said = [
            f"{run.run_id}: {run.state}{loss}",
            *preference_lines(run),
            *(f"{one.sentence} {one.evidence}" for one in found),
        ]
        tell({"run": run, "diagnosis": found}, said, as_json=as_json)


def _waited(training: Training, run_ids: Sequence[str], project: Path) -> list[RunView]:
    """Wait for runs; whoever interrupts the waiting is told that they go on, and how to stop them."""
    try:
        return [training.wait(run_id, progress_on_stderr()) for run_id in run_ids]
    except (KeyboardInterrupt, Cancelled):
        named, place = ", ".join(run_ids), shlex.quote(str(project))
        going = "go" if len(run_ids) > 1 else "goes"
        click.echo(f"\n{named} {going} on in the background; only the waiting was stopped.", err=True)
        click.echo(f"  Watch:  workbench app {place}  (page Train)", err=True)
        for run_id in run_ids:
            click.echo(f"  Cancel: workbench train {place} --cancel {run_id}", err=True)
        sys.exit(130)


def _preflight_lines(looked: Preflight) -> list[str]:
    seconds = "" if looked.estimated_seconds is None else f", about {looked.estimated_seconds:.0f} s on this machine"
    # Escape codes of a terminal in a data set's text are shown, not obeyed.
    shown = [[(visible(text), trained) for text, trained in spans] for spans in looked.sample[:1]]
    return [
        f"{looked.examples:,} examples, {looked.tokens:,} tokens, {looked.supervised:,} of them trained,"
        f" {looked.steps:,} steps{seconds}",
        f"{looked.truncated:,} examples cut at {looked.max_length:,} tokens with {looked.lost:,} trained tokens,"
        f" {looked.vanished:,} with nothing to learn, {looked.padding_share:.1%} padding",
        *(f"blocked: {problem}" for problem in looked.problems),
        *(f"needs --force: {problem}" for problem in looked.to_force),
        *(f"warning: {warning}" for warning in looked.warnings),
        *(["", "The first example as the model reads it; it learns what stands in green.", ""] if shown else []),
        *("".join(click.style(text, fg="green" if trained else None) for text, trained in spans) for spans in shown),
    ]


def visible(text: str) -> str:
    """Write control characters other than line ends as their code, so that a terminal does not obey them."""
    return "".join(c if c in "\n\t" or c.isprintable() else f"\\x{ord(c):02x}" for c in text)
