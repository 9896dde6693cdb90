"""`workbench table PROJECT [NAME]`."""

import sys
from pathlib import Path

import click

from workbench.cli.answer import json_option, plain, project_argument, tell


@click.command("table")
@project_argument
@click.argument("name", required=False)
@click.option(
    "--out", type=click.Path(path_type=Path), help="A .jsonl or .parquet file; standard output when not given."
)
@json_option
def command(project: Path, name: str | None, out: Path | None, as_json: bool) -> None:
    """Write the result table NAME of PROJECT; without NAME, list the tables."""
    from workbench.project import Project

    with Project.open(project) as opened:
        if name is None:
            sizes = opened.tables.sizes().to_dicts()
            lines = [f"{row['table']:<16}{row['rows']:>9,}  {row['columns']}" for row in sizes]
            tell({"tables": sizes}, lines, as_json=as_json)
        elif out is not None:
            rows = opened.tables.write(name, out)
            tell({"table": name, "rows": rows, "file": out}, [f"{out}: {rows:,} rows"], as_json=as_json)
        elif as_json:
            tell({"table": name, "rows": plain(opened.tables.table(name).to_dicts())}, [], as_json=True)
        else:
            # Piece by piece through Python's own stream, which tells when nobody reads any more.
            for rows_ahead in opened.tables.table(name).iter_slices(1_000):
                sys.stdout.write(rows_ahead.write_ndjson())
