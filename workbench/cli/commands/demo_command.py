"""`workbench demo [DIR]`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, progress_on_stderr, tell


@click.command("demo")
@click.argument("folder", metavar="[DIR]", default="workbench-demo", type=click.Path(path_type=Path))
@click.option("--no-open", is_flag=True, help="Stop before the app is opened.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the app; a free one when not given.")
@json_option
def command(folder: Path, no_open: bool, port: int | None, as_json: bool) -> None:
    """Run the whole loop on the sample data in the project DIR, then open the app on the comparison.

    Import, curate, apply the suggestions, split, export, train on curated and on raw data, compare. A demo that was
    stopped goes on where it was.
    """
    from workbench.demo import run_demo

    def say(line: str) -> None:
        click.echo(line, err=as_json)

    report = run_demo(folder, say=say, progress=progress_on_stderr())
    tell(report.figures(), [], as_json=as_json)
    if not no_open:
        from workbench.app.launcher import launch

        launch(folder, port=port, open_browser=True, page="compare")
