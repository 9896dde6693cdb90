"""`workbench app [PROJECT]`."""

from pathlib import Path

import click

from workbench.cli.answer import json_option, tell


@click.command("app")
@click.argument("project", required=False, type=click.Path(path_type=Path))
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; another one than this machine's own needs a sign-in (docs/sign-in.md).",
)
@click.option("--port", type=click.IntRange(1, 65535), help="Port; a free one when not given.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser window.")
@json_option
def command(project: Path | None, host: str, port: int | None, no_browser: bool, as_json: bool) -> None:
    """Open the browser app, on PROJECT when given, for this machine only; Ctrl+C stops it."""
    from workbench.app.launcher import launch

    def announce(url: str) -> None:
        tell({"url": url, "project": project}, [], as_json=True)

    told = announce if as_json else None
    launch(project, host=host, port=port, open_browser=not no_browser, page=None, announce=told)
