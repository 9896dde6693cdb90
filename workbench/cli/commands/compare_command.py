"""`workbench compare PROJECT RUN...`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, progress_on_stderr, project_argument, tell
from workbench.cli.endpoint_options import endpoint_options
from workbench.cli.schema_option import schema_option, text_of


@click.command("compare")
@project_argument
@click.argument("runs", nargs=-1, required=True)
@click.option(
    "--variants", default="base,few-shot,tuned", show_default=True, help="Who answers, by commas; nearest too."
)
@click.option(
    "--split",
    type=click.Choice(["validation", "test", "noisy-test"]),
    default="validation",
    show_default=True,
    help="validation for choosing, test for the end (each look at it is recorded).",
)
@click.option("--few-shot", default=3, show_default=True, type=click.IntRange(1, 20), help="Examples in the prompt.")
@click.option("--limit", type=click.IntRange(1), help="Most examples to answer.")
@click.option("--metric", "metrics", multiple=True, help="A further metric, beside the default ones; repeatable.")
@schema_option
@click.option("--system", help="Also ask the base with this system prompt.")
@endpoint_options("Also send the prompts", "The model's name at the endpoint.")
@click.option("--why", default="", help="What a look at the test split is for; written into its ledger.")
@json_option
def command(
    project: Path,
    runs: tuple[str, ...],
    variants: str,
    split: str,
    few_shot: int,
    limit: int | None,
    metrics: tuple[str, ...],
    schema: Path | None,
    why: str,
    system: str | None,
    asked: dict[str, object] | None,
    as_json: bool,
) -> None:
    """Let base, few-shot prompted base and the tuned RUNS answer the same held-out examples, and compare."""
    from workbench.cli.result_lines import result_figures, result_lines
    from workbench.project import Project

    with Project.open(project) as opened:
        evaluation = opened.comparing.start(
            list(runs),
            split,  # type: ignore[arg-type]
            variants=[name.strip() for name in variants.split(",")],
            few_shot=few_shot,
            limit=limit,
            who="command line",
            why=why,
            metrics=metrics,
            json_schema=text_of(schema),
            system=system,
            endpoint=asked,
        )
        progress = progress_on_stderr()
        opened.comparing.wait(evaluation, progress)
        results = opened.comparing.results(evaluation, progress)
        tell(result_figures(opened, results), result_lines(opened, results), as_json=as_json)
