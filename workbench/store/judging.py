"""What judge models were asked, and what they replied: rows are appended and never changed."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from workbench.store.database import Database


@dataclass(frozen=True)
class JudgingRecord:
    """One job that asked a judge about pairs of two variants; `asked` counts its requests, two a pair.

    `judge` is the model together with the version of the prompt.
    """

    judging: str
    evaluation: str
    judge: str
    model: str
    prompt: str
    variant: str
    against: str
    asked: int
    settings: dict[str, Any]
    started_at: datetime


class JudgingStore:
    """Questions about judges."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def next_name(self) -> str:
        """Return the next free name, such as judging-0003."""
        return f"judging-{1 + int(self._database.value('SELECT count(*) FROM judgings')):04d}"

    def add(self, record: JudgingRecord) -> None:
        """Record that a judge is asked."""
        row = {**record.__dict__, "settings": json.dumps(record.settings)}
        with self._database.transaction() as transaction:
            transaction.insert("judgings", pl.DataFrame([row]))

    def records(self, evaluation: str) -> list[JudgingRecord]:
        """Return an evaluation's judgings, oldest first."""
        rows = self._database.frame(
            "SELECT * FROM judgings WHERE evaluation = $evaluation ORDER BY started_at, judging",
            {"evaluation": evaluation},
        ).to_dicts()
        return [JudgingRecord(**{**row, "settings": json.loads(row["settings"])}) for row in rows]

    def append(self, record: JudgingRecord, verdicts: pl.DataFrame, now: datetime) -> int:
        """Append example_id, first, second, verdict, reply; an order that this judge has judged is skipped."""
        if verdicts.is_empty():
            return 0
        named = {name: pl.lit(getattr(record, name)) for name in ("judging", "evaluation", "judge", "model", "prompt")}
        with self._database.transaction() as transaction:
            with transaction.lookup("told", verdicts):
                fresh = transaction.frame(
                    "SELECT t.* FROM told t WHERE NOT EXISTS (SELECT 1 FROM judge_verdicts v WHERE"
                    " v.evaluation = $evaluation AND v.judge = $judge AND v.example_id = t.example_id"
                    ' AND v."first" = t."first" AND v."second" = t."second")',
                    {"evaluation": record.evaluation, "judge": record.judge},
                )
            return transaction.insert("judge_verdicts", fresh.with_columns(**named, judged_at=pl.lit(now)))

    def stored(self, evaluation: str) -> dict[str, int]:
        """Return how many replies of each judging are stored; one without any is not there."""
        rows = self._database.frame(
            "SELECT judging, count(*) AS replies FROM judge_verdicts WHERE evaluation = $evaluation GROUP BY judging",
            {"evaluation": evaluation},
        )
        return dict(rows.iter_rows())

    def verdicts(self, evaluation: str) -> pl.DataFrame:
        """Return judge, example_id, first, second, verdict (None where the reply could not be read), by these."""
        return self._database.frame(
            'SELECT judge, example_id, "first", "second", verdict FROM judge_verdicts WHERE evaluation = $evaluation'
            ' ORDER BY judge, example_id, "first", "second"',
            {"evaluation": evaluation},
        )
