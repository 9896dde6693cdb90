"""The files of a run folder that tell how a job goes.

    status.json     state, progress, message, heartbeat, process, error; replaced as a whole, never half written
    process.json    pid and creation time of the process, written by whoever started it
    metrics.jsonl   one row a line, appended; a reader may find an unfinished last line
    cancel          its being there asks the job to stop
    log.txt         what the process wrote

Not covered: starting and watching (`process.py`).
"""

import json
import os
import threading
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

State = Literal["queued", "running", "finished", "cancelled", "failed"]
STATES: tuple[State, ...] = ("queued", "running", "finished", "cancelled", "failed")
OVER: frozenset[str] = frozenset({"finished", "cancelled", "failed"})


@dataclass(frozen=True)
class JobStatus:
    """How a job goes. Times are seconds since 1970; `error` holds message and remedy."""

    state: State
    kind: str = ""
    progress: float = 0.0
    message: str = ""
    pid: int | None = None
    created: float | None = None
    """When the process began, to tell it from a later one with the same pid."""
    heartbeat: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    error: dict[str, str] | None = field(default=None)

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in OVER


def write_text(path: Path, text: str) -> None:
    """Replace a file in one step."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.new")
    try:
        fresh.write_text(text, "utf-8")
        os.replace(fresh, path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def write_status(folder: Path, status: JobStatus) -> None:
    """Write `status.json`."""
    write_text(folder / "status.json", json.dumps(asdict(status)) + "\n")


def read_status(folder: Path) -> JobStatus | None:
    """Read `status.json`; None where there is none or somebody damaged it."""
    try:
        values = json.loads((folder / "status.json").read_text("utf-8"))
        status = JobStatus(**values)
    except (OSError, ValueError, TypeError):
        return None
    return status if status.state in STATES else None


def write_process(folder: Path, pid: int, created: float) -> None:
    """Write which process works on the folder."""
    write_text(folder / "process.json", json.dumps({"pid": pid, "created": created}) + "\n")


def read_process(folder: Path) -> tuple[int, float] | None:
    """Read which process works on the folder; None where none was started."""
    try:
        values = json.loads((folder / "process.json").read_text("utf-8"))
        return int(values["pid"]), float(values["created"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


class StatusFile:
    """The job's own hold on `status.json`, safe between its threads."""

    def __init__(self, folder: Path, status: JobStatus) -> None:
        self._folder, self._status, self._lock = folder, status, threading.Lock()

    def update(self, **changes: Any) -> None:
        """Change some fields and write the file; what is over stays over."""
        with self._lock:
            if not self._status.over:
                self._status = replace(self._status, **changes)
                write_status(self._folder, self._status)


class MetricsFile:
    """Appends rows to `metrics.jsonl`; rows of steps that a resumed run does again are replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last = self._mend()

    def append(self, row: dict[str, Any]) -> None:
        """Add one row; its `step` says where it belongs."""
        step = int(row["step"])
        if step <= self._last:
            kept = [old for old in read_metrics(self._path) if int(old["step"]) < step]
            write_text(self._path, "".join(json.dumps(old) + "\n" for old in kept))
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self._last = step

    def _mend(self) -> int:
        """Cut off an unfinished last line; returns the last step."""
        rows = read_metrics(self._path)
        if self._path.exists():
            write_text(self._path, "".join(json.dumps(row) + "\n" for row in rows))
        return max((int(row["step"]) for row in rows), default=-1)


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Read the rows of `metrics.jsonl`, without a last line that is still being written."""
    return [row for row in read_rows(path) if "step" in row]


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read a JSON-lines file's objects; a line that is none (an unfinished one) is passed over."""
    rows: list[dict[str, Any]] = []
    try:
        lines = path.read_text("utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return rows
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows
