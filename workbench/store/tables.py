"""The result tables that anybody may read, by name."""

import polars as pl

from pipelines.errors import CurationError
from workbench.store.database import Database

TABLES = {
    "occurrences": "SELECT example_id, role, source, file, line, metadata FROM occurrences ORDER BY role, source, line",
    "examples": "SELECT e.example_id, e.messages, e.system, e.prompt, e.completion, e.turns, e.tokens, e.parent_id,"
    " s.state FROM examples e JOIN states s USING (example_id) ORDER BY e.example_id",
    "rejected": 'SELECT file, line, "column", reason, remedy, raw FROM rejected ORDER BY import_id, line',
    "decisions": "SELECT example_id, action, reviewer, decided_at, note, origin, batch, replacement_id, undoes, queue"
    " FROM decisions ORDER BY decision_id",
    "duplicates": "SELECT * FROM duplicates ORDER BY group_id, example_id",
    "duplicate_pairs": "SELECT * FROM duplicate_pairs ORDER BY example_a, example_b, kind",
    "scores": 'SELECT example_id, scorer, score, reason, start, "end" FROM scores ORDER BY example_id, scorer',
    "quality": "SELECT * FROM quality ORDER BY example_id",
    "taste": "SELECT example_id, reviewer, score, reason FROM taste ORDER BY reviewer, example_id",
    "conflicts": "SELECT * FROM conflicts ORDER BY kind, group_id, example_id",
    "personal_data": 'SELECT example_id, kind, start, "end", message_index FROM personal_data'
    " ORDER BY example_id, message_index, start",
    "clusters": "SELECT * FROM clusters ORDER BY example_id",
    "gaps": "SELECT * FROM gaps ORDER BY collect DESC, q_value, cluster_id",
    "contamination": "SELECT example_id, test_id, kind, similarity, verdict, evidence FROM contamination"
    " ORDER BY example_id, kind",
    "difficulty": "SELECT * FROM difficulty ORDER BY example_id",
    "splits": "SELECT example_id, split, group_id FROM splits ORDER BY example_id",
    "versions": "SELECT number, version, name, settings, created_at FROM versions ORDER BY number",
    "runs": "SELECT run_id, version, data, base, method, settings, train_examples, validation_examples, created_at"
    " FROM runs ORDER BY created_at, run_id",
    "outputs": "SELECT evaluation, run_id, variant, example_id, text FROM outputs"
    " ORDER BY evaluation, variant, example_id",
    "metrics": "SELECT evaluation, run_id, variant, metric, value, low, high, n FROM metrics"
    " ORDER BY evaluation, metric, variant",
    "differences": "SELECT * FROM differences ORDER BY evaluation, metric, variant, against",
    "looks": "SELECT evaluation, version, who, why, looked_at FROM looks ORDER BY looked_at",
    "slices": "SELECT * FROM slices ORDER BY evaluation, variant, dimension, slice, kind, against",
    "triage": "SELECT * FROM triage ORDER BY evaluation, variant, example_id",
    "triage_evidence": "SELECT * FROM triage_evidence ORDER BY evaluation, variant, example_id, rank",
    "collect": "SELECT * FROM collect ORDER BY place",
    "ratings": 'SELECT comparison_id, evaluation, example_id, rater, "left", "right", choice, criteria, note, rated_at'
    " FROM ratings ORDER BY rated_at, comparison_id",
    "judge_verdicts": 'SELECT evaluation, judge, model, prompt, example_id, "first", "second", verdict, reply, judging,'
    ' judged_at FROM judge_verdicts ORDER BY evaluation, judge, example_id, "first"',
    "rubric_scores": "SELECT answer_id, evaluation, example_id, rater, variant, criteria, criterion, score, note,"
    " rated_at FROM rubric_scores ORDER BY rated_at, answer_id, criterion",
    "criteria": "SELECT place, version, number, entry.name AS criterion, entry.anchors AS anchors, who, created_at FROM"
    " (SELECT * EXCLUDE (entries), unnest(entries) AS entry, generate_subscripts(entries, 1) AS number FROM"
    """ (SELECT *, from_json(criteria, '[{"name": "VARCHAR", "anchors": ["VARCHAR"]}]') AS entries FROM criteria))"""
    " ORDER BY place, number",
}


class TableStore:
    """Reads whole tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def table(self, name: str) -> pl.DataFrame:
        """Return a table.

        Raises:
            CurationError: there is no table of that name.
        """
        if name not in TABLES:
            raise CurationError(f"There is no table '{name}'.", f"Choose one of: {', '.join(sorted(TABLES))}.")
        return self._database.frame(TABLES[name])

    def sizes(self) -> pl.DataFrame:
        """Return each table's name, number of rows and columns."""
        rows = [
            {"table": name, "rows": frame.height, "columns": ", ".join(frame.columns)}
            for name in TABLES
            for frame in [self._database.frame(TABLES[name])]
        ]
        return pl.DataFrame(rows, schema={"table": pl.String, "rows": pl.Int64, "columns": pl.String})
