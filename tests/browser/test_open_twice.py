"""The command line while the app has the project open: it names the app and its address."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from workbench.backup import restore
from workbench.project import Project

pytestmark = pytest.mark.browser


def test_a_command_says_where_the_app_runs_that_has_the_project_open(
    serve: Callable[..., str], page: Page, tmp_path: Path
) -> None:
    Project.create(tmp_path / "project").close()
    address = serve(tmp_path / "project")
    page.goto(address)
    page.get_by_role("heading", name="project").wait_for()
    script = Path(sys.executable).with_name("workbench")
    for command in (("table", tmp_path / "project"), ("backup", tmp_path / "project", "--out", tmp_path / "p.zip")):
        done = subprocess.run([script, *command], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert f": the workbench app at {address}, running since" in done.stderr
        assert f"What to do: Do this step in the app, at {address}" in done.stderr
    page.get_by_text("Back up this project").click()
    page.get_by_role("button", name="Back up", exact=True).click()
    page.get_by_text("file in", exact=False).wait_for()
    restore(tmp_path / "project-backup.zip", tmp_path / "again")
    Project.open(tmp_path / "again").close()
