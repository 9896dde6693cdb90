"""`workbench restore FILE PROJECT`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, progress_on_stderr, project_argument, tell


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@project_argument
@click.option("--most-bytes", type=click.IntRange(1), help="Refuse a backup that unpacks to more (default: 200 GiB).")
@json_option
def command(file: Path, project: Path, most_bytes: int | None, as_json: bool) -> None:
    """Make the new folder PROJECT of a backup FILE; every file is checked against its hash."""
    from workbench.backup import MOST_BYTES, restore

    report = restore(file, project, most_bytes=most_bytes or MOST_BYTES, progress=progress_on_stderr())
    lines = [f"{report.folder}: {report.files:,} files of a backup of {report.made_at} UTC"]
    tell(report.__dict__, lines, as_json=as_json)
