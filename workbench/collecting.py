"""From failures to data: slices on which a variant is bad, what its failures resemble, and what to collect next.

The test split is sealed: its slices are told as figures, but no failing example of it is shown, nor does it steer what
is collected. That takes an evaluation on the validation split.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.errors import CurationError
from pipelines.progress import Progress, no_progress, part_of
from workbench.comparing import Comparing
from workbench.held_out import is_sealed
from workbench.store.runs import EvaluationRecord
from workbench.store.store import Store
from workbench.vectors import chosen_encoder, project_vectors

# Training examples and production queries that slices are counted on; ids are hashes, so the first are a fair sample.
COUNTED_ON = 50_000
_QUERIES_SHOWN = 5


@dataclass(frozen=True)
class CollectView:
    """What to collect next: `pipelines.evaluation.collect.COLLECT`, from which evaluation, and what is missing."""

    rows: pl.DataFrame
    evaluation: str | None
    variant: str | None
    note: str


@dataclass(frozen=True)
class FailureView:
    """One failing example with the training examples that are similar to it, side by side."""

    example_id: str
    cause: str
    sentence: str
    prompt: str
    reference: str
    output: str
    similar: list[dict[str, Any]]


class Collecting:
    """Turns failures into data to collect."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._comparing = Comparing(store, folder)

    def slices(self, evaluation: str) -> pl.DataFrame:
        """Return the slices of an evaluation (`pipelines.evaluation.slices.SLICES`), computing them the first time.

        Raises:
            CurationError: there is no such evaluation, or it has no results yet.
        """
        self._comparing.results(evaluation)
        stored = self._store.failures.slices(evaluation)
        return self._find_slices(evaluation) if stored.is_empty() else stored

    def _find_slices(self, evaluation: str) -> pl.DataFrame:
        from pipelines.evaluation.slices import find_slices

        failures = self._failures(evaluation)
        record = self._record(evaluation)
        version = self._store.versions.with_version(record.version)
        groups = None
        if version is not None:
            groups = self._store.versions.members(version.number).select("example_id", "group_id").drop_nulls()
        found = find_slices(
            failures,
            self._features(failures["example_id"].to_list()),
            against=[name for name in ("base", "few-shot") if name in record.variants],
            groups=groups,
        ).slices
        self._store.failures.store_slices(evaluation, found)
        return self._store.failures.slices(evaluation)

    def _record(self, evaluation: str) -> EvaluationRecord:
        self._comparing.evaluation(evaluation)
        return next(record for record in self._store.runs.evaluations() if record.evaluation == evaluation)

    def _failures(self, evaluation: str) -> pl.DataFrame:
        from pipelines.evaluation.failures import find_failures

        return find_failures(self._store.runs.output_scores(evaluation))

    def _features(self, ids: list[str]) -> pl.DataFrame:
        """Return the slices of held-out examples, of training examples and of production queries."""
        from pipelines.evaluation.features import slice_features

        parts = [self._store.examples.with_ids(sorted(set(ids)))]
        parts += [self._store.examples.with_role(role).head(COUNTED_ON) for role in ("train", "production")]
        columns = ["example_id", "system", "prompt"]
        return slice_features(
            pl.concat([part.select(columns) for part in parts]),
            clusters=self._store.failures.cluster_titles(),
            sources=self._store.examples.first_sources("train"),
            metadata=self._store.failures.first_metadata(),
        )

    def triage(self, evaluation: str, variant: str, progress: Progress = no_progress) -> pl.DataFrame:
        """Return example_id, cause, similarity, sentence of every failure of a variant, computing it the first time.

        Raises:
            CurationError: an evaluation of the sealed test split, or an unknown variant.
        """
        self._comparing.results(evaluation)
        record = self._record(evaluation)
        self._check_open(record)
        if variant not in record.variants:
            raise CurationError(
                f"{evaluation} has no variant '{variant}'.", f"Choose one of: {', '.join(record.variants)}."
            )
        stored = self._store.failures.triage(evaluation, variant)
        return self._triage(record, variant, progress) if stored.is_empty() else stored

    def _check_open(self, record: EvaluationRecord) -> None:
        if is_sealed(record.split):
            raise CurationError(
                f"{record.evaluation} is on the test split, which stays sealed: its failing examples are not shown.",
                "Compare on the validation split, and collect data from what fails there.",
            )

    def _triage(self, record: EvaluationRecord, variant: str, progress: Progress) -> pl.DataFrame:
        from pipelines.evaluation.triage import triage_failures

        failures = self._failures(record.evaluation)
        ids = failures.filter(pl.col("failed") & (pl.col("variant") == variant))["example_id"].to_list()
        outputs = self._store.runs.outputs(record.evaluation).filter(pl.col("variant") == variant)
        failed = self._store.examples.with_ids(ids).join(outputs, on="example_id", maintain_order="left")
        failed = failed.select("example_id", "prompt", reference="completion", output="text")
        train = self._trained_on(record, variant)
        encoder = chosen_encoder(self._store)
        vectors = [
            project_vectors(self._folder, frame["prompt"].to_list(), part_of(progress, start, end), encoder)
            for frame, start, end in ((failed, 0.0, 0.2), (train, 0.2, 0.9))
        ]
        found = triage_failures(
            failed,
            train,
            failed_vectors=vectors[0],
            train_vectors=vectors[1],
            conflicting=set(self._store.analysis.conflicts()["example_id"]),
        )
        self._store.failures.store_triage(record.evaluation, variant, found.triage, found.evidence)
        return self._store.failures.triage(record.evaluation, variant)

    def _trained_on(self, record: EvaluationRecord, variant: str) -> pl.DataFrame:
        """Return the training examples of the evaluation's version; all of its side for what was tuned on raw data."""
        version = self._store.versions.with_version(record.version)
        if version is None:
            raise CurationError("The version of this evaluation is not in the project.", "Evaluate again.")
        members = self._store.versions.members(version.number).filter(pl.col("split") == "train")
        if not variant.startswith("tuned-raw"):
            members = members.filter("included")
        train = self._store.examples.with_ids(members["example_id"].sort().to_list())
        return train.select("example_id", "prompt", "completion")

    def failures(
        self, evaluation: str, variant: str, cause: str | None = None, limit: int = 5, offset: int = 0
    ) -> list[FailureView]:
        """Return failing examples with the similar training examples, of one cause or of all.

        Raises:
            CurationError: as `triage`.
        """
        rows = self.triage(evaluation, variant)
        if cause is not None:
            rows = rows.filter(pl.col("cause") == cause)
        rows = rows.slice(offset, limit)
        texts = {
            row["example_id"]: row for row in self._store.examples.with_ids(rows["example_id"].to_list()).to_dicts()
        }
        outputs = dict(
            self._store.runs.outputs(evaluation)
            .filter(pl.col("variant") == variant)
            .select("example_id", "text")
            .iter_rows()
        )
        return [
            FailureView(
                row["example_id"],
                row["cause"],
                row["sentence"],
                texts[row["example_id"]]["prompt"],
                texts[row["example_id"]]["completion"],
                outputs[row["example_id"]],
                self._store.failures.evidence(evaluation, variant, row["example_id"]).to_dicts(),
            )
            for row in rows.iter_rows(named=True)
        ]

    def collect_next(self, evaluation: str | None = None, variant: str | None = None) -> CollectView:
        """Return what to collect next, from gaps of coverage and from the failing slices of one variant.

        Args:
            evaluation: an evaluation on the validation split; the newest finished one when not given.
            variant: whose failures count; the newest tuned one when not given.

        Raises:
            CurationError: an evaluation on the test split, or an unknown variant.
        """
        from pipelines.evaluation.collect import collect_next
        from pipelines.evaluation.slices import SLICES

        record, note = self._evaluation_for(evaluation)
        slices, features = pl.DataFrame(schema=SLICES), None
        if record is not None:
            variant = variant or _newest_tuned(record.variants)
            if variant not in record.variants:
                raise CurationError(
                    f"{record.evaluation} has no variant '{variant}'.", f"Choose one of: {', '.join(record.variants)}."
                )
            slices = self.slices(record.evaluation).filter(pl.col("variant") == variant)
            if slices["finding"].any():
                features = self._features(self._failures(record.evaluation)["example_id"].to_list())
        rows = collect_next(self._store.analysis.gaps(), slices, **self._counts(features, record))
        self._store.failures.store_collect(rows)
        return CollectView(rows, record.evaluation if record else None, variant if record else None, note)

    def _evaluation_for(self, evaluation: str | None) -> tuple[EvaluationRecord | None, str]:
        if evaluation is not None:
            record = self._record(evaluation)
            self._check_open(record)
            return record, ""
        finished = {view.evaluation for view in self._comparing.evaluations() if view.state == "finished"}
        for record in self._store.runs.evaluations():
            if record.split == "validation" and (
                record.evaluation in finished or self._store.runs.has_results(record.evaluation)
            ):
                return record, ""
        return None, "Failing slices are not in this list: compare on the validation split to find them."

    def _counts(self, features: pl.DataFrame | None, record: EvaluationRecord | None) -> dict[str, Mapping[Any, Any]]:
        """Count production volume and training examples by slice, and choose production queries to show."""
        if features is None or record is None:
            return {"volumes": {}, "trained": {}, "queries": {}}
        production = self._store.examples.with_role("production").head(COUNTED_ON).select("example_id", "prompt")
        times = self._store.examples.occurrence_counts("production")
        asked = production.join(times, on="example_id", how="left").sort(
            ["occurrences", "example_id"], descending=[True, False]
        )
        if asked.is_empty():
            outputs = self._store.runs.outputs(record.evaluation)["example_id"].unique()
            asked = pl.DataFrame({"example_id": outputs, "prompt": ""}).with_columns(occurrences=pl.lit(1))
        total = float(asked["occurrences"].sum()) or 1.0
        placed = features.join(asked, on="example_id", maintain_order="right")
        volumes, queries = {}, {}
        for (dimension, name), rows in placed.group_by("dimension", "slice", maintain_order=True):
            volumes[dimension, name] = float(rows["occurrences"].sum()) / total
            queries[dimension, name] = [text for text in rows["prompt"].head(_QUERIES_SHOWN) if text]
        train = self._store.examples.with_role("train")
        counted = min(train.height, COUNTED_ON)
        inside = features.join(train.select("example_id").head(COUNTED_ON), on="example_id", how="semi")
        scale = train.height / counted if counted else 1.0
        trained = {
            (row["dimension"], row["slice"]): round(row["len"] * scale)
            for row in inside.group_by("dimension", "slice").len().iter_rows(named=True)
        }
        return {"volumes": volumes, "trained": trained, "queries": queries}

    def evaluation_of_run(self, run_id: str) -> str | None:
        """Return the newest evaluation of a run that has results, or None."""
        for record in self._store.runs.evaluations():
            if run_id in record.runs.values() and self._store.runs.has_results(record.evaluation):
                return record.evaluation
        return None

    def moved_of_run(self, run_id: str) -> tuple[str | None, pl.DataFrame]:
        """Return `moved` for a run's variant in the newest evaluation of it; (None, empty) where it has none."""
        from pipelines.evaluation.moved import MOVED

        evaluation = self.evaluation_of_run(run_id)
        if evaluation is None:
            return None, pl.DataFrame(schema=MOVED)
        runs = self._record(evaluation).runs
        return self.moved(evaluation, next(name for name, run in runs.items() if run == run_id))

    def moved(self, evaluation: str, variant: str | None = None) -> tuple[str | None, pl.DataFrame]:
        """Return the evaluation before on the same split, and how each slice of a variant moved since.

        Args:
            evaluation: the later one.
            variant: of it; the newest tuned one when not given.

        Returns:
            (None, empty) where no earlier evaluation has a tuned variant of that kind.
        """
        from pipelines.evaluation.moved import MOVED, slices_that_moved

        record = self._record(evaluation)
        variant = variant or _newest_tuned(record.variants)
        for earlier in self._store.runs.evaluations():
            if earlier.created_at >= record.created_at or earlier.split != record.split:
                continue
            if not self._store.runs.has_results(earlier.evaluation):
                continue
            old = _newest_tuned(earlier.variants)
            if old.split("-run-")[0] != variant.split("-run-")[0]:
                continue
            before = self._failures(earlier.evaluation).filter(pl.col("variant") == old)
            after = self._failures(evaluation).filter(pl.col("variant") == variant)
            ids = [*before["example_id"], *after["example_id"]]
            return earlier.evaluation, slices_that_moved(before, after, self._features(ids))
        return None, pl.DataFrame(schema=MOVED)

    def write(self, out: Path, view: CollectView | None = None) -> int:
        """Write the list for writers as CSV (formula-safe) or JSON Lines, and return its number of tasks.

        Raises:
            CurationError: another ending.
        """
        from workbench.collection_file import write_collection

        view = view or self.collect_next()
        write_collection(view.rows, out)
        return view.rows.height


def _newest_tuned(variants: list[str]) -> str:
    """Return the variant whose failures matter: what was tuned on curated data, else tuned at all, else the last."""
    for start in ("tuned-curated", "tuned"):
        found = [name for name in variants if name.startswith(start)]
        if found:
            return sorted(found)[-1]
    return variants[-1]
