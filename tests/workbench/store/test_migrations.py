"""The schema: from nothing, again, half way, and from a newer workbench."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.errors import CurationError
from workbench.store.database import Database, Transaction
from workbench.store.migrations import MIGRATIONS, migrate
from workbench.store.store import Store, utc_now


def tables_of(database: Database) -> set[str]:
    names = database.frame("SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'")
    return set(names["table_name"])


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "workbench.duckdb")
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


def test_an_older_project_gets_only_the_steps_that_it_lacks_and_keeps_its_rows(database: Database) -> None:
    migrate(database, utc_now(), MIGRATIONS[:2])
    with database.transaction() as transaction:
        transaction.execute("INSERT INTO examples (example_id) VALUES ('a')")
    assert migrate(database, utc_now()) == len(MIGRATIONS) - 2
    assert database.frame("SELECT example_id FROM examples").rows() == [("a",)]


def test_a_step_that_fails_leaves_nothing_of_itself_and_runs_again_next_time(database: Database) -> None:
    def half_way(transaction: Transaction) -> None:
        transaction.execute("CREATE TABLE half (a INTEGER)")
        raise RuntimeError("power cut")

    def whole(transaction: Transaction) -> None:
        transaction.execute("CREATE TABLE half (a INTEGER)")

    with pytest.raises(RuntimeError, match="power cut"):
        migrate(database, utc_now(), (*MIGRATIONS, half_way))
    assert "half" not in tables_of(database)
    assert migrate(database, utc_now(), (*MIGRATIONS, whole)) == 1


def test_a_project_of_a_newer_workbench_is_refused_and_let_go(tmp_path: Path) -> None:
    path = tmp_path / "workbench.duckdb"
    store = Store(path)
    with store._database.transaction() as transaction:
        transaction.execute("INSERT INTO migrations VALUES (99, 'of_the_future', now()::TIMESTAMP)")
    store.close()
    for _ in range(2):
        with pytest.raises(CurationError, match="schema 99") as caught:
            Store(path)
        assert "Update the workbench" in caught.value.remedy
