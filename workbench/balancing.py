"""Balance the examples over topics, clusters or sources: what a proposal would do is shown before anything is decided.

Counted are the training examples that stand in the data and are not dropped; the sealed test split is left alone, and
what a person kept one by one counts but is never removed.
"""

from collections.abc import Mapping

import polars as pl

from pipelines.coverage.balance import Balance, propose_balance
from pipelines.errors import CurationError
from workbench.selecting import Dropped
from workbench.store.store import Store

GROUPS = ("topic", "cluster", "source")


class Balancing:
    """Caps and quotas over groups of examples."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def plan(self, by: str = "topic", cap: int | None = None, quotas: Mapping[str, float] | None = None) -> Balance:
        """Return what a cap and quotas would do, without deciding anything.

        Args:
            by: one of `GROUPS`.
            cap: most examples a group keeps.
            quotas: share of what is left by group.

        Raises:
            CurationError: as `propose_balance`; an unknown grouping, or topics and clusters that are not there yet.
        """
        if by not in GROUPS:
            raise CurationError(f"Examples cannot be grouped by '{by}'.", f"Choose one of: {', '.join(GROUPS)}.")
        if by != "source" and self._store.analysis.stage("coverage") is None:
            raise CurationError(f"There are no {by}s yet.", "Run the stages first: workbench curate, or Coverage.")
        said = self._store.decisions.judgements().filter("kept")["example_id"].unique()
        pool = self._store.browse.selectable().select(
            "example_id",
            pl.col(by).alias("group"),
            "quality",
            fixed=pl.col("example_id").is_in(said.implode()),
        )
        return propose_balance(pool, cap=cap, quotas=quotas)

    def apply(
        self, who: str, by: str = "topic", cap: int | None = None, quotas: Mapping[str, float] | None = None
    ) -> Dropped:
        """Drop what a proposal removes as one batch, which is undone as one.

        Raises:
            CurationError: as `plan`.
        """
        ids = self.plan(by, cap, quotas).removed
        if not ids:
            return Dropped(0, None)
        limits = [] if cap is None else [f"cap {cap:,}"]
        note = ", ".join(limits + [f"{name} {share:.0%}" for name, share in (quotas or {}).items()])
        batch = self._store.decisions.append_same(ids, "drop", note, who, self._store.now(), origin=f"balance: {by}")
        return Dropped(len(ids), batch)
