"""Runs logged for MLflow and W&B: read back where these are installed; refused with the remedy where they are not."""

import json
import logging
import socket
import struct
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


@pytest.mark.parametrize("text", ["wandb", "wandb:", "mlflow", "mlflow:", "mlflow:http://elsewhere.example", "csv:/x"])
def test_only_a_folder_is_a_place(text: str) -> None:
    with pytest.raises(CurationError, match="cannot be logged to") as caught:
        log_place(text)
    assert "mlflow:FOLDER" in caught.value.remedy
    assert "wandb:FOLDER" in caught.value.remedy


@pytest.mark.parametrize(("kind", "title"), [("mlflow", "MLflow"), ("wandb", "Weights & Biases")])
def test_a_file_is_no_place_and_a_missing_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, title: str
) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(CurationError, match="is a file"):
        log_place(f"{kind}:{tmp_path / 'file'}")
    monkeypatch.setattr(run_log, "find_spec", lambda name: None)
    with pytest.raises(CurationError, match=f"{title} is not installed") as caught:
        log_place(f"{kind}:{tmp_path}")
    assert caught.value.remedy == f"pip install '.[{kind}]'"
    monkeypatch.setattr(run_log, "find_spec", lambda name: name)
    assert log_place(f"{kind}:{tmp_path}/x") == f"{kind}:{tmp_path}/x"


@pytest.mark.parametrize("kind", ["mlflow", "wandb"])
def test_a_log_that_cannot_be_written_stops_nothing_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    (tmp_path / "blocked").write_text("a file where the folder should be")
    with caplog.at_level(logging.ERROR, logger="workbench.run_log"):
        log = RunLog(f"{kind}:{tmp_path / 'blocked'}", run_folder(tmp_path))
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


@pytest.mark.filterwarnings("ignore")
def test_an_offline_run_of_wandb_holds_what_was_logged_and_nothing_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb")
    for name in ("WANDB_MODE", "WANDB_ERROR_REPORTING", "WANDB_SILENT", "DO_NOT_TRACK"):
        monkeypatch.setenv(name, "")  # what the log sets is taken back after the test
    monkeypatch.setenv("WANDB_API_KEY", "a" * 40)
    folder, place = run_folder(tmp_path), f"wandb:{tmp_path / 'log'}"
    log = RunLog(place, folder)
    log.row({"step": 1, "loss": 0.5, "validation_loss": None, "kind": "text"})
    log.row({"step": 2, "loss": 0.4, "validation_loss": 0.6})
    log.end("cancelled")
    again = RunLog(place, folder)
    again.row({"step": 4, "loss": 0.3})
    (folder / "result.json").write_text(json.dumps(RESULT), "utf-8")
    again.end("finished")
    files = list((tmp_path / "log" / "wandb").glob("offline-run-*/run-*.wandb"))
    files.sort(key=lambda path: path.stat().st_mtime_ns)
    first, second = (wandb_records(path) for path in files)
    runs = [record.run for record in (*first, *second) if record.WhichOneof("record_type") == "run"]
    assert {(run.project, run.display_name) for run in runs} == {("my-project", "run-0001")}
    assert len({run.run_id for run in runs}) == 1
    assert {item.key: item.value_json for item in runs[0].config.update}["rank"] == "4"
    assert {run.host for run in runs} == {"localhost"}
    rows = [figures(record.history.item) for record in first if record.WhichOneof("record_type") == "history"]
    assert [{key: row.get(key) for key in ("_step", "loss", "validation_loss")} for row in rows] == [
        {"_step": 1, "loss": 0.5, "validation_loss": None},
        {"_step": 2, "loss": 0.4, "validation_loss": 0.6},
    ]
    assert not any("kind" in row for row in rows)
    told: dict[str, Any] = {}
    for record in second:
        if record.WhichOneof("record_type") == "summary":
            told |= figures(record.summary.update)
    assert (told["result_best_validation_loss"], told["version"], told["state"]) == (0.25, "v1", "finished")
    held = b"".join(path.read_bytes() for path in files)
    assert b"a" * 40 not in held
    assert socket.gethostname().encode() not in held


def figures(items: Any) -> dict[str, Any]:
    return {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in items}


def wandb_records(path: Path) -> list[Any]:
    """Read a transaction log: seven bytes, then blocks of 32 KiB of records as LevelDB's log has them.

    Each is a checksum (four bytes), a length (two), a kind (one: whole, first, middle, last), and a message.
    """
    from wandb.proto import wandb_internal_pb2

    data, place, parts, records = path.read_bytes(), 7, b"", []
    while place + 7 <= len(data):
        left = 32768 - place % 32768
        if left < 7:
            place += left
            continue
        length, kind = struct.unpack("<HB", data[place + 4 : place + 7])
        parts += data[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):
            records.append(wandb_internal_pb2.Record.FromString(parts))
            parts = b""
    return records
