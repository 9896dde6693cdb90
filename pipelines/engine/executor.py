"""Where the shards of a stage are worked on: the processes of this machine, or Ray (`ray_executor.py`).

An executor has one method. What it is given must be a function of a module and arguments that can be pickled; the
function reads files, writes its output whole (`shard_files.py`) and touches nothing else, so that it does not matter
where, in which order or how often it runs.

Nothing here imports polars or numpy: a new process sets how many threads they may start before they are loaded.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from types import TracebackType
from typing import Any, Protocol, Self

from pipelines.errors import CurationError

# Told after each job with how many are done.
Told = Callable[[int], None]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


class Executor(Protocol):
    """Runs one function on many arguments."""

    def map(self, function: Callable[..., Any], jobs: Sequence[tuple[Any, ...]], *, told: Told) -> None:
        """Call `function(*job)` for each job, several at once; what the calls return is passed over.

        Raises:
            CurationError: a call raised one, or a worker died; the outputs of finished calls are kept.
        """


class LocalExecutor:
    """A pool of processes on this machine; one process means this one.

    Use it in a `with` statement: the processes end with it.
    """

    def __init__(self, processes: int = 1) -> None:
        """Set the number of processes, 1 or more; they are started when the first stage runs."""
        self.processes = processes
        self._pool: ProcessPoolExecutor | None = None

    def map(self, function: Callable[..., Any], jobs: Sequence[tuple[Any, ...]], *, told: Told) -> None:
        """See `Executor`."""
        if self.processes <= 1:
            for done, job in enumerate(jobs):
                told(done)
                function(*job)
            return
        waiting: set[Future[Any]] = set()
        try:
            waiting = {self._workers().submit(function, *job) for job in jobs}
            while waiting:
                told(len(jobs) - len(waiting))
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
        except BrokenProcessPool as error:
            self._pool = None
            raise CurationError(
                "A worker process died, perhaps for lack of memory.",
                "Run the same command again: shards that are finished are kept. Where it dies again, use fewer "
                "processes, or more shards in another folder.",
            ) from error
        finally:
            for future in waiting:
                future.cancel()
            # Nothing is still being written when this returns.
            wait(waiting)

    def _workers(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # A forked process would inherit the locks of threads that it does not have.
            self._pool = ProcessPoolExecutor(self.processes, get_context("spawn"), _start)
        return self._pool

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


def _start() -> None:
    """Let the libraries of a new process use one thread: there are as many processes as may run."""
    os.environ.update(ONE_THREAD)
