"""How long a run still takes, from its own steps and evaluations; and the memory that it holds.

The time left is told once the first steps have shown how long one takes: 20, or a tenth of a short run's.
"""

import math

CALIBRATION_STEPS = 20


class Pace:
    """Seconds of steps and evaluations since the run was started or resumed."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._needed = max(1, min(CALIBRATION_STEPS, steps // 10))
        self._done, self._seconds = 0, 0.0
        self._evaluations, self._evaluation_seconds = 0, 0.0

    def step(self, seconds: float) -> None:
        """Take in one step."""
        self._done += 1
        self._seconds += seconds

    def evaluation(self, seconds: float) -> None:
        """Take in one evaluation."""
        self._evaluations += 1
        self._evaluation_seconds += seconds

    def left(self, step: int, evaluate_every: int) -> float | None:
        """Return the seconds from a step to the end of the run; None while too few steps were seen."""
        if self._done < self._needed:
            return None
        evaluations = math.ceil(self._steps / evaluate_every) - step // evaluate_every
        each = self._evaluation_seconds / self._evaluations if self._evaluations else 0.0
        return self._seconds / self._done * (self._steps - step) + each * max(0, evaluations)


def memory_in_use(device: str) -> int:
    """Return the memory that this process holds, in bytes: resident, or the GPU's peak."""
    if device == "cuda":
        import torch

        return int(torch.cuda.max_memory_allocated())
    import psutil

    return int(psutil.Process().memory_info().rss)
