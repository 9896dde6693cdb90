"""`workbench results PROJECT [RUN]`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, progress_on_stderr, project_argument, tell
from workbench.cli.schema_option import schema_option, text_of


@click.command("results")
@project_argument
@click.argument("run", required=False)
@click.option("--metric", "metrics", multiple=True, help="Measure again, with this metric too; repeatable.")
@schema_option
@json_option
def command(project: Path, run: str | None, metrics: tuple[str, ...], schema: Path | None, as_json: bool) -> None:
    """Show the newest evaluation of PROJECT (or the newest one of RUN, or the evaluation of that name)."""
    from workbench.cli.result_lines import result_figures, result_lines
    from workbench.project import Project

    with Project.open(project) as opened:
        evaluation = opened.comparing.newest(run)
        if metrics or schema is not None:
            opened.comparing.measure(evaluation, metrics, text_of(schema))
        results = opened.comparing.results(evaluation, progress_on_stderr())
        tell(result_figures(opened, results), result_lines(opened, results), as_json=as_json)
