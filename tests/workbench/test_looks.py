"""The ledger of looks at the sealed test split stands beside its figures, which are corrected for the look's number."""

import polars as pl
import pytest

from workbench.cli.result_lines import look_lines
from workbench.results import read_results
from workbench.store.runs import EvaluationRecord


@pytest.fixture
def looked(project):
    """A project in which three evaluations looked at one test split, and one at another's."""
    for number, version in enumerate(["v1", "v1", "v2", "v1"], start=1):
        name = f"evaluation-{number:04d}"
        runs = {"tuned": f"run-{number:04d}"}
        record = EvaluationRecord(name, version, "test", ["tuned"], runs, {"who": "ann"}, 200, project.store.now())
        project.store.runs.add_evaluation(record)
        row = {"variant": "tuned", "metric": "exact_match", "value": 0.7, "low": 0.64, "high": 0.76, "n": 200}
        metrics = pl.DataFrame([{**row, "method": "t", "run_id": runs["tuned"]}])
        empty = {"outputs": pl.DataFrame(schema={"variant": pl.String, "example_id": pl.String, "text": pl.String})}
        empty["output_scores"] = pl.DataFrame(schema={"variant": pl.String, "example_id": pl.String})
        empty["differences"] = pl.DataFrame(schema={"variant": pl.String, "metric": pl.String, "against": pl.String})
        project.store.runs.store_results(name, empty | {"metrics": metrics})
        project.store.runs.add_look(name, version, "ann", f"try {number} (tuned)", project.store.now())
    return project


def results_of(project, name: str):
    record = next(record for record in project.store.runs.evaluations() if record.evaluation == name)
    return read_results(project.store, project.folder, record, lambda *_: None)


def test_a_look_knows_its_number_and_its_interval_grows_with_it(looked, monkeypatch):
    monkeypatch.setattr("workbench.results._verdict", lambda differences: [])
    monkeypatch.setattr("pipelines.evaluation.verdict.summary_sentences", lambda differences: [])
    first, last = results_of(looked, "evaluation-0001"), results_of(looked, "evaluation-0004")
    assert [(found.look, found.looks) for found in (first, last)] == [(1, 3), (3, 3)]
    plain, corrected = first.corrected.row(0, named=True), last.corrected.row(0, named=True)
    assert (plain["low"], plain["high"], plain["optimism"]) == (pytest.approx(0.64), pytest.approx(0.76), 0.0)
    assert corrected["low"] < 0.64
    assert corrected["high"] > 0.76
    assert corrected["optimism"] > 0.01
    ledger = last.ledger
    assert ledger["evaluation"].to_list() == ["evaluation-0001", "evaluation-0002", "evaluation-0004"]
    assert set(ledger["who"]) == {"ann"}
    assert ledger["why"].to_list()[-1] == "try 4 (tuned)"
    assert set(ledger["data"]) == {"v1"}
    assert "run-0004" in ledger["runs"].to_list()[-1]
    lines = look_lines(last)
    assert lines[0].startswith("look 3 of 3 at this test split")
    assert lines[-1].endswith("by ann: evaluation-0004, try 4 (tuned)")


def test_another_data_versions_looks_do_not_count(looked, monkeypatch):
    monkeypatch.setattr("workbench.results._verdict", lambda differences: [])
    monkeypatch.setattr("pipelines.evaluation.verdict.summary_sentences", lambda differences: [])
    found = results_of(looked, "evaluation-0003")
    assert (found.look, found.looks) == (1, 1)
