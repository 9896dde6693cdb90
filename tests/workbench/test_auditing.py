"""Audit of plain files: every row of every table names the file and the line of its example."""

import json
from pathlib import Path

import pytest

from pipelines.errors import CurationError
from tests.workbench.conftest import chat, support_examples
from workbench.auditing import audit


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def audited(word_encoder, write_jsonl, tmp_path: Path) -> tuple[Path, list[object]]:
    """Audit a file of distinct examples in which line 3 repeats line 1, and line 6 is line 5 with an edit."""
    lines: list[object] = support_examples(8)
    prompt, completion = (message["content"] for message in lines[4]["messages"])  # type: ignore[index]
    lines = [lines[0], lines[1], lines[0], lines[3], lines[4], chat(f"{prompt} Thanks!", completion), '{"prompt": ']
    audit([write_jsonl("data.jsonl", lines)], tmp_path / "out", only=["embeddings", "duplicates", "personal-data"])
    return tmp_path / "out", lines


def test_identical_lines_are_reported_as_exact_duplicates_with_their_lines(audited) -> None:
    out, _ = audited
    groups: dict[object, set[tuple[object, object, object]]] = {}
    for row in rows(out / "duplicates.jsonl"):
        groups.setdefault(row["group_id"], set()).add((row["file"], row["line"], row["kind"]))
    assert {frozenset((file, line) for file, line, _ in group) for group in groups.values()} == {
        frozenset({("data.jsonl", 1), ("data.jsonl", 3)}),
        frozenset({("data.jsonl", 5), ("data.jsonl", 6)}),
    }
    pairs = {(row["line_a"], row["line_b"], row["kind"]) for row in rows(out / "duplicate_pairs.jsonl")}
    assert (1, 3, "exact") in pairs
    assert {tuple(sorted((a, b))) for a, b, kind in pairs if kind != "exact"} == {(5, 6)}  # type: ignore[type-var]


def test_each_group_has_one_representative_line(audited) -> None:
    out, _ = audited
    standing: dict[object, int] = {}
    for row in rows(out / "duplicates.jsonl"):
        standing[row["group_id"]] = standing.get(row["group_id"], 0) + bool(row["is_representative"])
    assert set(standing.values()) == {1}


def test_every_row_names_file_and_line_and_rejected_lines_are_told(audited) -> None:
    out, lines = audited
    for table in ("occurrences", "personal_data", "duplicates"):
        found = rows(out / f"{table}.jsonl")
        assert all(row["file"] == "data.jsonl" and row["line"] in range(1, len(lines) + 1) for row in found)
    assert [(row["line"], row["raw"]) for row in rows(out / "rejected.jsonl")] == [(7, '{"prompt": ')]
    assert len(rows(out / "occurrences.jsonl")) == 6


def test_files_that_cannot_be_audited_are_named(tmp_path: Path, write_jsonl) -> None:
    with pytest.raises(CurationError, match="nowhere"):
        audit([tmp_path / "nowhere.jsonl"], tmp_path / "out")
    with pytest.raises(CurationError, match="no training examples"):
        audit([write_jsonl("a.jsonl", ["{"])], tmp_path / "out")
    with pytest.raises(CurationError, match="'everything'"):
        audit([write_jsonl("a.jsonl", support_examples(2))], tmp_path / "out", only=["everything"])


def test_two_files_of_one_name_are_refused_because_rows_could_not_tell_them_apart(tmp_path: Path) -> None:
    paths = [tmp_path / part / "data.jsonl" for part in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        path.write_text(json.dumps(chat("The same question?", "The same answer.")) + "\n")
    with pytest.raises(CurationError, match=r"data\.jsonl") as caught:
        audit(paths, tmp_path / "out")
    assert "Rename" in caught.value.remedy


def test_the_copy_of_a_line_is_suggested_for_dropping_and_its_first_line_is_not(
    word_encoder, write_jsonl, tmp_path: Path
) -> None:
    lines = support_examples(8)
    audit([write_jsonl("data.jsonl", [*lines, lines[2]])], tmp_path / "out")
    quality = {row["line"]: row for row in rows(tmp_path / "out" / "quality.jsonl")}
    assert quality[9]["suggestion"] == "drop"
    assert quality[9]["reason"] == "The same as line 3 of data.jsonl."
    assert quality[3]["cause"] != "Exact duplicate"
