"""Write a run's settings and figures for MLflow as well, where somebody asked for it.

`mlflow:FOLDER` fills `FOLDER/mlflow.db`, a SQLite file that `mlflow ui --backend-store-uri sqlite:///FOLDER/mlflow.db`
shows; the experiment is the project, the run is called as it is here. Nothing is sent anywhere: MLflow's own usage
statistics are turned off before it is loaded. A log that cannot be written never stops a training.

Source: MLflow 3.17, `MlflowClient` and its documentation "Usage Tracking".
Not covered: MLflow servers, artifacts, Weights & Biases.
"""

import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipelines.errors import CurationError

LOG = logging.getLogger("workbench.run_log")
# MLflow's own limit of what one call takes.
PARAMETERS_AT_ONCE = 100


def log_place(text: str) -> str:
    """Check where a run is to be logged, and return that with its folder in full.

    Args:
        text: `mlflow:FOLDER`.

    Raises:
        CurationError: something else, a place that is no folder, or MLflow is not installed.
    """
    kind, _, folder = text.partition(":")
    if kind != "mlflow" or not folder.strip() or "://" in folder:
        raise CurationError(f"A run cannot be logged to '{text}'.", "Name a folder: --log mlflow:FOLDER")
    path = Path(folder.strip()).expanduser().absolute()
    if path.exists() and not path.is_dir():
        raise CurationError(f"{path} is a file, not a folder.", "Choose a folder.")
    if not all(find_spec(name) for name in ("mlflow", "sqlalchemy")):
        raise CurationError("MLflow is not installed, so the run cannot be logged.", "pip install '.[mlflow]'")
    return f"mlflow:{path}"


class RunLog:
    """One run in an MLflow file; does nothing after its first failure, which it notes in the run's own log."""

    def __init__(self, place: str, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._clock, self._folder, self._broken = clock, folder, False
        self._client: Any = None
        self._id = ""
        self._guarded(lambda: self._open(Path(place.partition(":")[2])))

    def row(self, row: Mapping[str, Any]) -> None:
        """Add the figures of one step; `step` says which."""
        self._guarded(lambda: self._write(row, int(row["step"])))

    def end(self, state: str) -> None:
        """Add what the run's result says, and its state (`cancelled`, or whatever else it ended as)."""
        self._guarded(lambda: self._end(state))

    def _open(self, place: Path) -> None:
        os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
        from mlflow import MlflowClient
        from mlflow.entities import Param

        place.mkdir(parents=True, exist_ok=True)
        self._client = MlflowClient(tracking_uri=f"sqlite:///{place / 'mlflow.db'}")
        remembered = self._folder / "mlflow_run.txt"
        if remembered.is_file():  # a resumed run goes on in the same one
            self._id = remembered.read_text("utf-8").strip()
            self._client.update_run(self._id, status="RUNNING")
            return
        name = self._folder.parent.parent.name
        known = self._client.get_experiment_by_name(name)
        uri = (place / "artifacts").as_uri()
        experiment = known.experiment_id if known else self._client.create_experiment(name, artifact_location=uri)
        self._id = self._client.create_run(experiment, run_name=self._folder.name).info.run_id
        remembered.write_text(self._id + "\n", "utf-8")
        settings = json.loads((self._folder / "settings.json").read_text("utf-8"))["train"]
        parameters = [Param(key, str(value)[:500]) for key, value in settings.items()]
        for start in range(0, len(parameters), PARAMETERS_AT_ONCE):
            self._client.log_batch(self._id, params=parameters[start : start + PARAMETERS_AT_ONCE])

    def _write(self, values: Mapping[str, Any], step: int) -> None:
        from mlflow.entities import Metric

        now = int(self._clock() * 1000)
        figures = {key: value for key, value in values.items() if key != "step" and _is_figure(value)}
        self._client.log_batch(self._id, metrics=[Metric(key, float(v), now, step) for key, v in figures.items()])

    def _end(self, state: str) -> None:
        result_file = self._folder / "result.json"
        if result_file.is_file():
            result = json.loads(result_file.read_text("utf-8"))
            self._write({f"result_{key}": value for key, value in result.items()}, int(result["steps"]))
            for name in ("version", "adapter_sha256", "base_sha256"):
                self._client.set_tag(self._id, name, str(result.get(name, "")))
        self._client.set_terminated(self._id, "KILLED" if state == "cancelled" else "FINISHED")

    def _guarded(self, action: Callable[[], None]) -> None:
        if self._broken:
            return
        try:
            action()
        except Exception:
            self._broken = True
            LOG.exception("The run is no longer logged to MLflow; the training goes on")


def _is_figure(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
