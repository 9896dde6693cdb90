"""The README says what is so: its tables are those of the registries, its commands exist."""

import re
from pathlib import Path

import pytest

from workbench.cli.main import COMMANDS
from workbench.reference import TABLES, with_tables

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_the_tables_are_up_to_date() -> None:
    """If this fails: python -m workbench.reference README.md."""
    assert with_tables(README) == README


@pytest.mark.parametrize("name", TABLES)
def test_every_generated_table_stands_in_the_readme(name: str) -> None:
    assert f"<!-- table: {name} -->" in README


def test_both_commands_stand_on_the_first_screen() -> None:
    first = "\n".join(README.splitlines()[:30])
    assert "make demo" in first
    assert "make test" in first


def test_every_make_target_and_command_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE)) <= targets
    assert set(re.findall(r"(?:^|`)workbench ([a-z-]+)", README, re.MULTILINE)) <= set(COMMANDS)


def test_every_file_that_is_named_exists() -> None:
    named = set(re.findall(r"`((?:workbench|pages|pipelines|tests|sample_data)/[\w/.]+)`", README))
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
