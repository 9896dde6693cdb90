"""Work inside the app's own process, on a thread: import, curation, split, export.

A page starts it and may be left; whoever draws the page again finds it by its key. A project has one task of a key at a
time. What must survive the app belongs into a detached job (`process.py`).
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from pipelines.errors import CurationError
from pipelines.progress import Cancelled, Progress

LOG = logging.getLogger("workbench.background")


class HasFolder(Protocol):
    """A project, as far as a task needs to know it."""

    @property
    def folder(self) -> Path:
        """The project's folder."""
        ...


class Task:
    """One piece of work while it goes on, and what came of it."""

    def __init__(self, key: str, title: str) -> None:
        self.key, self.title = key, title
        self.progress, self.message = 0.0, ""
        self.running, self.cancelled = True, False
        self.error: CurationError | None = None
        self.result: Any = None
        self._cancel = threading.Event()
        self._thread: threading.Thread | None = None

    def cancel(self) -> None:
        """Ask the work to stop where it next tells its progress; what it finished stays."""
        self._cancel.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end; returns whether it came in time."""
        if self._thread is not None:
            self._thread.join(timeout)
        return not self.running

    def _report(self, share: float, message: str) -> None:
        if self._cancel.is_set():
            raise Cancelled
        self.progress, self.message = min(max(share, 0.0), 1.0), message

    def _run(self, function: Callable[[Progress], Any]) -> None:
        try:
            self.result = function(self._report)
            self.progress = 1.0
        except Cancelled:
            self.cancelled = True
        except CurationError as error:
            self.error = error
        except Exception as error:  # a bug: its traceback goes to the log, a sentence to the page
            LOG.exception("The task '%s' stopped", self.title)
            self.error = CurationError(
                f"'{self.title}' stopped on an unexpected error: {type(error).__name__}: {error}",
                "Try again; the app's log holds the details.",
            )
        finally:
            self.running = False


_tasks: dict[tuple[Path, str], Task] = {}
_lock = threading.Lock()


def run_in_background(project: HasFolder, key: str, title: str, function: Callable[[Progress], Any]) -> Task:
    """Start `function(progress)` on a thread.

    Args:
        project: whose work it is.
        key: what it is (`import`, `curate`); one at a time for each project.
        title: what a person calls it.
        function: gets a progress callback, which raises `Cancelled` once somebody cancels.

    Raises:
        CurationError: a task of that key is running.
    """
    place = project.folder.resolve(), key
    with _lock:
        current = _tasks.get(place)
        if current is not None and current.running:
            raise CurationError(f"'{current.title}' is running already.", "Wait for it, or cancel it first.")
        started = _tasks[place] = Task(key, title)
        started._thread = threading.Thread(target=started._run, args=(function,), name=f"task-{key}", daemon=True)
        started._thread.start()
    return started


def task(project: HasFolder, key: str) -> Task | None:
    """Return the running or last task of a key, or None."""
    return _tasks.get((project.folder.resolve(), key))


def forget_task(project: HasFolder, key: str) -> None:
    """Forget a task that is over, once its result was shown; a running one stays."""
    with _lock:
        current = _tasks.get((project.folder.resolve(), key))
        if current is not None and not current.running:
            del _tasks[project.folder.resolve(), key]
