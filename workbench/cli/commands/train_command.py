"""`workbench train PROJECT`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli.answer import json_option, progress_on_stderr, project_argument, settings_given, tell

if TYPE_CHECKING:
    from pipelines.training.preflight import Preflight


@click.command("train")
@project_argument
@click.option("--base", default="default", show_default=True, help="Base model: default, a hub name, or a folder.")
@click.option("--method", type=click.Choice(["lora"]), default="lora", show_default=True, help="How it is tuned.")
@click.option(
    "--data", type=click.Choice(["curated", "raw"]), default="curated", show_default=True, help="Kept examples, or all."
)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change a setting; repeatable.")
@click.option("--resume", metavar="RUN", help="Go on with a run that was stopped or has died.")
@click.option("--check", is_flag=True, help="Only look at what the trainer would see.")
@json_option
def command(
    project: Path,
    base: str,
    method: str,
    data: str,
    settings: tuple[str, ...],
    resume: str | None,
    check: bool,
    as_json: bool,
) -> None:
    """Train an adapter on PROJECT's training split and wait for it; the run goes on if this command is stopped."""
    from workbench.project import Project

    with Project.open(project) as opened:
        training = opened.training
        if resume:
            training.resume(resume)
            run_id = resume
        else:
            chosen = training.settings({**settings_given(settings), "method": method}, base)
            if check:
                looked = training.check(chosen, data)  # type: ignore[arg-type]
                tell({"preflight": looked}, _preflight_lines(looked), as_json=as_json)
                return
            run_id = training.start(chosen, data)  # type: ignore[arg-type]
        run = training.wait(run_id, progress_on_stderr())
        loss = "" if run.best_loss is None else f", best validation loss {run.best_loss:.4f}"
        tell({"run": run}, [f"{run.run_id}: {run.state}{loss}"], as_json=as_json)


def _preflight_lines(looked: Preflight) -> list[str]:
    seconds = "" if looked.estimated_seconds is None else f", about {looked.estimated_seconds:.0f} s on this machine"
    return [
        f"{looked.examples:,} examples, {looked.tokens:,} tokens, {looked.supervised:,} of them trained,"
        f" {looked.steps:,} steps{seconds}",
        f"{looked.truncated:,} examples cut at {looked.max_length:,} tokens, {looked.vanished:,} with nothing to learn",
        *(f"problem: {problem}" for problem in looked.problems),
        *(f"warning: {warning}" for warning in looked.warnings),
    ]
