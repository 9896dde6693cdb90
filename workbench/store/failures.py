"""Slices of an evaluation, why its failures may be failures, and the list of what to collect next."""

import json

import polars as pl

from workbench.store.database import Database

_SLICES = (
    "variant, kind, against, dimension, slice, n, units, failed, failure_rate, low, high, other_rate, p_value, q_value,"
    " finding, sentence"
)


class FailureStore:
    """Questions about where variants fail; all of it can be computed again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def store_slices(self, evaluation: str, slices: pl.DataFrame) -> None:
        """Put an evaluation's slices in the place of earlier ones."""
        with self._database.transaction() as transaction:
            transaction.execute("DELETE FROM slices WHERE evaluation = $evaluation", {"evaluation": evaluation})
            transaction.insert("slices", slices.with_columns(evaluation=pl.lit(evaluation)))

    def slices(self, evaluation: str) -> pl.DataFrame:
        """Return an evaluation's slices, findings first; empty where they were not computed."""
        return self._database.frame(
            f"SELECT {_SLICES} FROM slices WHERE evaluation = $evaluation ORDER BY finding DESC, q_value NULLS LAST,"
            " failure_rate DESC, variant, dimension, slice, kind, against",
            {"evaluation": evaluation},
        )

    def store_triage(self, evaluation: str, variant: str, triage: pl.DataFrame, evidence: pl.DataFrame) -> None:
        """Put the triage of a variant's failures in the place of an earlier one."""
        key = {"evaluation": evaluation, "variant": variant}
        with self._database.transaction() as transaction:
            for table, frame in (("triage", triage), ("triage_evidence", evidence)):
                transaction.execute(
                    f"DELETE FROM {table} WHERE evaluation = $evaluation AND variant = $variant", dict(key)
                )
                columns = {name: pl.lit(value) for name, value in key.items()}
                transaction.insert(table, frame.with_columns(**columns))

    def triage(self, evaluation: str, variant: str) -> pl.DataFrame:
        """Return example_id, cause, similarity, sentence of a variant's failures, the clearest gaps first."""
        return self._database.frame(
            "SELECT example_id, cause, similarity, sentence FROM triage WHERE evaluation = $evaluation"
            " AND variant = $variant ORDER BY cause, similarity, example_id",
            {"evaluation": evaluation, "variant": variant},
        )

    def evidence(self, evaluation: str, variant: str, example_id: str) -> pl.DataFrame:
        """Return the similar training examples of one failure, nearest first, with their texts."""
        return self._database.frame(
            "SELECT t.rank, t.neighbour_id, t.similarity, t.near, t.agrees_with, e.prompt, e.completion"
            " FROM triage_evidence t JOIN examples e ON e.example_id = t.neighbour_id WHERE t.evaluation = $evaluation"
            " AND t.variant = $variant AND t.example_id = $example_id ORDER BY t.rank",
            {"evaluation": evaluation, "variant": variant, "example_id": example_id},
        )

    def store_collect(self, rows: pl.DataFrame) -> None:
        """Put the list of what to collect in the place of the earlier one."""
        queries = pl.Series("queries", [json.dumps(list(told)) for told in rows["queries"]], dtype=pl.String)
        with self._database.transaction() as transaction:
            transaction.replace("collect", rows.with_columns(queries))

    def collect(self) -> pl.DataFrame:
        """Return the list of what to collect as it was last computed; `queries` is a JSON list."""
        return self._database.frame("SELECT * FROM collect ORDER BY place")

    def cluster_titles(self) -> pl.DataFrame:
        """Return example_id, title of every example on the map."""
        return self._database.frame("SELECT example_id, title FROM clusters ORDER BY example_id")

    def first_metadata(self) -> pl.DataFrame:
        """Return example_id, metadata of the line where each example was first seen."""
        return self._database.frame(
            "SELECT example_id, arg_min(metadata, (import_id, line)) AS metadata FROM occurrences"
            " WHERE metadata IS NOT NULL GROUP BY example_id ORDER BY example_id"
        )
