"""`workbench export PROJECT --out DIR`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, progress_on_stderr, project_argument, tell


@click.command("export")
@project_argument
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write into.")
@click.option(
    "--format", default="chat", show_default=True, help="chat, prompt-completion, alpaca, sharegpt, csv, parquet."
)
@json_option
def command(project: Path, out: Path, format: str, as_json: bool) -> None:
    """Write PROJECT's current version: train, validation and test files, manifest.json and a data card."""
    from workbench.project import Project

    with Project.open(project) as opened:
        report = opened.exporting.export(out, format, progress_on_stderr())
        lines = [f"{path}: {rows:,} examples" for path, rows, _ in report.files.values()]
        if report.left_out:
            lines.append(f"{report.left_out:,} examples cannot be carried by this format; see manifest.json")
        files = {
            split: {"path": path, "rows": rows, "sha256": sha256}
            for split, (path, rows, sha256) in report.files.items()
        }
        figures = {"folder": report.folder, "version": report.version, "files": files, "left_out": report.left_out}
        tell(figures, lines, as_json=as_json)
