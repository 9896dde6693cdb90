"""Start, watch, cancel and resume detached jobs.

A job is a process of its own session (`python -m workbench.jobs.worker FOLDER`): it survives a closed browser and a
restarted app. Whether it lives is judged by its pid together with the time it began, so that another process that got
the same pid later is not taken for it.

Not covered: queues of jobs; jobs on other machines.
"""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil

from pipelines.errors import CurationError
from pipelines.progress import Progress, no_progress
from workbench.jobs.files import JobStatus, read_process, read_status, write_process, write_status
from workbench.jobs.settings import GenerateJob, read_job

# Time between "queued" being written and the process being known; beyond it nobody is coming.
START_SECONDS = 10.0
SAME_PROCESS_SECONDS = 2.0
POLL_SECONDS = 0.2
DIED = "The process of this run ended without a word: it was killed, ran out of memory, or the machine was restarted."
DIED_REMEDY = "Resume the run: it goes on from its last checkpoint. log.txt in the run folder holds its last output."

# Children of this process, kept so that the system can be told that their end was noticed.
_children: dict[int, "subprocess.Popen[bytes]"] = {}


def start_job(folder: Path, kind: str) -> int:
    """Start a job on a run folder whose `settings.json` is written (`settings.write_job`).

    Args:
        folder: the run folder.
        kind: `train` or `generate`; must be what the settings say.

    Returns:
        The pid of the process.

    Raises:
        CurationError: the settings cannot be read or are of another kind, or a job works on the folder already.
    """
    folder = folder.resolve()
    job = read_job(folder)
    if job.kind != kind:
        raise CurationError(
            f"The run folder '{folder.name}' is for '{job.kind}', not '{kind}'.", "Start what it is for."
        )
    if (status := job_status(folder)) is not None and not status.over:
        raise CurationError(f"The run '{folder.name}' is going on already.", "Wait for it, or cancel it first.")
    threads = job.generation.threads if isinstance(job, GenerateJob) else job.train.threads
    (folder / "cancel").unlink(missing_ok=True)
    (folder / "process.json").unlink(missing_ok=True)
    write_status(folder, JobStatus("queued", kind=kind, message="Starting", started_at=time.time()))
    with (folder / "log.txt").open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "workbench.jobs.worker", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            env=_environment(threads),
            start_new_session=True,
        )
    _children[child.pid] = child
    try:
        write_process(folder, child.pid, psutil.Process(child.pid).create_time())
    except psutil.NoSuchProcess:  # it ended at once; its status or log says why
        write_process(folder, child.pid, time.time())
    return child.pid


def job_status(folder: Path) -> JobStatus | None:
    """Say how a job goes; None where none was ever started. A job whose process is gone is failed, with the remedy."""
    status = read_status(folder)
    process = read_process(folder)
    if status is None:
        if process is None:
            return None
        status = JobStatus("failed", error={"message": "status.json is damaged.", "remedy": DIED_REMEDY})
    if status.over or _alive(folder, status):
        return status
    again = read_status(folder)  # it may have ended properly between the two looks
    if again is not None and again.over:
        return again
    return replace(status, state="failed", message=DIED, error={"message": DIED, "remedy": DIED_REMEDY})


def cancel_job(folder: Path, *, wait_seconds: float = 0.0) -> JobStatus | None:
    """Ask a job to stop: it saves what it has after the step at hand.

    Args:
        folder: the run folder.
        wait_seconds: how long to wait for that; a job that still runs then is told by SIGTERM, at last by SIGKILL.
            0 returns at once (the job itself gives up waiting for its step after half a minute).

    Returns:
        The status as it is then.
    """
    status = job_status(folder)
    if status is None or status.over:
        return status
    (folder / "cancel").touch()
    if wait_seconds > 0:
        for stop in (None, psutil.Process.terminate, psutil.Process.kill):
            process = _process(folder)
            if process is None:
                break
            if stop is not None:
                stop(process)
            _wait_over(folder, wait_seconds)
        status = job_status(folder)
        if status is not None and status.state == "failed" and status.message == DIED:
            status = replace(status, state="cancelled", message="Cancelled", error=None, ended_at=time.time())
            write_status(folder, status)
    return job_status(folder)


def resume_job(folder: Path) -> int:
    """Start a cancelled or failed job again; it goes on where it stopped. Returns the pid.

    Raises:
        CurationError: there is nothing to resume.
    """
    status = job_status(folder)
    if status is None:
        raise CurationError(f"No job was started in '{folder.name}'.", "Start it first.")
    if status.state == "finished":
        raise CurationError(f"The run '{folder.name}' is finished.", "Start a new run to train more.")
    return start_job(folder, read_job(folder).kind)


def wait_job(folder: Path, progress: Progress = no_progress, *, timeout: float | None = None) -> JobStatus:
    """Wait until a job is over, telling its progress; the job goes on when the waiting is cancelled.

    Args:
        folder: the run folder.
        progress: told whenever the job's progress or message changes.
        timeout: most seconds to wait.

    Raises:
        CurationError: no job there, or the time is up.
    """
    told: tuple[float, str] | None = None
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        status = job_status(folder)
        if status is None:
            raise CurationError(f"No job was started in '{folder.name}'.", "Start it first.")
        if (status.progress, status.message) != told:
            told = (status.progress, status.message)
            progress(*told)
        if status.over:
            return status
        if deadline is not None and time.monotonic() > deadline:
            raise CurationError(
                f"The run '{folder.name}' was not over after {timeout:g} s.", "Wait longer, or cancel it."
            )
        time.sleep(POLL_SECONDS)


# Kernels that torch and oneDNN keep for each shape of their inputs (1,024 each by default). Lengths differ from batch
# to batch, so that a run fills both: measured on the embedded base, 1.5 GiB after 2,000 steps.
KERNELS_KEPT = "128"


def _environment(threads: int) -> dict[str, str]:
    root = str(Path(__file__).parents[2])
    paths = [root, *(path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path)]
    return {
        "LRU_CACHE_CAPACITY": KERNELS_KEPT,
        "ONEDNN_PRIMITIVE_CACHE_CAPACITY": KERNELS_KEPT,
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "OMP_WAIT_POLICY": "PASSIVE",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }


def _alive(folder: Path, status: JobStatus) -> bool:
    if read_process(folder) is None and status.pid is None:
        return status.started_at is not None and time.time() - status.started_at < START_SECONDS
    return _process(folder) is not None


def _process(folder: Path) -> psutil.Process | None:
    """Return the process that works on the folder, if it lives."""
    known = read_process(folder)
    if known is None:
        status = read_status(folder)
        if status is None or status.pid is None or status.created is None:
            return None
        known = status.pid, status.created
    pid, created = known
    if (child := _children.get(pid)) is not None and child.poll() is not None:
        del _children[pid]
        return None
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - created) < SAME_PROCESS_SECONDS
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def _wait_over(folder: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and _process(folder) is not None:
        time.sleep(POLL_SECONDS / 2)
