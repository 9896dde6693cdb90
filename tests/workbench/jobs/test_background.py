import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.errors import CurationError
from pipelines.progress import Progress
from workbench.jobs.background import forget_task, run_in_background, task


@dataclass(frozen=True)
class Place:
    folder: Path


def test_a_task_tells_its_progress_and_its_result(tmp_path: Path) -> None:
    go, told = threading.Event(), threading.Event()

    def work(progress: Progress) -> int:
        progress(0.25, "a quarter")
        told.set()
        go.wait(10)
        return 42

    started = run_in_background(Place(tmp_path), "import", "Import", work)
    assert told.wait(10)
    assert (started.progress, started.message, started.running) == (0.25, "a quarter", True)
    with pytest.raises(CurationError, match="running already"):
        run_in_background(Place(tmp_path), "import", "Import", work)
    other = run_in_background(Place(tmp_path / "other"), "import", "Import", lambda progress: 1)
    go.set()
    assert started.wait(10)
    assert other.wait(10)
    found = task(Place(tmp_path), "import")
    assert found is started
    assert (found.result, found.progress, found.error) == (42, 1.0, None)
    forget_task(Place(tmp_path), "import")
    assert task(Place(tmp_path), "import") is None


def test_cancelling_stops_at_the_next_progress(tmp_path: Path) -> None:
    cancelled = threading.Event()

    def work(progress: Progress) -> None:
        cancelled.wait(10)
        progress(0.5, "not reached")

    started = run_in_background(Place(tmp_path), "curate", "Curate", work)
    started.cancel()
    cancelled.set()
    assert started.wait(10)
    assert (started.cancelled, started.error, started.message) == (True, None, "")


def test_errors_end_up_with_whoever_looks(tmp_path: Path) -> None:
    def wrong(progress: Progress) -> None:
        raise CurationError("The file is empty.", "Choose another.")

    def bug(progress: Progress) -> None:
        raise ValueError("oh")

    first = run_in_background(Place(tmp_path), "import", "Import", wrong)
    assert first.wait(10)
    assert first.error is not None
    assert first.error.remedy == "Choose another."
    second = run_in_background(Place(tmp_path), "import", "Import", bug)
    assert second.wait(10)
    assert second.error is not None
    assert "ValueError: oh" in second.error.message
