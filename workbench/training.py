"""Train adapters in detached processes: prepare a run's folder, start it, watch it, cancel and resume it."""

from __future__ import annotations

import itertools
import json
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.errors import CurationError
from pipelines.progress import Progress, no_progress
from workbench.files import write_text
from workbench.pair_data import PairRows, pair_rows
from workbench.run_comparison import RunComparison, compare_runs
from workbench.run_data import Data, run_rows
from workbench.run_source import run_source
from workbench.run_view import METRICS, RunView, error_of, status_of, view_of
from workbench.settings import checked_settings
from workbench.starting_run import adapter_shape, check_starting_run, runs_to_start_from
from workbench.store.runs import RunRecord
from workbench.store.store import Store
from workbench.store.versions import VersionRecord

if TYPE_CHECKING:
    from pipelines.training.diagnose import Diagnosis
    from pipelines.training.estimate import Estimate
    from pipelines.training.preflight import Preflight
    from pipelines.training.settings import TrainSettings

__all__ = ["METRICS", "Data", "RunView", "Training", "error_of", "status_of"]

# Runs that a sweep may start.
MOST_RUNS = 16
SIDES = ("train", "validation")


class Training:
    """Starts and watches runs."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder / "runs"

    def defaults(self, base: str = "default") -> TrainSettings:
        """Propose settings for the current version's training split, with the reason."""
        from pipelines.training.settings import default_settings

        version = self._store.versions.current()
        examples = self._store.versions.counts(version.number)["train"] if version else 0
        return default_settings(base, examples)

    def settings(self, values: Mapping[str, object], base: str = "default") -> TrainSettings:
        """Put what a person chose over the defaults.

        Raises:
            CurationError: an unknown setting, or a value out of its bounds.
        """
        from pipelines.training.settings import TrainSettings, method_defaults

        starts_from = str(values.get("starts_from") or "")
        if starts_from and base == "default":
            base = self.run(starts_from).base
        # The run's process works in a folder of its own.
        if base != "default" and Path(base).is_dir():
            base = str(Path(base).resolve())
        proposed = self.defaults(base).model_dump()
        proposed |= method_defaults(str(values.get("method") or "lora"), proposed)
        if starts_from:
            proposed |= adapter_shape(self.adapter(starts_from)) or {}
        return checked_settings(TrainSettings, {**proposed, **values}, "training")

    def check(self, settings: TrainSettings | None = None, data: Data = "curated") -> Preflight:
        """Look at what the trainer would see, without training.

        Raises:
            CurationError: nothing was split yet, or the base model cannot be used.
        """
        from pipelines.training.preflight import check

        settings = settings or self.defaults()
        self._check_start(settings)
        train = run_source(self._store, self._current(), "train", data, settings.method)
        found = check(train.rows, settings)
        named = [
            replace(finding, example_ids=[train.ids[number - 1] for number in finding.examples])
            for finding in found.findings
        ]
        return replace(found, findings=named)

    def estimate(
        self,
        settings: TrainSettings | None = None,
        data: Data = "curated",
        *,
        prices: Path | None = None,
        seconds_here: float | None = None,
    ) -> Estimate:
        """Estimate memory, time and cost of a run, here and on rented GPUs.

        Args:
            settings: of the run; the defaults when not given.
            data: curated or raw.
            prices: the price file; the project's own `gpu_prices.json` when not given.
            seconds_here: time on this machine as the check measured it.

        Raises:
            CurationError: nothing was split yet, the base model or the price file cannot be used.
        """
        import psutil

        from pipelines.training.estimate import estimate_run
        from pipelines.training.gpus import read_prices

        settings = settings or self.defaults()
        return estimate_run(
            run_source(self._store, self._current(), "train", data, settings.method).rows,
            settings,
            read_prices(prices or self.prices_file()),
            available=float(psutil.virtual_memory().available),
            seconds_here=seconds_here,
        )

    def prices_file(self) -> Path:
        """Return the project's price file, a copy of the packaged one that people may edit."""
        from pipelines.training.gpus import PACKAGED

        own = self._folder.parent / "gpu_prices.json"
        if not own.is_file():
            write_text(own, PACKAGED.read_text("utf-8"))
        return own

    def start(
        self,
        settings: TrainSettings | None = None,
        data: Data = "curated",
        *,
        force: bool = False,
        after: Sequence[str] = (),
        log: str | None = None,
    ) -> str:
        """Write a run's folder and start its process; returns the run's id.

        Args:
            settings: of the run; the defaults when not given.
            data: `curated`, what was kept; or `raw`, everything that was imported, copies included, except what is
                linked to the test split; a share of it is held out to validate on (`run_data.py`).
            force: start in spite of findings that a person may accept, such as very few examples.
            after: runs to wait for; the process waits, whatever becomes of the app.
            log: where its figures are logged as well, `mlflow:FOLDER` or `wandb:FOLDER`.

        Raises:
            CurationError: nothing was split, too little and not forced, a method or a starting run that cannot work, or
                nothing to log with.
        """
        from pipelines.training.findings import few_examples, refuse
        from pipelines.training.pairs import noun
        from pipelines.training.prepare import STARTING_ADAPTER, check_method, resolve_device
        from workbench.jobs.run_log import log_place

        place = None if log is None else log_place(log)

        settings = settings or self.defaults()
        version = self._current()
        check_method(settings, resolve_device(settings.device))
        self._check_start(settings)
        lines = {side: run_source(self._store, version, side, data, settings.method).lines for side in SIDES}
        refuse(few_examples(len(lines["train"]), noun(settings)), forced=force)
        run_id = self._store.runs.next_name("run")
        folder = self._folder / run_id
        for split, told in lines.items():
            write_text(folder / "data" / f"{split}.jsonl", "".join(told))
        if settings.starts_from:
            shutil.copytree(self.adapter(settings.starts_from), folder / "data" / STARTING_ADAPTER)
        general = self._store.examples.with_role("general")["messages"].to_list()
        write_text(folder / "data" / "general.jsonl", "".join(f'{{"messages":{text}}}\n' for text in general))
        write_text(folder / "data" / "version.json", json.dumps({"version": version.version, "data": data}) + "\n")
        counts = len(lines["train"]), len(lines["validation"])
        self._launch(run_id, settings, version.version, data, counts, force, after, place)
        return run_id

    def _check_start(self, settings: TrainSettings) -> None:
        if run := settings.starts_from:
            check_starting_run(self.run(run), self.adapter(run), settings.base, self._current().version)

    def rerun(self, run_id: str) -> str:
        """Start a run from another's record: its settings, its own data files; returns the new run's id.

        On the same machine, with the same base and libraries, the adapter is the same bit for bit.

        Raises:
            CurationError: no such run, or its base model is another one by now.
        """
        from pipelines.training.base import base_fingerprint
        from workbench.jobs.settings import TrainJob, read_job

        run = self.run(run_id)
        job = read_job(self._folder / run_id)
        assert isinstance(job, TrainJob)
        recorded = (run.result or {}).get("base_sha256")
        if recorded and recorded != base_fingerprint(job.train.base):
            raise CurationError(
                f"The base model '{run.base}' is not the one that {run_id} was trained on.",
                "Put the earlier base model back, or start a new run.",
            )
        fresh = self._store.runs.next_name("run")
        shutil.copytree(self._folder / run_id / "data", self._folder / fresh / "data")
        counts = run.train_examples, run.validation_examples
        self._launch(fresh, job.train, run.version, run.data, counts, job.force, ())
        return fresh

    def sweep(
        self,
        settings: TrainSettings,
        grid: Mapping[str, Sequence[object]],
        data: Data = "curated",
        *,
        force: bool = False,
    ) -> list[str]:
        """Start one run for each combination of values of one or two settings, one after the other; returns their ids.

        Raises:
            CurationError: no grid of one or two settings with at most 16 combinations, or a value out of its bounds.
        """
        from pipelines.training.settings import TrainSettings

        sizes = [len(values) for values in grid.values()]
        if not 1 <= len(grid) <= 2 or not 1 <= math.prod(sizes) <= MOST_RUNS:
            raise CurationError(
                f"A sweep takes one or two settings and at most {MOST_RUNS} combinations; this one has {len(grid)}"
                f" settings and {math.prod(sizes)} combinations.",
                "For example: --sweep rank=8,16 --sweep learning_rate=0.001,0.003",
            )
        chosen = [
            checked_settings(
                TrainSettings, {**settings.model_dump(), **dict(zip(grid, values, strict=True))}, "training"
            )
            for values in itertools.product(*grid.values())
        ]
        started: list[str] = []
        for each in chosen:
            started.append(self.start(each, data, force=force, after=started[-1:] or self.under_way()))
        return started

    def under_way(self) -> list[str]:
        """Return the runs that are going on or waiting."""
        return [run.run_id for run in self.runs() if run.state in {"queued", "running"}]

    def compare(self, old: str, new: str) -> RunComparison:
        """Say what differs between two runs: settings, data, results.

        Raises:
            CurationError: there is no such run.
        """
        return compare_runs(self._store, self._folder, self.run(old), self.run(new))

    def _launch(
        self,
        run_id: str,
        settings: TrainSettings,
        version: str,
        data: str,
        counts: tuple[int, int],
        force: bool,
        after: Sequence[str],
        log: str | None = None,
    ) -> None:
        from workbench.jobs.process import start_job
        from workbench.jobs.settings import TrainJob, write_job

        folder = self._folder / run_id
        write_job(folder, TrainJob(train=settings, force=force, after=tuple(after), log=log))
        self._store.runs.add_run(
            RunRecord(
                run_id,
                version,
                data,
                settings.base,
                settings.method,
                settings.model_dump(),
                *counts,
                self._store.now(),
            )
        )
        start_job(folder, "train")

    def _current(self) -> VersionRecord:
        version = self._store.versions.current()
        if version is None:
            raise CurationError("Nothing was split yet.", "Split first: workbench split, or the Split page.")
        return version

    def example_count(self, data: Data) -> int:
        """Count the training rows that a run on this data gets from the current version."""
        return len(run_rows(self._store, self._current(), "train", data))

    def pairs(self, data: Data, split: str = "train") -> PairRows:
        """Return the preference pairs of one side of the current split."""
        return pair_rows(self._store, self._current(), split, data)

    def runs(self) -> list[RunView]:
        """Return all runs, newest first."""
        return [self._view(record) for record in self._store.runs.runs()]

    def to_start_from(self) -> list[RunView]:
        """Return the runs that preference training can go on with."""
        return runs_to_start_from(self.runs(), self._current().version)

    def run(self, run_id: str) -> RunView:
        """Return one run.

        Raises:
            CurationError: there is no such run.
        """
        for record in self._store.runs.runs():
            if record.run_id == run_id:
                return self._view(record)
        known = ", ".join(record.run_id for record in self._store.runs.runs()) or "none yet"
        raise CurationError(f"There is no run '{run_id}'.", f"Runs of this project: {known}.")

    def _view(self, record: RunRecord) -> RunView:
        return view_of(record, self._folder / record.run_id, self.metrics(record.run_id)["validation_loss"])

    def metrics(self, run_id: str) -> pl.DataFrame:
        """Return the run's figures by step: the columns of `METRICS`; a half-written last line waits."""
        path = self._folder / run_id / "metrics.jsonl"
        if not path.is_file():
            return METRICS.to_frame()
        lines = path.read_bytes().split(b"\n")[:-1]
        rows = [json.loads(line) for line in lines if line]
        return pl.DataFrame([{name: row.get(name) for name in METRICS} for row in rows], schema=METRICS)

    def samples(self, run_id: str) -> list[dict[str, Any]]:
        """Return what the model answered to the fixed prompts: step and samples (kind, prompt, reference, text)."""
        from workbench.jobs.files import read_metrics

        self.run(run_id)
        return read_metrics(self._folder / run_id / "samples.jsonl")

    def diagnosis(self, run_id: str) -> list[Diagnosis]:
        """Say what a run's curves show, each with its evidence; nothing before the second evaluation."""
        from pipelines.training.diagnose import diagnose

        view = self.run(run_id)
        return diagnose(self.metrics(run_id).to_dicts(), view.result)

    def cancel(self, run_id: str) -> None:
        """Ask a run to stop; it leaves its best adapter and a checkpoint."""
        from workbench.jobs.process import cancel_job

        self.run(run_id)
        cancel_job(self._folder / run_id)

    def resume(self, run_id: str) -> None:
        """Go on with a run that was cancelled or has died, from its newest checkpoint."""
        from workbench.jobs.process import resume_job

        self.run(run_id)
        resume_job(self._folder / run_id)

    def wait(self, run_id: str, progress: Progress = no_progress) -> RunView:
        """Wait until a run ends.

        Raises:
            CurationError: the run failed; says why.
        """
        from workbench.jobs.process import wait_job

        wait_job(self._folder / run_id, progress)
        view = self.run(run_id)
        if view.error is not None:
            raise view.error
        return view

    def adapter(self, run_id: str) -> Path:
        """Return the folder of a run's adapter, or of its whole model after full fine-tuning (config.json in it).

        Raises:
            CurationError: the run has none yet.
        """
        folder = self._folder / run_id / "adapter"
        if not any((folder / name).is_file() for name in ("adapter_config.json", "config.json")):
            raise CurationError(f"The run {run_id} has no adapter yet.", "Wait until it has finished, or resume it.")
        return folder
