"""Searching in pieces finds what searching at once finds, and each row once."""

import re
from pathlib import Path

import polars as pl
import pytest

from workbench.store import search
from workbench.store.database import Database
from workbench.store.search import Search

WORDS = ("kettle", "lamp", "radio", "toaster")


def add(database: Database, first: int, count: int) -> list[str]:
    prompts = [f"{WORDS[number % 4]} {number}" for number in range(first, first + count)]
    with database.transaction() as transaction:
        transaction.insert("examples", pl.DataFrame({"prompt": prompts, "completion": [""] * count}))
    return prompts


@pytest.mark.parametrize(
    "pattern", [r"\w+ \d*7", r"[a-z]+mp 1", r"(?i)\w+ETTLE", r"(?i)KETTLE \d", "lamp 1[0-9]$", r"o+ \d|mp"]
)
def test_what_a_match_has_to_hold_leaves_nothing_out(pattern: str, tmp_path: Path) -> None:
    database = Database(tmp_path / "texts.duckdb")
    with database.transaction() as transaction:
        transaction.execute("CREATE TABLE examples (prompt VARCHAR, completion VARCHAR)")
    prompts = add(database, 0, 100)
    expected = [at for at, text in enumerate(prompts) if re.search(pattern, text)]
    assert expected
    assert Search(database).find(pattern).numbers.to_list() == expected
    database.close()


@pytest.mark.parametrize("rows", [0, 1, 3, 7, 64, 101])
def test_pieces_find_what_one_search_finds(rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "FIRST_PIECE", 3)
    monkeypatch.setattr(search, "PIECE", 20)
    database = Database(tmp_path / "texts.duckdb")
    with database.transaction() as transaction:
        transaction.execute("CREATE TABLE examples (prompt VARCHAR, completion VARCHAR)")
    prompts = add(database, 0, rows)
    pieces: list[tuple[int, int]] = []
    finder = Search(database)
    look = finder._piece
    monkeypatch.setattr(
        finder,
        "_piece",
        lambda condition, values: (
            pieces.append((values["first"], values["last"])) or look(condition, values)  # type: ignore[func-returns-value]
        ),
    )
    pattern = r"lamp \d*5|kettle"
    assert finder.find(pattern).numbers.to_list() == [at for at, text in enumerate(prompts) if re.search(pattern, text)]
    # Every row once: the first three, then as many as were searched before, twenty at most.
    assert [row for first, last in pieces for row in range(first, last)] == list(range(rows))
    if rows >= 64:
        assert [last - first for first, last in pieces][:5] == [3, 3, 6, 12, 20]
    prompts += add(database, rows, 5)
    pieces.clear()
    found = finder.find(pattern)
    assert found.share == 1.0
    assert found.numbers.to_list() == [at for at, text in enumerate(prompts) if re.search(pattern, text)]
    assert pieces[0][0] == rows
    database.close()


def test_the_first_look_ends_with_enough_to_draw_and_the_next_ones_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "FIRST_PIECE", 20)
    monkeypatch.setattr(search, "PIECE", 40)
    monkeypatch.setattr(search, "ENOUGH_AT_FIRST", 5)
    database = Database(tmp_path / "texts.duckdb")
    with database.transaction() as transaction:
        transaction.execute("CREATE TABLE examples (prompt VARCHAR, completion VARCHAR)")
    prompts = add(database, 0, 200)
    finder = Search(database)
    first = finder.find("lamp", seconds=1000.0)
    assert (first.numbers.to_list(), first.share) == ([at for at in range(20) if "lamp" in prompts[at]], 0.1)
    rest = finder.find("lamp", seconds=1000.0)
    assert (rest.numbers.to_list(), rest.share) == ([at for at in range(200) if "lamp" in prompts[at]], 1.0)
    # What is rare is searched for as long as there is time.
    assert finder.find(" 17$", seconds=1000.0).share == 1.0
    assert Search(database).find("lamp").share == 1.0
    database.close()
