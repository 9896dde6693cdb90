"""The catalog: one narrow row for each example, in memory, with all that filters and orders ask most.

The plain views (`states`, `present`, `roles`, `sealed`) go over every decision and occurrence each time they are asked,
which takes seconds at a million examples. The catalog is made of these views once, beside the database and never in
its file, and before each question brought up to date: what new decisions touch is taken from the views again, and it is
made anew after an import, a stage or a split. Who writes to the store need not know of it.

Roles are bits, so that an example of several roles has one row; `position` is the first line on which it stands.
"""

import threading
from dataclasses import dataclass

from workbench.store.database import Database, Transaction

CATALOG = "quick.catalog"
ROLE_BITS = {"train": 1, "production": 2, "test": 4, "general": 8}
# A position is an import's number times this, plus the line.
LINES_A_FILE = 1 << 40
# So many ids are looked up one by one, which reaches through the views; more are joined.
_FEW = 60
# Beyond this share of the examples, making the catalog anew is quicker than mending it.
_MOST_MENDED = 0.05

# What the catalog was made of: decisions and edits are followed, a change of the rest makes it anew.
_FOLLOWED = (
    "SELECT (SELECT coalesce(max(decision_id), 0) FROM decisions) AS decisions,"
    " (SELECT count(*) FROM examples) AS examples, (SELECT count(*) FROM occurrences) AS occurrences,"
    " (SELECT count(*) FROM sealed_kin) AS kin"
)
# One small question after the other is six times as fast as all of them in the columns of one row.
_REST = " UNION ALL ".join(
    f"SELECT {place} AS place, ({question})::VARCHAR AS value"
    for place, question in enumerate(
        (
            "SELECT count(*) FROM imports",
            "SELECT max(number) FROM versions",
            "SELECT count(*) FROM version_members",
            "SELECT string_agg(stage || finished_at::VARCHAR, ',' ORDER BY stage) FROM stages",
            "SELECT count(*) FROM quality",
            "SELECT count(*) FROM clusters",
            "SELECT count(*) FROM conflicts",
            "SELECT count(*) FROM personal_data",
            "SELECT count(*) FROM scores",
            "SELECT count(*) FROM duplicates",
        )
    )
)
_TOUCHED = (
    "WITH fresh AS (SELECT * FROM decisions WHERE decision_id > $known),"
    " rows AS (SELECT example_id, replacement_id FROM fresh UNION ALL SELECT example_id, replacement_id FROM decisions"
    " WHERE batch IN (SELECT undoes FROM fresh WHERE action = 'undo'))"
    " SELECT DISTINCT example_id FROM (SELECT example_id FROM rows UNION ALL SELECT replacement_id FROM rows)"
    " WHERE example_id IS NOT NULL"
)


@dataclass(frozen=True)
class Stamp:
    """What the catalog knows of: the last decision, the numbers of rows that edits add, and all the rest."""

    decisions: int
    edits: tuple[object, ...]
    rest: tuple[object, ...]


class Catalog:
    """Keeps the table `quick.catalog` right."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stamp: Stamp | None = None
        self._commits = -1
        self._changing = threading.Lock()
        self.generation = 0
        self.shape = 0

    def refresh(self) -> int:
        """Bring the catalog up to date and return its generation, which grows whenever a row changes.

        `shape` grows when other examples than before can be shown.
        """
        with self._changing:
            # Both are read first: what is written meanwhile is only taken up once more the next time.
            commits = self._database.commits
            if commits == self._commits:
                return self.generation
            stamp = self._look()
            if stamp != self._stamp:
                if self._stamp is None or self._stamp.rest != stamp.rest or not self._mend(self._stamp):
                    self._make()
                    self.shape += 1
                self._stamp = stamp
                self.generation += 1
            self._commits = commits
            return self.generation

    def _look(self) -> Stamp:
        decisions, *edits = self._database.frame(_FOLLOWED).row(0)
        return Stamp(int(decisions), tuple(edits), tuple(self._database.frame(_REST).sort("place")["value"]))

    def _make(self) -> None:
        with self._database.transaction() as transaction:
            transaction.execute("ATTACH IF NOT EXISTS ':memory:' AS quick")
            transaction.execute(f"CREATE OR REPLACE TABLE {CATALOG} AS {_rows('')}")

    def _mend(self, known: Stamp) -> bool:
        """Take what new decisions touch from the views again; False when that is too much."""
        touched = self._database.frame(_TOUCHED, {"known": known.decisions})
        if touched.height > _FEW and touched.height > _MOST_MENDED * int(str(known.edits[0])):
            return False
        with self._database.transaction() as transaction, transaction.lookup("touched", touched):
            few = touched.height <= _FEW
            ids = touched["example_id"].to_list() if few else []
            values = {f"id_{place}": example_id for place, example_id in enumerate(ids)}
            listed = ", ".join(f"${name}" for name in values) if few else "SELECT example_id FROM touched"
            if not few or ids:
                self._replace(transaction, f" WHERE example_id IN ({listed})", values)
        return True

    def _replace(self, transaction: Transaction, where: str, values: dict[str, str]) -> None:
        shown = f"SELECT example_id, shown, roles, source FROM {CATALOG}{where} ORDER BY example_id"
        before = transaction.frame(shown, values)
        fresh = transaction.frame(_rows(where), values)
        transaction.execute(f"DELETE FROM {CATALOG}{where}", values)
        if not fresh.is_empty():
            with transaction.lookup("fresh_rows", fresh):
                transaction.execute(f"INSERT INTO {CATALOG} BY NAME SELECT * FROM fresh_rows")
        if not before.equals(fresh.select(before.columns).sort("example_id")):
            self.shape += 1


def role_bit(role: str) -> int:
    """Return a role's bit; 0, which no example has, for what is no role."""
    return ROLE_BITS.get(role, 0)


def _rows(where: str) -> str:
    """Return the query for the catalog's rows, of all examples or of those that a condition on example_id selects."""
    bits = " ".join(f"WHEN '{role}' THEN {bit}" for role, bit in ROLE_BITS.items())
    place = f"import_id::BIGINT * {LINES_A_FILE} + line"
    return (
        f"WITH met AS (SELECT example_id, min({place}) AS position, arg_min(source, {place}) AS source,"
        f" bit_or(CASE role {bits} ELSE 0 END) AS roles FROM occurrences{where} GROUP BY example_id),"
        f" said AS (SELECT example_id, state FROM decided{where}),"
        f" here AS (SELECT example_id FROM present{where}), closed AS (SELECT example_id FROM sealed{where}),"
        f" valued AS (SELECT rowid AS quality_number, example_id, quality, suggestion FROM quality{where}),"
        f" placed AS (SELECT example_id, min(cluster_id) AS cluster_id FROM clusters{where} GROUP BY example_id),"
        f" told AS (SELECT rowid AS number, example_id, tokens FROM examples{where})"
        " SELECT e.number, e.example_id, coalesce(m.position, 0) AS position, m.source, coalesce(m.roles, 0) AS roles,"
        " coalesce(s.state, 'pending') AS state, h.example_id IS NOT NULL AS present,"
        " h.example_id IS NOT NULL AND e.example_id NOT IN (SELECT example_id FROM closed) AS shown,"
        " v.quality, v.suggestion, v.quality_number, p.cluster_id, e.tokens,"
        f" e.example_id IN (SELECT example_id FROM conflicts{where}) AS conflict,"
        f" e.example_id IN (SELECT example_id FROM personal_data{where}) AS personal"
        " FROM told e LEFT JOIN met m USING (example_id) LEFT JOIN said s USING (example_id)"
        " LEFT JOIN here h USING (example_id) LEFT JOIN valued v USING (example_id)"
        " LEFT JOIN placed p USING (example_id)"
    )
