"""`workbench handoff PROJECT RUN --to DIR`."""

from pathlib import Path
from typing import Any

import click

from workbench.cli.answer import json_option, progress_on_stderr, project_argument, tell


@click.command("handoff")
@project_argument
@click.argument("run")
@click.option("--to", "out", required=True, type=click.Path(path_type=Path), help="Folder to write into.")
@click.option(
    "--target",
    type=click.Choice(["hf", "merged", "gguf", "ollama", "vllm"]),
    default="hf",
    show_default=True,
    help="What it is for.",
)
@click.option("--base-name", default="", help="Where others find the base model, if it is a folder of this machine.")
@click.option("--push", "name", help="Also show what would be sent to this repository of the Hugging Face Hub.")
@click.option("--private", is_flag=True, help="With --push: for its owner's eyes only, if the repository is new.")
@click.option("--yes", is_flag=True, help="With --push: send it.")
@json_option
def command(
    project: Path,
    run: str,
    out: Path,
    target: str,
    base_name: str,
    name: str | None,
    private: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Write what serves or distributes RUN's model: adapter, merged model, GGUF, Modelfile or command lines.

    Nothing leaves this machine unless --push and --yes are both given.
    """
    if (private or yes) and name is None:
        raise click.UsageError("--private and --yes belong to --push NAME.")
    from workbench.handing_off import check_name, plan_push, push
    from workbench.project import Project

    if name is not None:
        check_name(name)
    with Project.open(project) as opened:
        report = opened.handing_off.hand_off(run, out, target, base_name=base_name, progress=progress_on_stderr())
    lines = [f"{report.folder}: {', '.join(report.files)}", f"base model: {report.base}"]
    if report.same_answers is not None:
        lines.append(
            f"loaded again: {report.same_answers} of {report.probes} greedy answers the same,"
            f" logits differ by {report.largest_difference:.2g} at most"
        )
    figures: dict[str, Any] = {"handoff": report}
    if name is not None:
        plan = plan_push(report.folder, name, private=private)
        sent = push(report.folder, plan) if yes else None
        figures["push"] = {"name": name, "private": private, "files": plan.files, "size": plan.size, "sent": sent}
        lines += [f"{size:>14,}  {file}" for file, size in plan.files.items()]
        seen = "private" if private else "public"
        lines.append(f"{plan.size:>14,}  bytes for {name} on the Hugging Face Hub, {seen}")
        lines.append(f"sent: {sent}" if sent else "Nothing was sent; the same with --yes sends it.")
    tell(figures, lines, as_json=as_json)
