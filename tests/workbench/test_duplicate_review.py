"""Thresholds, pairs that are alike and not the same, bulk decisions about groups, and the representative's undo."""

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import CurationError
from tests.workbench.conftest import Clock, WordEncoder, chat
from workbench.project import Project

WORDS = [f"word{letter}" for letter in "abcdefghijklmnopqrst"]
ANSWER = "The very same complete answer for all of them."


def edited(changed: int) -> str:
    """Return 20 words of which the last so many are other ones."""
    return " ".join(WORDS[: len(WORDS) - changed] + [f"other{n}" for n in range(changed)])


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Two groups, one of weak likeness, and one pair that differs in a number."""
    rows = [
        chat(edited(0), ANSWER),
        chat(edited(1), ANSWER),
        chat("How do I bake a loaf of bread from rye flour at home?", "Mix it, let it rest over night and bake it."),
        chat("HOW do I bake a loaf of bread from rye flour at home?", "Mix it, let it rest over night and bake it."),
        chat("What do I get when I add the number 3 to the number 5, please?", "The sum of both of them is 8."),
        chat("What do I get when I add the number 3 to the number 6, please?", "The sum of both of them is 9."),
    ]
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    encoder = WordEncoder()
    monkeypatch.setattr("pipelines.embedding.minilm.load_encoder", lambda name="default": encoder)
    with Project.create(tmp_path / "project", Clock()) as made:
        made.importing.import_files([path])
        made.curation.curate(["embeddings", "duplicates"])
        yield made


def states(project: Project) -> dict[str, int]:
    return dict(project.store.decisions.states().group_by("state").len().iter_rows())


def test_each_threshold_is_counted_from_the_pairs_that_reach_it(project: Project) -> None:
    counts = project.duplicate_review.counts_by_threshold("near")
    assert counts["threshold"][0] == project.duplicate_review.floor("near").similarity == 0.6
    assert counts["threshold"][-1] == 1.0
    pairs = project.tables.table("duplicate_pairs").filter(pl.col("kind") == "near")
    for row in counts.iter_rows(named=True):
        reach = pairs.filter(pl.col("similarity") >= row["threshold"] - 1e-6)
        assert row["pairs"] == len(reach.filter(~pl.col("guarded")))
        assert row["guarded"] == len(reach.filter(pl.col("guarded")))
    # The two breads are an exact pair and count at every threshold; the pair with another word does not reach 1.
    assert counts.select("groups", "extra").row(0) == (2, 2)
    assert counts.select("groups", "extra").row(-1) == (1, 1)


def test_before_the_stage_has_run_the_floor_is_an_error_for_people(tmp_path: Path) -> None:
    with (
        Project.create(tmp_path / "empty", Clock()) as empty,
        pytest.raises(CurationError, match="No duplicates were looked for yet"),
    ):
        empty.duplicate_review.floor("near")


def test_pairs_around_a_similarity_are_the_nearest_on_either_side(project: Project) -> None:
    pairs = project.tables.table("duplicate_pairs").filter(pl.col("kind") == "near").sort("similarity")
    assert len(pairs) == 2
    middle = float(pairs["similarity"].mean())  # type: ignore[arg-type]
    around = project.duplicate_review.pairs_around("near", middle, count=1)
    assert [pair.similarity for pair in around] == pairs["similarity"].to_list()[::-1]
    assert project.duplicate_review.pairs_around("semantic", 0.9) == []


def test_pairs_that_are_alike_and_not_the_same_are_kept_with_their_guard(project: Project) -> None:
    assert project.duplicate_review.guard_counts() == {"numbers": 1}
    (pair,) = project.duplicate_review.guarded_pairs("numbers")
    assert {pair.completion_a[-2:], pair.completion_b[-2:]} == {"8.", "9."}
    assert project.duplicate_review.guarded_pairs("names") == []


def test_groups_above_a_similarity_are_accepted_as_one_batch_and_taken_back_as_one(project: Project) -> None:
    review = project.duplicate_review
    assert review.undecided_above(0.6) == (2, 2)
    assert review.undecided_above(0.99) == (1, 1)
    batch = review.accept_above(0.99, "ada")
    assert states(project) == {"kept": 1, "dropped": 1, "pending": 4}
    assert review.undecided_above(0.6) == (1, 1)
    assert review.accept_above(0.99, "ada") is None
    undone = project.reviewing.undo("ada")
    assert undone is not None
    assert undone.batch == batch
    assert states(project) == {"pending": 6}


def test_another_representative_is_chosen_and_undo_brings_the_one_before_back(project: Project) -> None:
    group = project.curation.duplicate_groups("near")["group_id"][0]
    first, second = (member.example_id for member in project.curation.duplicate_group(group))

    def representative() -> str:
        return project.curation.duplicate_group(group)[0].example_id

    project.curation.choose_representative(group, second, "ada")
    assert representative() == second
    project.curation.choose_representative(group, first, "bob")
    assert representative() == first
    project.reviewing.undo("bob")
    assert representative() == second
    project.reviewing.undo("ada")
    assert representative() == first
    assert states(project) == {"pending": 6}
