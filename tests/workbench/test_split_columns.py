"""A split by source key, by time, and by a column that names the split, with the columns of the imported files."""

import polars as pl
import pytest

from pipelines.errors import CurationError
from tests.workbench.conftest import support_examples
from workbench.splitting import read_ratios


@pytest.fixture
def imported(project, word_encoder, write_jsonl):
    """Sixty kept examples: three a conversation, one a day; a column names the split."""
    rows = support_examples(60)
    for place, row in enumerate(rows):
        row |= {
            "conversation_id": f"c{place % 20}",
            "created_at": f"2024-{1 + place // 28:02}-{1 + place % 28:02}",
            "part": "test" if place % 20 == 3 else "train",
            "tone": "plain",
        }
    project.importing.import_files([write_jsonl("rows.jsonl", rows)])
    return project


def sides(project, column: str) -> pl.DataFrame:
    members = project.tables.table("splits").select("example_id", "split")
    return members.join(project.store.metadata.of_examples(column), on="example_id")


def test_a_key_is_suggested_and_held_together(imported):
    assert imported.splitting.suggested_key().column == "conversation_id"
    plain = imported.splitting.split(include_pending=True)
    assert any("conversation_id' looks like a source key (20 values; 100%" in note for note in plain.notes)
    report = imported.splitting.split(read_ratios("70/15/15", key="conversation_id"), include_pending=True)
    assert sides(imported, "conversation_id").group_by("value").agg(pl.col("split").n_unique())["split"].max() == 1
    assert not any("looks like a source key" in note for note in report.notes)
    assert imported.splitting.current().settings["key"] == "conversation_id"


def test_by_time_the_test_split_is_the_latest(imported):
    imported.splitting.split(read_ratios("80/10/10", by="time"), include_pending=True)
    members = imported.tables.table("splits")
    begins = sides(imported, "created_at").join(members.select("example_id", "group_id"), on="example_id")
    begins = begins.group_by("group_id", "split").agg(pl.col("value").min())
    latest = begins.filter(pl.col("split") == "train")["value"].max()
    assert begins.filter(pl.col("split") == "test")["value"].min() >= latest


def test_a_column_that_names_the_split_is_followed(imported):
    imported.splitting.split(read_ratios("80/10/10", by="split", column="part"), include_pending=True)
    found = sides(imported, "part")
    assert found.filter((pl.col("value") == "train") & (pl.col("split") != "train")).is_empty()
    assert found.filter(pl.col("split") == "test").height > 0


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"by": "time", "column": "tone"}, "is no time: 'plain'"),
        ({"by": "split", "column": "tone"}, "names no split in 'plain'"),
        ({"by": "split"}, "No column is named"),
        ({"key": "nothing"}, "in the column 'nothing'"),
        ({"key": "tone"}, "60 of 60 examples have the value 'plain'"),
    ],
)
def test_a_column_that_cannot_serve_is_refused_before_any_work(imported, chosen, message):
    steps = []
    with pytest.raises(CurationError, match=message):
        imported.splitting.split(
            read_ratios("80/10/10", **chosen), include_pending=True, progress=lambda *step: steps.append(step)
        )
    assert steps == []
