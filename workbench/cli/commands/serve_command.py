"""`workbench serve PROJECT RUN`."""

import signal
from pathlib import Path

import click

from workbench.cli.answer import json_option, progress_on_stderr, project_argument, tell


@click.command("serve")
@project_argument
@click.argument("run")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port; 0 takes a free one."
)
@click.option("--no-fallback", is_flag=True, help="Stop where the tuned model cannot be loaded.")
@json_option
def command(project: Path, run: str, port: int, no_fallback: bool, as_json: bool) -> None:
    """Serve RUN's model to OpenAI clients on this machine until Ctrl+C; where it cannot be loaded, its base answers.

    The base then gets the training data's system prompt and the most alike training examples. Without a temperature
    answers are greedy. PROJECT is not held: the app can have it meanwhile.
    """
    from workbench.chat_server import ChatServer
    from workbench.serving import load_run

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    serving = load_run(project, run, fallback=not no_fallback, progress=progress_on_stderr())
    server = ChatServer(serving, port, lambda line: click.echo(line, err=True))
    why = None if serving.fallback is None else f"{serving.fallback.message} {serving.fallback.remedy}"
    figures = {"url": server.url, "model": run, "answers": serving.answers, "why": why}
    lines = [f"{server.url}  model {run}: {serving.answers} answers", "Ctrl+C stops it."]
    if why is not None:
        lines.insert(1, f"The tuned model could not be loaded: {why}")
    tell(figures, lines, as_json=as_json)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        click.echo("Stopping.", err=True)
    finally:
        server.stop()
