"""Columns with other names: what a person said about a source is remembered, and can be forgotten."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.errors import CurationError
from workbench.cli.commands.import_command import command as import_command
from workbench.project import Project

ROWS = [{"frage": f"Was ist {n}?", "antwort": f"Es ist {n}.", "lang": "de"} for n in range(7)]
MAPPING = {"prompt": "frage", "completion": "antwort"}


def test_a_preview_shows_raw_rows_before_and_messages_with_metadata_after(project: Project, write_jsonl) -> None:
    path = write_jsonl("a.jsonl", ROWS)
    before = project.importing.preview(path)
    assert before.columns == ["frage", "antwort", "lang"]
    assert len(before.rows) == 5
    assert [json.loads(row["raw"]) for row in before.rows] == ROWS[:5]
    assert all(row["reason"] and row["remedy"] for row in before.rows)
    after = project.importing.preview(path, mapping=MAPPING)
    assert [row["messages"][0]["content"] for row in after.rows] == [row["frage"] for row in ROWS[:5]]
    assert [row["metadata"] for row in after.rows] == [{"lang": "de"}] * 5


def test_the_mapping_of_a_source_is_taken_again_until_it_is_changed(project: Project, write_jsonl) -> None:
    first, second = write_jsonl("a.jsonl", ROWS[:3]), write_jsonl("b.jsonl", ROWS[3:])
    assert project.importing.mapping_of("desk") == {}
    project.importing.import_files([first], source="desk", mapping=MAPPING)
    assert project.importing.mapping_of("desk") == MAPPING
    again = project.importing.import_files([second], source="desk").files[0]
    assert (again.accepted, again.rejected, again.mapping) == (4, 0, MAPPING)
    # Another source, or the same name in another role, was told nothing.
    assert project.importing.mapping_of("desk", "production") == {}
    assert project.importing.import_files([write_jsonl("c.jsonl", ROWS)]).rejected == 7
    # An empty mapping is a decision too.
    assert project.importing.import_files([write_jsonl("d.jsonl", ROWS)], source="desk", mapping={}).rejected == 7
    assert project.importing.mapping_of("desk") == {}


def test_a_remembered_column_that_a_file_lacks_does_no_harm(project: Project, write_jsonl) -> None:
    project.importing.import_files([write_jsonl("a.jsonl", ROWS)], source="desk", mapping=MAPPING)
    usual = write_jsonl("b.jsonl", [{"prompt": "Q?", "completion": "A."}])
    assert project.importing.import_files([usual], source="desk").accepted == 1


def test_the_project_remembers_when_it_is_opened_again(tmp_path: Path, write_jsonl) -> None:
    with Project.create(tmp_path / "p") as made:
        made.importing.import_files([write_jsonl("a.jsonl", ROWS)], mapping=MAPPING)
    with Project.open(tmp_path / "p") as opened:
        assert opened.importing.mapping_of("a") == MAPPING


def test_lines_that_a_mapping_made_readable_are_no_longer_listed_as_unread(project: Project, write_jsonl) -> None:
    path = write_jsonl("a.jsonl", [*ROWS, "{broken"])
    project.importing.import_files([path])
    assert project.importing.rejected_count() == 8
    project.importing.import_files([path], mapping=MAPPING)
    assert project.importing.rejected_count() == 1
    assert project.importing.rejected()["raw"].to_list() == ["{broken"]
    assert project.overview.funnel().rejected == 1
    # They are kept all the same.
    assert project.tables.table("rejected").height == 8


def test_reasons_are_counted_by_file_the_most_frequent_first(project: Project, write_jsonl) -> None:
    project.importing.import_files([write_jsonl("a.jsonl", [*ROWS, "[1]", {"prompt": "no answer"}])])
    reasons = project.importing.rejected_reasons()
    assert reasons.columns == ["file", "reason", "remedy", "lines", "first_line"]
    assert reasons["lines"].to_list() == [7, 1, 1]
    assert reasons["first_line"].to_list() == [1, 8, 9]
    assert reasons["lines"].sum() == project.importing.rejected_count()


def run(*arguments: object) -> dict:
    told = CliRunner().invoke(import_command, [*map(str, arguments), "--json"])
    assert told.exit_code == 0, told.output
    return dict(json.loads(told.stdout)["files"][0])


def test_the_command_maps_remembers_and_forgets(tmp_path: Path, write_jsonl) -> None:
    folder = tmp_path / "p"
    Project.create(folder).close()
    path = write_jsonl("a.jsonl", ROWS)
    assert run(folder, path)["rejected"] == 7
    file = run(folder, path, "--map", "prompt=frage", "--map", "completion=antwort")
    assert (file["accepted"], file["new"], file["rejected"], file["mapping"]) == (7, 7, 0, MAPPING)
    file = run(folder, path)
    assert (file["accepted"], file["known"], file["mapping"]) == (7, 7, MAPPING)
    assert run(folder, write_jsonl("x.jsonl", ROWS), "--source", "a")["accepted"] == 7
    assert run(folder, write_jsonl("y.jsonl", ROWS), "--source", "a", "--no-map")["rejected"] == 7


@pytest.mark.parametrize("given", [["--map", "prompt"], ["--map", "=frage"], ["--no-map", "--map", "prompt=frage"]])
def test_a_mapping_that_says_nothing_is_wrong_usage(tmp_path: Path, given: list[str]) -> None:
    told = CliRunner().invoke(import_command, [str(tmp_path), "a.jsonl", *given])
    assert told.exit_code == 2


def test_a_field_that_nobody_knows_is_named_with_the_known_ones(project: Project, write_jsonl) -> None:
    with pytest.raises(CurationError, match="'colour' is nothing a column can be mapped to"):
        project.importing.preview(write_jsonl("a.jsonl", ROWS), mapping={"colour": "frage"})


def test_a_folder_is_one_source_and_its_files_keep_their_names(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "desk"
    for name, rows in (("north/a.jsonl", ROWS[:2]), ("south/a.jsonl", ROWS[2:])):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (folder / "README.md").write_text("About this data.", "utf-8")
    report = project.importing.import_files([folder], mapping=MAPPING)
    assert [(file.file, file.source, file.new) for file in report.files] == [
        ("north/a.jsonl", "desk", 2),
        ("south/a.jsonl", "desk", 5),
    ]
    assert [name for name, _ in report.passed_over] == ["README.md"]
    again = project.importing.import_files([folder])
    assert [(file.new, file.known) for file in again.files] == [(0, 2), (0, 5)]
    # A line of the one file is not taken for the same line of the other.
    assert project.tables.table("occurrences").height == 7


def test_a_mapping_to_columns_that_are_not_there_is_refused_and_not_remembered(project: Project, write_jsonl) -> None:
    path = write_jsonl("a.jsonl", [{"prompt": "Q?", "completion": "A."}])
    with pytest.raises(CurationError, match="has no column 'nosuch'; it has: prompt, completion"):
        project.importing.import_files([path], source="desk", mapping={"completion": "nosuch"})
    assert project.importing.mapping_of("desk") == {}
    some = project.importing.import_files([path], source="desk", mapping={"completion": "nosuch", "prompt": "prompt"})
    assert any("'nosuch'" in warning for warning in some.files[0].warnings)
