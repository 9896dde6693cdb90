"""`workbench import-ratings PROJECT FILE`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, project_argument, tell


@click.command("import-ratings")
@project_argument
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--evaluation", help="The evaluation whose answers were rated; the newest when not given.")
@json_option
def command(project: Path, file: Path, evaluation: str | None, as_json: bool) -> None:
    """Read what raters elsewhere said into PROJECT: rater, choice and comparison a line of FILE.

    Or scores on criteria: rater, example_id, variant and scores (an object, or a column for each criterion).
    """
    from dataclasses import asdict

    from workbench.project import Project

    with Project.open(project) as opened:
        report = opened.importing_results.import_ratings(file, evaluation)
        again = f", {report.known:,} of them stored before" if report.known else ""
        line = f"{report.ratings:,} ratings by {', '.join(report.raters)} are in {report.evaluation}{again}"
        tell(asdict(report), [line], as_json=as_json)
