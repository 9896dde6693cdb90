"""Where both answers are bad a person writes the right one: a candidate with its lineage, never of the test split."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import CurationError
from tests.workbench.conftest import WordEncoder, support_examples
from workbench.project import Project
from workbench.reviewing import Filter
from workbench.rules import read_rule
from workbench.splitting import read_ratios
from workbench.writing_answers import SOURCE

Write = Callable[..., Path]


@pytest.fixture
def rated(project: Project, write_jsonl: Write, word_encoder: WordEncoder) -> Project:
    """Two models on validation and on test; ada finds both bad on the first three of each, ben on the first alone."""
    project.importing.import_files([write_jsonl("data.jsonl", support_examples(60))])
    project.reviewing.decide_where(Filter(), "keep", "tester")
    project.splitting.split(read_ratios("60/20/20"))
    for split in ("validation", "test"):
        ids = held_out(project, split)
        for variant in ("one", "two"):
            lines = [{"example_id": example_id, "text": f"answer {variant}"} for example_id in ids]
            report = project.importing_results.import_outputs(write_jsonl("a.jsonl", lines), variant, split=split)
        project.comparing.results(report.evaluation)
        votes = [("ada", example_id) for example_id in ids[:3]] + [("ben", ids[0])]
        ratings = [
            {"rater": rater, "example_id": example_id, "left": "one", "right": "two", "choice": "both_bad"}
            for rater, example_id in votes
        ]
        project.importing_results.import_ratings(write_jsonl("r.jsonl", ratings), report.evaluation)
    return project


def held_out(project: Project, split: str) -> list[str]:
    members = project.store.versions.members(project.store.versions.all_records()[0].number)
    return sorted(members.filter(pl.col("split") == split)["example_id"])


def test_the_queue_holds_what_was_found_bad_most_often_first_and_nothing_of_the_test_split(rated: Project) -> None:
    queue = rated.writing_answers.queue()
    first = held_out(rated, "validation")[:3]
    assert {one.example_id for one in queue} == set(first)
    assert (queue[0].example_id, queue[0].times) == (first[0], 2)
    assert queue[0].answers == ["answer one", "answer two"]
    assert queue[0].messages[-1]["role"] == "user"


def test_a_written_answer_is_an_undecided_training_example_that_says_where_it_comes_from(rated: Project) -> None:
    one = rated.writing_answers.queue()[0]
    new = rated.writing_answers.write(one.example_id, " The right answer. ", "ada")
    row = rated.store.examples.with_ids([new]).row(0, named=True)
    assert row["completion"] == "The right answer."
    assert row["prompt"] == one.messages[-1]["content"]
    assert rated.store.examples.with_role("train").filter(example_id=new).height == 1
    assert new in rated.reviewing.queue(read_rule(f"state=pending and source='{SOURCE}'"))
    line = rated.store.examples.raw_lines(new)[0]
    assert (line["source"], json.loads(line["raw"])["repairs"]) == (SOURCE, one.example_id)
    assert one.example_id not in {left.example_id for left in rated.writing_answers.queue()}
    with pytest.raises(CurationError, match="No answer is asked"):
        rated.writing_answers.write(one.example_id, "Another.", "ada")


def test_the_next_split_puts_a_written_answer_beside_the_example_of_its_prompt(rated: Project) -> None:
    one = rated.writing_answers.queue()[0]
    new = rated.writing_answers.write(one.example_id, one.reference + " Thank you.", "ada")
    rated.reviewing.decide([new], "keep", "ada")
    rated.curation.curate()
    rated.splitting.split(read_ratios("60/20/20"))
    current = rated.store.versions.current()
    sides = dict(rated.store.versions.members(current.number).select("example_id", "split").rows())
    assert sides[new] == sides[one.example_id]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("  ", "no answer to store"),
        ("answer two", "found bad"),
        ("half \ud83d", "half a character"),
    ],
)
def test_what_is_no_right_answer_is_refused_and_stores_nothing(rated: Project, answer: str, message: str) -> None:
    one = rated.writing_answers.queue()[0]
    with pytest.raises(CurationError, match=message):
        rated.writing_answers.write(one.example_id, answer, "ada")
    with pytest.raises(CurationError, match="reference answer"):
        rated.writing_answers.write(one.example_id, one.reference, "ada")
    assert rated.store.ratings.written_answers(SOURCE).is_empty()


def test_nothing_is_written_for_the_sealed_test_split(rated: Project) -> None:
    sealed = held_out(rated, "test")[0]
    with pytest.raises(CurationError, match="sealed test split"):
        rated.writing_answers.write(sealed, "The right answer.", "ada")


def test_a_file_goes_to_writers_and_comes_back(rated: Project, tmp_path: Path) -> None:
    out = tmp_path / "queue.jsonl"
    assert rated.writing_answers.hand_out(out) == 3
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert all(row["answer"] == "" for row in rows)
    rows[0]["answer"] = "Right."
    rows[1]["answer"] = "answer one"
    out.write_text("\n".join([*map(json.dumps, rows), "nonsense"]), "utf-8")
    stored, refused = rated.writing_answers.take_in(out, "writer")
    assert stored == 1
    assert [line.partition(":")[0] for line in refused] == ["line 2", "line 4"]
    assert len(rated.writing_answers.queue()) == 2
