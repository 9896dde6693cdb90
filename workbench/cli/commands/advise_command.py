"""`workbench advise PROJECT`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, project_argument, tell


@click.command("advise")
@project_argument
@click.option("--calls-per-month", type=float, help="Calls a month.")
@click.option("--cost-per-call", type=float, help="What a call costs now.")
@click.option("--tuned-cost-per-call", type=float, help="What a call of the tuned model would cost.")
@click.option("--training", type=float, help="Training once (default 50).")
@click.option("--per-example", type=float, help="Writing one example (default 50).")
@click.option("--hours", type=float, help="Engineering hours (default 30).")
@click.option("--per-hour", type=float, help="One engineering hour (default 100).")
@click.option("--upkeep-per-month", type=float, help="Retraining and watching, a month (default 0).")
@json_option
def command(project: Path, as_json: bool, **costs: float | None) -> None:
    """Say from PROJECT's own facts whether fine-tuning is the right tool, the data is enough, and it pays."""
    from workbench.project import Project

    given = {name: value for name, value in costs.items() if value is not None}
    with Project.open(project) as opened:
        answers, payback = opened.advising.advise(given)
        lines = [
            line
            for answer in answers
            for line in (
                f"{answer.question} {answer.answer.upper()}",
                f"    {answer.evidence}",
                f"    -> {answer.advice}",
            )
        ]
        tell({"answers": answers, "payback": payback}, lines, as_json=as_json)
