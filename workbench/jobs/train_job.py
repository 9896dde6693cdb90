"""The train job: a run folder's data to an adapter, with live metrics."""

import time
from typing import Any

from pipelines.training.train import TrainEvents, train
from workbench.jobs.context import JobContext
from workbench.jobs.files import MetricsFile
from workbench.jobs.process import job_status
from workbench.jobs.run_log import RunLog
from workbench.jobs.settings import TrainJob

POLL_SECONDS = 0.5


def run_train_job(job: TrainJob, context: JobContext) -> bool:
    """Train; returns whether it was finished rather than cancelled."""
    if not wait_for_others(job.after, context):
        return False
    metrics = MetricsFile(context.folder / "metrics.jsonl")
    samples = MetricsFile(context.folder / "samples.jsonl")
    log = None if job.log is None else RunLog(job.log, context.folder)

    def figures(row: dict[str, Any]) -> None:
        metrics.append(row)
        if log is not None:
            log.row(row)

    events = TrainEvents(
        on_metrics=figures,
        on_progress=context.progress,
        on_samples=samples.append,
        should_stop=context.should_stop,
    )
    state = train(context.folder, job.train, events=events, forced=job.force).state
    if log is not None:
        log.end(state)
    return state != "cancelled"


def wait_for_others(names: tuple[str, ...], context: JobContext) -> bool:
    """Wait until the runs of these names, beside this one, are over, however they end; False when cancelled."""
    for name in names:
        while (status := job_status(context.folder.parent / name)) is not None and not status.over:
            if context.should_stop():
                return False
            context.progress(0.0, f"Waiting for {name}")
            time.sleep(POLL_SECONDS)
    return True
