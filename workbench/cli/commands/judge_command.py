"""`workbench judge PROJECT EVALUATION`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, progress_on_stderr, project_argument, tell
from workbench.cli.endpoint_options import endpoint_options


@click.command("judge")
@project_argument
@click.argument("evaluation")
@endpoint_options("Send the pairs", "The judge's name at the endpoint.", required=True)
@click.option("--variant", help="Whose answers to judge; the tuned ones when not given.")
@click.option("--against", help="Against whose; the prompted base's when not given.")
@click.option("--pairs", type=click.IntRange(1), help="Most pairs, those that people rated first; each is asked twice.")
@click.option("--reference", is_flag=True, help="Show the judge the answer that a person wrote.")
@json_option
def command(
    project: Path,
    evaluation: str,
    variant: str | None,
    against: str | None,
    pairs: int | None,
    reference: bool,
    asked: dict[str, object],
    as_json: bool,
) -> None:
    """Let a judge model compare the answers of EVALUATION in both orders; the same command again goes on."""
    from workbench.cli.result_lines import judge_figures, judge_lines
    from workbench.project import Project

    with Project.open(project) as opened:
        judging = opened.judging.start(
            evaluation, asked, variant=variant, against=against, settings={"pairs": pairs, "reference": reference}
        )
        if judging is not None:
            opened.judging.wait(evaluation, judging, progress_on_stderr())
        figures = {"evaluation": evaluation, "judging": judging, **judge_figures(opened, evaluation)}
        tell(figures, judge_lines(opened, evaluation), as_json=as_json)
