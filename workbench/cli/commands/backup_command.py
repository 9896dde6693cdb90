"""`workbench backup PROJECT --out FILE`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, progress_on_stderr, project_argument, tell


@click.command("backup")
@project_argument
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The file to write, such as project.zip.")
@click.option(
    "--without",
    multiple=True,
    type=click.Choice(["runs", "evaluations", "exports"]),
    help="Leave that part out; repeatable.",
)
@json_option
def command(project: Path, out: Path, without: tuple[str, ...], as_json: bool) -> None:
    """Write PROJECT with its decisions, versions, runs, evaluations and exports into one file.

    While the app has PROJECT open, use the app's Back up button on the overview instead.
    """
    from workbench.backup import PARTS
    from workbench.project import Project

    with Project.open(project) as opened:
        parts = [part for part in PARTS if part not in without]
        report = opened.backup.write(out, parts, progress_on_stderr())
        lines = [f"{report.file}: {report.files:,} files, {report.bytes:,} bytes unpacked"]
        lines += [f"left out: {name}" for name in report.left_out]
        tell(report.__dict__, lines, as_json=as_json)
