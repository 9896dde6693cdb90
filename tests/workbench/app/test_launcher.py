"""What the app is started with, wherever it is started."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.errors import CurationError
from workbench.app.launcher import ADDRESS, HOME, PROJECT_VARIABLE, app_command, app_environment, launch
from workbench.cli.commands.app_command import command as app


def test_the_app_listens_here_only_and_tells_nobody() -> None:
    command = app_command(8700)
    assert f"--server.address={ADDRESS}" in command
    assert "--browser.gatherUsageStats=false" in command
    assert "--client.showErrorLinks=false" in command
    assert command[1] == "-P"


def test_every_flag_is_one_that_streamlit_knows(tmp_path: Path) -> None:
    script = tmp_path / "stop.py"
    script.write_text("", "utf-8")
    flags = [part for part in app_command(0) if part.startswith("--")]
    asked = subprocess.run(
        [sys.executable, "-m", "streamlit", "config", "show", *flags], capture_output=True, text=True, cwd=tmp_path
    )
    assert asked.returncode == 0, asked.stderr


def test_the_project_is_named_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROJECT_VARIABLE, "/another")
    assert PROJECT_VARIABLE not in app_environment(None)
    environment = app_environment(tmp_path)
    assert environment[PROJECT_VARIABLE] == str(tmp_path)
    assert environment["PYTHONPATH"].split(os.pathsep)[0] == str(HOME)


def test_a_port_that_is_taken_is_refused_with_a_remedy() -> None:
    with socket.socket() as taken:
        taken.bind((ADDRESS, 0))
        taken.listen()
        with pytest.raises(CurationError, match="in use") as refused:
            launch(None, port=taken.getsockname()[1], open_browser=False)
    assert "--port" in refused.value.remedy


def test_the_app_command_tells_its_address_as_one_json_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []

    class Ended:
        def __init__(self, command: list[str], **more: object) -> None:
            started.append(command)

        def wait(self) -> int:
            return 0

        def poll(self) -> int:
            return 0

        def terminate(self) -> None:
            pass

    monkeypatch.setattr("workbench.app.launcher.subprocess.Popen", Ended)
    told = CliRunner().invoke(app, [str(tmp_path), "--no-browser", "--json"])
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["url"].startswith(f"http://{ADDRESS}:")
    assert len(started) == 1
