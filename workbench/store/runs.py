"""Training runs, evaluations of variants, and the ledger of looks at the test split."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from workbench.store.database import Database


@dataclass(frozen=True)
class RunRecord:
    """A training run as it was started; how far it is stands in its folder."""

    run_id: str
    version: str
    data: str
    base: str
    method: str
    settings: dict[str, Any]
    train_examples: int
    validation_examples: int
    created_at: datetime


@dataclass(frozen=True)
class EvaluationRecord:
    """Answers of several variants to the same held-out examples."""

    evaluation: str
    version: str
    split: str
    variants: list[str]
    runs: dict[str, str | None]
    settings: dict[str, Any]
    examples: int
    created_at: datetime


class RunStore:
    """Questions about runs, evaluations and looks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def next_name(self, prefix: str) -> str:
        """Return the next free name, such as run-0003."""
        table = {"run": "runs", "evaluation": "evaluations"}[prefix]
        return f"{prefix}-{1 + int(self._database.value(f'SELECT count(*) FROM {table}')):04d}"

    def add_run(self, record: RunRecord) -> None:
        """Record a run."""
        with self._database.transaction() as transaction:
            transaction.insert("runs", _one_row({**record.__dict__, "settings": json.dumps(record.settings)}))

    def runs(self) -> list[RunRecord]:
        """Return all runs, newest first."""
        rows = self._database.frame("SELECT * FROM runs ORDER BY created_at DESC, run_id DESC").to_dicts()
        return [RunRecord(**{**row, "settings": json.loads(row["settings"])}) for row in rows]

    def add_evaluation(self, record: EvaluationRecord) -> None:
        """Record an evaluation."""
        row = {
            **record.__dict__,
            "variants": json.dumps(record.variants),
            "runs": json.dumps(record.runs),
            "settings": json.dumps(record.settings),
        }
        with self._database.transaction() as transaction:
            transaction.insert("evaluations", _one_row(row))

    def evaluations(self) -> list[EvaluationRecord]:
        """Return all evaluations, newest first."""
        rows = self._database.frame("SELECT * FROM evaluations ORDER BY created_at DESC, evaluation DESC").to_dicts()
        parsed = ("variants", "runs", "settings")
        return [EvaluationRecord(**{**row, **{name: json.loads(row[name]) for name in parsed}}) for row in rows]

    def add_variant(self, evaluation: str, variant: str) -> None:
        """Add a variant to an evaluation; its results are to be computed again, and what rests on them."""
        with self._database.transaction() as transaction:
            told = transaction.value(
                "SELECT variants FROM evaluations WHERE evaluation = $evaluation", {"evaluation": evaluation}
            )
            transaction.execute(
                "UPDATE evaluations SET variants = $variants WHERE evaluation = $evaluation",
                {"evaluation": evaluation, "variants": json.dumps([*json.loads(str(told)), variant])},
            )
            for table in ("metrics", "slices"):
                transaction.execute(f"DELETE FROM {table} WHERE evaluation = $evaluation", {"evaluation": evaluation})

    def set_evaluation_settings(self, evaluation: str, settings: Mapping[str, Any]) -> None:
        """Change how an evaluation is measured; its results are to be computed again, and what rests on them."""
        with self._database.transaction() as transaction:
            transaction.execute(
                "UPDATE evaluations SET settings = $settings WHERE evaluation = $evaluation",
                {"evaluation": evaluation, "settings": json.dumps(dict(settings))},
            )
            for table in ("metrics", "slices"):
                transaction.execute(f"DELETE FROM {table} WHERE evaluation = $evaluation", {"evaluation": evaluation})

    def store_results(self, evaluation: str, tables: Mapping[str, pl.DataFrame]) -> None:
        """Put an evaluation's outputs, scores, metrics and differences in the place of earlier ones."""
        with self._database.transaction() as transaction:
            for name in ("outputs", "output_scores", "metrics", "differences"):
                transaction.execute(f"DELETE FROM {name} WHERE evaluation = $evaluation", {"evaluation": evaluation})
                transaction.insert(name, tables[name].with_columns(evaluation=pl.lit(evaluation)))

    def has_results(self, evaluation: str) -> bool:
        """Tell whether an evaluation's results are stored."""
        return bool(
            self._database.value(
                "SELECT count(*) FROM metrics WHERE evaluation = $evaluation", {"evaluation": evaluation}
            )
        )

    def metrics(self, evaluation: str) -> pl.DataFrame:
        """Return variant, metric, value, low, high, n, method of an evaluation."""
        return self._database.frame(
            "SELECT variant, metric, value, low, high, n, method FROM metrics WHERE evaluation = $evaluation"
            " ORDER BY metric, variant",
            {"evaluation": evaluation},
        )

    def differences(self, evaluation: str) -> pl.DataFrame:
        """Return each variant's difference from the base on each metric."""
        return self._database.frame(
            "SELECT * EXCLUDE (evaluation) FROM differences WHERE evaluation = $evaluation"
            " ORDER BY metric, variant, against",
            {"evaluation": evaluation},
        )

    def outputs(self, evaluation: str) -> pl.DataFrame:
        """Return variant, example_id, text of an evaluation."""
        return self._database.frame(
            "SELECT variant, example_id, text FROM outputs WHERE evaluation = $evaluation ORDER BY example_id, variant",
            {"evaluation": evaluation},
        )

    def output_scores(self, evaluation: str) -> pl.DataFrame:
        """Return variant, example_id, metric, value of an evaluation."""
        return self._database.frame(
            "SELECT variant, example_id, metric, value FROM output_scores WHERE evaluation = $evaluation"
            " ORDER BY example_id, variant, metric",
            {"evaluation": evaluation},
        )

    def output_rules(self) -> list[dict[str, Any]]:
        """Return the rules for outputs that are in force; none where nobody wrote any."""
        told = self._database.value("SELECT rules FROM output_rules ORDER BY place DESC LIMIT 1")
        return list(json.loads(str(told))) if told is not None else []

    def set_output_rules(self, rules: Sequence[Mapping[str, Any]], who: str, now: datetime) -> None:
        """Put rules for outputs in force."""
        with self._database.transaction() as transaction:
            transaction.execute(
                "INSERT INTO output_rules SELECT coalesce(max(place), 0) + 1, $rules, $who, $now FROM output_rules",
                {"rules": json.dumps(list(rules), ensure_ascii=False), "who": who, "now": now},
            )

    def add_look(self, evaluation: str, version: str, who: str, why: str, now: datetime) -> None:
        """Write a look at the sealed test split into the ledger."""
        with self._database.transaction() as transaction:
            transaction.execute(
                "INSERT INTO looks VALUES ($evaluation, $version, $who, $why, $now)",
                {"evaluation": evaluation, "version": version, "who": who, "why": why, "now": now},
            )

    def looks(self, version: str) -> pl.DataFrame:
        """Return the looks at the test split of a version, oldest first, with the runs that were looked at."""
        return self._database.frame(
            "SELECT l.evaluation, l.who, l.why, l.looked_at, e.runs, l.version AS data FROM looks l"
            " LEFT JOIN evaluations e USING (evaluation) WHERE l.version = $version ORDER BY l.looked_at, l.evaluation",
            {"version": version},
        )


def _one_row(values: Mapping[str, object]) -> pl.DataFrame:
    return pl.DataFrame([dict(values)])
