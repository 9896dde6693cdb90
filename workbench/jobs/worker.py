"""The detached process: `python -m workbench.jobs.worker FOLDER` does the job that the folder's settings name.

It reads and writes files of its run folder only; it never opens the project's database. A thread renews the heartbeat
every second and watches for the `cancel` file; SIGTERM asks for the same. Work that does not come to its next stopping
point within half a minute after that is ended.

Not covered: what the jobs do (`train_job.py`, `generate_job.py`).
"""

import errno
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pipelines.errors import CurationError
from pipelines.progress import Cancelled
from workbench.jobs.context import JobContext
from workbench.jobs.files import JobStatus, StatusFile
from workbench.jobs.settings import GenerateJob, read_job

HEARTBEAT_SECONDS = 1.0
GRACE_SECONDS = 30.0
DISK_REMEDY = "Free some space, then resume the run: it goes on from its checkpoint."
LOG = logging.getLogger("workbench.jobs")


def main(folder: Path) -> int:
    """Do the job of a run folder; returns the exit code (0 also when cancelled)."""
    import psutil

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    now = time.time()
    created = psutil.Process().create_time()
    status = StatusFile(folder, JobStatus("running", pid=os.getpid(), created=created, heartbeat=now, started_at=now))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    context = JobContext(folder, status, stop)
    threading.Thread(target=_heartbeat, args=(context, status), daemon=True).start()
    return _guarded(lambda: _run(folder, context, status), status)


def _run(folder: Path, context: JobContext, status: StatusFile) -> bool:
    """Do the job; returns whether it was finished (or else cancelled)."""
    from pipelines.training.libraries import set_up_libraries

    job = read_job(folder)
    status.update(kind=job.kind, message="Loading libraries")
    threads = job.generation.threads if isinstance(job, GenerateJob) else job.train.threads
    set_up_libraries(threads)
    if isinstance(job, GenerateJob):
        from workbench.jobs.generate_job import run_generate_job

        return run_generate_job(job, context)
    from workbench.jobs.train_job import run_train_job

    return run_train_job(job, context)


def _guarded(work: Callable[[], bool], status: StatusFile) -> int:
    try:
        finished = work()
    except Cancelled:
        finished = False
    except CurationError as error:
        LOG.error("%s %s", error.message, error.remedy)
        return _failed(status, error.message, error.remedy)
    except Exception as error:
        LOG.exception("The job stopped")
        known = _known_cause(error)
        return _failed(status, known.message, known.remedy)
    state = "finished" if finished else "cancelled"
    changes = {"progress": 1.0, "message": "Finished"} if finished else {"message": "Cancelled; it can be resumed"}
    status.update(state=state, ended_at=time.time(), **changes)
    return 0


def _failed(status: StatusFile, message: str, remedy: str) -> int:
    try:
        status.update(
            state="failed", message=message, error={"message": message, "remedy": remedy}, ended_at=time.time()
        )
    except OSError:
        LOG.exception("The status could not be written")
    return 1


def _known_cause(error: Exception) -> CurationError:
    text = str(error)
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return CurationError(
            "The disk is full.", "Free some space, then resume the run: it goes on from its checkpoint."
        )
    if isinstance(error, OSError) and error.filename:
        return CurationError(
            f"'{Path(str(error.filename)).name}' in the run folder could not be used: {error.strerror}.",
            "Check the folder's permissions, then resume the run.",
        )
    # Writers of other languages report a full disk as text only.
    if "No space left on device" in text or "os error 28" in text:
        return CurationError(
            "The disk is full.", "Free some space, then resume the run: it goes on from its checkpoint."
        )
    if isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text:
        return CurationError(
            "There was not enough memory.", "Lower memory_tokens or max_length (or batch_size), and start a new run."
        )
    return CurationError(
        f"The job stopped on an unexpected error: {type(error).__name__}: {' '.join(text.split())[:200]}",
        "log.txt in the run folder holds the details. Resuming tries again from the last checkpoint.",
    )


def _heartbeat(context: JobContext, status: StatusFile) -> None:
    asked_at: float | None = None
    while True:
        time.sleep(HEARTBEAT_SECONDS)
        try:
            status.update(heartbeat=time.time())
        except OSError:  # a full disk stops the job where it writes its own files; the heartbeat tries again
            continue
        if context.should_stop():
            asked_at = asked_at or time.monotonic()
            if time.monotonic() - asked_at > GRACE_SECONDS:
                status.update(state="cancelled", message="Cancelled in the middle of a step", ended_at=time.time())
                os._exit(0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
