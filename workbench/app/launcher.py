"""Start the browser app on 127.0.0.1, or where a team reaches it that has to sign in, and open it.

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
from workbench.app.sign_in import SignIn, check_address, find_sign_in, is_loopback
from workbench.app.theme import theme_flags

ADDRESS = "127.0.0.1"
# What a server is told to listen on every address of its machine; nobody can open these in a browser.
EVERYWHERE = ("0.0.0.0", "::")  # refused without a sign-in
FIRST_PORT = 8501
PORTS_TRIED = 20
PROJECT_VARIABLE = "WORKBENCH_PROJECT"
SIGN_IN_VARIABLE = "WORKBENCH_SIGN_IN"
HOME = Path(__file__).resolve().parents[2]


def launch(
    project_folder: Path | None,
    *,
    host: str = ADDRESS,
    port: int | None = None,
    open_browser: bool = True,
    page: str | None = None,
    announce: Callable[[str], None] | None = None,
) -> int:
    """Run the app until it is stopped (Ctrl-C), and return its exit code.

    Args:
        project_folder: the project to open; None lets the person choose in the app.
        host: the address to listen on; beyond this machine only with a sign-in.
        port: where to listen; None takes the first free one from 8501 on.
        open_browser: open the page in the default browser once the app answers.
        page: name of the page to open on ("compare"); None is the overview.
        announce: told the address as the server starts; None writes it to standard error.

    Raises:
        CurationError: the port is taken, the sign-in is configured in part, or others could reach the app without one.
    """
    sign_in = find_sign_in(project_folder)
    check_address(host, sign_in)
    if sign_in is not None and project_folder is None:
        raise CurationError("An app that people sign in to serves one project.", "Name it: workbench app PROJECT.")
    chosen = _free_port(host) if port is None else _checked_port(host, port)
    reached = ADDRESS if is_loopback(host) or host in EVERYWHERE else host
    url = f"http://{reached}:{chosen}/{page or ''}"
    child = subprocess.Popen(app_command(chosen, host, sign_in), env=app_environment(project_folder, sign_in))
    (announce or _say)(url)
    if open_browser:
        health = f"http://{reached}:{chosen}/_stcore/health"
        threading.Thread(target=_open_when_ready, args=(url, health, child), daemon=True).start()
    with _stop_on_terminate():
        try:
            return child.wait()
        except KeyboardInterrupt:
            child.terminate()
            child.wait()
            return 0


def _say(url: str) -> None:
    click.echo(f"The workbench runs at {url}  (Ctrl-C stops it)", err=True)


def app_command(port: int, host: str = ADDRESS, sign_in: SignIn | None = None) -> list[str]:
    """Return the command line that serves the app; without more, at a port of this machine only."""
    names = [] if sign_in is None else [f"--server.allowedHosts={sign_in.host}", f"--secrets.files={sign_in.secrets}"]
    return [
        sys.executable,
        "-P",  # a folder `pages` or `workbench` in the current folder must not stand in for the app's own
        "-m",
        "streamlit",
        "run",
        str(HOME / "workbench" / "app" / "main.py"),
        f"--server.address={host}",
        f"--server.port={port}",
        "--server.headless=true",
        "--server.showEmailPrompt=false",
        "--server.fileWatcherType=none",
        "--server.runOnSave=false",
        "--server.maxUploadSize=1000",
        # A web site whose name is pointed at this machine must not be able to drive the app.
        f"--server.allowedHosts={ADDRESS}",
        "--server.allowedHosts=localhost",
        *names,
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


def app_environment(project_folder: Path | None, sign_in: SignIn | None = None) -> dict[str, str]:
    """Return this process's environment with the project to open and the place of the packages in it."""
    environment = dict(os.environ)
    environment.pop(PROJECT_VARIABLE, None)
    environment.pop(SIGN_IN_VARIABLE, None)
    # Otherwise threads that wait by spinning slow the app down as soon as anything else runs on the machine.
    environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if sign_in is not None:
        environment[SIGN_IN_VARIABLE] = str(sign_in.secrets)
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


def _free_port(host: str) -> int:
    for port in range(FIRST_PORT, FIRST_PORT + PORTS_TRIED):
        if _is_free(host, port):
            return port
    raise CurationError(
        f"No port between {FIRST_PORT} and {FIRST_PORT + PORTS_TRIED - 1} is free on {host}.",
        "Stop another app, or name a free port with --port.",
    )


def _checked_port(host: str, port: int) -> int:
    if not _is_free(host, port):
        raise CurationError(f"Port {port} on {host} is in use.", "Choose another one with --port.")
    return port


def _is_free(host: str, port: int) -> bool:
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise CurationError(f"{host} is no address of this machine: {error}.", "Name one, such as 0.0.0.0.") from None
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(place)
        except OSError:
            return False
    return True


def _open_when_ready(url: str, health: str, child: "subprocess.Popen[bytes]", seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and child.poll() is None:
        try:
            with urllib.request.urlopen(health, timeout=2):
                webbrowser.open(url)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
