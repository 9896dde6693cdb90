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
        lambda pattern, condition, first, last: (
            pieces.append((first, last)) or look(pattern, condition, first, last)  # type: ignore[func-returns-value]
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
