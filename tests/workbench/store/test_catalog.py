"""The catalog against the plain views, after random sequences of everything that changes what may be shown."""

import random
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import CurationError
from tests.workbench.conftest import chat
from workbench.project import Project
from workbench.reviewing import Filter
from workbench.store.analysis import StageRecord
from workbench.store.catalog import CATALOG, ROLE_BITS

# What the catalog must say, asked of the plain views.
VIEWS = """
SELECT e.example_id, s.state, e.tokens, q.quality, q.suggestion, c.cluster_id,
e.example_id IN (SELECT example_id FROM present) AND e.example_id NOT IN (SELECT example_id FROM sealed) AS shown,
e.example_id IN (SELECT example_id FROM conflicts) AS conflict,
e.example_id IN (SELECT example_id FROM personal_data) AS personal,
(SELECT list(DISTINCT r.role ORDER BY r.role) FROM roles r WHERE r.example_id = e.example_id) AS roles,
(SELECT arg_min(o.source, (o.import_id, o.line)) FROM occurrences o WHERE o.example_id = e.example_id) AS source
FROM examples e JOIN states s USING (example_id) LEFT JOIN quality q USING (example_id)
LEFT JOIN clusters c USING (example_id) ORDER BY e.example_id
"""


def from_views(project: Project) -> pl.DataFrame:
    return project.store.browse._database.frame(VIEWS)


def from_catalog(project: Project) -> pl.DataFrame:
    project.store.browse.selection(Filter())
    rows = project.store.browse._database.frame(f"SELECT * FROM {CATALOG} ORDER BY example_id")
    named = [sorted(role for role, bit in ROLE_BITS.items() if bits & bit) for bits in rows["roles"]]
    return rows.with_columns(roles=pl.Series(named, dtype=pl.List(pl.String)))


def check(project: Project) -> None:
    expected, found = from_views(project), from_catalog(project)
    assert found.select(expected.columns).to_dicts() == expected.to_dicts()
    for state in ("pending", "kept"):
        wanted = expected.filter(pl.col("shown") & (pl.col("state") == state) & pl.col("roles").list.contains("train"))
        assert project.store.browse.ids(Filter(state=state), "id") == wanted["example_id"].to_list()


class Life:
    """Does something random to a project, as reviewers, stages, splits and imports do."""

    def __init__(self, project: Project, write: Callable[..., Path], seed: int) -> None:
        self.project, self.write, self.random, self.files = project, write, random.Random(seed), 0

    def ids(self, count: int) -> list[str]:
        known = self.project.store.browse._database.frame("SELECT example_id FROM examples ORDER BY example_id")
        return self.random.sample(known["example_id"].to_list(), min(count, known.height))

    def step(self) -> str:
        act = self.random.choice(
            [self.decide] * 4 + [self.edit] * 4 + [self.undo] * 4 + [self.more, self.split, self.stage]
        )
        try:
            act()
        except CurationError as error:
            return f"{act.__name__}: {error}"
        return act.__name__

    def decide(self) -> None:
        action = self.random.choice(["keep", "drop", "flag", "pending"])
        self.project.reviewing.decide(self.ids(self.random.choice([1, 1, 2, 30])), action, "ada")

    def edit(self) -> None:
        # Few texts, so that edits meet each other and what was imported.
        text = f"prompt {self.random.randint(0, 50)}"
        self.project.reviewing.edit(self.ids(1)[0], chat(text, "answer")["messages"], self.random.choice(["ada", "bo"]))

    def undo(self) -> None:
        batches = self.project.store.browse._database.frame("SELECT DISTINCT batch FROM live_decisions ORDER BY batch")
        if not batches.is_empty():
            self.project.reviewing.undo_batch(self.random.choice(batches["batch"].to_list()), "bo")

    def more(self) -> None:
        self.files += 1
        rows = [chat(f"prompt {self.random.randint(0, 60)}", "answer") for _ in range(8)]
        path = self.write(f"{self.files}.jsonl", rows)
        self.project.importing.import_files([path], role=self.random.choice(["train", "production", "general"]))

    def split(self) -> None:
        members = pl.DataFrame({"example_id": self.ids(20)}).with_columns(
            split=pl.lit(self.random.choice(["test", "train"])), group_id=pl.lit("g"), included=pl.lit(True)
        )
        self.project.store.versions.add(
            f"v{self.random.random()}",
            members,
            settings={},
            certificate={},
            notes=[],
            now=self.project.store.now(),
        )

    def stage(self) -> None:
        ids = self.ids(15)
        tables = {
            "quality": pl.DataFrame({"example_id": ids, "quality": [self.random.random() for _ in ids]}).with_columns(
                suggestion=pl.lit("keep")
            ),
            "conflicts": pl.DataFrame({"example_id": ids[:4]}).with_columns(
                group_id=pl.lit("c"), kind=pl.lit("answer")
            ),
        }
        self.project.store.analysis.replace(
            StageRecord("quality", "f", "{}", {}, 0.0), tables, self.project.store.now()
        )


@pytest.mark.parametrize("seed", range(3))
def test_the_catalog_says_what_the_plain_views_say_whatever_happens(project: Project, write_jsonl, seed: int) -> None:
    project.importing.import_files([write_jsonl("0.jsonl", [chat(f"prompt {n}", "answer") for n in range(40)])])
    check(project)
    life = Life(project, write_jsonl, seed)
    for number in range(30):
        done = life.step()
        if number % 3 == 0 or number > 25:
            try:
                check(project)
            except AssertionError as error:
                raise AssertionError(f"after step {number}, {done}: {error}") from error


def test_a_reopened_project_has_the_same_catalog(project: Project, write_jsonl) -> None:
    project.importing.import_files([write_jsonl("0.jsonl", [chat(f"prompt {n}", "answer") for n in range(9)])])
    first = project.store.browse.ids(Filter(), "id")
    project.reviewing.edit(first[0], chat("new", "text")["messages"], "ada")
    before = from_catalog(project)
    project.close()
    with Project.open(project.folder) as again:
        assert from_catalog(again).drop("number").equals(before.drop("number"))


def test_an_empty_project_has_an_empty_catalog(project: Project) -> None:
    assert project.store.browse.count(Filter()) == 0
    assert project.store.browse.ids(Filter(text="x", regex="y"), "prompt") == []


def test_what_another_opening_of_the_file_wrote_is_seen_too(project: Project, write_jsonl) -> None:
    project.importing.import_files([write_jsonl("a.jsonl", [chat("A", "b")])])
    assert project.store.browse.count(Filter()) == 1
    with Project.open(project.folder) as other:
        other.importing.import_files([write_jsonl("b.jsonl", [chat("C", "d")])])
    assert project.store.browse.count(Filter()) == 2


def test_a_catalog_that_could_not_be_made_is_made_the_next_time(
    project: Project, write_jsonl, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert project.store.browse.count(Filter()) == 0
    project.importing.import_files([write_jsonl("a.jsonl", [chat("A", "b")])])
    with monkeypatch.context() as patched:
        patched.setattr(project.store.browse._catalog, "_look", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            project.store.browse.count(Filter())
    assert project.store.browse.count(Filter()) == 1
