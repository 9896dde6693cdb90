"""`workbench judge PROJECT EVALUATION`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, progress_on_stderr, project_argument, tell


@click.command("judge")
@project_argument
@click.argument("evaluation")
@click.option("--endpoint", required=True, help="Send the pairs to this OpenAI-compatible endpoint (up to its /v1).")
@click.option("--model", required=True, help="The judge's name at the endpoint.")
@click.option("--key-env", help="The environment variable that holds the endpoint's key; the key is stored nowhere.")
@click.option("--variant", help="Whose answers to judge; the tuned ones when not given.")
@click.option("--against", help="Against whose; the prompted base's when not given.")
@click.option("--pairs", type=click.IntRange(1), help="Most pairs, those that people rated first; each is asked twice.")
@click.option("--reference", is_flag=True, help="Show the judge the answer that a person wrote.")
@click.option(
    "--requests-per-minute",
    type=click.FloatRange(0, min_open=True),
    default=60.0,
    show_default=True,
    help="Most requests a minute to the endpoint.",
)
@click.option("--price-in", type=click.FloatRange(0), help="The endpoint's price of a million prompt tokens.")
@click.option("--price-out", type=click.FloatRange(0), help="The endpoint's price of a million answer tokens.")
@json_option
def command(
    project: Path,
    evaluation: str,
    endpoint: str,
    model: str,
    key_env: str | None,
    variant: str | None,
    against: str | None,
    pairs: int | None,
    reference: bool,
    requests_per_minute: float,
    price_in: float | None,
    price_out: float | None,
    as_json: bool,
) -> None:
    """Let a judge model compare the answers of EVALUATION in both orders; the same command again goes on."""
    from workbench.cli.result_lines import judge_figures, judge_lines
    from workbench.project import Project

    asked = {
        "url": endpoint,
        "model": model,
        "key_env": key_env,
        "requests_per_minute": requests_per_minute,
        "price_in": price_in,
        "price_out": price_out,
    }
    with Project.open(project) as opened:
        judging = opened.judging.start(
            evaluation, asked, variant=variant, against=against, settings={"pairs": pairs, "reference": reference}
        )
        if judging is not None:
            opened.judging.wait(evaluation, judging, progress_on_stderr())
        figures = {"evaluation": evaluation, "judging": judging, **judge_figures(opened, evaluation)}
        tell(figures, judge_lines(opened, evaluation), as_json=as_json)
