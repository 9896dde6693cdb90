"""`workbench preferences PROJECT --out FILE`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, project_argument, tell


@click.command("preferences")
@project_argument
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The .jsonl file to write.")
@json_option
def command(project: Path, out: Path, as_json: bool) -> None:
    """Write the ratings of PROJECT as preference pairs for DPO, with example, variants and votes of each."""
    from workbench.project import Project

    with Project.open(project) as opened:
        report = opened.preferences.write(out)
        line = f"{out}: {report.pairs:,} pairs; left out: {report.undecided:,} undecided, {report.sealed:,} sealed"
        tell({"out": out, **report.__dict__}, [line], as_json=as_json)
