"""What a job sees of the process that does it: whether to stop, and where to tell its progress."""

import threading
from pathlib import Path

from workbench.jobs.files import StatusFile


class JobContext:
    """What a job may ask and tell while it goes on."""

    def __init__(self, folder: Path, status: StatusFile, stop: threading.Event) -> None:
        self.folder, self._status, self._stop = folder, status, stop

    def should_stop(self) -> bool:
        """Whether somebody asked the job to stop."""
        return self._stop.is_set() or (self.folder / "cancel").exists()

    def progress(self, share: float, message: str) -> None:
        """Tell how far the job is."""
        self._status.update(progress=min(max(share, 0.0), 1.0), message=message)
