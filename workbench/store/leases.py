"""Who looks at which example now, so that several reviewers, or several tabs of one, get different ones.

A lease is held by a tab and ends after a while. The examples of the overlap, a share chosen by their ids, are leased to
each reviewer apart: every reviewer gets those.
"""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from workbench.store.database import Database, Transaction

# Eight hexadecimal digits of an id are compared with a bound; ids are hashes, so that their ends are evenly spread.
DIGITS = 8
OVERLAP_BEFORE_IT_IS_SET = 0.05

# True for an example that every reviewer gets.
SHARED = f"right(example_id, {DIGITS}) < $bound"


def overlap_bound(share: float) -> str:
    """Return what the end of an id lies below when the example is part of an overlap of this share (0 to 1)."""
    return "g" if share >= 1 else f"{int(share * 16**DIGITS):0{DIGITS}x}"


class LeaseStore:
    """Questions about leases and the overlap."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def overlap(self) -> float:
        """Return the share of examples that every reviewer gets."""
        share = self._database.value("SELECT last(share ORDER BY changed_at) FROM overlap_shares")
        return OVERLAP_BEFORE_IT_IS_SET if share is None else float(share)

    def set_overlap(self, share: float, reviewer: str, now: datetime) -> None:
        """Choose the share of examples that every reviewer gets."""
        with self._database.transaction() as transaction:
            transaction.execute(
                "INSERT INTO overlap_shares VALUES ($share, $reviewer, $now)",
                {"share": share, "reviewer": reviewer, "now": now},
            )

    def take(self, ids: Sequence[str], holder: str, reviewer: str, now: datetime, until: datetime) -> list[str]:
        """Lease those of the examples that nobody else holds, and return them in their order.

        Args:
            ids: examples, in the order in which they are wanted.
            holder: the tab.
            reviewer: its person, who shares the overlap's examples with other people, not with own tabs.
            now: leases that ended before are over.
            until: when the new ones end.
        """
        bound = overlap_bound(self.overlap())
        with self._database.transaction() as transaction:
            transaction.execute("DELETE FROM leases WHERE until < $now", {"now": now})
            wanted = pl.DataFrame(
                {"example_id": ids, "place": range(len(ids))}, schema={"example_id": pl.String, "place": pl.Int64}
            )
            with transaction.lookup("wanted", wanted):
                free = transaction.frame(
                    "SELECT example_id FROM wanted WHERE example_id NOT IN (SELECT example_id FROM leases"
                    f" WHERE holder <> $holder AND (reviewer = $reviewer OR NOT {SHARED})) ORDER BY place",
                    {"holder": holder, "reviewer": reviewer, "bound": bound},
                )
            _give(transaction, free, holder, reviewer, until)
        taken: list[str] = free["example_id"].to_list()
        return taken

    def renew(self, holder: str, now: datetime, until: datetime) -> None:
        """Let a tab's leases that have not ended go on."""
        with self._database.transaction() as transaction:
            transaction.execute(
                "UPDATE leases SET until = $until WHERE holder = $holder AND until >= $now",
                {"holder": holder, "now": now, "until": until},
            )

    def free(self, ids: Sequence[str], holder: str) -> None:
        """End a tab's leases of examples."""
        with (
            self._database.transaction() as transaction,
            transaction.lookup("wanted", pl.DataFrame({"example_id": ids}, schema={"example_id": pl.String})),
        ):
            transaction.execute(
                "DELETE FROM leases WHERE holder = $holder AND example_id IN (SELECT example_id FROM wanted)",
                {"holder": holder},
            )

    def free_all(self, holders: Sequence[str]) -> None:
        """End all leases of tabs."""
        with (
            self._database.transaction() as transaction,
            transaction.lookup("gone", pl.DataFrame({"holder": holders}, schema={"holder": pl.String})),
        ):
            transaction.execute("DELETE FROM leases WHERE holder IN (SELECT holder FROM gone)")


def _give(transaction: Transaction, free: pl.DataFrame, holder: str, reviewer: str, until: datetime) -> None:
    with transaction.lookup("given", free):
        transaction.execute(
            "DELETE FROM leases WHERE holder = $holder AND example_id IN (SELECT example_id FROM given)",
            {"holder": holder},
        )
    columns = {"holder": pl.lit(holder), "reviewer": pl.lit(reviewer), "until": pl.lit(until)}
    transaction.insert("leases", free.with_columns(**columns))
