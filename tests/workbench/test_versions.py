"""Dataset versions: found, named, compared against sets kept by hand, and gone back to."""

from collections.abc import Sequence

import polars as pl
import pytest

from pipelines.errors import CurationError
from tests.workbench.conftest import support_examples
from workbench.project import Project
from workbench.reviewing import Filter
from workbench.splitting import read_ratios
from workbench.versions import SEALED_TEXT, VersionComparison


@pytest.fixture
def ids(project: Project, write_jsonl) -> list[str]:
    """Import eight examples of two sources and return their ids in the order of the files."""
    rows = [{"prompt": f"Question {n}?", "completion": f"Answer {n}."} for n in range(8)]
    project.importing.import_files([write_jsonl("a.jsonl", rows[:4])], source="desk")
    project.importing.import_files([write_jsonl("b.jsonl", rows[4:])], source="phone")
    return project.reviewing.queue(Filter(), "position")


def add(project: Project, **splits: Sequence[str]) -> int:
    """Store a version of those members."""
    rows = [
        {"example_id": example_id, "split": split, "group_id": example_id, "included": True}
        for split, members in splits.items()
        for example_id in members
    ]
    members = pl.DataFrame(rows)
    version = f"{hash(str(sorted(members.rows()))) & 0xFFFFFFFFFFFF:012x}"
    now = project.store.now()
    record = project.store.versions.add(version, members, settings={}, certificate={}, notes=["n"], now=now)
    return record.number


def edit(project: Project, example_id: str, text: str) -> str:
    messages = [{"role": "user", "content": text}, {"role": "assistant", "content": "Answer."}]
    return project.reviewing.edit(example_id, messages, "ada")


def rows(comparison: VersionComparison, change: str) -> list[tuple[str, str | None, str | None, str | None]]:
    frame = comparison.changes.filter(pl.col("change") == change)
    return frame.select("example_id", "before_id", "split_before", "split_after").rows()


def test_a_version_is_found_by_number_name_and_hash(project: Project, ids: list[str]) -> None:
    with pytest.raises(CurationError, match="no dataset version yet"):
        project.versions.find("1")
    assert project.versions.all() == []
    add(project, train=ids[:2], test=ids[2:3])
    add(project, train=ids[:3])
    first = project.versions.find("1")
    assert (first.number, first.counts["train"], first.current) == (1, 2, False)
    assert project.versions.find("version 2").current
    assert project.versions.find(first.version) == first
    assert project.versions.find(first.version[:6]) == first
    assert [version.number for version in project.versions.all()] == [2, 1]
    for unknown in ("3", "", first.version[:3], "nothing"):
        with pytest.raises(CurationError, match="There is no version") as caught:
            project.versions.find(unknown)
        assert "2 (version 2), 1 (version 1)" in caught.value.remedy


def test_a_version_can_be_named_and_is_found_by_it(project: Project, ids: list[str]) -> None:
    add(project, train=ids[:2])
    add(project, train=ids[:3])
    assert project.versions.rename("1", " before the audit ").name == "before the audit"
    assert project.versions.find("before the audit").number == 1
    assert project.versions.rename("1", "before the audit").number == 1
    for name in ("", "   ", "x" * 81, "a\nb", "7"):
        with pytest.raises(CurationError):
            project.versions.rename("2", name)
    with pytest.raises(CurationError, match="Version 1 is named"):
        project.versions.rename("2", "before the audit")


def test_two_versions_are_compared_by_what_happened_to_each_example(project: Project, ids: list[str]) -> None:
    add(project, train=ids[:5], validation=ids[5:6], test=ids[6:7])
    child = edit(project, ids[0], "Question 0, better?")
    twice = edit(project, edit(project, ids[1], "Once?"), "Twice?")
    add(project, train=[child, twice, ids[2], ids[7]], validation=[ids[3]], test=[ids[6], ids[5]])
    found = project.versions.compare("1", "2")
    # 0 and 1 edited; 2, 6 as before; 3 and 5 moved; 4 removed; 7 added.
    assert found.counts == {"added": 1, "removed": 1, "edited": 2, "moved": 2, "same": 2}
    assert rows(found, "added") == [(ids[7], None, None, "train")]
    assert rows(found, "removed") == [(ids[4], None, "train", None)]
    assert sorted(rows(found, "edited")) == sorted(
        [(child, ids[0], "train", "train"), (twice, ids[1], "train", "train")]
    )
    assert sorted(rows(found, "moved")) == sorted(
        [(ids[3], None, "train", "validation"), (ids[5], None, "validation", "test")]
    )
    assert found.by_source.sort("source").rows() == [("desk", 0, 0, 2, 1), ("phone", 1, 1, 0, 1)]
    assert found.by_cluster.rows() == [("(none)", 1, 1, 2, 2)]
    back = project.versions.compare("2", "1")
    assert back.counts == {"added": 1, "removed": 1, "edited": 2, "moved": 2, "same": 2}
    same = project.versions.compare("1", "1")
    assert (same.changes.height, same.counts["same"]) == (0, 7)


def test_an_edit_into_a_text_that_was_there_is_a_removal(project: Project, ids: list[str]) -> None:
    add(project, train=ids[:2])
    messages = [{"role": "user", "content": "Question 1?"}, {"role": "assistant", "content": "Answer 1."}]
    assert project.reviewing.edit(ids[0], messages, "ada") == ids[1]
    add(project, train=[ids[1]])
    counts = project.versions.compare("1", "2").counts
    assert counts == {"added": 0, "removed": 1, "edited": 0, "moved": 0, "same": 1}


def test_a_comparison_counts_by_cluster(project: Project, ids: list[str]) -> None:
    from workbench.store.analysis import StageRecord

    clusters = pl.DataFrame(
        {
            "example_id": ids,
            "cluster_id": [n % 2 for n in range(8)],
            "title": ["even" if n % 2 == 0 else "odd" for n in range(8)],
            "x": [0.0] * 8,
            "y": [0.0] * 8,
        },
        schema_overrides={"cluster_id": pl.Int32},
    )
    record = StageRecord("coverage", "f", "{}", {}, 0.0)
    project.store.analysis.replace(record, {"clusters": clusters}, project.store.now())
    add(project, train=ids[:4])
    add(project, train=[*ids[:3], *ids[4:7]])
    # 3 (odd) went; 4, 6 (even) and 5 (odd) came.
    assert project.versions.compare("1", "2").by_cluster.rows() == [("even", 2, 0, 0, 0), ("odd", 1, 1, 0, 0)]


def test_texts_of_sealed_examples_stay_out_of_a_comparison(project: Project, ids: list[str]) -> None:
    add(project, train=ids[:2])
    add(project, train=ids[:3], test=ids[3:4])
    comparison = project.versions.compare("1", "2")
    texts = project.versions.texts(comparison, "added")
    assert sorted(texts["prompt"]) == sorted(["Question 2?", SEALED_TEXT])
    assert project.versions.texts(comparison, "removed").is_empty()


def test_going_back_makes_a_new_version_with_the_same_members(project: Project, ids: list[str]) -> None:
    add(project, train=ids[:4], test=ids[4:6])
    add(project, train=ids[:6], test=ids[6:7])
    again = project.versions.restore("1")
    assert (again.number, again.version, again.current) == (3, project.versions.find("1").version, True)
    assert project.store.versions.members(3).rows() == project.store.versions.members(1).rows()
    assert project.versions.compare("1", "3").changes.is_empty()
    assert [version.number for version in project.versions.all()] == [3, 2, 1]
    shown = set(project.reviewing.queue(Filter()))
    assert not shown & set(ids[4:6])
    assert ids[6] in shown
    current = project.splitting.current()
    assert current is not None
    assert current.notes[0] == "Version 1 (version 1) again."
    assert current.notes[1].startswith("2 examples of this test split were not sealed")
    with pytest.raises(CurationError, match="is the current one"):
        project.versions.restore("3")


def test_going_back_to_a_version_that_stayed_sealed_says_nothing_of_it(project: Project, ids: list[str]) -> None:
    add(project, train=ids[:4], test=ids[4:6])
    add(project, train=ids[:3], test=ids[4:7])
    project.versions.restore("1")
    current = project.splitting.current()
    assert current is not None
    assert current.notes == ["Version 1 (version 1) again.", "n"]


def test_a_split_after_an_edit_was_undone_keeps_the_text_on_the_side_of_its_kin(
    project: Project, word_encoder, write_jsonl
) -> None:
    project.importing.import_files([write_jsonl("a.jsonl", support_examples(40))])
    edited = {}
    for number, example_id in enumerate(project.reviewing.queue(Filter(), "position")[:12]):
        edited[example_id] = edit(project, example_id, support_examples(60)[40 + number]["messages"][0]["content"])
    project.reviewing.decide(project.reviewing.queue(Filter()), "keep", "ada")
    project.splitting.split(read_ratios("50/25/25"))
    sealed = {parent: child for parent, child in edited.items() if project.store.history.sealed([child])}
    assert sealed
    for example_id in edited:
        batch = next(entry.batch for entry in project.history.of(example_id) if entry.action == "edit")
        project.history.undo(batch or 0, "ada")
    assert not set(project.reviewing.queue(Filter())) & set(sealed)
    project.splitting.split(read_ratios("50/25/25"), include_pending=True)
    current = project.store.versions.current()
    assert current is not None
    sides = dict(project.store.versions.members(current.number).select("example_id", "split").rows())
    assert {sides[parent] for parent in sealed} == {"test"}
