"""Rate single answers blind on criteria: drawn and stored before anything is shown, and no card names a variant."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.errors import CurationError
from pipelines.examples import Message, messages_of
from workbench.example_groups import groups_of
from workbench.held_out import as_evaluated
from workbench.store.store import Store

if TYPE_CHECKING:
    from pipelines.rating.criteria import Criterion

ACTIONS = ("score", "skip", "undo")


@dataclass(frozen=True)
class AnswerCard:
    """One answer without a name: the conversation, what was answered, and the reference behind a key."""

    answer_id: str
    messages: list[Message]
    text: str
    reference: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return asdict(self)


@dataclass(frozen=True)
class RubricResults:
    """What the ratings under one wording of the criteria say; every frame is empty where there are none.

    `levels`, `differences`: `pipelines.rating.rubric`; `agreement`, `raters`, `self_agreement`:
    `pipelines.rating.rubric_raters`. `version` is that of the criteria, `notes` says what limits the figures.
    """

    version: int
    criteria: list[str]
    levels: pl.DataFrame
    differences: pl.DataFrame
    agreement: pl.DataFrame
    raters: pl.DataFrame
    self_agreement: pl.DataFrame
    notes: list[str]

    def sentences(self) -> list[str]:
        """Return the differences, the agreement and what else there is to say, in words."""
        shared = self.agreement.filter(pl.col("same").is_not_null())["note"].to_list()
        columns = (self.raters["note"], self.self_agreement["note"])
        return [
            *self.differences["sentence"],
            *(shared or ["Agreement of raters cannot be computed: no answer was rated by two."]),
            *(sentence for column in columns for sentence in column),
            *self.notes,
        ]

    def figures(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        frames = ("levels", "differences", "agreement", "raters", "self_agreement")
        rows = {name: getattr(self, name).to_dicts() for name in frames}
        return {"version": self.version, "criteria": self.criteria, **rows, "notes": self.notes}


class Rubric:
    """Holds the criteria, draws single answers, records their scores, and tells what they say."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def criteria(self, version: int | None = None) -> tuple[Criterion, ...]:
        """Return the criteria in force (those of this workbench where the project has none), or of a version.

        Raises:
            CurationError: there is no such version.
        """
        from pipelines.rating.criteria import DEFAULT_CRITERIA, checked_criteria

        rows = self._store.rubric.criteria()
        if version is not None:
            rows = rows.filter(pl.col("version") == version)
            if rows.is_empty():
                raise CurationError(f"There are no criteria of version {version}.", "Look: workbench criteria PROJECT.")
        return checked_criteria(json.loads(rows["criteria"][-1])) if rows.height else DEFAULT_CRITERIA

    def version(self) -> int:
        """Return the version of the criteria in force; 0 where the project has stored none yet."""
        rows = self._store.rubric.criteria()
        return int(rows["version"][-1]) if rows.height else 0

    def set_criteria(self, given: Sequence[Any], who: str) -> int:
        """Put criteria in force and return their version; those in force already stay so.

        Ratings stay with the version that they were made under. The same wording as before has its earlier version.

        Raises:
            CurationError: names the criterion that cannot be used.
        """
        from pipelines.rating.criteria import checked_criteria

        wanted = checked_criteria(given)
        if self.version() and wanted == self.criteria():
            return self.version()
        return self._store.rubric.add_criteria(
            [criterion.model_dump(mode="json") for criterion in wanted], who, self._store.now()
        )

    def set_criteria_from(self, path: Path, who: str) -> int:
        """Put the criteria of a JSON file in force: a list of them, or an object that has one under `criteria`.

        Raises:
            CurationError: the file cannot be read, is no such JSON, or a criterion in it cannot be used.
        """
        try:
            given = json.loads(path.read_text("utf-8-sig"))
        except OSError as error:
            raise CurationError(f"{path} cannot be read: {error.strerror}.", "Name a file that is there.") from None
        except (ValueError, RecursionError):
            raise CurationError(f"{path.name} is no JSON in UTF-8.", "Start from: workbench criteria --json.") from None
        rows = given.get("criteria") if isinstance(given, dict) else given
        if not isinstance(rows, list):
            raise CurationError(
                f"{path.name} holds no list of criteria.", 'Write a list of {"name": …, "anchors": [five texts]}.'
            )
        return self.set_criteria(rows, who)

    def begin(
        self, evaluation: str, variants: Sequence[str], rater: str, count: int = 30, seed: int = 0
    ) -> tuple[int, int]:
        """Draw the answers of some variants to `count` examples for a rater, under the criteria in force.

        Drawing again adds nothing that is there already. One answer in twenty is drawn to come a second time.

        Returns:
            How many of the answers that are shown are rated, and how many are drawn in all.

        Raises:
            CurationError: the evaluation has no outputs of a variant, or no example that all of them answered.
        """
        from pipelines.rating.draw_answers import draw_answers, draw_repeated_answers
        from pipelines.rating.repeats import SUFFIX

        outputs = self._store.runs.outputs(evaluation)
        if outputs.is_empty():
            raise CurationError(f"{evaluation} has no answers yet.", "Wait for the evaluation to finish, then rate.")
        version = self.version() or self.set_criteria(self.criteria(), rater)
        known = self._store.rubric.answers(evaluation, version, rater)
        drawn = draw_answers(
            outputs.select("variant", "example_id", "text"),
            variants,
            rater=rater,
            seed=seed,
            count=count,
            drawn=known.filter(~pl.col("answer_id").str.ends_with(SUFFIX)),
            scope=f"{evaluation}\x1f{version}",
        )
        fresh = pl.concat([drawn, draw_repeated_answers(drawn)])
        self._store.rubric.add_answers(evaluation, version, fresh, self._store.now())
        return self.progress(evaluation, rater)

    def pending(self, evaluation: str, rater: str, limit: int = 20) -> list[AnswerCard]:
        """Return the next answers of a rater, under the criteria in force."""
        return self._cards(evaluation, self._store.rubric.pending(evaluation, self.version(), rater, limit))

    def last_seen(self, evaluation: str, rater: str) -> AnswerCard | None:
        """Return the answer that a rater rated or skipped last, under the criteria in force, for going back to it."""
        cards = self._cards(evaluation, self._store.rubric.last_seen(evaluation, self.version(), rater))
        return cards[0] if cards else None

    def progress(self, evaluation: str, rater: str) -> tuple[int, int]:
        """Return how many answers a rater has rated or skipped under the criteria in force, and how many are drawn."""
        return self._store.rubric.progress(evaluation, self.version(), rater)

    def rate(self, events: Sequence[Mapping[str, Any]], rater: str) -> int:
        """Store what a rater did and return the highest sequence that is stored; sending one twice stores it once.

        Each event is `{session, sequence, answer_id, action, scores?, note?}`: `score` with a score for every
        criterion, `skip`, or `undo`, which takes back what was said of that answer.

        Raises:
            CurationError: an unknown action, an answer that was not drawn for this rater, a score that is missing,
                off the scale or of no criterion; nothing is stored.
        """
        if not events:
            return 0
        ordered = sorted(events, key=lambda event: int(event["sequence"]))
        drawn = self._store.rubric.drawn_of([str(event["answer_id"]) for event in ordered], rater)
        rows = [self._event(event, drawn, rater) for event in ordered]
        self._store.rubric.append(rows, rater, self._store.now())
        return self._store.rubric.highest_sequence(str(events[0]["session"]))

    def _event(self, event: Mapping[str, Any], drawn: Mapping[str, int], rater: str) -> dict[str, Any]:
        from pipelines.rating.criteria import checked_scores

        answer, action = str(event["answer_id"]), str(event["action"])
        if action not in ACTIONS:
            raise CurationError(f"'{action}' is no rating.", f"Choose one of: {', '.join(ACTIONS)}.")
        if answer not in drawn:
            raise CurationError(
                f"The answer {answer} was not drawn for {rater}.", "Begin rating this evaluation first."
            )
        scores = None
        if action == "score":
            criteria = self.criteria(drawn[answer])
            scores = checked_scores(event.get("scores"), criteria)
            missing = next((one.name for one in criteria if one.name not in scores), None)
            if missing is not None:
                raise CurationError(f"The answer {answer} has no score for {missing}.", "Score every criterion.")
        return {
            "answer_id": answer,
            "action": action,
            "scores": scores,
            "note": (str(event.get("note") or "").strip() or None) if action == "score" else None,
            "session": str(event["session"]),
            "sequence": int(event["sequence"]),
        }

    def rated_versions(self, evaluation: str) -> list[int]:
        """Return the versions of the criteria under which answers of an evaluation were rated, newest first."""
        return sorted(set(self._store.rubric.scores(evaluation)["criteria"]), reverse=True)

    def results(self, evaluation: str, version: int | None = None) -> RubricResults | None:
        """Return what the ratings under a version of the criteria say; of the newest one that has ratings by default.

        None where nobody has rated answers of this evaluation (under that version).
        """
        from pipelines.rating.rubric import rubric_differences, rubric_levels
        from pipelines.rating.rubric_raters import rubric_agreement, rubric_raters, rubric_self_agreement

        scores = self._store.rubric.scores(evaluation)
        if version is None:
            version = max(scores["criteria"], default=0)
        mine = scores.filter(pl.col("criteria") == version)
        if mine.is_empty():
            return None
        names = [criterion.name for criterion in self.criteria(version)]
        groups = groups_of(self._store, evaluation)
        repeats = self._store.rubric.repeats(evaluation).filter(pl.col("criteria") == version)
        return RubricResults(
            version,
            names,
            rubric_levels(mine, names, groups=groups),
            rubric_differences(mine, names, groups=groups),
            rubric_agreement(mine, names),
            rubric_raters(mine),
            rubric_self_agreement(mine, repeats),
            _notes(scores, mine, version),
        )

    def all_results(self, evaluation: str) -> list[RubricResults]:
        """Return the results under each wording of the criteria that has ratings, newest first."""
        found = (self.results(evaluation, version) for version in self.rated_versions(evaluation))
        return [results for results in found if results is not None]

    def evaluations(self) -> list[str]:
        """Return the evaluations in which answers were rated on criteria, newest first."""
        return self._store.rubric.evaluations()

    def _cards(self, evaluation: str, rows: pl.DataFrame) -> list[AnswerCard]:
        found = as_evaluated(self._store, evaluation, rows["example_id"].to_list())
        examples = {row["example_id"]: row for row in found.iter_rows(named=True)}
        cards = []
        for row in rows.iter_rows(named=True):
            example = examples[row["example_id"]]
            messages = messages_of(example["messages"])
            asked = messages[:-1] if messages[-1]["role"] == "assistant" else messages
            cards.append(AnswerCard(row["answer_id"], asked, row["text"], example["completion"]))
        return cards


def _notes(scores: pl.DataFrame, mine: pl.DataFrame, version: int) -> list[str]:
    """Say what limits the figures: other wordings of the criteria, answers that tell whose they are."""
    notes = []
    named = mine.filter("names_model").select("example_id", "variant").n_unique()
    if named:
        notes.append(
            f"{named} rated answer{' names' if named == 1 else 's name'} a language model or its maker:"
            " raters may have known whose it is."
        )
    for other in sorted(set(scores["criteria"]) - {version}):
        answers = scores.filter(pl.col("criteria") == other).select("example_id", "variant", "rater").n_unique()
        notes.append(
            f"{answers} further rating{' was' if answers == 1 else 's were'} made under version {other} of the"
            f" criteria; these figures are of version {version}."
        )
    return notes
