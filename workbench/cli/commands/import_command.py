"""`workbench import PROJECT FILE...`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, progress_on_stderr, project_argument, tell


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
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="Such as prompt=question; repeatable. Remembered for the source.",
)
@click.option(
    "--normalise",
    multiple=True,
    type=click.Choice(["unicode", "white-space", "keys"]),
    help="Even out the messages' texts or the spelling of keys and roles; repeatable, counted, raw text kept.",
)
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="NAME=NUMBER",
    help="Another limit: max_line_bytes, max_unpacked_bytes, max_whole_bytes, max_files, max_bytes, max_depth.",
)
@click.option("--no-map", is_flag=True, help="Forget what --map was given for the source before.")
@json_option
def command(
    project: Path,
    files: tuple[Path, ...],
    role: str,
    format: str,
    source: str | None,
    mapping: tuple[str, ...],
    normalise: tuple[str, ...],
    limits: tuple[str, ...],
    no_map: bool,
    as_json: bool,
) -> None:
    """Read FILES, or folders or archives of them, into PROJECT. Lines that cannot be read are kept, with the reason."""
    from workbench.project import Project

    if mapping and no_map:
        raise click.UsageError("--map and --no-map exclude each other.")
    columns = dict(_named_value(pair, "--map", "FIELD=COLUMN") for pair in mapping) if mapping or no_map else None
    given = dict(_named_value(pair, "--limit", "NAME=NUMBER") for pair in limits)
    if odd := [value for value in given.values() if not value.isdecimal()]:
        raise click.BadParameter(f"'{odd[0]}' is no number", param_hint="--limit")
    with Project.open(project) as opened:
        report = opened.importing.import_files(
            list(files),
            role,
            format,
            source,
            columns,
            progress=progress_on_stderr(),
            normalise=normalise,
            limits={name: int(value) for name, value in given.items()},
        )
        lines = []
        for file in report.files:
            elsewhere = file.new - file.examples
            lines.append(
                f"{file.file}: {file.lines:,} lines of {file.format}: {file.new:,} new, {file.known:,} known already,"
                f" {file.rejected:,} rejected"
                + (f"; {elsewhere:,} of the new lines say what other lines say" if elsewhere else "")
            )
            lines += [f"  note: {warning}" for warning in file.warnings]
            if file.mapping:
                told = "as given" if columns else "as the last time; --no-map forgets it"
                lines.append(f"  columns {told}: {', '.join(f'{k}={v}' for k, v in sorted(file.mapping.items()))}")
        if report.passed_over:
            names = ", ".join(f"{name} ({why})" for name, why in report.passed_over[:5])
            lines.append(f"Passed over {len(report.passed_over):,} files that are no data: {names}")
        if report.rejected:
            lines.append(f"See why lines were rejected: workbench table {project} rejected")
        figures = {name: getattr(report, name) for name in ("files", "accepted", "new", "rejected", "passed_over")}
        tell(figures, lines, as_json=as_json)


def _named_value(pair: str, option: str, form: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise click.BadParameter(f"'{pair}' is not {form}", param_hint=option)
    return name.strip(), value.strip()
