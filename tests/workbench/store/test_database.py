"""One file: who holds it, what a transaction promises, and what cannot be opened."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import CurationError
from workbench.store.database import Database

HOLD = """
import sys
from pathlib import Path
from workbench.store.store import Store
store = Store(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.readline()
"""


def test_a_second_process_is_told_who_holds_the_project(tmp_path: Path) -> None:
    path = tmp_path / "workbench.duckdb"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(CurationError) as caught:
            Database(path)
        assert f"process {holder.pid}" in caught.value.message
        assert str(tmp_path) in caught.value.message
        assert "Close" in caught.value.remedy
    finally:
        holder.communicate("\n", timeout=20)
    Database(path).close()


def test_the_same_process_may_open_a_project_again_after_closing_it(tmp_path: Path) -> None:
    for _ in range(2):
        database = Database(tmp_path / "workbench.duckdb")
        database.close()


@pytest.mark.parametrize("content", [b"not a database", b"", b"\0" * 10_000, b'{"a": 1}\n' * 1000])
def test_a_file_that_is_no_database_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "workbench.duckdb"
    path.write_bytes(content)
    with pytest.raises(CurationError, match=r"workbench\.duckdb cannot be opened") as caught:
        Database(path)
    assert caught.value.remedy
    assert path.read_bytes() == content


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "workbench.duckdb").mkdir()
    with pytest.raises(CurationError, match="cannot be opened"):
        Database(tmp_path / "workbench.duckdb")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "workbench.duckdb")
    with made.transaction() as transaction:
        transaction.execute("CREATE TABLE numbers (n INTEGER)")
    yield made
    made.close()


def numbers(database: Database) -> list[int]:
    return database.frame("SELECT n FROM numbers ORDER BY n")["n"].to_list()


def test_a_transaction_that_fails_writes_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction() as transaction:  # noqa: PT012
        transaction.insert("numbers", pl.DataFrame({"n": [1, 2]}))
        assert transaction.value("SELECT count(*) FROM numbers") == 2
        raise ZeroDivisionError
    assert numbers(database) == []
    with database.transaction() as transaction:
        transaction.insert("numbers", pl.DataFrame({"n": [3]}))
    assert numbers(database) == [3]


def test_a_statement_that_fails_takes_the_whole_transaction_back(database: Database) -> None:
    with pytest.raises(Exception, match="nothing_here"), database.transaction() as transaction:  # noqa: PT012
        transaction.insert("numbers", pl.DataFrame({"n": [1]}))
        transaction.execute("INSERT INTO nothing_here VALUES (1)")
    assert numbers(database) == []


def test_readers_see_nothing_of_a_transaction_that_is_not_over(database: Database) -> None:
    with database.transaction() as transaction:
        transaction.insert("numbers", pl.DataFrame({"n": [1]}))
        assert numbers(database) == []
    assert numbers(database) == [1]


def test_writers_in_several_threads_wait_for_each_other(database: Database) -> None:
    def add() -> None:
        for _ in range(20):
            with database.transaction() as transaction:
                seen = transaction.value("SELECT coalesce(max(n), -1) FROM numbers")
                transaction.execute("INSERT INTO numbers VALUES ($n)", {"n": seen + 1})

    threads = [threading.Thread(target=add) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert numbers(database) == list(range(60))


def test_a_frame_of_no_rows_adds_nothing_and_unknown_columns_are_refused(database: Database) -> None:
    with database.transaction() as transaction:
        assert transaction.insert("numbers", pl.DataFrame({"n": []}, schema={"n": pl.Int32})) == 0
    with pytest.raises(Exception, match="other"), database.transaction() as transaction:
        transaction.insert("numbers", pl.DataFrame({"other": [1]}))


@pytest.mark.parametrize("name", ["numbers; DROP TABLE numbers", 'numbers"', "Numbers", "", "a b"])
def test_only_plain_names_are_taken_as_tables(database: Database, name: str) -> None:
    with pytest.raises(ValueError, match="not a table name"), database.transaction() as transaction:
        transaction.insert(name, pl.DataFrame({"n": [1]}))
