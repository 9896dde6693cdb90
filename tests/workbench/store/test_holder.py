"""Who has a project open: told from real processes, in words that say how to go on."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.errors import CurationError
from workbench.project import Project
from workbench.store.holder import describe, held_elsewhere, holder_of

HOLD = """
import sys
from pathlib import Path
from workbench.project import Project
with Project.open(Path(sys.argv[-1])) as project:
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def held_by(script: Path, *words: object) -> Iterator[int]:
    """Let a real process of that script and those words hold the project, whose folder is the last word."""
    script.write_text(HOLD)
    command = [sys.executable, str(script), *map(str, words)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        yield child.pid
    finally:
        child.communicate("\n", timeout=20)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Project.create(tmp_path / "project").close()
    return tmp_path / "project"


def test_a_command_that_holds_the_project_is_named(tmp_path: Path, folder: Path) -> None:
    with held_by(tmp_path / "workbench", "import", folder) as pid:
        with pytest.raises(
            CurationError, match=f"process {pid}: the command `workbench import`, running since"
        ) as held:
            Project.open(folder)
        assert str(folder) in held.value.message
        assert held.value.remedy == f"Wait until that command has ended, or stop it (kill {pid})."
    Project.open(folder).close()


def test_the_command_line_says_the_same_and_exits_1(tmp_path: Path, folder: Path) -> None:
    script = Path(sys.executable).with_name("workbench")
    with held_by(tmp_path / "workbench", "curate", folder) as pid:
        done = subprocess.run([script, "table", folder], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert f"is open in process {pid}: the command `workbench curate`" in done.stderr
        assert "What to do: Wait until" in done.stderr
        assert "Traceback" not in done.stderr


def test_another_program_is_named_by_its_command_line(tmp_path: Path, folder: Path) -> None:
    with held_by(tmp_path / "notebook.py", folder) as pid:
        with pytest.raises(CurationError, match=rf"process {pid}: `python[\d.]* /") as held:
            Project.open(folder)
        assert f"kill {pid}" in held.value.remedy


def test_the_app_is_named_with_its_address() -> None:
    from workbench.app.launcher import app_command

    holder = describe(7, app_command(8765), None)
    assert holder.address == "http://127.0.0.1:8765"
    assert holder.what == "the workbench app at http://127.0.0.1:8765"


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["python", "/venv/bin/workbench", "split", "p"], "the command `workbench split`"),
        (["/venv/bin/workbench.exe", "demo"], "the command `workbench demo`"),
        (["python", "/venv/bin/workbench"], "the command `workbench`"),
        (["/usr/bin/python3", "-m", "pytest", "tests/workbench"], "`python3 -m pytest tests/workbench`"),
        (["python", "/venv/bin/pytest", "tests/workbench"], "`python /venv/bin/pytest tests/workbench`"),
        (["python", "-c", "line one\nline two"], "`python -c line one`"),
        (["python", "x" * 500], f"`python {'x' * 53}…`"),
    ],
)
def test_what_a_process_is_stands_in_its_command_line(words: list[str], what: str) -> None:
    assert describe(1, words, None).what == what


@pytest.mark.parametrize("unknown", [lambda: None, lambda: 2**22 + 12345])
def test_a_process_that_cannot_be_asked_still_gives_message_and_remedy(unknown: Callable[[], int | None]) -> None:
    error = held_elsewhere(Path("/p"), unknown())
    assert "is open in" in error.message
    assert "Close the workbench app" in error.remedy


def test_a_process_that_is_gone_is_not_described() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    assert holder_of(child.pid) is None
