"""Running stages one after the other: each maps one function over shards, and skips those whose output is there."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipelines.engine.executor import Executor
from pipelines.progress import Progress, no_progress


class Stages:
    """Runs the stages of one piece of work.

    Attributes:
        computed: how many outputs were computed; those that were there already do not count.
    """

    def __init__(self, executor: Executor, count: int, progress: Progress = no_progress) -> None:
        """Use an executor; `count` stages will be run, for the share that progress is told."""
        self.executor = executor
        self.computed = 0
        self._count = count
        self._begun = 0
        self._progress = progress

    def run(self, title: str, function: Callable[..., Any], jobs: Sequence[tuple[Any, ...]]) -> list[Path]:
        """Call `function(*job)` for each job whose output is not there, and return all outputs in the jobs' order.

        Args:
            title: for people, such as "Signing texts".
            function: of a module; writes the file or folder that its last argument names, whole.
            jobs: arguments, the last one a path.

        Raises:
            CurationError: a job raised one, or a worker died.
        """
        outputs: list[Path] = [job[-1] for job in jobs]
        missing = [job for job in jobs if not job[-1].exists()]
        there = len(jobs) - len(missing)

        def told(done: int) -> None:
            share = (self._begun + (there + done) / max(len(jobs), 1)) / self._count
            self._progress(min(share, 1.0), f"{title}: {there + done:,} of {len(jobs):,} shards")

        if missing:
            self.executor.map(function, missing, told=told)
            self.computed += len(missing)
        told(len(missing))
        self._begun += 1
        return outputs


def numbered(folder: Path, number: int, suffix: str = "") -> Path:
    """Return the path of a shard in a folder, such as `folder/00012.parquet`."""
    return folder / f"{number:05d}{suffix}"
