"""Ray Core tasks as an executor: the shards of a stage on a cluster, or on a Ray that is started for the occasion.

Of Ray only its tasks are used: a job is one task, its arguments are paths and settings, its output is a file. Nothing
passes through Ray's object store, and no shuffle is left to it; stages exchange rows by files (`shard_files.py`).

A Ray that is started here listens on 127.0.0.1 only, has no dashboard and sends no usage statistics. On a cluster every
machine must have this package installed and see the same folders under the same names. Ray asks for a token between its
processes (since 2.60); it makes one for a Ray started here, for a cluster it reads RAY_AUTH_TOKEN or ~/.ray/auth_token.

Ray runs a task again when its worker or machine died, up to three times in all; outputs are written whole, so that
nothing is lost or there twice.
"""

import importlib
import importlib.util
import os
import pickle
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pipelines.engine.executor import ONE_THREAD, Told
from pipelines.errors import CurationError

LOCAL_ADDRESS = "127.0.0.1"
# Ray reads both as it is imported. The second one is named after the systems on which it is the default: off, all of
# Ray's servers listen on 127.0.0.1 instead of every address that this machine has.
QUIET = {"RAY_USAGE_STATS_ENABLED": "0"}
ONLY_HERE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
# Nothing is put there; the least that Ray accepts is 75 MiB.
OBJECT_STORE_BYTES = 100 << 20
TRIES_AGAIN = 2
REACHED_WITHIN = 10.0  # seconds
# Tasks that wait at Ray for each processor that it has: enough that none is idle.
WAITING_A_PROCESSOR = 4


class RayExecutor:
    """Runs jobs as Ray tasks of one processor each; use it in a `with` statement, Ray is left when it ends."""

    def __init__(self, processes: int = 2, address: str | None = None) -> None:
        """Start a Ray of so many processes on this machine, or join the one at an address.

        Args:
            processes: worker processes of a Ray that is started here; a cluster has its own.
            address: of a cluster, such as 10.0.0.5:6379, or auto for the one that this machine belongs to.

        Raises:
            CurationError: Ray is not installed, does not start, or cannot be reached.
        """
        if importlib.util.find_spec("ray") is None:
            raise CurationError("Ray is not installed.", "Install it: pip install 'finetuning-workbench[ray]'.")
        os.environ.update(QUIET)
        if address is None:
            os.environ.update(ONLY_HERE)
        elif address != "auto":
            _check_reachable(address)
        if address is not None and _has_token():
            os.environ.setdefault("RAY_AUTH_MODE", "token")
        self._ray: Any = importlib.import_module("ray")
        if self._ray.is_initialized():
            raise CurationError("This process uses Ray already.", "Run one piece of work at a time.")
        # "local" starts one even where this machine belongs to a cluster already.
        quiet = {
            "address": "local",
            "include_dashboard": False,
            "num_cpus": processes,
            "object_store_memory": OBJECT_STORE_BYTES,
        }
        chosen: dict[str, Any] = quiet if address is None else {"address": address}
        try:
            self._ray.init(log_to_driver=False, logging_level="ERROR", **chosen)
        except Exception as error:
            self._ray.shutdown()
            raise CurationError(
                f"{'Ray does not start' if address is None else f'No Ray at {address}'}: {_first_line(error)}.",
                "Check the address, the token (RAY_AUTH_TOKEN) and that both sides run the same versions of Ray and "
                "Python; or use --engine local.",
            ) from error
        if address is None and not self._ray.get_runtime_context().gcs_address.startswith(f"{LOCAL_ADDRESS}:"):
            self._ray.shutdown()
            raise CurationError(
                "Ray would listen on other addresses than 127.0.0.1.",
                "Run the command in a process that has not imported Ray before.",
            )

    def map(self, function: Callable[..., Any], jobs: Sequence[tuple[Any, ...]], *, told: Told) -> None:
        """See `executor.Executor`."""
        ray = self._ray
        task = ray.remote(num_cpus=1, max_retries=TRIES_AGAIN)(_call)
        name = (function.__module__, function.__qualname__)
        most = WAITING_A_PROCESSOR * max(int(ray.cluster_resources().get("CPU", 1)), 1)
        left, done = list(reversed(jobs)), 0
        waiting: list[Any] = []
        try:
            while left or waiting:
                while left and len(waiting) < most:
                    waiting.append(task.remote(*name, pickle.dumps(left.pop())))
                told(done)
                [finished], waiting = ray.wait(waiting, num_returns=1)
                ray.get(finished)
                done += 1
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, CurationError):
                raise error.cause from None
            raise
        except ray.exceptions.RayError as error:
            raise CurationError(
                f"A Ray worker was lost: {_first_line(error)}.",
                "Run the same command again: shards that are finished are kept. Where it is for lack of memory, use "
                "more shards in another folder.",
            ) from error
        finally:
            for waits in waiting:
                ray.cancel(waits)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ray.shutdown()


def _has_token() -> bool:
    """Whether there is a token; who joins a cluster has to say that it is to be shown, `ray start` does by itself."""
    return (
        bool(os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH"))
        or (Path.home() / ".ray" / "auth_token").is_file()
    )


def _check_reachable(address: str) -> None:
    """Knock at an address: Ray itself would try for minutes.

    Raises:
        CurationError: it is none, or nothing answers there.
    """
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdecimal():
        raise CurationError(f"'{address}' is no address of a Ray cluster.", "Write host:port, such as 10.0.0.5:6379.")
    try:
        socket.create_connection((host, int(port)), REACHED_WITHIN).close()
    except (OSError, OverflowError) as error:
        raise CurationError(
            f"No Ray answers at {address}: {error}.", "Check the address, and that the cluster runs: ray status."
        ) from error


def _call(module: str, name: str, job: bytes) -> None:
    """Call a function by its name, in a worker: the number of threads is set before anything is imported."""
    os.environ.update(ONE_THREAD)
    getattr(importlib.import_module(module), name)(*pickle.loads(job))


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
