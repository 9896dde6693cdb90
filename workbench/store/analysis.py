"""What the stages found: a cache that is replaced as a whole when a stage runs again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from workbench.store.database import Database

# 'contaminated' comes before 'review': the surest finding speaks for the example.
_WORST = (
    "worst AS (SELECT example_id, arg_min(test_id, (verdict, -similarity)) AS test_id, min(verdict) AS verdict,"
    " max(similarity) AS similarity, arg_min(evidence, (verdict, -similarity)) AS evidence,"
    " string_agg(DISTINCT kind, ', ' ORDER BY kind) AS kinds FROM contamination GROUP BY example_id)"
)


@dataclass(frozen=True)
class StageRecord:
    """How a stage was last run: on what (a fingerprint), with which settings, and what came out in figures."""

    stage: str
    fingerprint: str
    settings: str
    figures: Mapping[str, object]
    seconds: float


class AnalysisStore:
    """Questions about results of stages, and the one way to replace them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace(self, record: StageRecord, tables: Mapping[str, pl.DataFrame], now: datetime) -> None:
        """Put a stage's results in the place of the earlier ones, with the record of the run, all or nothing."""
        with self._database.transaction() as transaction:
            for name, frame in tables.items():
                transaction.replace(name, frame)
            transaction.execute("DELETE FROM stages WHERE stage = $stage", {"stage": record.stage})
            transaction.execute(
                "INSERT INTO stages VALUES ($stage, $fingerprint, $settings, $figures, $seconds, $now)",
                {**record.__dict__, "figures": json.dumps(dict(record.figures)), "now": now},
            )

    def stage(self, stage: str) -> StageRecord | None:
        """Return how a stage was last run, or None."""
        rows = self._database.frame(
            "SELECT stage, fingerprint, settings, figures, seconds FROM stages WHERE stage = $stage", {"stage": stage}
        ).to_dicts()
        return StageRecord(**{**rows[0], "figures": json.loads(rows[0]["figures"])}) if rows else None

    def duplicates(self) -> pl.DataFrame:
        """Return duplicate groups: group_id, example_id, representative_id, kind, similarity."""
        return self._database.frame("SELECT * FROM duplicates ORDER BY group_id, example_id")

    def duplicate_pairs(self) -> pl.DataFrame:
        """Return every verified pair."""
        return self._database.frame("SELECT * FROM duplicate_pairs ORDER BY example_a, example_b, kind")

    def duplicate_groups(self, kind: str | None, limit: int, offset: int) -> pl.DataFrame:
        """Return groups, largest first; a group has the kind of its weakest link."""
        return self._database.frame(
            "WITH groups AS (SELECT group_id, max(CASE kind WHEN 'exact' THEN 1 WHEN 'near' THEN 2 ELSE 3 END)"
            " AS level, count(DISTINCT example_id) AS size, any_value(representative_id) AS representative_id,"
            " min(similarity) AS similarity FROM duplicates GROUP BY group_id)"
            " SELECT group_id, CASE level WHEN 1 THEN 'exact' WHEN 2 THEN 'near' ELSE 'semantic' END AS kind, size,"
            " representative_id, similarity, e.prompt, e.completion FROM groups JOIN examples e"
            " ON e.example_id = representative_id"
            " WHERE representative_id NOT IN (SELECT example_id FROM sealed)"
            " AND ($kind IS NULL OR kind = $kind)"
            " ORDER BY size DESC, similarity DESC, group_id LIMIT $limit OFFSET $offset",
            {"kind": kind, "limit": limit, "offset": offset},
        )

    def group_count(self, kind: str | None) -> int:
        """Count groups, of one kind or of all, that are not in the sealed test split."""
        return int(
            self._database.value(
                "SELECT count(*) FROM (SELECT group_id,"
                " max(CASE kind WHEN 'exact' THEN 1 WHEN 'near' THEN 2 ELSE 3 END) AS level FROM duplicates"
                " WHERE representative_id NOT IN (SELECT example_id FROM sealed)"
                " GROUP BY group_id) WHERE $kind IS NULL"
                " OR level = CASE $kind WHEN 'exact' THEN 1 WHEN 'near' THEN 2 ELSE 3 END",
                {"kind": kind},
            )
        )

    def represented_count(self) -> int:
        """Count examples for which an exact or near copy stands."""
        return int(
            self._database.value(
                "SELECT count(DISTINCT example_id) FROM duplicates WHERE example_id <> representative_id"
                " AND kind <> 'semantic'"
            )
        )

    def duplicate_group(self, group_id: str) -> pl.DataFrame:
        """Return the members of a group, the representative first; sealed ones stay hidden."""
        return self._database.frame(
            "SELECT d.example_id, e.prompt, e.completion, d.kind, d.similarity,"
            " d.example_id = d.representative_id AS is_representative, s.state, o.source, o.line FROM duplicates d"
            " JOIN examples e USING (example_id) JOIN states s USING (example_id) LEFT JOIN (SELECT example_id,"
            " arg_min(source, (import_id, line)) AS source, arg_min(line, (import_id, line)) AS line FROM occurrences"
            " GROUP BY example_id) o USING (example_id) WHERE d.group_id = $group_id"
            " AND d.example_id NOT IN (SELECT example_id FROM sealed)"
            " ORDER BY is_representative DESC, similarity DESC, d.example_id",
            {"group_id": group_id},
        )

    def quality(self) -> pl.DataFrame:
        """Return the overall quality: example_id, quality, suggestion, reason."""
        return self._database.frame("SELECT * FROM quality ORDER BY example_id")

    def scores(self) -> pl.DataFrame:
        """Return all scores."""
        return self._database.frame("SELECT * FROM scores ORDER BY example_id, scorer")

    def lowest_taste(self, reviewer: str, limit: int) -> pl.DataFrame:
        """Return the undecided examples of lowest taste, sealed ones aside, lowest first.

        Columns: example_id, prompt, completion, score, reason.
        """
        return self._database.frame(
            "SELECT t.example_id, e.prompt, e.completion, t.score, t.reason FROM taste t JOIN examples e"
            " USING (example_id) JOIN states s USING (example_id) WHERE t.reviewer = $reviewer AND s.state = 'pending'"
            " AND t.example_id NOT IN (SELECT example_id FROM sealed)"
            " AND t.example_id IN (SELECT example_id FROM present) ORDER BY t.score, t.example_id LIMIT $limit",
            {"reviewer": reviewer, "limit": limit},
        )

    def conflicts(self) -> pl.DataFrame:
        """Return all conflicts."""
        return self._database.frame("SELECT * FROM conflicts ORDER BY kind, group_id, example_id")

    def conflict_rows(self, kind: str | None, limit: int, offset: int) -> pl.DataFrame:
        """Return the members of conflicts, whole groups, with texts and states; sealed examples stay hidden."""
        return self._database.frame(
            "WITH pages AS (SELECT DISTINCT kind, group_id FROM conflicts WHERE ($kind IS NULL OR kind = $kind)"
            " AND group_id NOT IN (SELECT group_id FROM conflicts WHERE example_id IN (SELECT example_id FROM sealed))"
            " ORDER BY kind, group_id LIMIT $limit OFFSET $offset)"
            " SELECT c.group_id, c.kind, c.detail, c.example_id, e.prompt, e.completion, s.state FROM conflicts c"
            " JOIN pages USING (kind, group_id) JOIN examples e USING (example_id) JOIN states s USING (example_id)"
            " ORDER BY c.kind, c.group_id, c.example_id",
            {"kind": kind, "limit": limit, "offset": offset},
        )

    def conflict_counts(self) -> dict[str, int]:
        """Count conflicts by kind."""
        rows = self._database.frame(
            "SELECT kind, count(DISTINCT group_id) AS n FROM conflicts GROUP BY kind ORDER BY kind"
        )
        return {row["kind"]: row["n"] for row in rows.to_dicts()}

    def personal_data(self) -> pl.DataFrame:
        """Return where personal data stands."""
        return self._database.frame("SELECT * FROM personal_data ORDER BY example_id, message_index, start")

    def personal_data_counts(self) -> pl.DataFrame:
        """Return kinds of personal data in training examples, most frequent first: kind, examples, places."""
        return self._database.frame(
            "SELECT kind, count(DISTINCT example_id)::BIGINT AS examples, count(*)::BIGINT AS places FROM personal_data"
            " WHERE example_id IN (SELECT example_id FROM roles WHERE role = 'train') GROUP BY kind"
            " ORDER BY examples DESC, kind"
        )

    def clusters(self) -> pl.DataFrame:
        """Return clusters with their sizes, largest first."""
        return self._database.frame(
            "SELECT c.cluster_id, any_value(c.title) AS title,"
            " count(*) FILTER (t.example_id IS NOT NULL) AS examples,"
            " count(*) FILTER (t.example_id IS NULL) AS production FROM clusters c LEFT JOIN"
            " (SELECT example_id FROM roles WHERE role = 'train') t USING (example_id) GROUP BY c.cluster_id"
            " ORDER BY examples DESC, c.cluster_id"
        )

    def topics(self) -> pl.DataFrame:
        """Return topics, largest first: topic_id, topic, clusters, examples, production, holds (cluster titles)."""
        return self._database.frame(
            "WITH sized AS (SELECT c.topic_id, any_value(c.topic) AS topic, c.cluster_id, any_value(c.title) AS title,"
            " count(*) FILTER (t.example_id IS NOT NULL) AS examples,"
            " count(*) FILTER (t.example_id IS NULL) AS production FROM clusters c LEFT JOIN"
            " (SELECT example_id FROM roles WHERE role = 'train') t USING (example_id)"
            " WHERE c.topic_id IS NOT NULL GROUP BY c.topic_id, c.cluster_id)"
            " SELECT topic_id, any_value(topic) AS topic, count(*) AS clusters, sum(examples)::BIGINT AS examples,"
            " sum(production)::BIGINT AS production,"
            " list(title ORDER BY examples + production DESC, cluster_id) AS holds"
            " FROM sized GROUP BY topic_id ORDER BY examples DESC, topic_id"
        )

    def cluster_of(self) -> pl.DataFrame:
        """Return example_id, cluster_id."""
        return self._database.frame("SELECT example_id, cluster_id FROM clusters ORDER BY example_id")

    def production_clusters(self) -> pl.DataFrame:
        """Return how often production asks about each cluster: cluster, title, weight."""
        return self._database.frame(
            "SELECT c.cluster_id::VARCHAR AS cluster, any_value(c.title) AS title, count(*)::DOUBLE AS weight"
            " FROM occurrences o JOIN clusters c USING (example_id) WHERE o.role = 'production'"
            " GROUP BY c.cluster_id ORDER BY c.cluster_id"
        )

    def gaps(self) -> pl.DataFrame:
        """Return clusters that production has and training lacks, most to collect first."""
        return self._database.frame("SELECT * FROM gaps ORDER BY collect DESC, q_value, cluster_id")

    def hardest(self, limit: int) -> pl.DataFrame:
        """Return measured examples, the highest IFD first: example_id, ifd, perplexity, tokens, prompt, completion."""
        return self._database.frame(
            "SELECT example_id, d.ifd, d.perplexity, d.tokens, e.prompt, e.completion FROM difficulty d"
            " JOIN examples e USING (example_id) WHERE example_id NOT IN (SELECT example_id FROM sealed)"
            " ORDER BY d.ifd DESC, example_id LIMIT $limit",
            {"limit": limit},
        )

    def contamination(self, verdict: str | None, limit: int, offset: int) -> pl.DataFrame:
        """Return one row an example that gives a held-out one away: its surest evidence, with both texts."""
        return self._database.frame(
            f"WITH {_WORST}, lines AS (SELECT example_id, arg_min(file, (import_id, line)) AS file,"
            " arg_min(line, (import_id, line)) AS line FROM occurrences WHERE role = 'test' GROUP BY example_id)"
            " SELECT w.example_id, w.test_id, w.kinds, w.similarity, w.verdict, w.evidence, e.prompt, e.completion,"
            " t.prompt AS test_prompt, t.completion AS test_completion, l.file, l.line, s.state"
            " FROM worst w JOIN examples e USING (example_id) JOIN examples t ON t.example_id = w.test_id"
            " JOIN states s ON s.example_id = w.example_id LEFT JOIN lines l ON l.example_id = w.test_id"
            " WHERE ($verdict IS NULL OR w.verdict = $verdict) AND w.example_id NOT IN (SELECT example_id FROM sealed)"
            " ORDER BY w.verdict, w.similarity DESC, w.example_id LIMIT $limit OFFSET $offset",
            {"verdict": verdict, "limit": limit, "offset": offset},
        )

    def contamination_counts(self) -> pl.DataFrame:
        """Count examples by verdict: verdict, examples, pending."""
        return self._database.frame(
            f"WITH {_WORST} SELECT verdict, count(*)::BIGINT AS examples,"
            " (count(*) FILTER (s.state = 'pending'))::BIGINT AS pending"
            " FROM worst JOIN states s USING (example_id) GROUP BY verdict"
        )

    def contaminated(self, verdict: str) -> list[str]:
        """Return the ids of the examples of a verdict."""
        frame = self._database.frame(
            f"WITH {_WORST} SELECT example_id FROM worst WHERE verdict = $verdict ORDER BY example_id",
            {"verdict": verdict},
        )
        return frame["example_id"].to_list()

    def suggestion_counts(self) -> pl.DataFrame:
        """Count suggestions by the kind of finding that decided them, with the share of all examples."""
        return self._database.frame(
            "SELECT suggestion, cause, count(*) AS examples, count(*) / sum(count(*)) OVER () AS share FROM quality"
            " GROUP BY suggestion, cause ORDER BY suggestion, examples DESC, cause"
        )

    def score_summary(self) -> pl.DataFrame:
        """Return for each scorer how many examples it finds fault with (score below 0.5) and the mean score."""
        return self._database.frame(
            "SELECT scorer, count(*) FILTER (score < 0.5) AS flagged, avg(score) AS mean FROM scores GROUP BY scorer"
            " ORDER BY flagged DESC, scorer"
        )

    def quality_histogram(self, bins: int) -> pl.DataFrame:
        """Count examples by band of quality and suggestion."""
        return self._database.frame(
            "SELECT least(floor(quality * $bins), $bins - 1) / $bins AS low,"
            " (least(floor(quality * $bins), $bins - 1) + 1) / $bins AS high, suggestion, count(*) AS examples"
            " FROM quality GROUP BY ALL ORDER BY low, suggestion",
            {"bins": bins},
        )
