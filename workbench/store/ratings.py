"""Blind comparisons, drawn and stored before anybody sees them, and what raters said."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from workbench.store.database import Database


class RatingStore:
    """Questions about comparisons and ratings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_comparisons(self, evaluation: str, comparisons: pl.DataFrame, now: datetime) -> int:
        """Store drawn comparisons: comparison_id, example_id, rater, left, right, position; known ids are skipped."""
        with self._database.transaction() as transaction:
            with transaction.lookup("drawn", comparisons):
                fresh = transaction.frame(
                    "SELECT * FROM drawn d WHERE NOT EXISTS (SELECT 1 FROM comparisons c"
                    " WHERE c.comparison_id = d.comparison_id)"
                )
            columns = comparisons.columns
            return transaction.insert(
                "comparisons",
                fresh.select(columns).with_columns(evaluation=pl.lit(evaluation), drawn_at=pl.lit(now)),
            )

    def comparisons(self, evaluation: str, rater: str | None = None) -> pl.DataFrame:
        """Return the drawn comparisons of an evaluation, in the order in which each rater sees them."""
        return self._database.frame(
            'SELECT comparison_id, example_id, rater, "left", "right", position FROM comparisons'
            " WHERE evaluation = $evaluation AND ($rater IS NULL OR rater = $rater)"
            " ORDER BY rater, position, comparison_id",
            {"evaluation": evaluation, "rater": rater},
        )

    def at_hand(self, evaluation: str, rater: str, limit: int) -> pl.DataFrame:
        """Return the comparison that this rater saw last (`seen`), then the next ones neither rated nor skipped.

        Returns:
            comparison_id, example_id, left_text, right_text, seen; in their order.
        """
        return self._database.frame(
            "WITH next AS ((SELECT c.*, FALSE AS seen FROM comparisons c WHERE evaluation = $evaluation"
            " AND rater = $rater AND comparison_id NOT IN (SELECT comparison_id FROM seen_comparisons)"
            " ORDER BY position, comparison_id LIMIT $limit) UNION ALL (SELECT c.*, TRUE AS seen FROM comparisons c"
            " JOIN seen_comparisons s USING (comparison_id) WHERE c.evaluation = $evaluation AND c.rater = $rater"
            " ORDER BY s.rating_id DESC LIMIT 1))"
            " SELECT c.comparison_id, c.example_id, l.text AS left_text, r.text AS right_text, c.seen FROM next c"
            ' JOIN outputs l ON l.evaluation = c.evaluation AND l.variant = c."left" AND l.example_id = c.example_id'
            ' JOIN outputs r ON r.evaluation = c.evaluation AND r.variant = c."right" AND r.example_id = c.example_id'
            " ORDER BY c.seen DESC, c.position, c.comparison_id",
            {"evaluation": evaluation, "rater": rater, "limit": limit},
        )

    def progress(self, evaluation: str, rater: str) -> tuple[int, int]:
        """Return how many comparisons this rater has rated or skipped, and how many are drawn."""
        rows = self._database.frame(
            "SELECT count(*) FILTER (WHERE comparison_id IN (SELECT comparison_id FROM seen_comparisons)) AS done,"
            " count(*) AS drawn FROM comparisons WHERE evaluation = $evaluation AND rater = $rater",
            {"evaluation": evaluation, "rater": rater},
        )
        return int(rows["done"][0]), int(rows["drawn"][0])

    def drawn_of(self, comparison_ids: Sequence[str], rater: str) -> set[str]:
        """Return those of the ids that were drawn for this rater."""
        asked = pl.DataFrame({"comparison_id": list(comparison_ids)}, schema={"comparison_id": pl.String})
        rows = self._database.frame(
            "SELECT DISTINCT comparison_id FROM comparisons JOIN asked USING (comparison_id) WHERE rater = $rater",
            {"rater": rater},
            asked=asked,
        )
        return set(rows["comparison_id"])

    def append(self, events: Sequence[dict[str, object]], rater: str, now: datetime) -> None:
        """Append events: comparison_id, choice (or "skip"; None takes the last one back), note, session, sequence."""
        with self._database.transaction() as transaction:
            for event in events:
                known = transaction.value(
                    "SELECT count(*) FROM rating_events WHERE session = $session AND sequence = $sequence",
                    {"session": event["session"], "sequence": event["sequence"]},
                )
                if known:
                    continue
                transaction.execute(
                    "INSERT INTO rating_events SELECT coalesce(max(rating_id), 0) + 1, $comparison_id, $rater, $choice,"
                    " $note, $session, $sequence, $now FROM rating_events",
                    {**event, "rater": rater, "now": now},
                )

    def highest_sequence(self, session: str) -> int:
        """Return the last stored event of a rating session; 0 when there is none."""
        return int(
            self._database.value(
                "SELECT coalesce(max(sequence), 0) FROM rating_events WHERE session = $session", {"session": session}
            )
        )

    def last_rated(self, evaluation: str, rater: str) -> str | None:
        """Return the comparison that this rater rated last, or None."""
        found = self._database.value(
            "SELECT e.comparison_id FROM rating_events e JOIN ratings r USING (comparison_id) WHERE r.evaluation ="
            " $evaluation AND e.rater = $rater AND e.choice IS NOT NULL ORDER BY e.rating_id DESC LIMIT 1",
            {"evaluation": evaluation, "rater": rater},
        )
        return None if found is None else str(found)

    def ratings(self, evaluation: str | None = None) -> pl.DataFrame:
        """Return what raters said: comparison_id, example_id, rater, left, right, choice, note, rated_at.

        What they said of a pair that was shown a second time is left out: see `repeats`.
        """
        return self._database.frame(
            'SELECT comparison_id, evaluation, example_id, rater, "left", "right", choice, note, rated_at FROM ratings'
            " WHERE ($evaluation IS NULL OR evaluation = $evaluation) AND NOT ends_with(comparison_id, ':again')"
            " ORDER BY rated_at, comparison_id",
            {"evaluation": evaluation},
        )

    def repeats(self, evaluation: str) -> pl.DataFrame:
        """Return what raters said of pairs that were shown them a second time: as `ratings`."""
        return self._database.frame(
            'SELECT comparison_id, evaluation, example_id, rater, "left", "right", choice, note, rated_at FROM ratings'
            " WHERE evaluation = $evaluation AND ends_with(comparison_id, ':again') ORDER BY rated_at, comparison_id",
            {"evaluation": evaluation},
        )

    def written_answers(self, source: str) -> pl.DataFrame:
        """Return the answers that people wrote where all answers were bad: example_id (new), repairs, written_by."""
        return self._database.frame(
            "SELECT example_id, json_extract_string(metadata, '$.repairs') AS repairs,"
            " json_extract_string(metadata, '$.written_by') AS written_by FROM occurrences"
            " WHERE source = $source AND role = 'train' AND metadata IS NOT NULL ORDER BY file, line",
            {"source": source},
        )

    def next_session_sequence(self, session: str) -> int:
        """Return the sequence that an event from outside the rating card gets in its session."""
        return self.highest_sequence(session) + 1
