"""`workbench import PROJECT FILE...`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, progress_on_stderr, project_argument, settings_given, tell


@click.command("import")
@project_argument
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--as",
    "role",
    type=click.Choice(["train", "production", "test", "general"]),
    default="train",
    show_default=True,
    help="What the examples are for; production queries need no answer.",
)
@click.option("--format", default="auto", show_default=True, help="A format's name; auto judges by content.")
@click.option("--source", help="Name for where the data is from (default: the file's name).")
@click.option("--map", "mapping", multiple=True, metavar="FIELD=COLUMN", help="Such as prompt=question; repeatable.")
@json_option
def command(
    project: Path,
    files: tuple[Path, ...],
    role: str,
    format: str,
    source: str | None,
    mapping: tuple[str, ...],
    as_json: bool,
) -> None:
    """Read FILES into PROJECT. Lines that cannot be read are kept as rejected, with the reason."""
    from workbench.project import Project

    columns = {field: str(column) for field, column in settings_given(mapping).items()}
    with Project.open(project) as opened:
        report = opened.importing.import_files(
            list(files), role, format, source, columns, progress=progress_on_stderr()
        )
        lines = []
        for file in report.files:
            lines.append(
                f"{file.file}: {file.lines:,} lines of {file.format}: {file.new:,} new, {file.known:,} known already,"
                f" {file.rejected:,} rejected"
            )
            lines += [f"  note: {warning}" for warning in file.warnings]
        if report.rejected:
            lines.append(f"See why lines were rejected: workbench table {project} rejected")
        figures = {"files": report.files, "accepted": report.accepted, "new": report.new, "rejected": report.rejected}
        tell(figures, lines, as_json=as_json)
