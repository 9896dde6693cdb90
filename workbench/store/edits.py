"""Edits: what took the place of what, written whole or not at all.

An edit makes an example of its own that occurs wherever its parent does; the decisions say that it stands in the
parent's place. Nothing is overwritten, so every earlier text stays and can be taken again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from pipelines.examples import EXAMPLES
from workbench.store.database import Database, Transaction
from workbench.store.decisions import append_rows
from workbench.store.rejected_answers import store_changes

_LINE = """
WITH RECURSIVE edits AS (SELECT example_id AS a, replacement_id AS b, decision_id FROM decisions WHERE action = 'edit'),
links AS (SELECT a, b FROM edits UNION SELECT b AS a, a AS b FROM edits),
line AS (SELECT $example_id AS example_id UNION SELECT l.b FROM line JOIN links l ON l.a = line.example_id),
made AS (SELECT b AS example_id, min(decision_id) AS made FROM edits GROUP BY b)
SELECT line.example_id FROM line LEFT JOIN made USING (example_id) LEFT JOIN examples x USING (example_id)
ORDER BY x.parent_id IS NOT NULL, coalesce(made.made, 0), line.example_id
"""

# What is decided about an edited text so that it has the state that its parent had.
ACTION_OF = {"kept": "keep", "dropped": "drop", "flagged": "flag", "pending": "pending"}


@dataclass(frozen=True)
class Edit:
    """What takes the place of an example: a row of `EXAMPLES`, and what is decided about it."""

    parent_id: str
    row: Mapping[str, object]
    action: str = "keep"

    @property
    def child_id(self) -> str:
        """The id of the edited text."""
        return str(self.row["example_id"])


class EditStore:
    """Questions about edits, and the one way to add some."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(
        self,
        edits: Sequence[Edit],
        reviewer: str,
        now: datetime,
        *,
        note: str = "",
        origin: str = "person",
        event: Mapping[str, object] | None = None,
        rejected: Mapping[str, object] | None = None,
        rejected_of: Sequence[str] = (),
    ) -> int | None:
        """Put edited examples in the place of their parents, as one batch, which is undone as one.

        Args:
            edits: each of another parent; those that change nothing are passed over.
            reviewer: who edited.
            now: when, UTC.
            note: why.
            origin: `person`, or the rule that edited.
            event: `session` and `sequence` of the review event that asked, where one did.
            rejected: rejected answers by their keys, and what is to be read in their place.
            rejected_of: the examples whose rejected answers these are.

        Returns:
            The batch's number; None when no edit changes anything, or the event is stored already.
        """
        changing = [edit for edit in edits if edit.child_id != edit.parent_id]
        if not changing and not rejected:
            return None
        pairs = pl.DataFrame(
            {"parent_id": [edit.parent_id for edit in changing], "child_id": [edit.child_id for edit in changing]},
            schema={"parent_id": pl.String, "child_id": pl.String},
        )
        children = pl.DataFrame([dict(edit.row) for edit in changing], schema=EXAMPLES)
        with self._database.transaction() as transaction:
            if event is not None and _is_stored(transaction, event):
                return None
            with transaction.lookup("pairs", pairs):
                _add_children(transaction, children, pairs, now)
                _add_occurrences(transaction)
                _seal_children(transaction)
            rows = _decisions(changing, note, event)
            rows += [{"example_id": each, "action": "redact", "note": note or None} for each in rejected_of]
            batch = append_rows(transaction, rows, reviewer, now, origin=origin)
            store_changes(transaction, rejected or {}, batch)
            return batch

    def links(self) -> pl.DataFrame:
        """Return every edit that was ever made, undone ones included: parent_id, child_id."""
        return self._database.frame(
            "SELECT DISTINCT example_id AS parent_id, replacement_id AS child_id FROM decisions WHERE action = 'edit'"
            " ORDER BY parent_id, child_id"
        )

    def line_of(self, example_id: str) -> list[str]:
        """Return the texts that an example had, oldest first, itself included: the parents, and what came of it.

        Edits that were undone are part of it; an id that is not known gives itself alone.
        """
        frame = self._database.frame(_LINE, {"example_id": example_id})
        return frame["example_id"].to_list()

    def parent_of(self, example_id: str) -> str | None:
        """Return what an example was last edited from, or None when no edit led to it."""
        parent = self._database.value(
            "SELECT arg_max(example_id, decision_id) FROM decisions WHERE action = 'edit'"
            " AND replacement_id = $example_id",
            {"example_id": example_id},
        )
        return None if parent is None else str(parent)

    def built_on(self, batch: int) -> pl.DataFrame:
        """Return later edits, not undone, of what the edits of a batch made: batch, example_id, who, when.

        While there are some, taking the batch back would show both the first text and the last.
        """
        return self._database.frame(
            'SELECT l.batch, l.example_id, l.reviewer AS who, l.decided_at AS "when" FROM live_decisions b'
            " JOIN live_decisions l ON l.example_id = b.replacement_id AND l.decision_id > b.decision_id"
            " WHERE b.batch = $batch AND b.action = 'edit' AND l.action = 'edit' ORDER BY l.decision_id DESC",
            {"batch": batch},
        )


def _is_stored(transaction: Transaction, event: Mapping[str, object]) -> bool:
    known = transaction.value(
        "SELECT count(*) FROM decisions WHERE session = $session AND sequence = $sequence",
        {"session": event["session"], "sequence": event["sequence"]},
    )
    return bool(known)


def _add_children(transaction: Transaction, children: pl.DataFrame, pairs: pl.DataFrame, now: datetime) -> None:
    named = children.with_columns(parent_id=pairs["parent_id"]).unique("example_id", keep="first", maintain_order=True)
    with transaction.lookup("children", named):
        fresh = transaction.frame(
            "SELECT c.* FROM children c WHERE NOT EXISTS (SELECT 1 FROM examples e WHERE e.example_id = c.example_id)"
        )
    transaction.insert("examples", fresh.rename({"messages": "full_messages"}).with_columns(added_at=pl.lit(now)))


def _add_occurrences(transaction: Transaction) -> None:
    transaction.execute(
        "INSERT INTO occurrences BY NAME SELECT DISTINCT p.child_id AS example_id, o.import_id, o.role, o.source,"
        " o.file, o.line, NULL AS raw, o.metadata FROM pairs p JOIN occurrences o ON o.example_id = p.parent_id"
        " WHERE NOT EXISTS (SELECT 1 FROM occurrences x WHERE x.example_id = p.child_id AND x.role = o.role"
        " AND x.source = o.source AND x.file = o.file AND x.line = o.line)"
    )


def _seal_children(transaction: Transaction) -> None:
    """What is made of a sealed text is sealed too, though a card was still open on it."""
    transaction.execute(
        "INSERT INTO sealed_kin SELECT DISTINCT (SELECT max(number) FROM versions), p.child_id FROM pairs p"
        " WHERE p.parent_id IN (SELECT example_id FROM sealed) AND p.child_id NOT IN (SELECT example_id FROM sealed)"
        " AND p.child_id NOT IN (SELECT example_id FROM version_members WHERE number ="
        " (SELECT max(number) FROM versions))"
    )


def _decisions(edits: Sequence[Edit], note: str, event: Mapping[str, object] | None) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for edit in edits:
        replaced: dict[str, object] = {"example_id": edit.parent_id, "action": "edit", "replacement_id": edit.child_id}
        rows += [
            {**replaced, "note": note or None, **(event or {})},
            {"example_id": edit.parent_id, "action": "drop", "note": "replaced by an edit"},
            {"example_id": edit.child_id, "action": edit.action, "note": "edited"},
        ]
    return rows
