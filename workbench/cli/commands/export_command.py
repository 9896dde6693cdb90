"""`workbench export PROJECT --out DIR`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, progress_on_stderr, project_argument, tell


def _list(context: click.Context, option: click.Parameter, asked: bool) -> None:
    """Print the formats and what each leaves out, then stop."""
    if not asked:
        return
    from pipelines.exports.registry import layouts

    for layout in layouts().values():
        click.echo(f"{layout.name}: {layout.description}")
        if layout.not_carried:
            click.echo(f"    leaves out: {', '.join(layout.not_carried)}")
    context.exit()


@click.command("export")
@project_argument
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write into.")
@click.option(
    "--format",
    default="chat",
    show_default=True,
    help="chat, prompt-completion, alpaca, sharegpt, csv, parquet, or a tool's, such as axolotl; --list shows all.",
)
@click.option("--list", "listed", is_flag=True, expose_value=False, is_eager=True, callback=_list, help="List formats.")
@json_option
def command(project: Path, out: Path, format: str, as_json: bool) -> None:
    """Write PROJECT's current version as files, with manifest.json and a data card.

    General formats have a file for train, validation and test each. A format for a trainer or a service gets train and
    validation only, since the test split is sealed, and the trainer's configuration with a run.sh beside them.
    """
    from workbench.project import Project

    with Project.open(project) as opened:
        report = opened.exporting.export(out, format, progress_on_stderr())
        lines = [f"{path}: {rows:,} examples" for path, rows, _ in report.files.values()]
        if report.left_out:
            lines.append(f"{report.left_out:,} examples cannot be carried by this format; see manifest.json")
            lines += [f"  {count:,}: the example {reason}" for reason, count in report.reasons.items()]
        lines += [f"note: {note}" for note in report.notes]
        if report.side_files:
            lines.append(f"beside them: {', '.join(report.side_files)}")
        files = {
            split: {"path": path, "rows": rows, "sha256": sha256}
            for split, (path, rows, sha256) in report.files.items()
        }
        figures = {"folder": report.folder, "version": report.version, "files": files, "left_out": report.left_out}
        figures |= {"reasons": report.reasons, "notes": report.notes, "side_files": report.side_files}
        tell(figures, lines, as_json=as_json)
