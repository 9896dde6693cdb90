"""`workbench app [PROJECT]`."""

from pathlib import Path

import click


@click.command("app")
@click.argument("project", required=False, type=click.Path(path_type=Path))
@click.option("--port", type=click.IntRange(1, 65535), help="Port on 127.0.0.1; a free one when not given.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser window.")
def command(project: Path | None, port: int | None, no_browser: bool) -> None:
    """Open the browser app, on PROJECT when given. It listens on 127.0.0.1 only; Ctrl+C stops it."""
    from workbench.app.launcher import launch

    launch(project, port=port, open_browser=not no_browser, page=None)
