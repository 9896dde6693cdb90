"""Runs logged for MLflow: read back by MLflow itself where it is installed; refused with the remedy where it is not."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import CurationError
from pipelines.training.settings import TrainSettings
from workbench.jobs import run_log
from workbench.jobs.run_log import RunLog, log_place
from workbench.jobs.settings import TrainJob, write_job

RESULT = {"steps": 4, "best_validation_loss": 0.25, "version": "v1", "adapter_sha256": "ab", "state": "finished"}


def run_folder(place: Path) -> Path:
    folder = place / "my-project" / "runs" / "run-0001"
    write_job(folder, TrainJob(train=TrainSettings(rank=4)))
    return folder


@pytest.mark.parametrize("text", ["wandb", "mlflow", "mlflow:", "mlflow:http://elsewhere.example", "csv:/x"])
def test_only_a_folder_for_mlflow_is_a_place(text: str) -> None:
    with pytest.raises(CurationError, match="cannot be logged to") as caught:
        log_place(text)
    assert "mlflow:FOLDER" in caught.value.remedy


def test_a_file_is_no_place_and_a_missing_mlflow_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(CurationError, match="is a file"):
        log_place(f"mlflow:{tmp_path / 'file'}")
    monkeypatch.setattr(run_log, "find_spec", lambda name: None)
    with pytest.raises(CurationError, match="not installed") as caught:
        log_place(f"mlflow:{tmp_path}")
    assert "pip install" in caught.value.remedy


def test_a_log_that_cannot_be_written_stops_nothing_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "blocked").write_text("a file where the folder should be")
    with caplog.at_level(logging.ERROR, logger="workbench.run_log"):
        log = RunLog(f"mlflow:{tmp_path / 'blocked'}", run_folder(tmp_path))
        log.row({"step": 1, "loss": 0.5})
        log.end("finished")
    assert len(caplog.records) == 1


@pytest.mark.filterwarnings("ignore")
def test_mlflow_reads_back_what_was_logged_also_after_a_resume(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")
    mlflow: Any = pytest.importorskip("mlflow")
    folder, place = run_folder(tmp_path), f"mlflow:{tmp_path / 'log'}"
    log = RunLog(place, folder)
    log.row({"step": 1, "loss": 0.5, "validation_loss": None, "kind": "text"})
    log.row({"step": 2, "loss": 0.4, "validation_loss": 0.6})
    log.end("cancelled")
    again = RunLog(place, folder)
    again.row({"step": 4, "loss": 0.3})
    (folder / "result.json").write_text(json.dumps(RESULT), "utf-8")
    again.end("finished")
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'log' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("my-project")
    (run,) = client.search_runs([experiment.experiment_id])
    assert (run.info.run_name, run.info.status) == ("run-0001", "FINISHED")
    assert run.data.params["rank"] == "4"
    history = client.get_metric_history(run.info.run_id, "loss")
    assert sorted((entry.step, entry.value) for entry in history) == [(1, 0.5), (2, 0.4), (4, 0.3)]
    assert run.data.metrics["result_best_validation_loss"] == 0.25
    assert "kind" not in run.data.metrics
    assert run.data.tags["version"] == "v1"
