"""A run as people see it: what it was started with, and how far it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.errors import CurationError
from workbench.jobs.files import JobStatus
from workbench.store.runs import RunRecord


@dataclass(frozen=True)
class RunView:
    """A run, with how far it is."""

    run_id: str
    version: str
    data: str
    base: str
    method: str
    state: str
    message: str
    progress: float
    started_at: datetime
    settings: dict[str, Any]
    train_examples: int
    validation_examples: int
    best_loss: float | None
    result: dict[str, Any] | None
    error: CurationError | None


METRICS = pl.Schema(
    {
        "step": pl.Int64,
        "epoch": pl.Float64,
        "loss": pl.Float64,
        "validation_loss": pl.Float64,
        "learning_rate": pl.Float64,
        "tokens_per_second": pl.Float64,
        "gradient_norm": pl.Float64,
        "seconds": pl.Float64,
        "padding_share": pl.Float64,
        "kl_task": pl.Float64,
        "memory": pl.Float64,
        "seconds_left": pl.Float64,
        "reward_margin": pl.Float64,
        "preference_accuracy": pl.Float64,
        "preference_low": pl.Float64,
        "preference_high": pl.Float64,
    }
)


def status_of(folder: Path) -> JobStatus:
    """Return how the job of a folder goes; one that was never started counts as failed, with what to do."""
    from workbench.jobs.process import job_status

    never = {"message": "The job was never started.", "remedy": "Resume it."}
    return job_status(folder) or JobStatus("failed", message=never["message"], error=never)


def error_of(status: JobStatus) -> CurationError | None:
    """Return why a job failed, or None."""
    if status.state != "failed":
        return None
    error = status.error or {}
    return CurationError(
        str(error.get("message") or status.message or "The job failed."),
        str(error.get("remedy") or "See log.txt in its folder, then resume it."),
    )


def view_of(record: RunRecord, folder: Path, validation_losses: pl.Series) -> RunView:
    """Return a run as people see it.

    Args:
        record: what the store knows of it.
        folder: of the run.
        validation_losses: by step, null where there was no evaluation.
    """
    status = status_of(folder)
    result_file = folder / "result.json"
    losses = validation_losses.drop_nulls()
    return RunView(
        run_id=record.run_id,
        version=record.version,
        data=record.data,
        base=record.base,
        method=record.method,
        state=status.state,
        message=status.message,
        progress=status.progress,
        started_at=record.created_at,
        settings=record.settings,
        train_examples=record.train_examples,
        validation_examples=record.validation_examples,
        best_loss=None if losses.is_empty() else float(losses.to_numpy().min()),
        result=json.loads(result_file.read_text("utf-8")) if result_file.is_file() else None,
        error=error_of(status),
    )
