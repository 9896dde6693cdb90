"""Rejected answers of preference pairs, which stand in further columns of lines, and what was written in their place.

A line stays as it was imported. A change says which answer, by the hash of what was imported, reads how; it holds as
long as its batch of decisions does, and of several the last holds. Whoever reads lines for an export or a run reads
them through `as_they_read`.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from pipelines.examples import REJECTED_COLUMNS
from workbench.store.database import Database, Transaction

_LINES = (
    "SELECT DISTINCT example_id, metadata FROM occurrences WHERE role = 'train' AND metadata <> '{}'"
    " AND list_has_any(json_keys(metadata), $names) ORDER BY example_id, metadata"
)


def answer_key(value: object) -> str:
    """Return the name of an imported answer: a hash of it as JSON."""
    told = json.dumps(value, ensure_ascii=True, sort_keys=True)
    return hashlib.blake2b(told.encode("ascii"), digest_size=16).hexdigest()


class RejectedAnswerStore:
    """Questions about rejected answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def answers(self) -> list[tuple[str, str, Any]]:
        """Return (example_id, key, answer as it reads now) of the training lines that have one, each once, by id."""
        changed = changed_answers(self._database)
        found: dict[tuple[str, str], Any] = {}
        for example_id, metadata in self._database.frame(_LINES, {"names": list(REJECTED_COLUMNS)}).iter_rows():
            line = json.loads(metadata)
            for name in REJECTED_COLUMNS:
                if line.get(name):
                    key = answer_key(line[name])
                    found[example_id, key] = changed.get(key, line[name])
        return [(example_id, key, answer) for (example_id, key), answer in found.items()]


def store_changes(transaction: Transaction, changes: Mapping[str, object], batch: int) -> None:
    """Let answers, by their keys, read otherwise from now on, until the batch is undone."""
    rows = {"before": list(changes), "after": [json.dumps(value, ensure_ascii=False) for value in changes.values()]}
    frame = pl.DataFrame(rows, schema={"before": pl.String, "after": pl.String})
    transaction.insert("rejected_answers", frame.with_columns(batch=pl.lit(batch, pl.Int64)))


def changed_answers(database: Database) -> dict[str, Any]:
    """Return how the answers that were changed read now, by their keys."""
    frame = database.frame(
        "SELECT before, arg_max(after, batch) AS after FROM rejected_answers"
        " WHERE batch IN (SELECT batch FROM live_decisions) GROUP BY before"
    )
    return {before: json.loads(after) for before, after in frame.iter_rows()}


def as_they_read(database: Database, lines: pl.DataFrame) -> pl.DataFrame:
    """Return lines with their rejected answers as they read now.

    Args:
        database: of the project.
        lines: a column metadata, JSON objects.
    """
    changed = changed_answers(database)
    if not changed:
        return lines
    holds = pl.any_horizontal(pl.col("metadata").str.contains(f'"{name}"', literal=True) for name in REJECTED_COLUMNS)
    told = lines.select(holds.fill_null(False)).to_series()
    texts = [_as_it_reads(text, changed) if held else text for text, held in zip(lines["metadata"], told, strict=True)]
    return lines.with_columns(metadata=pl.Series(texts, dtype=pl.String))


def _as_it_reads(metadata: str, changed: Mapping[str, Any]) -> str:
    line = json.loads(metadata)
    keys = {name: answer_key(line[name]) for name in REJECTED_COLUMNS if line.get(name)}
    new = {name: changed[key] for name, key in keys.items() if key in changed}
    return json.dumps(line | new, ensure_ascii=False) if new else metadata
