"""How long work tells how far it is, and how it is asked to stop.

A stage calls `progress(share, message)` now and then; `share` runs from 0 to 1. Whoever watches may raise `Cancelled`
from within that call: stages let it pass through, so that cancelling works at every point where progress is told.
"""

from collections.abc import Callable

Progress = Callable[[float, str], None]


class Cancelled(Exception):  # noqa: N818 - it is no error: somebody asked for it
    """Somebody asked the work to stop; what was finished before stays."""


def no_progress(share: float, message: str) -> None:
    """Watch nothing."""


def part_of(progress: Progress, start: float, end: float) -> Progress:
    """Map a stage's own 0..1 onto `start`..`end` of a longer piece of work."""

    def report(share: float, message: str) -> None:
        progress(start + (end - start) * min(max(share, 0.0), 1.0), message)

    return report
