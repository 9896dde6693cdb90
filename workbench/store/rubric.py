"""Criteria, single answers drawn before anybody sees them, and the scores that raters gave."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from workbench.store.database import Database

# What a rater gave on a second showing measures that rater alone: see `scores` and `repeats`.
_AGAIN = "ends_with(answer_id, ':again')"
_SCORES = (
    "SELECT answer_id, evaluation, example_id, rater, variant, criteria, criterion, score, names_model, note, rated_at"
    " FROM rubric_scores WHERE evaluation = $evaluation"
)


class RubricStore:
    """Questions about criteria, drawn answers and their scores."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def criteria(self) -> pl.DataFrame:
        """Return which criteria were in force, earliest first: place, version, criteria (JSON), who, created_at."""
        return self._database.frame("SELECT place, version, criteria, who, created_at FROM criteria ORDER BY place")

    def add_criteria(self, criteria: Sequence[Mapping[str, Any]], who: str, now: datetime) -> int:
        """Put criteria in force and return their version: that of the same wording, if there was one before."""
        text = json.dumps(list(criteria), ensure_ascii=False)
        with self._database.transaction() as transaction:
            version = transaction.value(
                "SELECT version FROM criteria WHERE criteria = $criteria LIMIT 1", {"criteria": text}
            ) or transaction.value("SELECT coalesce(max(version), 0) + 1 FROM criteria")
            transaction.execute(
                "INSERT INTO criteria SELECT coalesce(max(place), 0) + 1, $version, $criteria, $who, $now"
                " FROM criteria",
                {"version": version, "criteria": text, "who": who, "now": now},
            )
        return int(version)

    def add_answers(self, evaluation: str, criteria: int, answers: pl.DataFrame, now: datetime) -> int:
        """Store drawn answers: `pipelines.rating.draw_answers.ANSWERS`; known ids are skipped."""
        with self._database.transaction() as transaction:
            with transaction.lookup("fresh", answers):
                new = transaction.frame(
                    "SELECT * FROM fresh f WHERE NOT EXISTS (SELECT 1 FROM drawn_answers d"
                    " WHERE d.answer_id = f.answer_id)"
                )
            more = {"evaluation": pl.lit(evaluation), "criteria": pl.lit(criteria), "drawn_at": pl.lit(now)}
            return transaction.insert("drawn_answers", new.with_columns(**more))

    def answers(self, evaluation: str, criteria: int | None = None, rater: str | None = None) -> pl.DataFrame:
        """Return the drawn answers of an evaluation, in the order in which each rater sees them."""
        return self._database.frame(
            "SELECT answer_id, example_id, variant, rater, criteria, shown_as, position, names_model"
            " FROM drawn_answers WHERE evaluation = $evaluation AND ($criteria IS NULL OR criteria = $criteria)"
            " AND ($rater IS NULL OR rater = $rater) ORDER BY rater, criteria, position, answer_id",
            {"evaluation": evaluation, "criteria": criteria, "rater": rater},
        )

    def pending(self, evaluation: str, criteria: int, rater: str, limit: int) -> pl.DataFrame:
        """Return answers that this rater has still to see, in order: answer_id, example_id, text."""
        return self._database.frame(
            "SELECT d.answer_id, d.example_id, o.text FROM drawn_answers d JOIN outputs o ON o.evaluation ="
            " d.evaluation AND o.variant = d.variant AND o.example_id = d.example_id WHERE d.evaluation = $evaluation"
            " AND d.criteria = $criteria AND d.rater = $rater AND d.answer_id = d.shown_as"
            " AND d.answer_id NOT IN (SELECT answer_id FROM rated_answers) ORDER BY d.position, d.answer_id"
            " LIMIT $limit",
            {"evaluation": evaluation, "criteria": criteria, "rater": rater, "limit": limit},
        )

    def last_seen(self, evaluation: str, criteria: int, rater: str) -> pl.DataFrame:
        """Return the answer that this rater rated or skipped last, or no row: answer_id, example_id, text."""
        return self._database.frame(
            "SELECT r.answer_id, r.example_id, o.text FROM rated_answers r JOIN outputs o ON o.evaluation ="
            " r.evaluation AND o.variant = r.variant AND o.example_id = r.example_id WHERE r.evaluation = $evaluation"
            " AND r.criteria = $criteria AND r.rater = $rater AND r.answer_id = r.shown_as"
            " ORDER BY r.event_id DESC LIMIT 1",
            {"evaluation": evaluation, "criteria": criteria, "rater": rater},
        )

    def progress(self, evaluation: str, criteria: int, rater: str) -> tuple[int, int]:
        """Return how many of the answers that are shown this rater has rated or skipped, and how many are drawn."""
        rows = self._database.frame(
            "SELECT count(*) FILTER (WHERE answer_id IN (SELECT answer_id FROM rated_answers)) AS done,"
            " count(*) AS drawn FROM drawn_answers WHERE evaluation = $evaluation AND criteria = $criteria"
            " AND rater = $rater AND answer_id = shown_as",
            {"evaluation": evaluation, "criteria": criteria, "rater": rater},
        )
        return int(rows["done"][0]), int(rows["drawn"][0])

    def drawn_of(self, answer_ids: Sequence[str], rater: str) -> dict[str, int]:
        """Return answer -> version of its criteria, for those of the ids that are shown to this rater."""
        asked = pl.DataFrame({"answer_id": list(answer_ids)}, schema={"answer_id": pl.String})
        rows = self._database.frame(
            "SELECT d.answer_id, d.criteria FROM drawn_answers d JOIN asked USING (answer_id)"
            " WHERE d.rater = $rater AND d.answer_id = d.shown_as",
            {"rater": rater},
            asked=asked,
        )
        return dict(rows.iter_rows())

    def append(self, events: Sequence[Mapping[str, Any]], rater: str, now: datetime) -> None:
        """Append events: answer_id, action (score, skip, undo), scores, note, session, sequence; known ones are not."""
        with self._database.transaction() as transaction:
            for event in events:
                known = transaction.value(
                    "SELECT count(*) FROM score_events WHERE session = $session AND sequence = $sequence",
                    {"session": event["session"], "sequence": event["sequence"]},
                )
                if known:
                    continue
                scores = event["scores"]
                transaction.execute(
                    "INSERT INTO score_events SELECT coalesce(max(event_id), 0) + 1, $answer_id, $rater, $action,"
                    " $scores, $note, $session, $sequence, $now FROM score_events",
                    {
                        **event,
                        "scores": None if scores is None else json.dumps(scores, ensure_ascii=False),
                        "rater": rater,
                        "now": now,
                    },
                )

    def highest_sequence(self, session: str) -> int:
        """Return the last stored event of a rating session; 0 when there is none."""
        return int(
            self._database.value(
                "SELECT coalesce(max(sequence), 0) FROM score_events WHERE session = $session", {"session": session}
            )
        )

    def scores(self, evaluation: str) -> pl.DataFrame:
        """Return each score that counts, with its answer, variant, rater, criterion and the version of the criteria."""
        return self._database.frame(
            f"{_SCORES} AND NOT {_AGAIN} ORDER BY rated_at, answer_id, criterion", {"evaluation": evaluation}
        )

    def repeats(self, evaluation: str) -> pl.DataFrame:
        """Return the scores of answers that were shown a second time: as `scores`."""
        return self._database.frame(
            f"{_SCORES} AND {_AGAIN} ORDER BY rated_at, answer_id, criterion", {"evaluation": evaluation}
        )

    def rated_count(self) -> int:
        """Return how many answers were given scores, in all evaluations; a second showing does not count."""
        return int(
            self._database.value(
                f"SELECT count(*) FROM rated_answers WHERE action = 'score' AND answer_id = shown_as AND NOT {_AGAIN}"
            )
        )

    def evaluations(self) -> list[str]:
        """Return the evaluations in which answers were given scores, newest first."""
        rows = self._database.frame("SELECT DISTINCT evaluation FROM rubric_scores ORDER BY evaluation DESC")
        return list(rows["evaluation"])
