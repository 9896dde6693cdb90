"""Every measurement can still be started: what it takes from the code is there."""

from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NAMES = sorted(path.stem for path in (ROOT / "tests" / "benchmarks").glob("*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_a_measurement_finds_what_it_measures(name: str) -> None:
    import_module(f"tests.benchmarks.{name}")


def test_the_makefile_runs_measurements_that_are_there() -> None:
    text = (ROOT / "Makefile").read_text("utf-8").replace("\\\n", " ")
    (line,) = (line for line in text.splitlines() if line.startswith("BENCH ?="))
    assert set(line.partition("=")[2].split()) <= set(NAMES)
