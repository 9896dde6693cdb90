"""`workbench repair`: without --apply nothing is stored; with it the history takes it back; rules narrow it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.workbench.conftest import chat
from workbench.cli.main import workbench
from workbench.project import Project
from workbench.reviewing import Filter


@pytest.fixture
def folder(tmp_path: Path, write_jsonl: Callable[..., Path]) -> Path:
    rows = [chat(f"Colour {n}?", f"{'x' * 60} red \x1b[31m{n}.") for n in range(4)]
    with Project.create(tmp_path / "p") as project:
        project.importing.import_files([write_jsonl("a.jsonl", [*rows, chat("Else", "nothing")])])
    return tmp_path / "p"


def repair(folder: Path, *options: str) -> dict[str, Any]:
    answer = CliRunner().invoke(workbench, ["repair", str(folder), *options, "--json"], catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return dict(json.loads(answer.stdout))


def answers(folder: Path) -> list[str]:
    with Project.open(folder) as project:
        return sorted(project.browsing.page(Filter()).rows["completion"])


def test_a_repair_is_seen_before_it_is_made_and_taken_back_through_the_history(folder: Path) -> None:
    before = answers(folder)
    tried = repair(folder, "--find", "red", "--replace", "blue", "--show", "2")
    assert (tried["changed"], tried["searched"], tried["applied"], tried["batch"]) == (4, 5, False, None)
    assert [change["after"] for change in tried["first"]] == [
        change["before"].replace("red", "blue") for change in tried["first"]
    ]
    assert len(tried["first"]) == 2
    assert answers(folder) == before
    made = repair(folder, "--find", "red", "--replace", "blue", "--apply", "--who", "ada")
    assert (made["changed"], made["applied"]) == (4, True)
    assert answers(folder) == sorted(text.replace("red", "blue") for text in before)
    undo = ["history", str(folder), made["first"][0]["example_id"], "--undo", str(made["batch"])]
    assert CliRunner().invoke(workbench, undo, catch_exceptions=False).exit_code == 0
    assert answers(folder) == before


def test_a_rule_and_a_regular_expression_narrow_what_is_repaired(folder: Path) -> None:
    options = ["--find", r"RED (\S*)2", "--replace", r"blue \1two", "--regex", "--ignore-case"]
    assert repair(folder, *options, "--rule", "text='colour 1'")["changed"] == 0
    assert repair(folder, *options, "--where", "prompt")["changed"] == 0
    assert repair(folder, *options, "--rule", "text='colour 2'", "--role", "assistant")["changed"] == 1


def test_what_the_texts_hold_is_no_command_to_the_terminal(folder: Path) -> None:
    answer = CliRunner().invoke(workbench, ["repair", str(folder), "--find", "red", "--replace", "blue"])
    assert answer.exit_code == 0
    assert "Would change 4 of 5 examples; --apply does it." in answer.output
    assert r"red \x1b[31m0." in answer.output
    assert r"blue \x1b[31m0." in answer.output
    assert "\x1b" not in answer.output
