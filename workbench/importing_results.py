"""Bring in what other models answered, and what raters elsewhere said.

Nothing is guessed: an answer to an unknown example, to one of another side, or a rating of a comparison that nobody
knows is refused with its line, and nothing of the file is stored.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.errors import CurationError
from workbench.comparing import Comparing
from workbench.files import sha256_of
from workbench.held_out import HeldOut, as_asked, held_out_ids, version_of
from workbench.importing_scores import ImportingScores, are_scores
from workbench.rating import CHOICES
from workbench.store.runs import EvaluationRecord
from workbench.store.store import Store

_NAMED = 3


@dataclass(frozen=True)
class OutputsReport:
    """Answers that were imported; `missing` held-out examples of the evaluation have none."""

    evaluation: str
    variant: str
    split: str
    answers: int
    missing: int
    note: str


@dataclass(frozen=True)
class RatingsReport:
    """Ratings that were imported; `known` of them had been stored before."""

    evaluation: str
    ratings: int
    known: int
    raters: list[str]


class ImportingResults:
    """Imports answers and ratings."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._comparing = Comparing(store, folder)

    def import_outputs(
        self, path: Path, variant: str, *, evaluation: str | None = None, split: HeldOut = "validation"
    ) -> OutputsReport:
        """Read answers, one a line: `example_id` (or `prompt`) and `text`; JSON Lines or CSV.

        Args:
            path: the file.
            variant: what the answers are called.
            evaluation: add them to this one; else to the newest on that split of the current version, or a new one.
            split: where the examples are held out.

        Raises:
            CurationError: names the line; an unknown example, one of another split or version, two answers to one
                example, no text, a variant that is there already.
        """
        record = self._evaluation(evaluation, split)
        held_out = self._held_out(record)
        if variant in record.variants:
            raise CurationError(
                f"{record.evaluation} has a variant '{variant}' already.", "Choose another name for these answers."
            )
        _check_name(variant)
        answers = self._answers(path, held_out, record)
        folder = self._folder / "evaluations" / record.evaluation
        from workbench.jobs.files import JobStatus, write_status
        from workbench.jobs.files import write_text as write_safely

        lines = [json.dumps({"example_id": key, "text": text, "seconds": None}) for key, text in answers.items()]
        (folder / "outputs").mkdir(parents=True, exist_ok=True)
        write_safely(folder / "outputs" / f"{variant}.jsonl", "".join(f"{line}\n" for line in lines))
        if not record.variants:
            self._store.runs.add_evaluation(record)
            write_status(folder, JobStatus("finished", progress=1.0, message="Answers were imported"))
        self._store.runs.add_variant(record.evaluation, variant)
        missing = len(held_out) - len(answers)
        note = f"{missing} of {len(held_out)} examples have no answer; differences are taken where both answered."
        return OutputsReport(record.evaluation, variant, record.split, len(answers), missing, note if missing else "")

    def _evaluation(self, evaluation: str | None, split: HeldOut) -> EvaluationRecord:
        if evaluation is not None:
            view = self._comparing.evaluation(evaluation)
            if view.state != "finished" and not self._store.runs.has_results(evaluation):
                raise CurationError(f"{evaluation} has not finished ({view.state}).", "Wait for it, then import.")
            return next(record for record in self._store.runs.evaluations() if record.evaluation == evaluation)
        current = self._store.versions.current()
        if current is None:
            raise CurationError("Nothing was split yet.", "Split first: workbench split, or the Split page.")
        finished = {view.evaluation for view in self._comparing.evaluations() if view.state == "finished"}
        for record in self._store.runs.evaluations():
            if (record.version, record.split) == (current.version, split) and record.evaluation in finished:
                return record
        name, count = self._store.runs.next_name("evaluation"), len(held_out_ids(self._store, current, split))
        settings = {"who": "import", "rules": self._store.runs.output_rules()}
        return EvaluationRecord(name, current.version, split, [], {}, settings, count, self._store.now())

    def _held_out(self, record: EvaluationRecord) -> dict[str, str]:
        """Return example_id -> prompt of the held-out examples that an evaluation is about."""
        version = version_of(self._store, record)
        answered = self._store.runs.outputs(record.evaluation)["example_id"].unique().to_list()
        ids = answered or held_out_ids(self._store, version, record.split)
        rows = as_asked(self._store, version, record.split, ids)
        return dict(rows.select("example_id", "prompt").iter_rows())

    def _answers(self, path: Path, held_out: dict[str, str], record: EvaluationRecord) -> dict[str, str]:
        by_prompt: dict[str, list[str]] = {}
        for example_id, prompt in held_out.items():
            by_prompt.setdefault(prompt, []).append(example_id)
        answers: dict[str, str] = {}
        unknown: list[str] = []
        for line, row in _rows(path):
            text = row.get("text", row.get("output", row.get("completion")))
            if not isinstance(text, str):
                raise CurationError(
                    f"{path.name}, line {line}: there is no text.", 'Give each line a "text"; an empty answer is "".'
                )
            ids = [row["example_id"]] if row.get("example_id") else by_prompt.get(str(row.get("prompt")), [])
            if len(ids) > 1:
                raise CurationError(
                    f"{path.name}, line {line}: {len(ids)} held-out examples have this prompt.", "Give the example_id."
                )
            if not ids or ids[0] not in held_out:
                unknown.append(f"line {line} ({ids[0] if ids else 'its prompt'})")
                continue
            if ids[0] in answers:
                raise CurationError(
                    f"{path.name}, line {line}: a second answer to example {ids[0]}.", "Keep one answer an example."
                )
            answers[ids[0]] = text
        if unknown:
            self._refuse_unknown(path, unknown, record)
        if not answers:
            raise CurationError(f"{path.name} holds no answers.", "Write one JSON object a line.")
        return answers

    def _refuse_unknown(self, path: Path, unknown: list[str], record: EvaluationRecord) -> None:
        named = ", ".join(unknown[:_NAMED]) + (" ..." if len(unknown) > _NAMED else "")
        raise CurationError(
            f"{path.name}: {len(unknown)} answers are to examples that {record.evaluation} does not ask "
            f"(the {record.split} split of version {record.version[:12]}): {named}.",
            "Perhaps they belong to another version or split: answer this one's prompts, or name --evaluation.",
        )

    def import_ratings(self, path: Path, evaluation: str | None = None) -> RatingsReport:
        """Read ratings, one a line: `rater`, `choice`, and `comparison_id`, or `example_id`, `left` and `right`.

        A file about single answers has scores on criteria instead: see `workbench.importing_scores`. A comparison of
        the file's own is drawn now; a rating that is stored already is not stored again.

        Raises:
            CurationError: names the line; an unknown comparison, variant, example or choice, a comparison that was
                drawn for another rater or with other sides, one rated twice.
        """
        evaluation = evaluation or self._comparing.newest()
        self._comparing.evaluation(evaluation)
        rows = _rows(path)
        if not rows:
            raise CurationError(f"{path.name} holds no ratings.", "Write one JSON object a line.")
        session = f"import:{sha256_of(path)[:16]}"
        if are_scores(rows):
            raters, known = ImportingScores(self._store, evaluation).read(path.name, rows, session)
            return RatingsReport(evaluation, len(rows), known, raters)
        return self._import_choices(path, evaluation, rows, session)

    def _import_choices(
        self, path: Path, evaluation: str, lines: list[tuple[int, dict[str, Any]]], session: str
    ) -> RatingsReport:
        outputs = self._store.runs.outputs(evaluation)
        answered = set(outputs.select("variant", "example_id").iter_rows())
        drawn = {row["comparison_id"]: row for row in self._store.ratings.comparisons(evaluation).iter_rows(named=True)}
        fresh: list[dict[str, Any]] = []
        events: dict[str, list[dict[str, object]]] = {}
        seen: set[str] = set()
        for line, row in lines:
            where = f"{path.name}, line {line}"
            comparison = self._comparison(where, row, evaluation, drawn, answered)
            if comparison["comparison_id"] not in drawn:
                drawn[comparison["comparison_id"]] = comparison
                fresh.append(comparison)
            if comparison["comparison_id"] in seen:
                raise CurationError(f"{where}: this comparison was rated before in the file.", "Keep one rating.")
            seen.add(comparison["comparison_id"])
            if row.get("choice") not in CHOICES:
                raise CurationError(
                    f"{where}: '{row.get('choice')}' is no rating.", f"Choose one of: {', '.join(CHOICES)}."
                )
            event = {"comparison_id": comparison["comparison_id"], "choice": row["choice"], "session": session}
            note = str(row["note"]) if row.get("note") else None
            events.setdefault(comparison["rater"], []).append({**event, "note": note, "sequence": line})
        known = self._store.ratings.highest_sequence(session)
        if fresh:
            self._store.ratings.add_comparisons(evaluation, _comparisons(fresh), self._store.now())
        for rater, rows in events.items():
            self._store.ratings.append(rows, rater, self._store.now())
        count = sum(map(len, events.values()))
        return RatingsReport(evaluation, count, count if known else 0, sorted(events))

    def _comparison(
        self,
        where: str,
        row: dict[str, Any],
        evaluation: str,
        drawn: dict[str, dict[str, Any]],
        answered: set[tuple[str, str]],
    ) -> dict[str, Any]:
        rater = str(row.get("rater") or "").strip()
        if not rater:
            raise CurationError(f"{where}: the rating has no rater.", 'Give each line a "rater".')
        given = {name: row.get(name) for name in ("example_id", "left", "right")}
        known = drawn.get(str(row.get("comparison_id")))
        if known is not None:
            if known["rater"] != rater:
                raise CurationError(f"{where}: this comparison was drawn for {known['rater']}.", "Correct the rater.")
            wrong = [name for name, value in given.items() if value is not None and value != known[name]]
            if wrong:
                raise CurationError(
                    f"{where}: {wrong[0]} is '{given[wrong[0]]}', but it was drawn as '{known[wrong[0]]}'.",
                    "Leave that column out, or correct it.",
                )
            return known
        if None in given.values():
            raise CurationError(
                f"{where}: the comparison '{row.get('comparison_id')}' is unknown to {evaluation}.",
                "Give example_id, left and right (variants), or name the evaluation that it was drawn in.",
            )
        for side in ("left", "right"):
            if (given[side], given["example_id"]) not in answered:
                raise CurationError(
                    f"{where}: '{given[side]}' has no answer to example {given['example_id']} in {evaluation}.",
                    "Import its answers first: workbench import-outputs.",
                )
        if given["left"] == given["right"]:
            raise CurationError(f"{where}: a variant is compared with itself.", "Leave this line out.")
        pair = sorted((str(given["left"]), str(given["right"])))
        key = "\x1f".join((rater, str(given["example_id"]), *pair))
        digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        return {"comparison_id": f"{evaluation}:imported-{digest}", "rater": rater, **given, "position": 0}


def _comparisons(rows: list[dict[str, Any]]) -> pl.DataFrame:
    names = ("comparison_id", "example_id", "rater", "left", "right")
    frame = pl.DataFrame([{name: str(row[name]) for name in names} for row in rows])
    return frame.with_columns(position=pl.int_range(pl.len(), dtype=pl.Int32))


def _check_name(variant: str) -> None:
    from workbench.jobs.settings import Variant
    from workbench.settings import checked_settings

    checked_settings(Variant, {"name": variant}, "variant")


def _rows(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Read JSON Lines or CSV with line numbers from 1."""
    readers: dict[str, Callable[[str], list[tuple[int, dict[str, Any]]]]] = {".csv": _csv_rows}
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise CurationError(f"{path} cannot be read: {error.strerror}.", "Name a file that is there.") from None
    except UnicodeDecodeError as error:
        raise CurationError(f"{path.name} is not UTF-8 (byte {error.start}).", "Save it as UTF-8.") from None
    if path.suffix in readers:
        return readers[path.suffix](text)
    rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise CurationError(f"{path.name}, line {number}: no JSON object.", "Write one JSON object a line.")
        rows.append((number, row))
    return rows


def _csv_rows(text: str) -> list[tuple[int, dict[str, Any]]]:
    reader = csv.DictReader(text.splitlines(keepends=True))
    return [(reader.line_num, {name: value for name, value in row.items() if value is not None}) for row in reader]
