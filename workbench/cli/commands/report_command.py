"""`workbench report PROJECT --out FILE`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, project_argument, tell


@click.command("report")
@project_argument
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The file to write.")
@click.option("--markdown", is_flag=True, help="Write the same figures as Markdown, for a model card.")
@json_option
def command(project: Path, out: Path, markdown: bool, as_json: bool) -> None:
    """Write one self-contained page on PROJECT: data, curation, splits, training, results, ratings, looks."""
    from workbench.project import Project

    with Project.open(project) as opened:
        size = opened.reporting.write(out, markdown=markdown)
        kind = "markdown" if markdown else "html"
        tell({"out": out, "format": kind, "bytes": size}, [f"{out}: {size:,} bytes"], as_json=as_json)
