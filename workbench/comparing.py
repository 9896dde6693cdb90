"""Let several variants answer the same held-out examples, and compare the answers.

An *evaluation* is one set of variants on one split. The answers come from a detached process; the metrics are computed
when it has finished. An evaluation on the test split is a look at it and goes into the ledger.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.errors import CurationError
from pipelines.examples import messages_of
from pipelines.progress import Progress, no_progress
from workbench.chosen_metrics import further_settings
from workbench.endpoint_costs import EndpointCost, endpoint_costs
from workbench.files import write_text
from workbench.held_out import HeldOut, as_asked, held_out_ids
from workbench.results import Results, answers, labels_of, read_results, speeds_of_evaluation
from workbench.retrieving import nearest_of
from workbench.settings import checked_settings
from workbench.store.runs import EvaluationRecord
from workbench.store.store import Store
from workbench.store.versions import VersionRecord
from workbench.training import RunView, Training, error_of, status_of
from workbench.vectors import chosen_encoder

if TYPE_CHECKING:
    from pipelines.evaluation.labels import LabelReport
    from pipelines.evaluation.output_rules import OutputRule
    from workbench.jobs.settings import Variant

__all__ = ["Comparing", "EvaluationView", "Results", "VariantChoice"]


@dataclass(frozen=True)
class VariantChoice:
    """A variant that can be evaluated."""

    name: str
    title: str
    run_id: str | None


@dataclass(frozen=True)
class EvaluationView:
    """An evaluation, with how far it is."""

    evaluation: str
    split: str
    variants: list[str]
    state: str
    progress: float
    message: str
    examples: int
    created_at: datetime
    looks: int
    error: CurationError | None


class Comparing:
    """Starts evaluations and reads their results."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._training = Training(store, folder)

    def variants(self) -> list[VariantChoice]:
        """Return what can be evaluated now: base, few-shot, and each run that has an adapter."""
        chosen = [
            VariantChoice("base", "Base model, no examples", None),
            VariantChoice("few-shot", "Base model, few-shot prompted", None),
        ]
        runs = [run for run in self._training.runs() if run.state in {"finished", "cancelled"}]
        names = _names(runs)
        return chosen + [
            VariantChoice(names[run.run_id], f"Tuned on {run.data} data ({run.run_id})", run.run_id) for run in runs
        ]

    def start(
        self,
        run_ids: Sequence[str],
        split: HeldOut = "validation",
        *,
        variants: Sequence[str] = ("base", "few-shot", "tuned"),
        few_shot: int = 3,
        limit: int | None = None,
        who: str = "somebody",
        why: str = "",
        metrics: Sequence[str] = (),
        json_schema: str | None = None,
        system: str | None = None,
        endpoint: Mapping[str, Any] | None = None,
    ) -> str:
        """Write an evaluation's folder and start answering; returns its name.

        Args:
            run_ids: the runs whose adapters answer.
            split: validation (for choosing); test, or noisy-test (the test split typed as production types), for the
                end: written into the ledger.
            variants: base, few-shot, nearest (few-shot with the nearest examples by embeddings) and tuned, or some.
            few_shot: how many training examples the few-shot prompt holds.
            limit: most examples; all when not given.
            who: who looks.
            why: what the look is for; stands in the ledger of looks at the test split.
            metrics: further metrics beside the default ones; all are corrected for together. The project's rules for
                outputs (`workbench.output_rules`) are measured in any case.
            json_schema: JSON schema that answers must follow, as text; adds the metric json_schema_valid.
            system: adds the variant `system`: the base with this system prompt in the place of the examples' own.
            endpoint: adds a variant that this endpoint answers (`EndpointSettings`): the prompts are sent there.

        Raises:
            CurationError: settings of the endpoint that are none, or no key for it; an unknown metric, no JSON schema
                or one that is none; no such run or no adapter, runs of different versions or bases, nothing held out.
        """
        from pipelines.generation.endpoint_settings import EndpointSettings
        from pipelines.generation.settings import GenerationSettings
        from workbench.jobs.endpoint_key import key_of
        from workbench.jobs.process import start_job
        from workbench.jobs.settings import GenerateJob, Variant, write_job

        further = further_settings(metrics, json_schema) | self._rules()
        api = None if endpoint is None else checked_settings(EndpointSettings, endpoint, "endpoint")
        if api is not None:
            key_of(api)
        runs = [self._training.run(run_id) for run_id in run_ids]
        version = self._version_of(runs)
        unknown = sorted(set(variants) - {"base", "few-shot", "nearest", "tuned"})
        if unknown:
            raise CurationError(f"There is no variant '{unknown[0]}'.", "Choose from: base, few-shot, nearest, tuned.")
        ids = held_out_ids(self._store, version, split)[:limit]
        held_out = as_asked(self._store, version, split, ids).to_dicts()
        if not held_out:
            raise CurationError(f"The {split} split is empty.", "Split more examples, or choose the other split.")
        names = _names(runs)
        base = self._base_of(runs)
        chosen = [
            Variant(name=name, base=base, few_shot=0 if name == "base" else few_shot, nearest=name == "nearest")
            for name in ("base", "few-shot", "nearest")
            if name in variants
        ]
        if system is not None and system.strip():
            chosen.append(Variant(name="system", base=base, system=system))
        if api is not None:
            chosen.append(Variant(name=api.variant, endpoint=api))
        if "tuned" in variants:
            chosen += [self._tuned(run.run_id, names[run.run_id], base) for run in runs]
        evaluation = self._store.runs.next_name("evaluation")
        folder = self._folder / "evaluations" / evaluation
        prompts = [{"example_id": row["example_id"], "messages": messages_of(row["messages"])[:-1]} for row in held_out]
        members = self._store.versions.members(version.number).filter("included")
        train_ids = members.filter(pl.col("split") == "train")["example_id"].to_list()
        train = self._store.examples.with_ids(train_ids).to_dicts()
        shots = [{"example_id": row["example_id"], "messages": messages_of(row["messages"])} for row in train]
        _write_lines(folder / "data" / "prompts.jsonl", prompts)
        _write_lines(folder / "data" / "few_shot.jsonl", shots)
        if "nearest" in variants:
            groups = dict(members.select("example_id", "group_id").iter_rows())
            nearest = nearest_of(self._folder, held_out, train, groups, few_shot, chosen_encoder(self._store))
            _write_lines(folder / "data" / "nearest.jsonl", nearest)
        write_job(folder, GenerateJob(variants=tuple(chosen), generation=GenerationSettings(threads=_cores())))
        self._store.runs.add_evaluation(
            EvaluationRecord(
                evaluation,
                runs[0].version if runs else self._current_version(),
                split,
                [variant.name for variant in chosen],
                {names[run.run_id]: run.run_id for run in runs},
                {"few_shot": few_shot, "limit": limit, "who": who, "why": why, **further},
                len(held_out),
                self._store.now(),
            )
        )
        start_job(folder, "generate")
        return evaluation

    def _tuned(self, run_id: str, name: str, base: str) -> Variant:
        """Return the variant of a run: its adapter on the base, or the model that it is after full fine-tuning.

        The folder is named from that of the evaluation, so that a project can be moved.
        """
        from workbench.jobs.settings import Variant

        folder = self._training.adapter(run_id)
        near = f"../../{folder.relative_to(self._folder).as_posix()}"
        if (folder / "config.json").is_file():
            return Variant(name=name, base=near)
        return Variant(name=name, base=base, adapter=near)

    def _current_version(self) -> str:
        current = self._store.versions.current()
        if current is None:
            raise CurationError("Nothing was split yet.", "Split first: workbench split, or the Split page.")
        return current.version

    def _version_of(self, runs: Sequence[RunView]) -> VersionRecord:
        versions = {run.version for run in runs} or {self._current_version()}
        if len(versions) > 1:
            raise CurationError(
                "These runs were trained on different dataset versions, whose held-out examples differ.",
                "Compare runs of one version, or train again on the current one.",
            )
        record = self._store.versions.with_version(versions.pop())
        if record is None:
            raise CurationError("The version of this run is not in the project.", "Train again on the current version.")
        return record

    def _base_of(self, runs: Sequence[RunView]) -> str:
        bases = {run.base for run in runs} or {"default"}
        if len(bases) > 1:
            raise CurationError(
                f"These runs have different base models: {', '.join(sorted(bases))}.", "Compare runs of one base model."
            )
        return bases.pop()

    def evaluations(self) -> list[EvaluationView]:
        """Return all evaluations, newest first."""
        views = []
        for record in self._store.runs.evaluations():
            status = status_of(self._folder / "evaluations" / record.evaluation)
            views.append(
                EvaluationView(
                    record.evaluation,
                    record.split,
                    record.variants,
                    status.state,
                    status.progress,
                    status.message,
                    record.examples,
                    record.created_at,
                    self._store.runs.looks(record.version).height,
                    error_of(status),
                )
            )
        return views

    def evaluation(self, evaluation: str) -> EvaluationView:
        """Return one evaluation.

        Raises:
            CurationError: there is none of that name.
        """
        views = self.evaluations()
        for view in views:
            if view.evaluation == evaluation:
                return view
        known = ", ".join(view.evaluation for view in views) or "none yet"
        raise CurationError(f"There is no evaluation '{evaluation}'.", f"Evaluations of this project: {known}.")

    def newest(self, run: str | None = None) -> str:
        """Return the newest evaluation, or the newest one of a run; an evaluation's own name is returned as it is.

        Raises:
            CurationError: there is none.
        """
        records = self._store.runs.evaluations()
        for record in records:
            if run is None or run == record.evaluation or run in record.runs.values():
                return record.evaluation
        if not records:
            raise CurationError("Nothing was compared yet.", "Compare first: workbench compare, or the Compare page.")
        raise CurationError(f"'{run}' was not compared yet.", f"Compare it first: workbench compare PROJECT {run}")

    def _record(self, evaluation: str) -> EvaluationRecord:
        self.evaluation(evaluation)
        return next(record for record in self._store.runs.evaluations() if record.evaluation == evaluation)

    def cancel(self, evaluation: str) -> None:
        """Ask an evaluation to stop; what was answered stays."""
        from workbench.jobs.process import cancel_job

        self.evaluation(evaluation)
        cancel_job(self._folder / "evaluations" / evaluation)

    def resume(self, evaluation: str) -> None:
        """Go on with an evaluation; what was answered is not asked again."""
        from workbench.jobs.process import resume_job

        self.evaluation(evaluation)
        resume_job(self._folder / "evaluations" / evaluation)

    def wait(self, evaluation: str, progress: Progress = no_progress) -> EvaluationView:
        """Wait until all variants have answered.

        Raises:
            CurationError: answering failed; says why.
        """
        from workbench.jobs.process import wait_job

        wait_job(self._folder / "evaluations" / evaluation, progress)
        view = self.evaluation(evaluation)
        if view.error is not None:
            raise view.error
        return view

    def results(self, evaluation: str, progress: Progress = no_progress) -> Results:
        """Return an evaluation's results, computing them when they are not stored yet.

        Raises:
            CurationError: some variants have not answered yet.
        """
        self._check_answered(evaluation)
        return read_results(self._store, self._folder, self._record(evaluation), progress)

    def measure(self, evaluation: str, metrics: Sequence[str], json_schema: str | None = None) -> None:
        """Choose the further metrics of an evaluation that has answered; its results are then computed again.

        The project's rules for outputs are measured as they are now.

        Raises:
            CurationError: an unknown metric, no JSON schema or one that is none, answers that are not there yet.
        """
        self._check_answered(evaluation)
        further = further_settings(metrics, json_schema) or {"metrics": [], "json_schema": None}
        settings = {**self._record(evaluation).settings, **further, **self._rules()}
        self._store.runs.set_evaluation_settings(evaluation, settings)

    def measure_rules(self, evaluation: str) -> None:
        """Measure an evaluation that has answered by the rules as they are now, its other metrics as they were.

        Raises:
            CurationError: answers that are not there yet.
        """
        self._check_answered(evaluation)
        settings = {**self._record(evaluation).settings, **self._rules()}
        self._store.runs.set_evaluation_settings(evaluation, settings)

    def rules_of(self, evaluation: str) -> tuple[OutputRule, ...]:
        """Return the rules that an evaluation is measured by."""
        from pipelines.evaluation.output_rules import checked_rules

        return checked_rules(self._record(evaluation).settings.get("rules") or [])

    def _rules(self) -> dict[str, Any]:
        return {"rules": self._store.runs.output_rules()}

    def labels(self, evaluation: str) -> LabelReport:
        """Return precision, recall and F1 over and for each label; empty where the answers are no labels.

        Raises:
            CurationError: some variants have not answered yet.
        """
        self._check_answered(evaluation)
        return labels_of(self._store, self._record(evaluation))

    def speeds(self, evaluation: str) -> pl.DataFrame:
        """Return seconds an answer and tokens a second of each timed variant: `pipelines.evaluation.speed`."""
        return speeds_of_evaluation(self._store, self._folder, self._record(evaluation))

    def costs(self, evaluation: str) -> list[EndpointCost]:
        """Return what each variant that an endpoint answered has used so far; empty for local models alone."""
        self.evaluation(evaluation)
        return endpoint_costs(self._folder / "evaluations" / evaluation)

    def _check_answered(self, evaluation: str) -> None:
        view = self.evaluation(evaluation)
        if not self._store.runs.has_results(evaluation) and view.state != "finished":
            raise CurationError(
                f"{evaluation} has not finished ({view.state}).", "Wait for it, or resume it if it was stopped."
            )

    def outputs(self, evaluation: str, limit: int = 20, offset: int = 0) -> list[dict[str, Any]]:
        """Return answers side by side, those where the variants differ most first; see `results.answers`."""
        return answers(self._store, evaluation, limit, offset)

    def looks(self) -> pl.DataFrame:
        """Return the ledger of looks at the current version's test split: evaluation, who, why, looked_at."""
        return self._store.runs.looks(self._current_version())


def _names(runs: Sequence[RunView]) -> dict[str, str]:
    """Name tuned variants by their data, and by their run as well where two have the same data."""
    plain = {run.run_id: f"tuned-{run.data}" for run in runs}
    doubled = {name for name in plain.values() if list(plain.values()).count(name) > 1}
    return {run_id: f"{name}-{run_id}" if name in doubled else name for run_id, name in plain.items()}


def _cores() -> int:
    return os.cpu_count() or 1


def _write_lines(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    write_text(path, "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows))
