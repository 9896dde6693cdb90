"""Ratings as preference pairs: the majority's choice with its lineage, and never a sealed example."""

import json
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import CurationError
from tests.workbench.conftest import support_examples
from workbench.project import Project
from workbench.reviewing import Filter
from workbench.splitting import read_ratios


@pytest.fixture
def rated(project: Project, write_jsonl, word_encoder) -> Project:
    """Two variants on each held-out split; three raters, of whom one prefers the other answer."""
    project.importing.import_files([write_jsonl("data.jsonl", support_examples(60))])
    project.reviewing.decide_where(Filter(), "keep", "tester")
    project.splitting.split(read_ratios("60/20/20"))
    splits = project.tables.table("splits")
    for split in ("validation", "test"):
        ids = splits.filter(pl.col("split") == split)["example_id"].to_list()
        for variant in ("good", "bad"):
            lines = [{"example_id": example_id, "text": f"{variant} answer"} for example_id in ids]
            report = project.importing_results.import_outputs(write_jsonl("a.jsonl", lines), variant, split=split)
        project.comparing.results(report.evaluation)
        ratings = []
        for number, example_id in enumerate(ids):
            for rater, choice in (("ada", "left"), ("ben", "left"), ("cy", "right")):
                said = "tie" if number == 0 else choice
                row = {"rater": rater, "example_id": example_id, "left": "good", "right": "bad", "choice": said}
                ratings.append(row)
        project.importing_results.import_ratings(write_jsonl("r.jsonl", ratings), report.evaluation)
    return project


def test_the_majority_is_written_with_its_lineage_and_nothing_of_the_test_split(rated: Project, tmp_path: Path) -> None:
    out = tmp_path / "pairs.jsonl"
    report = rated.preferences.write(out)
    splits = rated.tables.table("splits")
    validation = set(splits.filter(pl.col("split") == "validation")["example_id"])
    assert (report.pairs, report.undecided, report.sealed) == (len(validation) - 1, 1, 12)
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert len(rows) == report.pairs
    for row in rows:
        assert row["example_id"] in validation
        assert row["prompt"][-1]["role"] == "user"
        assert row["chosen"] == [{"role": "assistant", "content": "good answer"}]
        assert row["rejected"] == [{"role": "assistant", "content": "bad answer"}]
        assert (row["chosen_variant"], row["votes_for"], row["votes_against"], row["ties"]) == ("good", 2, 1, 0)


def test_pairs_that_were_written_can_be_imported_as_examples(rated: Project, tmp_path: Path) -> None:
    report = rated.preferences.write(tmp_path / "pairs.jsonl")
    with Project.create(tmp_path / "other") as other:
        read = other.importing.import_files([tmp_path / "pairs.jsonl"])
        assert read.accepted == report.pairs
        assert set(other.tables.table("examples")["completion"]) == {"good answer"}


def test_without_ratings_there_is_nothing_to_write(project: Project, tmp_path: Path) -> None:
    for name in ("pairs.jsonl", "pairs.csv"):
        with pytest.raises(CurationError):
            project.preferences.write(tmp_path / name)
