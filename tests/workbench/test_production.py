"""`workbench ab`: what it prints, as JSON and for a person, and what it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pipelines.errors import CurationError
from workbench.cli.main import workbench


@pytest.fixture
def logfile(tmp_path: Path) -> Path:
    """Two weeks of 600 users; the tuned arm solves 80 % and the base 50 %."""
    generator = np.random.default_rng(1)
    lines = ["arm,solved,time,user"]
    for user in range(600):
        arm = "tuned" if user % 2 else "base"
        for _ in range(3):
            day, solved = generator.integers(1, 15), generator.random() < (0.8 if user % 2 else 0.5)
            lines.append(f"{arm},{int(solved)},2026-03-{day:02}T12:00:00Z,u{user}")
    path = tmp_path / "log.csv"
    path.write_text("\n".join(lines), "utf-8")
    return path


def run(*arguments: object) -> tuple[int, str, BaseException | None]:
    answer = CliRunner().invoke(workbench, ["ab", *map(str, arguments)])
    return answer.exit_code, answer.stdout, answer.exception


def test_the_figures_and_the_sentence(logfile: Path) -> None:
    columns = ["--variant-column", "arm", "--outcome-column", "solved"]
    code, out, _ = run(logfile, *columns, "--json")
    assert code == 0
    found = json.loads(out)
    assert found["verdict"] == "better"
    assert (found["variant"]["name"], found["against"]["name"]) == ("tuned", "base")
    assert (found["variant"]["users"], found["against"]["requests"]) == (300, 900)
    assert found["low"] < 0.3 < found["high"]
    assert found["always_low"] < found["low"] < found["high"] < found["always_high"]
    assert (found["days"]["days"], found["warnings"], found["mismatch"]) == (14, [], False)
    assert found["days"]["first"].startswith("2026-03-01")
    code, out, _ = run(logfile, *columns)
    assert code == 0
    assert "tuned is better than base, however often one has looked" in out
    code, out, _ = run(logfile, *columns, "--share", "0.9", "--lower-is-better")
    assert out.startswith("Warning: Sample ratio mismatch")


def test_what_cannot_be_compared_is_an_error_for_people(logfile: Path) -> None:
    for arguments in (
        [logfile],
        [logfile.with_name("nowhere.csv")],
        [logfile, "--variant-column", "arm", "--outcome-column", "solved", "--share", "1.5"],
        [logfile, "--variant-column", "arm", "--outcome-column", "solved", "--against", "nobody"],
        [logfile, "--variant-column", "arm", "--outcome-column", "arm"],
    ):
        code, out, error = run(*arguments)
        assert code == 1
        assert out == ""
        assert isinstance(error, CurationError)
        assert error.remedy
