"""What people decided: appended, never changed; undo is one more row."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from workbench.store.database import Database, Transaction

_COLUMNS: dict[str, pl.DataType] = {
    "decision_id": pl.Int64(),
    "batch": pl.Int64(),
    "example_id": pl.String(),
    "action": pl.String(),
    "reviewer": pl.String(),
    "decided_at": pl.Datetime("us"),
    "note": pl.String(),
    "origin": pl.String(),
    "replacement_id": pl.String(),
    "undoes": pl.Int64(),
    "session": pl.String(),
    "sequence": pl.Int64(),
    "queue": pl.String(),
}


# A group whose choice is taken back is stood for by the choice before it, or by the example that the stage chose.
_REPRESENTATIVES_OF_BATCH = (
    "UPDATE duplicates SET representative_id = coalesce(c.chosen, duplicates.group_id) FROM (SELECT g.group_id,"
    " arg_max(l.example_id, l.decision_id) AS chosen FROM (SELECT DISTINCT m.group_id FROM decisions d"
    " JOIN duplicates m USING (example_id) WHERE d.batch = $batch AND d.note = 'duplicate group') g"
    " JOIN duplicates m USING (group_id) LEFT JOIN live_decisions l ON l.example_id = m.example_id"
    " AND l.action = 'keep' AND l.note = 'duplicate group' GROUP BY g.group_id) c"
    " WHERE duplicates.group_id = c.group_id"
)


class DecisionStore:
    """Questions about decisions, and the ways to add one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, rows: Sequence[dict[str, object]], reviewer: str, now: datetime, *, origin: str = "person") -> int:
        """Append decisions as one batch, which is undone as one.

        Args:
            rows: objects with `example_id` and `action` (keep, drop, flag, pending, edit, redact, note), and where they
                apply `note`, `replacement_id`, `session`, `sequence`, `queue`.
            reviewer: who decided.
            now: when, UTC.
            origin: `person`, or the rule that decided.

        Returns:
            The batch's number.
        """
        with self._database.transaction() as transaction:
            return append_rows(transaction, rows, reviewer, now, origin=origin)

    def append_same(
        self, ids: Sequence[str], action: str, note: str | None, reviewer: str, now: datetime, *, origin: str = "person"
    ) -> int:
        """Append the same decision about many examples as one batch, column by column; returns the batch's number."""
        with self._database.transaction() as transaction:
            last, batch = _last(transaction)
            same = {"action": action, "note": note, "reviewer": reviewer, "origin": origin, "decided_at": now}
            frame = pl.DataFrame({"example_id": ids}, schema={"example_id": pl.String}).select(
                "example_id",
                pl.int_range(last + 1, last + 1 + pl.len(), dtype=pl.Int64).alias("decision_id"),
                pl.lit(batch, pl.Int64).alias("batch"),
                *(pl.lit(value, _COLUMNS[name]).alias(name) for name, value in same.items()),
            )
            transaction.insert("decisions", frame)
        return batch

    def choose_representative(
        self, group_id: str, example_id: str, rows: Sequence[dict[str, object]], reviewer: str, now: datetime
    ) -> int:
        """Let another member stand for its duplicate group, with the decisions that follow, as one batch."""
        with self._database.transaction() as transaction:
            transaction.execute(
                "UPDATE duplicates SET representative_id = $example_id WHERE group_id = $group_id",
                {"group_id": group_id, "example_id": example_id},
            )
            return append_rows(transaction, rows, reviewer, now, origin="person")

    def append_logged(
        self, rows: Sequence[dict[str, object]], reviewer: str, now: datetime, *, origin: str = "person"
    ) -> None:
        """Append events of a review session, each a batch of its own, skipping those that are stored already."""
        with self._database.transaction() as transaction:
            for row in rows:
                known = transaction.value(
                    "SELECT count(*) FROM decisions WHERE session = $session AND sequence = $sequence",
                    {"session": row["session"], "sequence": row["sequence"]},
                )
                if not known:
                    append_rows(transaction, [row], reviewer, now, origin=origin)

    def highest_sequence(self, session: str) -> int:
        """Return the last event of a review session that is stored; 0 when there is none."""
        return int(
            self._database.value(
                "SELECT coalesce(max(sequence), 0) FROM decisions WHERE session = $session", {"session": session}
            )
        )

    def undo_batch(self, batch: int, reviewer: str, now: datetime, event: dict[str, object] | None = None) -> None:
        """Take a batch back by appending an undo of it; `event` names the review session that asked."""
        row: dict[str, object] = {"example_id": None, "action": "undo", "undoes": batch, **(event or {})}
        with self._database.transaction() as transaction:
            append_rows(transaction, [row], reviewer, now, origin="person")
            transaction.execute(_REPRESENTATIVES_OF_BATCH, {"batch": batch})

    def last_batch(self, reviewer: str) -> int | None:
        """Return the newest batch of this reviewer that is not undone (notes apart), or None."""
        batch = self._database.value(
            "SELECT max(batch) FROM live_decisions WHERE reviewer = $reviewer AND action <> 'note'",
            {"reviewer": reviewer},
        )
        return None if batch is None else int(batch)

    def batch_of_event(self, session: str, sequence: int) -> int | None:
        """Return the batch that an event of a review session made, unless it is undone already."""
        batch = self._database.value(
            "SELECT max(batch) FROM live_decisions WHERE session = $session AND sequence = $sequence",
            {"session": session, "sequence": sequence},
        )
        return None if batch is None else int(batch)

    def batch(self, batch: int) -> pl.DataFrame:
        """Return the rows of a batch."""
        return self._database.frame(
            "SELECT example_id, action, replacement_id, note, origin FROM decisions WHERE batch = $batch"
            " ORDER BY decision_id",
            {"batch": batch},
        )

    def is_live(self, batch: int) -> bool:
        """Tell whether a batch was not undone."""
        return bool(self._database.value("SELECT count(*) FROM live_decisions WHERE batch = $batch", {"batch": batch}))

    def history(self, example_id: str) -> pl.DataFrame:
        """Return what was decided about an example, oldest first, undone decisions included and marked."""
        return self._database.frame(
            'SELECT d.action, d.reviewer AS who, d.decided_at AS "when", d.note, d.origin, d.batch, d.replacement_id,'
            " u.reviewer AS undone_by FROM decisions d LEFT JOIN (SELECT undoes, any_value(reviewer) AS reviewer"
            " FROM decisions WHERE action = 'undo' GROUP BY undoes) u ON u.undoes = d.batch"
            " WHERE d.example_id = $example_id ORDER BY d.decision_id",
            {"example_id": example_id},
        )

    def states(self, role: str = "train") -> pl.DataFrame:
        """Return the present state of each example of a role that no edit replaced: example_id, state."""
        return self._database.frame(
            "SELECT example_id, state FROM states WHERE example_id IN (SELECT example_id FROM roles WHERE role = $role)"
            " AND example_id IN (SELECT example_id FROM present) ORDER BY example_id",
            {"role": role},
        )

    def judgements(self) -> pl.DataFrame:
        """Return what people said of training examples one by one: example_id, reviewer, kept, random.

        What a reviewer said last counts; `random` says that a queue drawn at random showed the example. Ids that were
        handed in as a file are judgements too. Bulk decisions, flags and what stands in the sealed split are none.
        """
        return self._database.frame(
            "SELECT example_id, reviewer, arg_max(action, decision_id) = 'keep' AS kept,"
            " coalesce(arg_max(queue, decision_id), '') = 'random' AS random FROM live_decisions"
            " WHERE (origin IN ('person', 'deciding vote') OR origin LIKE 'ids in %')"
            " AND action IN ('keep', 'drop', 'flag', 'pending')"
            " AND batch NOT IN (SELECT batch FROM decisions WHERE action = 'edit')"
            " AND example_id IN (SELECT example_id FROM roles WHERE role = 'train')"
            " AND example_id NOT IN (SELECT example_id FROM sealed)"
            " GROUP BY example_id, reviewer HAVING arg_max(action, decision_id) IN ('keep', 'drop')"
            " ORDER BY reviewer, example_id"
        )

    def ranks(self) -> pl.DataFrame:
        """Rank examples for being a group's representative: 2 edited by a person, 1 kept by a person, 0 else."""
        return self._database.frame(
            "SELECT e.example_id, (CASE WHEN e.parent_id IS NOT NULL THEN 2 WHEN d.example_id IS NOT NULL THEN 1"
            " ELSE 0 END)::BIGINT AS rank FROM examples e LEFT JOIN (SELECT DISTINCT example_id FROM live_decisions"
            " WHERE action = 'keep' AND origin = 'person') d USING (example_id)"
            " WHERE e.parent_id IS NOT NULL OR d.example_id IS NOT NULL ORDER BY e.example_id"
        )


def append_rows(
    transaction: Transaction, rows: Sequence[dict[str, object]], reviewer: str, now: datetime, *, origin: str
) -> int:
    """Append decisions as one batch within a transaction; returns the batch's number."""
    last, batch = _last(transaction)
    columns = {"reviewer": reviewer, "decided_at": now, "origin": origin, "batch": batch}
    frame = pl.DataFrame(
        [{**row, **columns, "decision_id": last + 1 + place} for place, row in enumerate(rows)], schema=_COLUMNS
    )
    transaction.insert("decisions", frame)
    return batch


def _last(transaction: Transaction) -> tuple[int, int]:
    """Return the number of the last decision, and that of the next batch."""
    decision, batch = transaction.frame(
        "SELECT coalesce(max(decision_id), 0) AS decision_id, coalesce(max(batch), 0) AS batch FROM decisions"
    ).row(0)
    return int(decision), int(batch) + 1
