"""The schema: from nothing, again, from each earlier schema with data in it, from a newer workbench, and half way."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.errors import CurationError
from tests.workbench.store.earlier_projects import FILLED, write_project
from workbench.history import History
from workbench.project import DATABASE, Project
from workbench.reviewing import Filter
from workbench.store.database import Database, Transaction
from workbench.store.migrations import MIGRATIONS, Migration, kept_copy, migrate
from workbench.store.store import Store, utc_now
from workbench.store.tables import TABLES

# A step that was released is part of every project made since: it must stay as it was, to the letter.
RELEASED = {
    "examples_and_where_they_came_from": "46fe0265438c89db",
    "decisions_of_people": "9f7af7439715dd35",
    "results_of_curation": "214d8e8359e2114d",
    "versions_and_exports": "a7a6b523a5cecf73",
    "runs_evaluations_and_ratings": "7567341ffda1a7ed",
}


class Listener:
    """Writes down the statements of a step."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def execute(self, sql: str, values: object = None) -> None:
        self.statements.append(sql)


def test_released_steps_stand_first_and_unchanged() -> None:
    hashes = {}
    for step in MIGRATIONS[: len(RELEASED)]:
        listener = Listener()
        step(listener)  # type: ignore[arg-type]
        hashes[step.__name__] = hashlib.blake2b("\n".join(listener.statements).encode(), digest_size=8).hexdigest()
    assert hashes == RELEASED
    assert list(hashes) == list(RELEASED)


def tables_of(database: Database) -> set[str]:
    names = database.frame("SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'")
    return set(names["table_name"])


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / DATABASE)
    yield made
    made.close()


def test_from_nothing_every_step_runs_once_and_is_recorded(database: Database) -> None:
    assert migrate(database, utc_now()) == len(MIGRATIONS)
    recorded = database.frame("SELECT number, name FROM migrations ORDER BY number").rows()
    assert recorded == [(number, step.__name__) for number, step in enumerate(MIGRATIONS, start=1)]
    assert {"examples", "occurrences", "rejected", "decisions", "duplicates", "versions", "runs"} <= tables_of(database)


def test_a_second_time_nothing_runs(database: Database) -> None:
    migrate(database, utc_now())
    before = tables_of(database)
    assert migrate(database, utc_now()) == 0
    assert tables_of(database) == before
    assert database.value("SELECT count(*) FROM migrations") == len(MIGRATIONS)


def test_a_new_project_leaves_no_copy(tmp_path: Path) -> None:
    Store(tmp_path / DATABASE).close()
    assert [path.name for path in tmp_path.iterdir()] == [DATABASE]


# --- every earlier schema --------------------------------------------------------------------------------------------

earlier = pytest.mark.parametrize("schema", range(1, len(MIGRATIONS)))


@pytest.fixture
def old(tmp_path: Path, schema: int) -> Path:
    """A project of an earlier schema with data in every table that it had."""
    return write_project(tmp_path / "old", schema, MIGRATIONS)


@earlier
def test_an_earlier_project_keeps_every_row(old: Path, schema: int) -> None:
    before = rows_of(old / DATABASE)
    assert sum(map(len, before.values())) > schema
    Project.open(old).close()
    after = rows_of(old / DATABASE)
    assert {table: after[table] for table in before if table != "migrations"} == {
        table: rows for table, rows in before.items() if table != "migrations"
    }
    assert len(after["migrations"]) == len(MIGRATIONS)


@earlier
def test_an_earlier_project_answers_every_question(old: Path, schema: int) -> None:
    with Project.open(old) as project:
        funnel = project.overview.funnel()
        assert (funnel.imported, funnel.production, funnel.rejected) == (3, 1, 1)
        shown = project.reviewing.queue(Filter(), "position")
        decided, split = schema >= FILLED["decisions"], schema >= FILLED["versions"]
        # "b" was edited into "d"; "d" is in the test split.
        expected = {False: ["a", "b", "c"], True: ["a", "d", "c"]}[decided]
        assert shown == [name for name in expected if not (split and name == "d")]
        assert project.reviewing.page(Filter(), "id")["example_id"].to_list() == sorted(shown)
        cards = {card.example_id: card for card in project.reviewing.cards(shown)}
        assert cards["a"].state == ("kept" if decided else "pending")
        assert cards["a"].quality == (0.9 if schema >= FILLED["quality"] else None)
        history = [entry.action for entry in project.history.of("a")]
        assert history == (["import", "drop", "keep"] if decided else ["import"])
        if split:
            # The sealed example's earlier text is sealed with it since, though that schema did not know it.
            assert project.reviewing.sealed_count() == 2
            current = project.splitting.current()
            assert current is not None
            assert current.counts == {"train": 1, "validation": 1, "test": 1}
        if schema >= FILLED["runs"]:
            assert project.store.runs.looks("v1").height == 1
            assert project.rating.ratings().height == 1
        answer_all(project)


def answer_all(project: Project) -> None:
    """Ask every part of the facade what it can tell without arguments, and read every table."""
    parts = [name for name, value in vars(Project).items() if hasattr(value, "attrname")]
    assert {"overview", "reviewing", "history", "curation", "splitting", "exporting", "rating", "tables"} <= set(parts)
    for part in parts:
        getattr(project, part)
    for name in TABLES:
        assert isinstance(project.tables.table(name), pl.DataFrame)
    for chosen in (Filter(state="kept"), Filter(text="q"), Filter(cluster=0), Filter(split="train"), Filter(group="g")):
        assert project.reviewing.count(chosen) <= 3
    assert project.reviewing.filters().states
    project.overview.steps()
    project.overview.sources()
    project.importing.rejected()
    project.curation.stages_run()
    project.curation.duplicate_groups()
    project.curation.conflicts()
    project.curation.coverage()
    project.curation.gaps()
    project.curation.suggestion_counts()
    project.splitting.closest_pairs()
    project.splitting.versions()
    project.exporting.exports()
    project.training.runs()
    project.comparing.evaluations()


@earlier
def test_an_earlier_project_can_go_on(old: Path, schema: int) -> None:
    with Project.open(old) as project:
        project.reviewing.decide(["a"], "flag", "new")
        child = project.reviewing.edit(
            "a", [{"role": "user", "content": "q"}, {"role": "assistant", "content": "z"}], "new"
        )
        assert child in project.reviewing.queue(Filter())
        History(project.store).restore(child, "a", "new")
        assert "a" in project.reviewing.queue(Filter())


@earlier
def test_a_copy_of_the_earlier_schema_is_kept_and_can_be_opened_as_it_was(old: Path, schema: int) -> None:
    before = rows_of(old / DATABASE)
    Project.open(old).close()
    copy = kept_copy(old / DATABASE, schema)
    assert rows_of(copy) == before
    with duckdb.connect(str(copy), read_only=True) as connection:
        assert connection.execute("SELECT max(number) FROM migrations").fetchall() == [(schema,)]
    assert not [path.name for path in old.iterdir() if "draft" in path.name]
    Project.open(old).close()
    assert rows_of(copy) == before


def rows_of(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows of all tables, read by DuckDB itself; columns and tables of later schemas left out."""
    with duckdb.connect(str(path), read_only=True) as connection:
        names = connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'").fetchall()
        return {
            name: sorted(connection.execute(f'SELECT {_columns(name)} FROM "{name}"').fetchall(), key=repr)
            for (name,) in sorted(names)
        }


def _columns(table: str) -> str:
    listed = ", ".join(f'"{column}"' for column in COLUMNS.get(table, ()))
    return listed or "*"


def _columns_of_released() -> dict[str, list[str]]:
    with duckdb.connect() as connection:
        for step in MIGRATIONS[: len(RELEASED)]:
            step(Transaction(connection))
        rows = connection.execute("SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal").fetchall()
    columns: dict[str, list[str]] = {}
    for table, column in rows:
        columns.setdefault(table, []).append(column)
    return columns


COLUMNS = _columns_of_released()

# --- what goes wrong -------------------------------------------------------------------------------------------------


def half_way(transaction: Transaction) -> None:
    transaction.execute("CREATE TABLE half (a INTEGER)")
    transaction.execute("DELETE FROM examples")
    raise RuntimeError("power cut")


def whole(transaction: Transaction) -> None:
    transaction.execute("CREATE TABLE half (a INTEGER)")


def test_a_step_that_fails_leaves_the_project_as_it_was(tmp_path: Path) -> None:
    old = write_project(tmp_path / "old", 3, MIGRATIONS) / DATABASE
    rows = rows_of(old)
    for _ in range(2):
        database = Database(old)
        with pytest.raises(RuntimeError, match="power cut"):
            migrate(database, utc_now(), (*MIGRATIONS, half_way))
        assert "versions" not in tables_of(database)
        database.close()
        assert rows_of(old) == rows
    database = Database(old)
    assert migrate(database, utc_now(), (*MIGRATIONS, whole)) == len(MIGRATIONS) - 3 + 1
    database.close()


def test_without_room_for_a_copy_nothing_is_changed(tmp_path: Path) -> None:
    old = write_project(tmp_path / "old", 2, MIGRATIONS)
    (kept_copy(old / DATABASE, 2)).mkdir()
    rows = rows_of(old / DATABASE)
    with pytest.raises(CurationError, match=r"schema-2\.duckdb cannot be written"):
        Project.open(old)
    assert rows_of(old / DATABASE) == rows
    assert not [path.name for path in old.iterdir() if "draft" in path.name]


def newer(transaction: Transaction) -> None:
    transaction.execute("CREATE TABLE of_the_future (a INTEGER)")


def test_a_project_of_a_newer_workbench_is_refused_untouched_and_let_go(tmp_path: Path) -> None:
    later: tuple[Migration, ...] = (*MIGRATIONS, newer)
    folder = write_project(tmp_path / "newer", len(later), later)
    rows = rows_of(folder / DATABASE)
    for _ in range(2):
        with pytest.raises(CurationError, match=f"schema {len(later)}") as caught:
            Project.open(folder)
        assert caught.value.remedy == "Update the workbench: the project was made by a newer version."
    assert rows_of(folder / DATABASE) == rows


def test_a_newer_project_names_the_copy_that_this_workbench_can_open(tmp_path: Path) -> None:
    folder = write_project(tmp_path / "project", 5, MIGRATIONS)
    database = Database(folder / DATABASE)
    migrate(database, utc_now(), (*MIGRATIONS, newer))
    database.close()
    with pytest.raises(CurationError) as caught:
        Project.open(folder)
    copy = kept_copy(folder / DATABASE, 5)
    assert str(copy) in caught.value.remedy
    shutil.copy(copy, folder / DATABASE)
    Project.open(folder).close()


def test_two_steps_or_one_after_the_other_give_the_same_schema(tmp_path: Path) -> None:
    schemas = []
    for name, stops in (("at-once", ()), ("step-by-step", range(1, len(MIGRATIONS)))):
        database = Database(tmp_path / f"{name}.duckdb")
        for stop in (*stops, len(MIGRATIONS)):
            migrate(database, utc_now(), MIGRATIONS[:stop])
        query = "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_catalog = $name"
        schemas.append(database.frame(f"{query} ORDER BY ALL", {"name": name}).rows())
        database.close()
    assert schemas[0] == schemas[1]
