"""The train job: a run folder's data to an adapter, with live metrics."""

from pipelines.training.train import TrainEvents, train
from workbench.jobs.context import JobContext
from workbench.jobs.files import MetricsFile
from workbench.jobs.settings import TrainJob


def run_train_job(job: TrainJob, context: JobContext) -> bool:
    """Train; returns whether it was finished rather than cancelled."""
    metrics = MetricsFile(context.folder / "metrics.jsonl")
    events = TrainEvents(on_metrics=metrics.append, on_progress=context.progress, should_stop=context.should_stop)
    return train(context.folder, job.train, events=events, forced=job.force).state != "cancelled"
