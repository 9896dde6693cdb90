"""The questions that make a queue: which examples are in it, in which order, how many, and who said what of them.

A condition is written on `SELECTION_FROM` of the filter, so that a queue and a filter combine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from workbench.store.browse import SELECTION_FROM, BrowseStore, Filter
from workbench.store.catalog import CATALOG
from workbench.store.database import Database
from workbench.store.leases import SHARED

# Undecided, or one of the overlap that others have decided and this reviewer has not.
_OPEN = (
    "(e.state = 'pending' OR (right(e.example_id, 8) < $bound AND e.state <> 'pending'"
    " AND e.example_id IN (SELECT example_id FROM votes WHERE reviewer <> $reviewer)"
    " AND e.example_id NOT IN (SELECT example_id FROM votes WHERE reviewer = $reviewer)"
    " AND e.example_id NOT IN (SELECT example_id FROM settled)))"
)
_CLOSE_CALL = "abs(e.quality - 0.5) <= 0.15"
_GROUP = (
    " LEFT JOIN (SELECT example_id, min(group_id) AS group_id, bool_or(example_id = representative_id) AS first"
    " FROM duplicates GROUP BY example_id) d USING (example_id)"
)
_CONFLICT = (
    " LEFT JOIN (SELECT example_id, min(kind || group_id) AS conflict FROM conflicts GROUP BY example_id) c"
    " USING (example_id)"
)
_TOUCHED = (
    " LEFT JOIN (SELECT example_id, max(decision_id) AS decision_id FROM live_decisions GROUP BY example_id) t"
    " USING (example_id)"
)
# Each source and cluster gets its share of every stretch of the queue, from a random start; within it, order is random.
_STRATUM = "coalesce(source, '') || '|' || coalesce(cluster_id::VARCHAR, '')"
_TURN = (
    " JOIN (SELECT example_id, (row_number() OVER stratum - hash(stratum_name || $seed) % 1000003 / 1000003.0)"
    " / count(*) OVER (PARTITION BY stratum_name) AS turn FROM"
    f" (SELECT example_id, {_STRATUM} AS stratum_name FROM {CATALOG} WHERE shown AND (roles & 1) <> 0)"
    " WINDOW stratum AS (PARTITION BY stratum_name ORDER BY hash(example_id || $seed), example_id)) r"
    " USING (example_id)"
)
# Scores of the reviewer's own taste where there is one, else of everybody's.
_TASTE = (
    " JOIN (SELECT example_id, arg_max(score, reviewer = $reviewer) AS score FROM taste"
    " WHERE reviewer IN ($reviewer, '') GROUP BY example_id) a USING (example_id)"
)
_SEED = "random queue"


@dataclass(frozen=True)
class QueueQuestion:
    """A queue as SQL: its condition, its order, and the tables that the order reads besides the filter's."""

    condition: str
    order: str
    joins: str = ""


QUESTIONS = {
    "random": QueueQuestion(_OPEN, "r.turn, hash(e.example_id || $seed), e.example_id", _TURN),
    "all": QueueQuestion(_OPEN, "e.position, e.example_id"),
    "likely_problems": QueueQuestion(
        f"e.example_id IN (SELECT example_id FROM taste WHERE reviewer IN ($reviewer, '')) AND {_OPEN}",
        "a.score, e.example_id",
        _TASTE,
    ),
    "doubtful": QueueQuestion(f"e.suggestion = 'review' AND {_OPEN}", "e.quality, e.example_id"),
    "to_drop": QueueQuestion(f"e.suggestion = 'drop' AND {_OPEN}", "e.quality, e.example_id"),
    "to_keep": QueueQuestion(f"e.suggestion = 'keep' AND {_OPEN}", "e.quality, e.example_id"),
    "close_calls": QueueQuestion(f"{_CLOSE_CALL} AND {_OPEN}", "abs(e.quality - 0.5), e.example_id"),
    "worst": QueueQuestion(f"e.quality IS NOT NULL AND {_OPEN}", "e.quality, e.example_id"),
    "topics": QueueQuestion(f"e.cluster_id IS NOT NULL AND {_OPEN}", "e.cluster_id, e.example_id"),
    "duplicates": QueueQuestion(
        f"e.example_id IN (SELECT example_id FROM duplicates) AND {_OPEN}",
        "d.group_id, d.first DESC, e.example_id",
        _GROUP,
    ),
    "conflicts": QueueQuestion(f"e.conflict AND {_OPEN}", "c.conflict, e.example_id", _CONFLICT),
    "sources": QueueQuestion(_OPEN, "e.source, e.position, e.example_id"),
    "flagged": QueueQuestion("e.state = 'flagged'", "t.decision_id, e.example_id", _TOUCHED),
    "disagreements": QueueQuestion(
        "e.example_id IN (SELECT example_id FROM disagreements)", "t.decision_id, e.example_id", _TOUCHED
    ),
    "filter": QueueQuestion("true", "e.position, e.example_id"),
    "audit": QueueQuestion(
        "e.state IN ('kept', 'dropped') AND e.example_id NOT IN (SELECT example_id FROM votes"
        " WHERE reviewer = $reviewer) AND e.example_id NOT IN (SELECT example_id FROM settled)",
        "hash(e.example_id || 'audit'), e.example_id",
    ),
}


class QueueStore:
    """Questions about queues and votes."""

    def __init__(self, database: Database, browse: BrowseStore) -> None:
        self._database = database
        self._browse = browse

    def counts(self, chosen: Filter, reviewer: str, bound: str) -> dict[str, int]:
        """Count each queue within a filter, in one pass over the examples."""
        where, values, frames = self._browse.selection(chosen)
        columns = ", ".join(f'count(*) FILTER ({q.condition}) AS "{name}"' for name, q in QUESTIONS.items())
        row = self._database.frame(
            f"SELECT {columns} FROM {SELECTION_FROM} WHERE {where}",
            {**values, "reviewer": reviewer, "bound": bound},
            **frames,
        )
        return {name: int(row[name].item()) for name in QUESTIONS}

    def ids(
        self, queue: str, chosen: Filter, reviewer: str, bound: str, *, limit: int, offset: int = 0
    ) -> tuple[list[str], int]:
        """Return the first examples of a queue within a filter, and the last decision that this answer knows of."""
        question = QUESTIONS[queue]
        where, values, frames = self._browse.selection(chosen)
        known = self.last_decision()
        values |= {"limit": limit, "offset": offset}
        text = f"{question.condition} {question.order} {question.joins}"
        named = {"reviewer": reviewer, "bound": bound, "seed": _SEED}
        values |= {name: value for name, value in named.items() if f"${name}" in text}
        rows = self._database.frame(
            f"SELECT e.example_id FROM {SELECTION_FROM}{question.joins} WHERE {where} AND {question.condition}"
            f" ORDER BY {question.order} LIMIT $limit OFFSET $offset",
            values,
            **frames,
        )
        return rows["example_id"].to_list(), known

    def last_decision(self) -> int:
        """Return the number of the last decision; 0 when there is none."""
        return int(self._database.value("SELECT coalesce(max(decision_id), 0) FROM decisions"))

    def untouched(self, ids: Sequence[str], reviewer: str, bound: str, known: int, *, own: bool) -> set[str]:
        """Return those of the examples about which nothing was decided, and not undone, after a decision's number.

        What others decide of the overlap does not count: this reviewer is to be asked all the same. What the reviewer
        decided counts when `own` says so.
        """
        wanted = pl.DataFrame({"example_id": ids}, schema={"example_id": pl.String})
        rows = self._database.frame(
            "SELECT example_id FROM wanted WHERE example_id NOT IN (SELECT example_id FROM live_decisions"
            " WHERE decision_id > $known AND action <> 'note' AND example_id IS NOT NULL"
            f" AND CASE reviewer WHEN $reviewer THEN $own ELSE NOT {SHARED} END)",
            {"known": known, "reviewer": reviewer, "bound": bound, "own": own},
            wanted=wanted,
        )
        return set(rows["example_id"])

    def votes(self, ids: Sequence[str]) -> pl.DataFrame:
        """Return what each reviewer said of the examples: example_id, reviewer, choice, settled."""
        return self._database.frame(
            "SELECT example_id, reviewer, choice, example_id IN (SELECT example_id FROM settled) AS settled FROM votes"
            " WHERE example_id IN (SELECT example_id FROM wanted) ORDER BY example_id, decision_id",
            wanted=pl.DataFrame({"example_id": ids}, schema={"example_id": pl.String}),
        )

    def shared_votes(self) -> pl.DataFrame:
        """Return all votes on examples that two reviewers or more judged: example_id, reviewer, choice."""
        return self._database.frame(
            "SELECT example_id, reviewer, choice FROM votes WHERE example_id IN (SELECT example_id FROM votes"
            " GROUP BY example_id HAVING count(*) > 1) ORDER BY example_id, reviewer"
        )

    def disagreement_count(self) -> int:
        """Count the examples on which reviewers differ and nobody gave the deciding vote."""
        return int(self._database.value("SELECT count(*) FROM disagreements"))
