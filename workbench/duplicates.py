"""What a threshold of duplicates means, which pairs are alike and not the same, and groups accepted in bulk."""

from __future__ import annotations

import json
from dataclasses import dataclass

import polars as pl

from pipelines.duplicates.groups import order_by_preference, star_groups
from pipelines.errors import CurationError
from workbench.store.store import Store

STEPS = 20


@dataclass(frozen=True)
class Pair:
    """Two examples that are alike; `guard` says why they are not the same, or is None."""

    kind: str
    similarity: float
    guard: str | None
    prompt_a: str
    completion_a: str
    prompt_b: str
    completion_b: str


@dataclass(frozen=True)
class Floor:
    """The similarity at which the stage looked for pairs of a kind: what is less alike was not kept."""

    kind: str
    similarity: float


class DuplicateReview:
    """Looks at verified pairs and decides about groups."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def floor(self, kind: str) -> Floor:
        """Return the least similarity of the pairs of a kind ("near", "semantic") that are stored.

        Raises:
            CurationError: the duplicates stage has not run.
        """
        record = self._store.analysis.stage("duplicates")
        if record is None:
            raise CurationError("No duplicates were looked for yet.", "Run the stages first: workbench curate.")
        return Floor(kind, float(json.loads(record.settings)[f"{kind}_threshold"]))

    def found_at(self) -> str:
        """Name the state of the results: equal names give equal counts."""
        record = self._store.analysis.stage("duplicates")
        sealed = self._store.versions.current()
        return f"{record.fingerprint if record else ''}-{sealed.number if sealed else 0}"

    def counts_by_threshold(self, kind: str) -> pl.DataFrame:
        """Count what each threshold from the floor to 1 would call duplicates.

        Args:
            kind: "near" or "semantic"; pairs of the kinds before it count at every threshold.

        Returns:
            threshold, pairs (of this kind, not guarded), guarded, groups, extra (examples that would go), rising.
            Groups are formed anew at each threshold, around the representative that is preferred.
        """
        floor = self.floor(kind).similarity
        pairs = self._store.duplicates.pairs()
        order = order_by_preference(self._store.duplicates.examples_in_pairs(), self._store.decisions.ranks())
        ids = order["example_id"]
        rows = []
        for step in range(STEPS + 1):
            threshold = round(floor + (1.0 - floor) * step / STEPS, 4)
            enough = pl.col("similarity") >= threshold - 1e-6
            own = pairs.filter(enough & (pl.col("kind") == kind))
            same = own.filter(~pl.col("guarded"))
            others = pairs.filter((pl.col("kind") != kind) & ~pl.col("guarded"))
            if kind == "near":
                others = others.filter(pl.col("kind") == "exact")
            groups = star_groups(ids, pl.concat([others, same]))
            count = groups["group_id"].n_unique()
            rows.append((threshold, len(same), len(own) - len(same), count, len(groups) - count))
        return pl.DataFrame(rows, schema=["threshold", "pairs", "guarded", "groups", "extra"], orient="row")

    def pairs_around(self, kind: str, similarity: float, count: int = 3) -> list[Pair]:
        """Return the pairs nearest to a similarity, at most `count` on either side, the most alike first."""
        return _pairs(self._store.duplicates.pairs_around(kind, similarity, count))

    def guard_counts(self) -> dict[str, int]:
        """Count the pairs that are alike and not the same, by guard, most first."""
        return dict(self._store.duplicates.guard_counts().iter_rows())

    def guarded_pairs(self, guard: str, limit: int = 10, offset: int = 0) -> list[Pair]:
        """Return pairs that one guard holds apart, the most alike first."""
        return _pairs(self._store.duplicates.guarded_pairs(guard, limit, offset))

    def undecided_above(self, similarity: float) -> tuple[int, int]:
        """Count the groups without any decision whose members are all this alike, and the copies in them."""
        return self._store.duplicates.undecided_above(similarity)

    def accept_above(self, similarity: float, who: str) -> int | None:
        """Keep one and drop the copies of each of these groups, as one batch; None where there is none."""
        note = f"duplicates at {similarity:.2f} or more alike"
        return self._store.duplicates.accept_above(similarity, note, who, self._store.now())


def _pairs(frame: pl.DataFrame) -> list[Pair]:
    names = list(Pair.__dataclass_fields__)
    return [Pair(**row) for row in frame.select(names).iter_rows(named=True)]
