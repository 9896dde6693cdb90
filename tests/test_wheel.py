"""What is installed from the wheel is whole: it runs from any folder, without the checkout."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("workbench", "pages", "pipelines", "sample_data")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_every_file_of_every_floor(wheel: Path) -> None:
    tracked = subprocess.run(["git", "ls-files", *FLOORS], cwd=ROOT, check=True, capture_output=True, text=True)
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert set(tracked.stdout.split()) <= packed
    assert {name.split("/")[0] for name in packed if ".dist-info/" not in name} == set(FLOORS)


def test_an_installed_wheel_works_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    """The dependencies are borrowed from this environment; its editable install is not, and neither is the checkout."""
    environment = tmp_path / "environment"
    venv.create(environment, symlinks=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(environment), "platbase": str(environment)}))
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--target",
            str(packages),
            wheel,
        ],
        check=True,
    )
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COVERAGE"))}
    where = (
        "from workbench import sample; from workbench.app.launcher import app_command;"
        " print(sample.TRAIN); print(app_command(1)[5])"
    )
    code = "import sys; sys.argv[0] = 'workbench'; from workbench.cli.main import main; main()"
    python = str(environment / "bin" / "python")
    for arguments in (["-c", where], ["-c", code, "new", "p", "--json"], ["-c", code, "audit", "--help"]):
        done = subprocess.run([python, *arguments], cwd=tmp_path, env=clean, check=True, capture_output=True, text=True)
        assert str(ROOT) not in done.stdout
        if arguments[1] == where:
            for path in done.stdout.splitlines():
                assert Path(path).is_file()
                assert Path(path).is_relative_to(packages)
