"""Held-out files are compared with the training examples: stage, decisions in bulk, audit."""

import json

import pytest

from pipelines.errors import CurationError
from tests.workbench.conftest import chat, support_examples
from workbench.auditing import audit

LEAKED = "a shop sold forty eight lamps in april and half as many in may how many did it sell in both months together"


@pytest.fixture
def curated(project, word_encoder, write_jsonl):
    """A project whose first training example is a held-out question in other words around it."""
    project.importing.import_files(
        [write_jsonl("train.jsonl", [chat(f"Hello! {LEAKED}", "72"), *support_examples(30)])]
    )
    held = write_jsonl("held.jsonl", [chat("who paints the red barn", "ann"), chat(LEAKED, "72 lamps")])
    settings = {"contamination.files": str(held)}
    return project, project.curation.curate(["embeddings", "contamination"], settings), settings


def test_a_named_file_is_imported_as_test_and_its_copy_found(curated):
    project, report, settings = curated
    figures = report.stages[1].figures
    assert figures["held_out"] == 2
    assert figures["contaminated"] >= 1
    found = project.decontaminating.findings("contaminated")
    assert (found[0]["prompt"], found[0]["test_prompt"]) == (f"Hello! {LEAKED}", LEAKED)
    assert (found[0]["file"], found[0]["line"]) == ("held.jsonl", 2)
    assert "13 words" in found[0]["kinds"]
    # The second time nothing has changed, and nothing is imported twice.
    again = project.curation.curate(["embeddings", "contamination"], settings)
    assert [stage.skipped for stage in again.stages] == [True, True]
    assert project.decontaminating.held_out() == 2


def test_a_verdict_is_decided_in_bulk_and_taken_back(curated):
    project, *_ = curated
    counts = project.decontaminating.counts()["contaminated"]
    dropped = project.decontaminating.decide("contaminated", "drop", "ann")
    assert dropped == counts["examples"] == counts["pending"]
    assert {row["state"] for row in project.decontaminating.findings("contaminated")} == {"dropped"}
    assert project.decontaminating.counts()["contaminated"]["pending"] == 0
    project.reviewing.undo("ann")
    assert project.decontaminating.counts()["contaminated"] == counts


def test_what_cannot_be_done_is_said(curated, write_jsonl):
    project, *_ = curated
    with pytest.raises(CurationError, match="There is no held-out file"):
        project.curation.curate(["contamination"], {"contamination.files": "nowhere.jsonl"})
    queries = write_jsonl("queries.jsonl", [{"prompt": "no answer here"}])
    with pytest.raises(CurationError, match=r"No line of queries\.jsonl can be used"):
        project.curation.curate(["contamination"], {"contamination.files": str(queries)})
    with pytest.raises(CurationError, match="cannot be given"):
        project.decontaminating.decide("contaminated", "burn", "ann")


def test_audit_names_the_lines_of_both_sides(word_encoder, write_jsonl, tmp_path):
    train = write_jsonl("train.jsonl", [*support_examples(30), chat(LEAKED, "72")])
    test = write_jsonl("test.jsonl", [chat("something else", "no"), chat(LEAKED.upper(), "72 lamps")])
    audit([train], tmp_path / "out", only=["embeddings", "contamination"], test=test)
    rows = [json.loads(line) for line in (tmp_path / "out" / "contamination.jsonl").read_text("utf-8").splitlines()]
    exact = [row for row in rows if row["kind"] == "exact"]
    assert [(row["file"], row["line"], row["test_file"], row["test_line"]) for row in exact] == [
        ("train.jsonl", 31, "test.jsonl", 2)
    ]
