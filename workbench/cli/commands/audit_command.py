"""`workbench audit FILE... --out DIR`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, progress_on_stderr, settings_given, tell


@click.command("audit")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the result tables.")
@click.option("--only", help="Stages to run, joined by commas; all when not given.")
@click.option("--production", type=click.Path(path_type=Path), help="Production queries, to find gaps against.")
@click.option("--test", type=click.Path(path_type=Path), help="Held-out examples, to find what gives them away.")
@click.option("--set", "settings", multiple=True, metavar="STAGE.KEY=VALUE", help="Change a setting; repeatable.")
@json_option
def command(
    files: tuple[Path, ...],
    out: Path,
    only: str | None,
    production: Path | None,
    test: Path | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Run the stages on FILES without a project and write each result table to DIR/TABLE.jsonl.

    Every row names the file and the line of its example.
    """
    from workbench.auditing import audit

    chosen = [name.strip() for name in only.split(",")] if only else None
    report = audit(
        list(files),
        out,
        only=chosen,
        production=production,
        test=test,
        settings=settings_given(settings),
        progress=progress_on_stderr(),
    )
    lines = [f"{out / name}.jsonl: {rows:,} rows" for name, rows in report.tables.items()]
    tell(report.__dict__, lines, as_json=as_json)
