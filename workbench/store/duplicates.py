"""Questions about verified pairs of duplicates: how many at which similarity, which are alike and not the same.

Pairs with an example of the sealed test split are neither shown nor counted.
"""

from datetime import datetime

import polars as pl

from workbench.store.database import Database
from workbench.store.decisions import append_rows

_OPEN_PAIRS = (
    "pairs AS (SELECT * FROM duplicate_pairs WHERE example_a NOT IN (SELECT example_id FROM sealed)"
    " AND example_b NOT IN (SELECT example_id FROM sealed))"
)
# The group is shown whole, nobody has decided about it, and no member is less alike than asked for.
_UNDECIDED = (
    "undecided AS (SELECT d.group_id FROM duplicates d LEFT JOIN states s USING (example_id) GROUP BY d.group_id"
    " HAVING min(d.similarity) >= $similarity AND bool_and(s.state = 'pending')"
    " AND bool_and(d.example_id NOT IN (SELECT example_id FROM sealed)))"
)


class DuplicateStore:
    """Questions about pairs, and bulk decisions about groups."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pairs(self) -> pl.DataFrame:
        """Return every pair that may be shown: example_a, example_b, kind, similarity, guarded."""
        return self._database.frame(
            f"WITH {_OPEN_PAIRS} SELECT example_a, example_b, kind, similarity, guarded FROM pairs"
            " ORDER BY example_a, example_b"
        )

    def examples_in_pairs(self) -> pl.DataFrame:
        """Return example_id and completion of the examples that stand in a pair, which decide who is kept."""
        return self._database.frame(
            "SELECT example_id, completion FROM examples WHERE example_id IN (SELECT example_a FROM duplicate_pairs"
            " UNION SELECT example_b FROM duplicate_pairs) ORDER BY example_id"
        )

    def pairs_around(self, kind: str, similarity: float, count: int) -> pl.DataFrame:
        """Return with their texts the pairs of a kind nearest to a similarity, at most so many on either side."""
        return self._database.frame(
            f"WITH {_OPEN_PAIRS}, sides AS (SELECT *, similarity >= $similarity AS above FROM pairs"
            " WHERE kind = $kind),"
            " nearest AS (SELECT * FROM sides QUALIFY row_number() OVER (PARTITION BY above"
            " ORDER BY abs(similarity - $similarity), example_a, example_b) <= $count)"
            " SELECT n.*, a.prompt AS prompt_a, a.completion AS completion_a, b.prompt AS prompt_b,"
            " b.completion AS completion_b FROM nearest n JOIN examples a ON a.example_id = example_a"
            " JOIN examples b ON b.example_id = example_b ORDER BY similarity DESC, example_a, example_b",
            {"kind": kind, "similarity": similarity, "count": count},
        )

    def guard_counts(self) -> pl.DataFrame:
        """Count the pairs that are alike and not the same: guard, pairs, most first."""
        return self._database.frame(
            f"WITH {_OPEN_PAIRS} SELECT guard, count(*)::BIGINT AS pairs FROM pairs WHERE guarded GROUP BY guard"
            " ORDER BY pairs DESC, guard"
        )

    def guarded_pairs(self, guard: str, limit: int, offset: int) -> pl.DataFrame:
        """Return with their texts the pairs that one guard holds apart, the most alike first."""
        return self._database.frame(
            f"WITH {_OPEN_PAIRS} SELECT p.*, a.prompt AS prompt_a, a.completion AS completion_a,"
            " b.prompt AS prompt_b, b.completion AS completion_b FROM pairs p JOIN examples a"
            " ON a.example_id = example_a JOIN examples b ON b.example_id = example_b WHERE guarded AND guard = $guard"
            " ORDER BY similarity DESC, example_a, example_b LIMIT $limit OFFSET $offset",
            {"guard": guard, "limit": limit, "offset": offset},
        )

    def undecided_above(self, similarity: float) -> tuple[int, int]:
        """Count the groups that nobody has decided about and that are this alike, and the copies in them."""
        row = self._database.frame(
            f"WITH {_UNDECIDED} SELECT count(DISTINCT group_id) AS groups,"
            " count(*) FILTER (example_id <> representative_id) AS copies"
            " FROM duplicates JOIN undecided USING (group_id)",
            {"similarity": similarity},
        ).row(0)
        return int(row[0]), int(row[1])

    def accept_above(self, similarity: float, note: str, reviewer: str, now: datetime) -> int | None:
        """Keep the representative and drop the copies of each such group, as one batch; None where there is none."""
        with self._database.transaction() as transaction:
            rows = transaction.frame(
                f"WITH {_UNDECIDED} SELECT example_id, CASE WHEN example_id = representative_id THEN 'keep' ELSE 'drop'"
                " END AS action, $note AS note FROM duplicates JOIN undecided USING (group_id)"
                " ORDER BY group_id, example_id",
                {"similarity": similarity, "note": note},
            )
            if rows.is_empty():
                return None
            return append_rows(transaction, rows.to_dicts(), reviewer, now, origin="duplicates")
