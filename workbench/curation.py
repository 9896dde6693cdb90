"""Run the stages over the training examples, keep what they found, and act on it.

A stage is run again only when what it reads has changed: its fingerprint is a hash of the examples, the settings and
the results that it builds on.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.errors import CurationError
from pipelines.progress import Progress, no_progress, part_of
from workbench.decontaminating import import_held_out
from workbench.stage_inputs import Inputs
from workbench.stages import DEFAULT_STAGES, STAGES, Outcome, fingerprint_of, run_stage, stage_settings
from workbench.store.analysis import StageRecord
from workbench.store.store import Store

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["STAGES", "AppliedReport", "ConflictGroup", "CoverageView", "CurateReport", "Curation", "StageReport"]


@dataclass(frozen=True)
class StageReport:
    """How one stage went; `skipped` when nothing that it reads had changed."""

    stage: str
    seconds: float
    figures: dict[str, object]
    skipped: bool


@dataclass(frozen=True)
class CurateReport:
    """How the stages went."""

    stages: list[StageReport]


@dataclass(frozen=True)
class AppliedReport:
    """How many undecided examples were kept, dropped, and left for a person; `batch` undoes it."""

    kept: int
    dropped: int
    left: int
    batch: int | None


@dataclass(frozen=True)
class GroupMember:
    """One example of a duplicate group."""

    example_id: str
    prompt: str
    completion: str
    kind: str
    similarity: float
    is_representative: bool
    state: str
    source: str | None
    line: int | None


@dataclass(frozen=True)
class ConflictGroup:
    """Examples that contradict each other."""

    group_id: str
    kind: str
    detail: str
    members: list[dict[str, Any]]


# More points than a screen has room for; a browser draws so many at once.
MOST_POINTS = 200_000


@dataclass(frozen=True)
class CoverageView:
    """The map: points, topics, their clusters, and the share of production queries that have training examples near.

    `points` is a sample of `MOST_POINTS` where there are more; `total` counts them all.
    """

    points: pl.DataFrame
    total: int
    topics: pl.DataFrame
    clusters: pl.DataFrame
    coverage: float | None


class Curation:
    """Finds what is wrong and what is missing, and applies the suggestions."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder

    def curate(
        self,
        only: Sequence[str] | None = None,
        settings: Mapping[str, object] | None = None,
        progress: Progress = no_progress,
    ) -> CurateReport:
        """Run the stages in their order; each stores its result as it ends, so that cancelling keeps what is done.

        Args:
            only: names of stages; all but `difficulty`, which asks a model, when not given. What a chosen stage builds
                on must have run before.
            settings: such as {"duplicates.near_threshold": 0.7}.
            progress: told how far it is.

        Raises:
            CurationError: an unknown stage or setting, a value out of bounds, or no training examples.
        """
        chosen = _chosen_stages(only)
        models = stage_settings(settings or {})
        if "contamination" in chosen:
            import_held_out(self._store, models["contamination"], part_of(progress, 0.0, 0.01))
        inputs = Inputs.read(self._store, self._folder)
        if inputs.examples.is_empty():
            raise CurationError("There are no training examples yet.", "Import a file of examples first.")
        reports = []
        for place, stage in enumerate(chosen):
            part = part_of(progress, place / len(chosen), (place + 1) / len(chosen))
            reports.append(self._run(stage, models[stage], inputs, part))
        return CurateReport(reports)

    def _run(self, stage: str, settings: BaseModel, inputs: Inputs, progress: Progress) -> StageReport:
        fingerprint = fingerprint_of(stage, settings, inputs, self._store)
        before = self._store.analysis.stage(stage)
        if before is not None and before.fingerprint == fingerprint:
            progress(1.0, f"{stage}: unchanged")
            return StageReport(stage, 0.0, dict(before.figures), skipped=True)
        progress(0.0, stage)
        start = time.perf_counter()
        outcome: Outcome = run_stage(stage, settings, inputs, self._store, progress)
        seconds = time.perf_counter() - start
        record = StageRecord(stage, fingerprint, settings.model_dump_json(), outcome.figures, seconds)
        self._store.analysis.replace(record, outcome.tables, self._store.now())
        return StageReport(stage, seconds, dict(outcome.figures), skipped=False)

    def stage_settings(self) -> dict[str, BaseModel]:
        """Return each stage's settings at their defaults."""
        return stage_settings({})

    def apply_suggestions(self, who: str, only: str | None = None) -> AppliedReport:
        """Keep and drop what the stages suggest, as one batch; decided examples and `review` ones are left alone.

        Args:
            who: the reviewer.
            only: `keep` or `drop` to apply only those.

        Raises:
            CurationError: the quality stage has not run.
        """
        quality = self._store.analysis.quality()
        if quality.is_empty():
            raise CurationError("There are no suggestions yet.", "Run the stages first: workbench curate, or Quality.")
        pending = self._store.decisions.states().filter(pl.col("state") == "pending")
        open_rows = quality.join(pending, on="example_id", how="semi").sort("example_id")
        wanted = [only] if only else ["keep", "drop"]
        rows: list[dict[str, object]] = [
            {"example_id": row["example_id"], "action": row["suggestion"], "note": row["reason"]}
            for row in open_rows.filter(pl.col("suggestion").is_in(wanted)).iter_rows(named=True)
        ]
        batch = self._store.decisions.append(rows, who, self._store.now(), origin="suggestions") if rows else None
        actions = [row["action"] for row in rows]
        return AppliedReport(actions.count("keep"), actions.count("drop"), open_rows.height - len(rows), batch)

    def suggestion_counts(self) -> pl.DataFrame:
        """Return suggestion, cause, examples, share."""
        return self._store.analysis.suggestion_counts()

    def personal_data_counts(self) -> pl.DataFrame:
        """Return kinds of personal data in training examples, most frequent first: kind, examples, places."""
        return self._store.analysis.personal_data_counts()

    def duplicate_groups(self, kind: str | None = None, limit: int = 50, offset: int = 0) -> pl.DataFrame:
        """Return duplicate groups, largest first."""
        return self._store.analysis.duplicate_groups(kind, limit, offset)

    def group_count(self, kind: str | None = None) -> int:
        """Count duplicate groups."""
        return self._store.analysis.group_count(kind)

    def duplicate_group(self, group_id: str) -> list[GroupMember]:
        """Return the members of a group, the representative first."""
        rows = self._store.analysis.duplicate_group(group_id).iter_rows(named=True)
        return [GroupMember(**row) for row in rows]

    def choose_representative(self, group_id: str, example_id: str, who: str) -> int:
        """Keep one member of a group and drop the others, as one batch; returns the batch.

        Raises:
            CurationError: the example is not in the group.
        """
        members = [member.example_id for member in self.duplicate_group(group_id)]
        if example_id not in members:
            raise CurationError(f"The example {example_id} is not in this group.", "Reload the page and choose again.")
        rows: list[dict[str, object]] = [
            {"example_id": member, "action": "keep" if member == example_id else "drop", "note": "duplicate group"}
            for member in members
        ]
        return self._store.decisions.choose_representative(group_id, example_id, rows, who, self._store.now())

    def keep_all(self, group_id: str, who: str) -> int:
        """Keep every member of a group: alike, not the same; returns the batch."""
        rows: list[dict[str, object]] = [
            {"example_id": member.example_id, "action": "keep", "note": "not duplicates"}
            for member in self.duplicate_group(group_id)
        ]
        return self._store.decisions.append(rows, who, self._store.now())

    def coverage(self) -> CoverageView | None:
        """Return the map, or None before the coverage stage has run."""
        record = self._store.analysis.stage("coverage")
        if record is None:
            return None
        share = record.figures.get("coverage")
        return CoverageView(
            *self._store.browse.map_points(MOST_POINTS),
            self._store.analysis.topics(),
            self._store.analysis.clusters(),
            float(share) if isinstance(share, int | float) else None,
        )

    def hardest(self, limit: int = 20) -> pl.DataFrame:
        """Return the measured examples whose prompt helps the base model least: IFD from the highest."""
        return self._store.analysis.hardest(limit)

    def gaps(self) -> pl.DataFrame:
        """Return clusters that production has and training lacks, most to collect first."""
        return self._store.analysis.gaps()

    def conflicts(self, kind: str | None = None, limit: int = 50, offset: int = 0) -> list[ConflictGroup]:
        """Return groups of examples that contradict each other."""
        rows = self._store.analysis.conflict_rows(kind, limit, offset)
        groups = []
        for (kind_found, group_id), members in rows.group_by(["kind", "group_id"], maintain_order=True):
            shown = members.select("example_id", "prompt", "completion", "state", "detail").to_dicts()
            groups.append(ConflictGroup(str(group_id), str(kind_found), str(shown[0]["detail"]), shown))
        return groups

    def conflict_counts(self) -> dict[str, int]:
        """Count conflicts by kind."""
        return self._store.analysis.conflict_counts()

    def score_summary(self) -> pl.DataFrame:
        """Return for each scorer: title, dimension, how many examples it finds fault with, mean score."""
        from pipelines.quality.registry import SCORERS

        names = pl.DataFrame(
            [{"scorer": name, "title": entry.title, "dimension": entry.dimension} for name, entry in SCORERS.items()],
            schema={"scorer": pl.String, "title": pl.String, "dimension": pl.String},
        )
        summary = self._store.analysis.score_summary()
        return summary.join(names, on="scorer", how="left").select("scorer", "title", "dimension", "flagged", "mean")

    def quality_histogram(self, bins: int = 20) -> pl.DataFrame:
        """Count examples by band of quality and suggestion."""
        return self._store.analysis.quality_histogram(bins)

    def stages_run(self) -> dict[str, dict[str, object]]:
        """Return the figures of the stages that have run."""
        records = [self._store.analysis.stage(stage) for stage in STAGES]
        return {record.stage: dict(record.figures) for record in records if record is not None}


def _chosen_stages(only: Sequence[str] | None) -> list[str]:
    unknown = [name for name in only or [] if name not in STAGES]
    if unknown:
        raise CurationError(f"There is no stage '{unknown[0]}'.", f"Choose from: {', '.join(STAGES)}.")
    return [stage for stage in STAGES if stage in (only or DEFAULT_STAGES)]
