"""Import: every line is accepted or rejected, once, and a file goes in whole or not at all."""

import json
import os
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import CurationError
from pipelines.examples import example_row, messages_of
from pipelines.progress import Cancelled
from workbench.project import Project
from workbench.reviewing import Filter

GOOD = [{"prompt": f"Question {n}?", "completion": f"Answer {n}."} for n in range(4)]
BAD = ['{"prompt": "broken', '{"prompt": "no answer"}', "[1, 2]"]


def test_every_line_is_accepted_or_rejected_and_kept_with_its_reason(project: Project, write_jsonl) -> None:
    report = project.importing.import_files([write_jsonl("a.jsonl", [GOOD[0], *BAD, *GOOD[1:]])])
    file = report.files[0]
    assert (file.lines, file.accepted, file.new, file.known, file.rejected) == (7, 4, 4, 0, 3)
    rejected = project.importing.rejected()
    assert rejected.select("file", "line", "raw").rows() == [
        ("a.jsonl", n, raw) for n, raw in zip((2, 3, 4), BAD, strict=True)
    ]
    assert all(rejected["reason"])
    assert all(rejected["remedy"])
    occurrences = project.tables.table("occurrences")
    assert occurrences.select("role", "source", "file", "line").rows() == [
        ("train", "a", "a.jsonl", n) for n in (1, 5, 6, 7)
    ]


def test_the_same_file_twice_adds_nothing(project: Project, write_jsonl) -> None:
    path = write_jsonl("a.jsonl", [*GOOD, *BAD])
    project.importing.import_files([path])
    before = {name: project.tables.table(name) for name in ("examples", "occurrences", "rejected")}
    again = project.importing.import_files([path]).files[0]
    assert (again.accepted, again.new, again.known, again.rejected) == (4, 0, 4, 3)
    for name, frame in before.items():
        assert project.tables.table(name).equals(frame), name
    assert project.overview.sources().height == 1


def test_a_file_that_has_grown_adds_only_its_new_lines(project: Project, write_jsonl) -> None:
    project.importing.import_files([write_jsonl("a.jsonl", [*GOOD[:2], BAD[0]])])
    grown = project.importing.import_files([write_jsonl("a.jsonl", [*GOOD[:2], BAD[0], *GOOD[2:]])]).files[0]
    assert (grown.accepted, grown.new, grown.known) == (4, 2, 2)
    assert project.tables.table("occurrences")["line"].to_list() == [1, 2, 4, 5]
    assert project.importing.rejected_count() == 1


def test_an_example_that_stands_in_two_files_is_one_example_with_two_occurrences(project: Project, write_jsonl) -> None:
    project.importing.import_files(
        [write_jsonl("a.jsonl", GOOD[:2]), write_jsonl("b.jsonl", [GOOD[1], GOOD[1], GOOD[2]])]
    )
    assert project.tables.table("examples").height == 3
    assert project.tables.table("occurrences").height == 5
    funnel = project.overview.funnel()
    assert (funnel.imported, funnel.pending) == (5, 3)


def test_equal_content_in_other_formats_is_the_same_example(project: Project, write_jsonl, tmp_path: Path) -> None:
    chat = {"messages": [{"role": "user", "content": "Q?"}, {"role": "assistant", "content": "A."}]}
    csv = tmp_path / "c.csv"
    csv.write_text("prompt,completion\nQ?,A.\n")
    parquet = tmp_path / "d.parquet"
    pl.DataFrame({"instruction": ["Q?"], "input": [""], "output": ["A."]}).write_parquet(parquet)
    report = project.importing.import_files([write_jsonl("a.jsonl", [chat]), csv, parquet])
    assert report.accepted == 3
    assert project.tables.table("examples").height == 1


def test_roles_are_kept_apart(project: Project, write_jsonl) -> None:
    project.importing.import_files([write_jsonl("a.jsonl", GOOD[:1])])
    project.importing.import_files(
        [write_jsonl("p.jsonl", [{"prompt": "only asked"}, {"text": "so too"}])], "production"
    )
    project.importing.import_files([write_jsonl("g.jsonl", GOOD[1:3])], "general")
    funnel = project.overview.funnel()
    assert (funnel.imported, funnel.production, funnel.general, funnel.pending) == (1, 2, 2, 1)
    assert project.reviewing.count(Filter()) == 1
    assert project.reviewing.count(Filter(role="production")) == 2


@pytest.mark.parametrize("content", [None, b"PAR1 broken parquet PAR1"])
def test_a_file_that_cannot_be_read_at_all_is_named_and_leaves_nothing(
    project: Project, write_jsonl, tmp_path: Path, content: bytes | None
) -> None:
    bad = tmp_path / "bad.bin"
    if content is not None:
        bad.write_bytes(content)
    good = write_jsonl("good.jsonl", GOOD)
    with pytest.raises(CurationError) as caught:
        project.importing.import_files([good, bad])
    assert "bad.bin" in caught.value.message
    assert caught.value.remedy
    # The file before it is in, whole; of the bad one nothing.
    assert set(project.tables.table("occurrences")["file"]) == {"good.jsonl"}
    assert project.overview.sources()["file"].to_list() == ["good.jsonl"]


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08 broken gzip", b"\x00\x01\x02\xff" * 100])
def test_of_a_binary_file_nothing_becomes_an_example(project: Project, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.bin").write_bytes(content)
    report = project.importing.import_files([tmp_path / "bad.bin"])
    assert report.accepted == 0
    assert report.rejected == report.files[0].lines
    assert report.rejected or report.files[0].warnings


def test_an_import_that_is_cancelled_while_it_reads_leaves_nothing_of_that_file(project: Project, write_jsonl) -> None:
    def stop(share: float, message: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        project.importing.import_files([write_jsonl("a.jsonl", GOOD)], progress=stop)
    assert project.overview.funnel().imported == 0
    assert project.importing.import_files([write_jsonl("a.jsonl", GOOD)]).new == 4


def test_a_preview_shows_rows_and_stores_nothing(project: Project, write_jsonl) -> None:
    preview = project.importing.preview(write_jsonl("a.jsonl", [*GOOD[:2], BAD[0]]))
    assert preview.format == "prompt-completion"
    assert preview.columns == ["prompt", "completion"]
    assert [row["line"] for row in preview.rows] == [1, 2, 3]
    assert preview.rows[0]["messages"][0]["content"] == "Question 0?"
    assert preview.rows[2]["reason"]
    assert project.overview.funnel().imported == 0


def test_unusual_columns_can_be_mapped(project: Project, write_jsonl) -> None:
    path = write_jsonl("a.jsonl", [{"frage": "Q?", "antwort": "A."}])
    report = project.importing.import_files([path], mapping={"prompt": "frage", "completion": "antwort"})
    assert report.accepted == 1
    with pytest.raises(CurationError, match="mapping"):
        project.importing.import_files([path], mapping={"nothing": "frage"})


def test_unknown_roles_and_formats_are_refused_with_the_known_ones(project: Project, write_jsonl) -> None:
    path = write_jsonl("a.jsonl", GOOD)
    with pytest.raises(CurationError, match="'training'") as caught:
        project.importing.import_files([path], "training")
    assert "train, production" in caught.value.remedy
    with pytest.raises(CurationError, match="format"):
        project.importing.import_files([path], format="excel")


def test_every_line_can_be_had_back_as_it_stood(project: Project, tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "Q\n{n}?"}, {"role": "assistant", "content": 'A "{n}" é'}]
    shapes = [
        {"messages": turns, "source": "wiki", "id": 7},
        {"messages": [{"role": "system", "content": "Be kind."}, *turns, *turns]},
        {"prompt": "P {n}", "completion": "C", "score": 0.5},
        {"instruction": "I {n}", "input": "x", "output": "O"},
    ]
    lines = [json.dumps(shape, ensure_ascii=False).replace("{n}", str(n)) for n in range(150) for shape in shapes]
    lines[5] = f" {lines[5]} "
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert project.importing.import_files([path]).new == len(lines)
    raw = {
        row["line"]: row["raw"]
        for example_id in project.tables.table("examples")["example_id"]
        for row in project.store.examples.raw_lines(example_id)
    }
    assert [raw[number] for number in range(1, len(lines) + 1)] == lines
    for row in project.tables.table("examples").iter_rows(named=True):
        assert example_row(messages_of(row["messages"]))["example_id"] == row["example_id"]


def test_the_same_file_again_says_so_and_is_not_read(
    project: Project, write_jsonl, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_jsonl("a.jsonl", [*GOOD, *BAD])
    first = project.importing.import_files([path]).files[0]
    monkeypatch.setattr("pipelines.formats.bulk_reading.Reading.blocks", lambda *_: pytest.fail("was read again"))
    again = project.importing.import_files([path]).files[0]
    assert (again.new, again.known, again.rejected, again.lines) == (0, 4, 3, first.lines)
    assert "imported before" in " ".join(again.warnings)


def test_the_same_file_read_in_another_way_is_read_again(project: Project, write_jsonl) -> None:
    path = write_jsonl("a.jsonl", [{"question": "Q?", "answer": "A.", "other": "B."}])
    project.importing.import_files([path])
    other = project.importing.import_files([path], mapping={"completion": "other"}).files[0]
    assert (other.new, other.known) == (1, 0)
    assert project.tables.table("examples").height == 2


def test_a_pipe_is_refused_at_once(project: Project, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CurationError, match="is a pipe or a device"):
        project.importing.import_files([tmp_path / "pipe"])
    with pytest.raises(CurationError, match="is a pipe or a device"):
        project.importing.preview(tmp_path / "pipe")


def test_a_file_under_another_name_says_nothing_new(project: Project, write_jsonl) -> None:
    rows = [{"prompt": f"Q{n}?", "completion": "A."} for n in range(5)]
    assert project.importing.import_files([write_jsonl("a.jsonl", rows)]).files[0].examples == 5
    again = project.importing.import_files([write_jsonl("b.jsonl", rows)]).files[0]
    assert (again.new, again.examples) == (5, 0)


def test_limits_can_be_raised_and_lowered(project: Project, write_jsonl) -> None:
    path = write_jsonl("a.jsonl", [{"prompt": "Q" * 300, "completion": "A."}])
    assert project.importing.import_files([path], limits={"max_line_bytes": 200}).rejected == 1
    assert project.importing.import_files([path]).rejected == 0
    with pytest.raises(CurationError, match="no 'max_lines'"):
        project.importing.import_files([path], limits={"max_lines": 1})


def test_a_file_named_as_held_out_is_warned_of_when_it_is_trained_on(project: Project, write_jsonl) -> None:
    path = write_jsonl("test-00000.jsonl", [{"prompt": "Q?", "completion": "A."}])
    assert "'test'" in project.importing.import_files([path]).files[0].warnings[0]
    assert not project.importing.import_files([path], role="test").files[0].warnings
