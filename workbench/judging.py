"""Let a judge model compare two variants' answers, and say how far it may be trusted before saying what it found.

A judge is a model behind an endpoint together with the version of the prompt. Each pair is asked in both orders by a
detached job, the same that lets an endpoint answer as a variant: it keeps each reply as it comes, obeys the rate limit,
tries again, and holds the key nowhere. Asking again goes on where it stopped: what was judged is not asked again.

    evaluations/EVALUATION/judgings/JUDGING/    one job: data/prompts.jsonl, outputs/api-MODEL.jsonl
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.errors import CurationError
from pipelines.examples import messages_of
from pipelines.progress import Progress, no_progress
from workbench.comparing import Comparing
from workbench.endpoint_costs import EndpointCost, endpoint_costs
from workbench.example_groups import groups_of
from workbench.files import write_text
from workbench.held_out import as_evaluated
from workbench.rating import pair_to_rate
from workbench.settings import checked_settings
from workbench.store.judging import JudgingRecord
from workbench.store.store import Store

if TYPE_CHECKING:
    from pipelines.rating.judge import JudgeReport

AGAIN = "What was judged is kept: run the same command again, and only the rest is asked."
_VERDICTS = pl.Schema(
    {"example_id": pl.String, "first": pl.String, "second": pl.String, "verdict": pl.String, "reply": pl.String}
)


@dataclass(frozen=True)
class JudgingView:
    """A judging, with how far it is: `state` is that of its job."""

    judging: str
    judge: str
    variant: str
    against: str
    asked: int
    state: str
    message: str


class Judging:
    """Asks judges, and reports on them beside the raters."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._comparing = Comparing(store, folder)

    def start(
        self,
        evaluation: str,
        endpoint: Mapping[str, Any],
        *,
        variant: str | None = None,
        against: str | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> str | None:
        """Ask a judge about the pairs that it has not judged yet; returns the judging's name.

        Pairs that people rated come first, the others in an order that depends on nothing but their ids; equal answers
        are skipped. A judging of the same judge and variants that is under way is not started a second time: its name
        comes back. None where nothing is left to ask.

        Args:
            evaluation: whose answers are compared.
            endpoint: where the judge is (`EndpointSettings`): prompts and answers are sent there.
            variant: one of its variants; tuned when not given.
            against: the other one; the prompted base when not given.
            settings: `JudgeSettings`.

        Raises:
            CurationError: no such evaluation or variant, no answers yet, settings that are none, no key.
        """
        from pipelines.generation.endpoint_settings import EndpointSettings
        from pipelines.rating.judge_prompt import version_of
        from pipelines.rating.judge_settings import JudgeSettings
        from workbench.jobs.endpoint_key import key_of

        api = checked_settings(EndpointSettings, endpoint, "endpoint")
        chosen = checked_settings(JudgeSettings, settings or {}, "judge")
        one, other = self._pair(evaluation, variant, against)
        prompt = version_of(chosen.reference)
        judge = f"{api.model} ({prompt})"
        self._collect(evaluation)
        for record in self._store.judging.records(evaluation):
            same = (record.judge, record.variant, record.against) == (judge, one, other)
            if same and self._view(record).state in {"queued", "running"}:
                return record.judging
        key_of(api)
        questions = self._questions(evaluation, judge, one, other, chosen.pairs)
        if not questions:
            return None
        record = JudgingRecord(
            self._store.judging.next_name(),
            evaluation,
            judge,
            api.model,
            prompt,
            one,
            other,
            len(questions),
            {"endpoint": api.model_dump(mode="json"), **chosen.model_dump(mode="json")},
            self._store.now(),
        )
        self._write_and_start(record, questions)
        return record.judging

    def _pair(self, evaluation: str, variant: str | None, against: str | None) -> tuple[str, str]:
        """Return the two variants, the one that sorts later first, as win rates are told."""
        known = self._comparing.evaluation(evaluation).variants
        one, other = pair_to_rate(known)
        one, other = variant or one, against or other
        if one == other and variant and not against:
            other = next((name for name in known if name != one), other)
        for name in (one, other):
            if name not in known:
                raise CurationError(
                    f"{evaluation} has no variant '{name}'.", f"Choose two of: {', '.join(sorted(known))}."
                )
        if one == other:
            raise CurationError(f"'{one}' cannot be compared with itself.", "Choose two variants.")
        first, second = sorted((one, other), reverse=True)
        return first, second

    def _questions(
        self, evaluation: str, judge: str, variant: str, against: str, count: int | None
    ) -> list[tuple[str, str, str]]:
        """Return (example_id, first, second) of every order that is to be asked, both orders of a pair together."""
        from pipelines.rating.draw import draw_comparisons
        from pipelines.rating.judge_trust import values_of_people

        outputs = self._store.runs.outputs(evaluation)
        if outputs.is_empty():
            raise CurationError(f"{evaluation} has no answers yet.", "Wait for the evaluation to finish, then judge.")
        drawn = draw_comparisons(outputs, variant, against, rater=judge, scope=evaluation)["example_id"].to_list()
        rated = set(values_of_people(self._store.ratings.ratings(evaluation), variant, against)["example_id"])
        order = sorted(drawn, key=lambda example_id: (example_id not in rated, _shuffled(example_id)))[:count]
        verdicts = self._store.judging.verdicts(evaluation).filter(pl.col("judge") == judge)
        known = set(verdicts.select("example_id", "first", "second").iter_rows())
        asked = [(each, *sides) for each in order for sides in ((variant, against), (against, variant))]
        return [question for question in asked if question not in known]

    def _write_and_start(self, record: JudgingRecord, questions: list[tuple[str, str, str]]) -> None:
        from pipelines.generation.endpoint_settings import EndpointSettings
        from pipelines.generation.settings import GenerationSettings
        from pipelines.rating.judge_prompt import judge_messages
        from workbench.jobs.process import start_job
        from workbench.jobs.settings import GenerateJob, Variant, write_job

        outputs = self._store.runs.outputs(record.evaluation).select("variant", "example_id", "text")
        texts = {(variant, example_id): str(text) for variant, example_id, text in outputs.iter_rows()}
        ids = list(dict.fromkeys(example_id for example_id, _, _ in questions))
        examples = {
            row["example_id"]: row for row in as_evaluated(self._store, record.evaluation, ids).iter_rows(named=True)
        }
        lines = []
        for example_id, first, second in questions:
            messages = messages_of(examples[example_id]["messages"])
            messages = messages[:-1] if messages[-1]["role"] == "assistant" else messages
            reference = examples[example_id]["completion"] if record.settings["reference"] else None
            asked = judge_messages(messages, texts[first, example_id], texts[second, example_id], reference)
            lines.append({"example_id": _key(example_id, first, record), "messages": asked})
        folder = self._folder_of(record)
        api = EndpointSettings(**record.settings["endpoint"])
        write_text(
            folder / "data" / "prompts.jsonl", "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        )
        generation = GenerationSettings(max_new_tokens=record.settings["max_tokens"])
        write_job(folder, GenerateJob(variants=(Variant(name=api.variant, endpoint=api),), generation=generation))
        self._store.judging.add(record)
        start_job(folder, "generate")

    def _folder_of(self, record: JudgingRecord) -> Path:
        return self._folder / "evaluations" / record.evaluation / "judgings" / record.judging

    def judgings(self, evaluation: str) -> list[JudgingView]:
        """Return the judgings of an evaluation, oldest first."""
        return [self._view(record) for record in self._store.judging.records(evaluation)]

    def _view(self, record: JudgingRecord) -> JudgingView:
        from workbench.training import status_of

        status = status_of(self._folder_of(record))
        return JudgingView(
            record.judging, record.judge, record.variant, record.against, record.asked, status.state, status.message
        )

    def wait(self, evaluation: str, judging: str, progress: Progress = no_progress) -> None:
        """Wait until a judging is over.

        Raises:
            CurationError: it failed, and why; what was judged is kept.
        """
        from workbench.jobs.process import wait_job
        from workbench.training import error_of, status_of

        record = next(one for one in self._store.judging.records(evaluation) if one.judging == judging)
        wait_job(self._folder_of(record), progress)
        self._collect(evaluation)
        error = error_of(status_of(self._folder_of(record)))
        if error is not None:
            raise CurationError(error.message, AGAIN)

    def reports(self, evaluation: str) -> list[JudgeReport]:
        """Return what is to be said of each judge and pair of variants; empty where none was asked.

        Raises:
            CurationError: there is no such evaluation.
        """
        from pipelines.rating.judge import judge_report

        self._comparing.evaluation(evaluation)
        self._collect(evaluation)
        verdicts = self._store.judging.verdicts(evaluation)
        if verdicts.is_empty():
            return []
        ratings, outputs = self._store.ratings.ratings(evaluation), self._store.runs.outputs(evaluation)
        records = self._store.judging.records(evaluation)
        asked = sorted({(record.judge, record.variant, record.against) for record in records})
        groups = groups_of(self._store, evaluation)
        return [
            judge_report(
                verdicts.filter(pl.col("judge") == judge), ratings, outputs, judge, variant, against, groups=groups
            )
            for judge, variant, against in asked
        ]

    def costs(self, evaluation: str) -> list[EndpointCost]:
        """Return what each judging has used so far."""
        records = self._store.judging.records(evaluation)
        return [cost for record in records for cost in endpoint_costs(self._folder_of(record))]

    def _collect(self, evaluation: str) -> None:
        """Append the replies that came since somebody last looked."""
        from pipelines.rating.judge_prompt import read_verdict
        from workbench.jobs.files import read_rows

        stored = self._store.judging.stored(evaluation)
        for record in self._store.judging.records(evaluation):
            if stored.get(record.judging, 0) == record.asked:
                continue
            rows = []
            for path in sorted((self._folder_of(record) / "outputs").glob("*.jsonl")):
                for row in read_rows(path):
                    example_id, _, place = str(row.get("example_id")).rpartition(":")
                    if not example_id or not isinstance(row.get("text"), str):
                        continue
                    sides = (record.variant, record.against)
                    first, second = sides if place == "1" else sides[::-1]
                    rows.append((example_id, first, second, read_verdict(row["text"]), row["text"]))
            frame = pl.DataFrame(rows, schema=_VERDICTS, orient="row").unique(
                ["example_id", "first"], keep="first", maintain_order=True
            )
            self._store.judging.append(record, frame, self._store.now())


def _key(example_id: str, first: str, record: JudgingRecord) -> str:
    """Name an order of a pair: 1 where the variant stands first, 2 where the other one does."""
    return f"{example_id}:{1 if first == record.variant else 2}"


def _shuffled(example_id: str) -> bytes:
    return hashlib.blake2b(f"judge\x1f{example_id}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
