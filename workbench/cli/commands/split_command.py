"""`workbench split PROJECT`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, progress_on_stderr, project_argument, tell


@click.command("split")
@project_argument
@click.option("--ratios", default="80/10/10", show_default=True, help="Train/validation/test, in percent or shares.")
@click.option("--seed", default=0, show_default=True, type=int, help="Another seed gives another split.")
@click.option("--key", default="", help="Column whose equal values stay together: a document, conversation, ticket.")
@click.option(
    "--by",
    type=click.Choice(["group", "time", "split", "production"]),
    default="group",
    show_default=True,
    help="group: by hash. time: test is the latest. split: a column names it. production: test asks what it asks.",
)
@click.option("--column", default="", help="Column of the time or of the split's name (else a key).")
@click.option("--noisy-test", is_flag=True, help="Also a second test set: its prompts typed as production's are.")
@click.option("--include-pending", is_flag=True, help="Take examples that nobody decided about as kept.")
@json_option
def command(
    project: Path,
    ratios: str,
    seed: int,
    key: str,
    by: str,
    column: str,
    noisy_test: bool,
    include_pending: bool,
    as_json: bool,
) -> None:
    """Split PROJECT's kept examples by duplicate group, with a certificate of what was checked."""
    from workbench.project import Project
    from workbench.splitting import read_ratios

    if by in ("group", "production"):
        key, column = key or column, ""
    settings = read_ratios(ratios, seed, key=key, by=by, column=column, noise=noisy_test)
    with Project.open(project) as opened:
        report = opened.splitting.split(settings, include_pending=include_pending, progress=progress_on_stderr())
        lines = [
            f"version {report.version}: " + ", ".join(f"{name} {count:,}" for name, count in report.counts.items()),
            f"certificate: {'no leak found' if report.certificate.get('passed') else 'leaks found, see the app'}",
            *(f"note: {note}" for note in report.notes),
        ]
        tell(report.__dict__, lines, as_json=as_json)
