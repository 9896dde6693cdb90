"""Start the browser app on 127.0.0.1 and open it.

The app runs as a child process, `python -m streamlit run workbench/app/main.py`, with every setting passed as a flag:
a configuration file is found only from the folder that the app is started in. The browser is opened here, once the
server answers, because Streamlit itself can only open the first page.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from pipelines.errors import CurationError
from workbench.app.theme import theme_flags

ADDRESS = "127.0.0.1"
FIRST_PORT = 8501
PORTS_TRIED = 20
PROJECT_VARIABLE = "WORKBENCH_PROJECT"
HOME = Path(__file__).resolve().parents[2]


def launch(
    project_folder: Path | None,
    *,
    port: int | None = None,
    open_browser: bool = True,
    page: str | None = None,
    announce: Callable[[str], None] | None = None,
) -> int:
    """Run the app until it is stopped (Ctrl-C), and return its exit code.

    Args:
        project_folder: the project to open; None lets the person choose in the app.
        port: where to listen; None takes the first free one from 8501 on.
        open_browser: open the page in the default browser once the app answers.
        page: name of the page to open on ("compare"); None is the overview.
        announce: told the address as the server starts; None writes it to standard error.

    Raises:
        CurationError: the port is taken.
    """
    chosen = _free_port() if port is None else _checked_port(port)
    url = f"http://{ADDRESS}:{chosen}/{page or ''}"
    child = subprocess.Popen(app_command(chosen), env=app_environment(project_folder))
    (announce or _say)(url)
    if open_browser:
        threading.Thread(target=_open_when_ready, args=(url, chosen, child), daemon=True).start()
    with _stop_on_terminate():
        try:
            return child.wait()
        except KeyboardInterrupt:
            child.terminate()
            child.wait()
            return 0


def _say(url: str) -> None:
    click.echo(f"The workbench runs at {url}  (Ctrl-C stops it)", err=True)


def app_command(port: int) -> list[str]:
    """Return the command line that serves the app at a port of this machine only."""
    return [
        sys.executable,
        "-P",  # a folder `pages` or `workbench` in the current folder must not stand in for the app's own
        "-m",
        "streamlit",
        "run",
        str(HOME / "workbench" / "app" / "main.py"),
        f"--server.address={ADDRESS}",
        f"--server.port={port}",
        "--server.headless=true",
        "--server.showEmailPrompt=false",
        "--server.fileWatcherType=none",
        "--server.runOnSave=false",
        "--server.maxUploadSize=1000",
        # A web site whose name is pointed at this machine must not be able to drive the app.
        f"--server.allowedHosts={ADDRESS}",
        "--server.allowedHosts=localhost",
        # A full collection after each script run costs half a second once the model libraries are loaded; with a bar
        # that is drawn twice a second it left the work itself an eighth of the processor.
        "--runner.postScriptGC=false",
        "--browser.gatherUsageStats=false",
        f"--browser.serverAddress={ADDRESS}",
        "--client.showErrorLinks=false",
        "--client.toolbarMode=viewer",
        # A table's own CSV download would write cells that begin a formula as they are.
        "--client.disableDataExport=true",
        *theme_flags(),
    ]


def app_environment(project_folder: Path | None) -> dict[str, str]:
    """Return this process's environment with the project to open and the place of the packages in it."""
    environment = dict(os.environ)
    environment.pop(PROJECT_VARIABLE, None)
    if project_folder is not None:
        environment[PROJECT_VARIABLE] = str(project_folder.resolve())
    paths = [str(HOME), *environment.get("PYTHONPATH", "").split(os.pathsep)]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return environment


@contextmanager
def _stop_on_terminate() -> Iterator[None]:
    """Take SIGTERM for Ctrl-C, so that the app does not outlive its launcher."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _free_port() -> int:
    for port in range(FIRST_PORT, FIRST_PORT + PORTS_TRIED):
        if _is_free(port):
            return port
    raise CurationError(
        f"No port between {FIRST_PORT} and {FIRST_PORT + PORTS_TRIED - 1} is free on {ADDRESS}.",
        "Stop another app, or name a free port with --port.",
    )


def _checked_port(port: int) -> int:
    if not _is_free(port):
        raise CurationError(f"Port {port} on {ADDRESS} is in use.", "Choose another one with --port.")
    return port


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return False
    return True


def _open_when_ready(url: str, port: int, child: "subprocess.Popen[bytes]", seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and child.poll() is None:
        try:
            with urllib.request.urlopen(f"http://{ADDRESS}:{port}/_stcore/health", timeout=2):
                webbrowser.open(url)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
