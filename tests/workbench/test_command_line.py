"""The command line as scripts see it: names, help, JSON, exit codes, and how fast it answers."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest

from tests.workbench.conftest import chat, support_examples
from workbench.cli.main import COMMANDS, main, workbench
from workbench.project import Project
from workbench.store.tables import TABLES

HEAVY = ("torch", "sklearn", "transformers", "peft", "sentence_transformers", "scipy", "polars", "duckdb", "streamlit")


class Answer(NamedTuple):
    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Read standard output as exactly one JSON object."""
        assert self.code == 0, self.err
        value = json.loads(self.out)
        assert isinstance(value, dict)
        assert self.out.count("\n") == 1
        return value


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Return a function that runs a command line in this process, through the same entry point as the script."""

    def call(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["workbench", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return call


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_help(run: Callable[..., Answer], name: str) -> None:
    answer = run(name, "--help")
    assert answer.code == 0
    assert f"workbench {name}" in answer.out
    command = workbench.get_command(click.Context(workbench), name)
    assert command is not None
    assert command.help
    assert [option.name for option in command.params if isinstance(option, click.Option) and not option.help] == []


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_answers_in_json_when_asked(name: str) -> None:
    command = workbench.get_command(click.Context(workbench), name)
    assert command is not None
    assert "--json" in {text for option in command.params for text in option.opts}


def test_help_lists_every_command(run: Callable[..., Answer]) -> None:
    answer = run("--help")
    assert answer.code == 0
    assert all(f"  {name} " in answer.out for name in COMMANDS)


def test_help_answers_at_once_and_loads_nothing_heavy() -> None:
    asked = "import sys; sys.argv = ['workbench', '--help']\nfrom workbench.cli.main import main\n"
    told = (
        f"try:\n    main()\nfinally:\n    sys.stderr.write(' '.join(name for name in {HEAVY!r} if name in sys.modules))"
    )
    costs = {}
    for name, code in (("nothing", "pass"), ("help", asked + told)):
        before = os.times()
        child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        after = os.times()
        costs[name] = after.children_user + after.children_system - before.children_user - before.children_system
        assert child.stderr == ""
    assert costs["help"] - costs["nothing"] < 0.5


def test_a_project_goes_through_the_whole_contract(
    run: Callable[..., Answer], word_encoder, write_jsonl, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    examples = support_examples(60)
    prompt, completion = (message["content"] for message in examples[0]["messages"])
    data = write_jsonl("data.jsonl", [*examples, chat(f"{prompt} Thanks!", completion), "{broken"])
    queries = write_jsonl("queries.jsonl", [{"prompt": f"Where is my scooter {n}?"} for n in range(10)])

    assert run("new", project, "--json").json()["project"] == str(project)
    imported = run("import", project, data, "--source", "desk", "--json").json()
    assert (imported["accepted"], imported["new"], imported["rejected"]) == (61, 61, 1)
    assert run("import", project, queries, "--as", "production", "--json").json()["accepted"] == 10
    curated = run("curate", project, "--only", "embeddings,duplicates,quality", "--json").json()
    assert [stage["stage"] for stage in curated["stages"]] == ["embeddings", "duplicates", "quality"]
    again = run("curate", project, "--only", "duplicates", "--json").json()
    assert again["stages"][0]["skipped"] is True
    decided = run("decide", project, "--action", "keep", "--rule", "state=pending", "--json").json()
    assert decided == {"action": "keep", "examples": 61}
    split = run("split", project, "--ratios", "70/15/15", "--json").json()
    assert sum(split["counts"].values()) == 61
    assert split["certificate"]["passed"] is True
    exported = run("export", project, "--out", tmp_path / "out", "--format", "alpaca", "--json").json()
    assert sum(entry["rows"] for entry in exported["files"].values()) == 61
    listed = run("table", project, "--json").json()
    assert {row["table"] for row in listed["tables"]} == set(TABLES)
    table = run("table", project, "splits", "--json").json()
    assert len(table["rows"]) == 61
    lines = run("table", project, "rejected").out.splitlines()
    assert [json.loads(line)["raw"] for line in lines] == ["{broken"]
    assert run("table", project, "examples", "--out", tmp_path / "t.parquet", "--json").json()["rows"] == 71
    example_id = table["rows"][0]["example_id"]
    history = run("history", project, example_id, "--json").json()["history"]
    assert [entry["action"] for entry in history] == ["import", "keep"]
    assert history[1]["who"] == "command line"
    undone = run("history", project, example_id, "--undo", history[1]["batch"], "--json").json()["undone"]
    assert len(undone["example_ids"]) == 61
    assert run("versions", project, "--name", "1", "first", "--json").json()["version"]["name"] == "first"
    assert run("versions", project, "--compare", "first", "1", "--json").json()["counts"]["same"] == 61
    assert [version["number"] for version in run("versions", project, "--json").json()["versions"]] == [1]
    backup = run("backup", project, "--out", tmp_path / "p.zip", "--without", "runs", "--json").json()
    assert backup["parts"] == ["evaluations", "exports"]
    assert run("restore", tmp_path / "p.zip", tmp_path / "again", "--json").json()["files"] == backup["files"]
    assert len(run("table", tmp_path / "again", "splits", "--json").json()["rows"]) == 61
    for command in (
        ("new", tmp_path / "other"),
        ("curate", project, "--only", "duplicates"),
        ("table", project),
        ("versions", project),
        ("history", project, example_id),
    ):
        plain = run(*command)
        assert plain.code == 0
        assert plain.out.strip()
        assert not plain.out.startswith("{")


@pytest.mark.parametrize("name", TABLES)
def test_every_table_can_be_read_of_an_empty_project(run: Callable[..., Answer], tmp_path: Path, name: str) -> None:
    run("new", tmp_path / "p")
    assert run("table", tmp_path / "p", name, "--json").json() == {"table": name, "rows": []}


@pytest.mark.parametrize(
    "arguments",
    [
        ("import", "{project}", "{tmp}/nowhere.jsonl"),
        ("import", "{tmp}/none", "{tmp}/nowhere.jsonl"),
        ("new", "{project}"),
        ("curate", "{project}"),
        ("curate", "{project}", "--only", "nothing"),
        ("curate", "{project}", "--set", "duplicates.near_threshold=9"),
        ("decide", "{project}", "--action", "keep", "--rule", "colour=red"),
        ("decide", "{project}", "--action", "keep", "--ids", "{tmp}/nowhere"),
        ("split", "{project}"),
        ("split", "{project}", "--ratios", "90/20/10"),
        ("export", "{project}", "--out", "{tmp}/out"),
        ("history", "{project}", "nobody"),
        ("history", "{project}", "nobody", "--undo", "1"),
        ("history", "{project}", "nobody", "--restore", "nothing"),
        ("versions", "{project}", "--compare", "1", "2"),
        ("versions", "{project}", "--restore", "1"),
        ("backup", "{project}", "--out", "{project}"),
        ("restore", "{tmp}/nowhere.zip", "{tmp}/restored"),
        ("train", "{project}"),
        ("train", "{project}", "--resume", "run-0001"),
        ("train", "{project}", "--set", "rank=-1"),
        ("compare", "{project}", "run-0001"),
        ("results", "{project}"),
        ("table", "{project}", "secrets"),
        ("table", "{project}", "examples", "--out", "{tmp}/t.xlsx"),
        ("audit", "{tmp}/nowhere.jsonl", "--out", "{tmp}/audit"),
    ],
    ids=" ".join,
)
def test_what_a_person_can_mend_exits_1_with_message_and_remedy(
    run: Callable[..., Answer], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    run("new", tmp_path / "p")
    places = {"project": tmp_path / "p", "tmp": tmp_path}
    for json_too in ((), ("--json",)):
        answer = run(*(argument.format(**places) for argument in arguments), *json_too)
        assert answer.code == 1
        assert answer.out == ""
        assert answer.err.startswith("Error: ") or "\nError: " in answer.err
        assert "What to do: " in answer.err
        assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("nothing",),
        ("new",),
        ("import", "{tmp}/p"),
        ("import", "{tmp}/p", "file", "--as", "training"),
        ("decide", "{tmp}/p", "--action", "burn", "--rule", "conflict"),
        ("decide", "{tmp}/p", "--action", "keep"),
        ("curate", "{tmp}/p", "--set", "no equals sign"),
        ("split", "{tmp}/p", "--seed", "one"),
        ("export", "{tmp}/p"),
        ("history", "{tmp}/p"),
        ("versions", "{tmp}/p", "--restore", "1", "--name", "1", "x"),
        ("backup", "{tmp}/p", "--out", "x.zip", "--without", "everything"),
        ("app", "--port", "99999999"),
        ("new", "{tmp}/p", "--unknown"),
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_2(run: Callable[..., Answer], tmp_path: Path, arguments: tuple[str, ...]) -> None:
    run("new", tmp_path / "p")
    answer = run(*(argument.format(tmp=tmp_path) for argument in arguments))
    assert answer.code == 2
    assert answer.out == ""
    assert "Traceback" not in answer.err


def test_the_doctor_tells_what_is_here(run: Callable[..., Answer]) -> None:
    facts = run("doctor", "--json").json()
    assert facts["package torch"] != "not installed"
    assert "python" in facts


def test_the_script_itself_reports_an_error_without_a_traceback(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("workbench")
    command = [script, "table", tmp_path / "none"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "What to do: " in done.stderr


def test_an_interrupt_ends_with_130_and_says_that_what_was_finished_is_kept(
    run: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("workbench.machine.describe_machine", interrupted)
    answer = run("doctor")
    assert (answer.code, answer.out) == (130, "")
    assert "what was finished is kept" in answer.err


def test_a_reader_that_has_enough_of_a_table_causes_no_traceback(tmp_path: Path) -> None:
    with Project.create(tmp_path / "p") as project:
        rows = [{"prompt": f"Question {n}?", "completion": "word " * 100} for n in range(3_000)]
        path = tmp_path / "a.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        project.importing.import_files([path])
    command = [sys.executable, "-P", "-m", "workbench.cli.main", "table", str(tmp_path / "p"), "examples"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
