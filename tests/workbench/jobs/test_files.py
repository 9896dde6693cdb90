import errno
from pathlib import Path
from typing import Any

import pytest

from workbench.jobs.files import JobStatus, MetricsFile, StatusFile, read_metrics, read_status
from workbench.jobs.worker import _guarded


def test_status_survives_damage_and_stays_over(tmp_path: Path) -> None:
    status = StatusFile(tmp_path, JobStatus("running", kind="train"))
    status.update(progress=0.5, message="half")
    read = read_status(tmp_path)
    assert read == JobStatus("running", kind="train", progress=0.5, message="half")
    status.update(state="cancelled")
    status.update(heartbeat=5.0)
    read = read_status(tmp_path)
    assert read is not None
    assert (read.state, read.heartbeat) == ("cancelled", None)
    (tmp_path / "status.json").write_text('{"state": "ru')
    assert read_status(tmp_path) is None
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]


def test_metrics_of_steps_done_again_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    first = MetricsFile(path)
    for step in range(5):
        first.append({"step": step, "loss": 1.0})
    with path.open("a") as file:
        file.write('{"step": 5, "lo')
    again = MetricsFile(path)
    again.append({"step": 3, "loss": 2.0})
    again.append({"step": 4, "loss": 2.0})
    assert [(row["step"], row["loss"]) for row in read_metrics(path)] == [
        (0, 1.0),
        (1, 1.0),
        (2, 1.0),
        (3, 2.0),
        (4, 2.0),
    ]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full"),
        (RuntimeError("IoError(Os { code: 28, message: 'No space left on device' })"), "disk is full"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "not enough memory"),
        (MemoryError(), "not enough memory"),
        (PermissionError(errno.EACCES, "Permission denied", "metrics.jsonl"), "metrics.jsonl"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError"),
    ],
)
def test_what_stops_a_job_is_said_in_a_sentence(tmp_path: Path, error: Exception, said: str) -> None:
    def work() -> Any:
        raise error

    assert _guarded(work, StatusFile(tmp_path, JobStatus("running"))) == 1
    status = read_status(tmp_path)
    assert status is not None
    assert status.error is not None
    assert said in status.error["message"]
    assert status.error["remedy"]
