"""`workbench handoff PROJECT RUN --to DIR`."""

from pathlib import Path

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
@json_option
def command(project: Path, run: str, out: Path, target: str, base_name: str, as_json: bool) -> None:
    """Write what serves or distributes RUN's model: adapter, merged model, GGUF, Modelfile or command lines."""
    from workbench.project import Project

    with Project.open(project) as opened:
        report = opened.handing_off.hand_off(run, out, target, base_name=base_name, progress=progress_on_stderr())
    lines = [f"{report.folder}: {', '.join(report.files)}", f"base model: {report.base}"]
    if report.same_answers is not None:
        lines.append(
            f"loaded again: {report.same_answers} of {report.probes} greedy answers the same,"
            f" logits differ by {report.largest_difference:.2g} at most"
        )
    tell({"handoff": report}, lines, as_json=as_json)
