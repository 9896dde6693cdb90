"""`workbench import-outputs PROJECT FILE --variant NAME`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, project_argument, tell


@click.command("import-outputs")
@project_argument
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--variant", required=True, help="What these answers are called.")
@click.option("--evaluation", help="Add them to this evaluation; the newest on the split when not given.")
@click.option(
    "--split",
    type=click.Choice(["validation", "test", "noisy-test"]),
    default="validation",
    show_default=True,
    help="Where the examples are held out.",
)
@json_option
def command(project: Path, file: Path, variant: str, evaluation: str | None, split: str, as_json: bool) -> None:
    """Read what another model answered into PROJECT: one example_id (or prompt) and text a line of FILE."""
    from dataclasses import asdict

    from workbench.project import Project

    with Project.open(project) as opened:
        report = opened.importing_results.import_outputs(
            file,
            variant,
            evaluation=evaluation,
            split=split,  # type: ignore[arg-type]
        )
        lines = [f"{report.answers:,} answers of '{report.variant}' are in {report.evaluation} ({report.split})"]
        tell(asdict(report), [*lines, *([report.note] if report.note else [])], as_json=as_json)
