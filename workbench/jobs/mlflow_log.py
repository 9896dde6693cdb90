"""A run's settings and figures in MLflow's own file.

`FOLDER/mlflow.db` is a SQLite file that `mlflow ui --backend-store-uri sqlite:///FOLDER/mlflow.db` shows; the
experiment is the project, the run is called as it is here. MLflow's own usage statistics are turned off before it
is loaded.

Source: MLflow 3.17, `MlflowClient` and its documentation "Usage Tracking".
Not covered: MLflow servers, artifacts.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

# MLflow's own limit of what one call takes.
PARAMETERS_AT_ONCE = 100


class MlflowLog:
    """One run in an MLflow file; a resumed run goes on in the same one."""

    def __init__(
        self, place: Path, run_folder: Path, settings: Mapping[str, Any], remembered: Path, clock: Callable[[], float]
    ) -> None:
        os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
        from mlflow import MlflowClient
        from mlflow.entities import Param

        place.mkdir(parents=True, exist_ok=True)
        self._clock = clock
        self._client: Any = MlflowClient(tracking_uri=f"sqlite:///{place / 'mlflow.db'}")
        if remembered.is_file():
            self._id = remembered.read_text("utf-8").strip()
            self._client.update_run(self._id, status="RUNNING")
            return
        name = run_folder.parent.parent.name
        known = self._client.get_experiment_by_name(name)
        uri = (place / "artifacts").as_uri()
        experiment = known.experiment_id if known else self._client.create_experiment(name, artifact_location=uri)
        self._id = self._client.create_run(experiment, run_name=run_folder.name).info.run_id
        remembered.write_text(self._id + "\n", "utf-8")
        parameters = [Param(key, str(value)[:500]) for key, value in settings.items()]
        for start in range(0, len(parameters), PARAMETERS_AT_ONCE):
            self._client.log_batch(self._id, params=parameters[start : start + PARAMETERS_AT_ONCE])

    def write(self, figures: Mapping[str, float], step: int) -> None:
        """Add figures of a step."""
        from mlflow.entities import Metric

        now = int(self._clock() * 1000)
        self._client.log_batch(self._id, metrics=[Metric(key, value, now, step) for key, value in figures.items()])

    def end(self, result: Mapping[str, float], tags: Mapping[str, str], step: int, *, cancelled: bool) -> None:
        """Add what came of the run, and end it."""
        if result:
            self.write(result, step)
        for name, value in tags.items():
            self._client.set_tag(self._id, name, value)
        self._client.set_terminated(self._id, "KILLED" if cancelled else "FINISHED")
