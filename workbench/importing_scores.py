"""Bring in scores on criteria that raters elsewhere gave to single answers.

A line names the rater, the answer (`example_id` and `variant`, or the `answer_id` that it was drawn under here), and
the scores: an object `scores`, or one column for each criterion. A score may be missing; nothing is guessed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.errors import CurationError
from workbench.rubric import Rubric
from workbench.store.store import Store

if TYPE_CHECKING:
    from pipelines.rating.criteria import Criterion

Rows = Sequence[tuple[int, Mapping[str, Any]]]


def are_scores(rows: Rows) -> bool:
    """Return whether lines are about single answers, not about pairs."""
    return any(name in row for _, row in rows for name in ("scores", "variant", "answer_id"))


class ImportingScores:
    """Imports scores of one evaluation, under the criteria in force."""

    def __init__(self, store: Store, evaluation: str) -> None:
        self._store = store
        self._evaluation = evaluation
        outputs = store.runs.outputs(evaluation)
        self._texts = {(row[0], row[1]): row[2] for row in outputs.select("variant", "example_id", "text").iter_rows()}

    def read(self, name: str, rows: Rows, session: str) -> tuple[list[str], int]:
        """Store the scores of a file, all or none; one that is stored already is not stored again.

        Args:
            name: of the file, for messages.
            rows: its lines with their numbers.
            session: the same for the same file.

        Returns:
            The raters, sorted, and how many of the ratings were known.

        Raises:
            CurationError: names the line; no rater, an unknown answer, variant or example, an answer that was drawn
                for another rater, one rated twice, a score off the scale or of no criterion.
        """
        rubric = Rubric(self._store)
        drawn = self._store.rubric.answers(self._evaluation)
        by_id = {row["answer_id"]: row for row in drawn.iter_rows(named=True)}
        # The workbench's own criteria are stored as the first version, with the first ratings.
        version = rubric.version() or 1
        of_rater = {
            (row["rater"], row["variant"], row["example_id"]): row
            for row in drawn.filter(~pl.col("answer_id").str.ends_with(":again")).iter_rows(named=True)
            if row["criteria"] == version
        }
        fresh: list[dict[str, Any]] = []
        events: dict[str, list[dict[str, Any]]] = {}
        seen: set[str] = set()
        for line, row in rows:
            where = f"{name}, line {line}"
            rater = _rater(where, row)
            answer = by_id.get(str(row.get("answer_id"))) or self._answer(where, row, rater, of_rater, version, fresh)
            if answer["rater"] != rater:
                raise CurationError(f"{where}: this answer was drawn for {answer['rater']}.", "Correct the rater.")
            criteria = rubric.criteria(answer["criteria"] if rubric.version() else None)
            if answer["shown_as"] in seen:
                raise CurationError(f"{where}: this answer was rated before in the file.", "Keep one rating of it.")
            seen.add(answer["shown_as"])
            event = {
                "answer_id": answer["shown_as"],
                "action": "score",
                "scores": _scores(where, row, criteria),
                "note": str(row["note"]) if row.get("note") else None,
                "session": session,
                "sequence": line,
            }
            events.setdefault(rater, []).append(event)
        known = self._store.rubric.highest_sequence(session)
        self._write(fresh, events, rubric)
        return sorted(events), len(rows) if known else 0

    def _write(self, fresh: list[dict[str, Any]], events: dict[str, list[dict[str, Any]]], rubric: Rubric) -> None:
        now = self._store.now()
        if fresh:
            version = rubric.version() or rubric.set_criteria(rubric.criteria(), "import")
            self._store.rubric.add_answers(self._evaluation, version, _answers(fresh), now)
        for rater, found in events.items():
            self._store.rubric.append(found, rater, now)

    def _answer(
        self,
        where: str,
        row: Mapping[str, Any],
        rater: str,
        of_rater: dict[tuple[str, str, str], dict[str, Any]],
        version: int,
        fresh: list[dict[str, Any]],
    ) -> dict[str, Any]:
        """Return the answer of a line: the one that was drawn for this rater, or one that is drawn now."""
        from pipelines.rating.draw_answers import names_model

        example, variant = row.get("example_id"), row.get("variant")
        if example is None or variant is None:
            raise CurationError(
                f"{where}: the answer '{row.get('answer_id')}' is unknown to {self._evaluation}.",
                "Give example_id and variant, or name the evaluation that it was drawn in.",
            )
        text = self._texts.get((variant, example))
        if text is None:
            raise CurationError(
                f"{where}: '{variant}' has no answer to example {example} in {self._evaluation}.",
                "Import its answers first: workbench import-outputs.",
            )
        key = (rater, str(variant), str(example))
        if key not in of_rater:
            told = "\x1f".join((str(version), *key)).encode("utf-8", "surrogatepass")
            answer = f"{self._evaluation}:imported-{hashlib.blake2b(told, digest_size=16).hexdigest()}"
            of_rater[key] = {
                "answer_id": answer,
                "example_id": key[2],
                "variant": key[1],
                "rater": rater,
                "shown_as": answer,
                "names_model": names_model(text),
                "criteria": version,
            }
            fresh.append(of_rater[key])
        return of_rater[key]


def _rater(where: str, row: Mapping[str, Any]) -> str:
    rater = str(row.get("rater") or "").strip()
    if not rater:
        raise CurationError(f"{where}: the rating has no rater.", 'Give each line a "rater".')
    return rater


def _scores(where: str, row: Mapping[str, Any], criteria: Sequence[Criterion]) -> dict[str, int]:
    from pipelines.rating.criteria import checked_scores

    given = row.get("scores")
    if given is None:
        named = {one.name: row[one.name] for one in criteria if row.get(one.name) not in (None, "")}
        given = {key: int(value) if str(value).isdecimal() else value for key, value in named.items()}
    try:
        return checked_scores(given, criteria)
    except CurationError as error:
        raise CurationError(f"{where}: {error.message}", error.remedy) from None


def _answers(rows: list[dict[str, Any]]) -> pl.DataFrame:
    frame = pl.DataFrame([{name: value for name, value in row.items() if name != "criteria"} for row in rows])
    return frame.with_columns(position=pl.int_range(pl.len(), dtype=pl.Int32))
