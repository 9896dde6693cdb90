"""Drop the worst share of the examples: what it would remove is shown first, beside other ways of the same size.

Chosen from are the training examples that stand in the data and are not dropped; the sealed test split, and what a
person kept one by one, are left alone.
"""

from dataclasses import dataclass

import polars as pl

from pipelines.errors import CurationError
from pipelines.quality.selection import WAYS, Selection, select_worst
from workbench.store.store import Store

SHOWN = 10


@dataclass(frozen=True)
class Dropped:
    """How many examples were dropped; `batch` undoes it, None where there was nothing to drop."""

    dropped: int
    batch: int | None


class Selecting:
    """Chooses a share of the examples to leave out."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def plan(self, share: float) -> Selection:
        """Return what leaving out a share would remove, without deciding anything.

        Raises:
            CurationError: the share is not between 0 and 1, or the quality stage has not run.
        """
        if self._store.analysis.stage("quality") is None:
            raise CurationError("There is no quality yet.", "Run the stages first: workbench curate, or Quality.")
        said = self._store.decisions.judgements().filter("kept").select("example_id").unique()
        return select_worst(self._store.browse.selectable().join(said, on="example_id", how="anti"), share)

    def sample(self, plan: Selection, way: str = "worst") -> pl.DataFrame:
        """Return the first examples that a way would remove: example_id, prompt, completion, quality, reason."""
        return self._store.browse.rows(plan.removed[way][:SHOWN])

    def drop(self, share: float, who: str, way: str = "worst") -> Dropped:
        """Drop a share of the examples as one batch, which is undone as one.

        Raises:
            CurationError: the share is not between 0 and 1, there is no such way, or the quality stage has not run.
        """
        if way not in WAYS:
            raise CurationError(f"Nothing can be chosen by '{way}'.", f"Choose one of: {', '.join(WAYS)}.")
        ids = self.plan(share).removed[way]
        if not ids:
            return Dropped(0, None)
        note = f"{way}: {share:.0%} left out"
        batch = self._store.decisions.append_same(ids, "drop", note, who, self._store.now(), origin=f"selection: {way}")
        return Dropped(len(ids), batch)
