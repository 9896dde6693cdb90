"""What happened to examples: where they were imported from, and every decision with what became of it."""

from collections.abc import Sequence

import polars as pl

from workbench.store.database import Database

# The keep and the drop of an edit are part of it. A line that an edit's result inherited is told once, as its parent's.
_ENTRIES = """
WITH undone AS (
  SELECT undoes, arg_min(reviewer, decision_id) AS reviewer, min(decided_at) AS decided_at
  FROM decisions WHERE action = 'undo' GROUP BY undoes),
mine AS (
  SELECT * FROM decisions WHERE action <> 'undo' AND (example_id IN (SELECT example_id FROM wanted)
    OR (action = 'edit' AND replacement_id IN (SELECT example_id FROM wanted)))),
sizes AS (
  SELECT batch, count(*) FILTER (action = 'edit') AS edits, count(DISTINCT example_id) AS examples
  FROM decisions WHERE batch IN (SELECT batch FROM mine) GROUP BY batch),
lines AS (
  SELECT import_id, role, source, file, line,
    arg_min(o.example_id, (o.raw IS NULL, e.parent_id IS NOT NULL, o.example_id)) AS example_id
  FROM occurrences o JOIN wanted USING (example_id) JOIN examples e USING (example_id)
  GROUP BY import_id, role, source, file, line),
happened AS (
  SELECT 0 AS kind, l.import_id AS place, l.line, l.example_id, 'import' AS action, NULL AS who,
    i.imported_at AS "when", NULL AS why,
    l.file || ' line ' || l.line || ' (' || l.source || ', ' || l.role || ')' AS origin,
    NULL::BIGINT AS batch, 1 AS batch_examples, NULL AS replacement_id, NULL AS undone_by,
    NULL::TIMESTAMP AS undone_at
  FROM lines l LEFT JOIN imports i USING (import_id)
  UNION ALL
  SELECT 1, m.decision_id, 0, m.example_id, m.action, m.reviewer, m.decided_at, m.note, m.origin, m.batch,
    CASE WHEN s.edits > 0 THEN s.edits ELSE s.examples END, m.replacement_id, u.reviewer, u.decided_at
  FROM mine m JOIN sizes s USING (batch) LEFT JOIN undone u ON u.undoes = m.batch
  WHERE s.edits = 0 OR m.action NOT IN ('keep', 'drop'))
SELECT example_id, action, who, "when", why, origin, batch, batch_examples, replacement_id, undone_by, undone_at
FROM happened ORDER BY kind, place, line
"""


class HistoryStore:
    """Questions about what happened."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def entries(self, ids: Sequence[str]) -> pl.DataFrame:
        """Return imports and decisions of examples, oldest first.

        Returns:
            example_id, action, who, when, why, origin, batch, batch_examples, replacement_id, undone_by, undone_at.
        """
        return self._database.frame(_ENTRIES, wanted=_wanted(ids))

    def present(self, ids: Sequence[str]) -> set[str]:
        """Return which of the examples stand in the data now."""
        frame = self._database.frame(
            "SELECT example_id FROM present JOIN wanted USING (example_id)", wanted=_wanted(ids)
        )
        return set(frame["example_id"])

    def sealed(self, ids: Sequence[str]) -> set[str]:
        """Return which of the examples are sealed."""
        frame = self._database.frame(
            "SELECT DISTINCT example_id FROM sealed JOIN wanted USING (example_id)", wanted=_wanted(ids)
        )
        return set(frame["example_id"])


def _wanted(ids: Sequence[str]) -> pl.DataFrame:
    return pl.DataFrame({"example_id": list(dict.fromkeys(ids))}, schema={"example_id": pl.String})
