"""Write a run's settings and figures for MLflow or Weights & Biases as well, where somebody asked for it.

`mlflow:FOLDER` fills an MLflow file, `wandb:FOLDER` an offline run of Weights & Biases. Nothing is sent anywhere. A log
that cannot be written never stops a training.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from pipelines.errors import CurationError

LOG = logging.getLogger("workbench.run_log")
# What can be logged to: the packages that it takes, its name.
_KINDS = {"mlflow": (("mlflow", "sqlalchemy"), "MLflow"), "wandb": (("wandb",), "Weights & Biases")}


class _Log(Protocol):
    def write(self, figures: Mapping[str, float], step: int) -> None: ...

    def end(self, result: Mapping[str, float], tags: Mapping[str, str], step: int, *, cancelled: bool) -> None: ...


def log_place(text: str) -> str:
    """Check where a run is to be logged, and return that with its folder in full.

    Args:
        text: `mlflow:FOLDER` or `wandb:FOLDER`.

    Raises:
        CurationError: something else, a place that is no folder, or the package is not installed.
    """
    kind, _, folder = text.partition(":")
    if kind not in _KINDS or not folder.strip() or "://" in folder:
        remedy = "Name a folder: --log mlflow:FOLDER, or --log wandb:FOLDER"
        raise CurationError(f"A run cannot be logged to '{text}'.", remedy)
    path = Path(folder.strip()).expanduser().absolute()
    if path.exists() and not path.is_dir():
        raise CurationError(f"{path} is a file, not a folder.", "Choose a folder.")
    packages, title = _KINDS[kind]
    if not all(find_spec(name) for name in packages):
        raise CurationError(f"{title} is not installed, so the run cannot be logged.", f"pip install '.[{kind}]'")
    return f"{kind}:{path}"


class RunLog:
    """One run's log; does nothing after its first failure, which it notes in the run's own log."""

    def __init__(self, place: str, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._clock, self._folder, self._broken = clock, folder, False
        self._kind, _, where = place.partition(":")
        self._log: _Log | None = None
        self._guarded(lambda: self._open(Path(where)))

    def row(self, row: Mapping[str, Any]) -> None:
        """Add the figures of one step; `step` says which."""
        self._guarded(lambda: self._write(row))

    def end(self, state: str) -> None:
        """Add what the run's result says, and its state (`cancelled`, or whatever else it ended as)."""
        self._guarded(lambda: self._end(state))

    def _open(self, place: Path) -> None:
        settings = json.loads((self._folder / "settings.json").read_text("utf-8"))["train"]
        opened = (place, self._folder, settings, self._folder / f"{self._kind}_run.txt", self._clock)
        if self._kind == "wandb":
            from workbench.jobs.wandb_log import WandbLog

            self._log = WandbLog(*opened)
        else:
            from workbench.jobs.mlflow_log import MlflowLog

            self._log = MlflowLog(*opened)

    def _write(self, row: Mapping[str, Any]) -> None:
        assert self._log is not None
        self._log.write(_figures({key: value for key, value in row.items() if key != "step"}), int(row["step"]))

    def _end(self, state: str) -> None:
        assert self._log is not None
        result_file = self._folder / "result.json"
        result = json.loads(result_file.read_text("utf-8")) if result_file.is_file() else {}
        told = ("version", "adapter_sha256", "base_sha256")
        tags = {name: str(result.get(name, "")) for name in told} if result else {}
        figures = _figures({f"result_{key}": value for key, value in result.items()})
        self._log.end(figures, tags, int(result.get("steps", 0)), cancelled=state == "cancelled")

    def _guarded(self, action: Callable[[], None]) -> None:
        if self._broken:
            return
        try:
            action()
        except Exception:
            self._broken = True
            LOG.exception("The run is no longer logged to %s; the training goes on", _KINDS[self._kind][1])


def _figures(values: Mapping[str, Any]) -> dict[str, float]:
    """Return what is a number."""
    return {
        key: float(value)
        for key, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
