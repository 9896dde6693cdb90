import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipelines.errors import CurationError
from pipelines.generation.settings import GenerationSettings
from pipelines.training.settings import TrainSettings
from tests.pipelines.training.tiny_model import conversations, write_chat
from workbench.jobs.files import JobStatus, read_metrics, read_status, write_process, write_status
from workbench.jobs.process import cancel_job, job_status, resume_job, start_job, wait_job
from workbench.jobs.settings import GenerateJob, TrainJob, Variant, write_job

TIMEOUT = 240.0


def train_folder(folder: Path, base: Path, **changes: Any) -> Path:
    told = {"rank": 4, "alpha": 8, "learning_rate": 1e-2, "epochs": 40, "batch_size": 4, "patience": 0}
    settings = TrainSettings(base=str(base), **{**told, "evaluate_every": 20, "dropout": 0.0, **changes})
    write_job(folder, TrainJob(train=settings))
    write_chat(folder / "data" / "train.jsonl", conversations(20))
    write_chat(folder / "data" / "validation.jsonl", conversations(4, offset=100))
    return folder


def wait_for_step(folder: Path, step: int) -> None:
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        rows = read_metrics(folder / "metrics.jsonl")
        status = job_status(folder)
        if rows and rows[-1]["step"] >= step:
            return
        assert status is not None
        assert not status.over, status
        time.sleep(0.02)
    raise AssertionError("no such step in time")


def test_a_killed_trainer_is_seen_and_resumes_to_the_same_adapter(tiny_base: Path, tmp_path: Path) -> None:
    whole = train_folder(tmp_path / "whole", tiny_base)
    start_job(whole, "train")
    killed = train_folder(tmp_path / "killed", tiny_base)
    pid = start_job(killed, "train")
    with pytest.raises(CurationError, match="going on already"):
        start_job(killed, "train")
    wait_for_step(killed, 45)
    os.kill(pid, signal.SIGKILL)
    died = wait_job(killed, timeout=TIMEOUT)
    assert died.state == "failed"
    assert died.error is not None
    assert "Resume" in died.error["remedy"]
    assert (killed / "adapter" / "adapter_model.safetensors").is_file()
    resume_job(killed)
    told: list[float] = []
    assert wait_job(killed, lambda share, message: told.append(share), timeout=TIMEOUT).state == "finished"
    assert wait_job(whole, timeout=TIMEOUT).state == "finished"
    adapters = [folder / "adapter" / "adapter_model.safetensors" for folder in (whole, killed)]
    assert adapters[0].read_bytes() == adapters[1].read_bytes()
    # 20 examples in batches of 4, 40 epochs: 200 steps; no step twice, none missing, though some were done again.
    assert [row["step"] for row in read_metrics(killed / "metrics.jsonl")] == list(range(201))
    assert told[-1] == 1.0
    with pytest.raises(CurationError, match="is finished"):
        resume_job(killed)


def test_a_cancelled_run_leaves_an_adapter_and_a_checkpoint(tiny_base: Path, tmp_path: Path) -> None:
    folder = train_folder(tmp_path / "run", tiny_base, epochs=1000, evaluate_every=500)
    start_job(folder, "train")
    wait_for_step(folder, 1)
    status = cancel_job(folder, wait_seconds=60)
    assert status is not None
    assert (status.state, status.error) == ("cancelled", None)
    assert (folder / "adapter" / "adapter_model.safetensors").is_file()
    assert json.loads((folder / "result.json").read_text())["state"] == "cancelled"
    assert any((folder / "checkpoints").iterdir())


def test_bad_settings_fail_with_message_and_remedy(tmp_path: Path) -> None:
    folder = train_folder(tmp_path / "run", tmp_path / "no-model-here")
    start_job(folder, "train")
    status = wait_job(folder, timeout=TIMEOUT)
    assert status.state == "failed"
    assert status.error is not None
    assert "no base model folder" in status.error["message"]
    assert "embedded" in status.error["remedy"]
    assert "Traceback" not in (folder / "log.txt").read_text()


def test_variants_answer_in_one_job_and_answered_prompts_are_skipped(tiny_base: Path, tmp_path: Path) -> None:
    from pipelines.generation.generate import generate_outputs
    from pipelines.training.adapter import add_adapter, save_adapter
    from pipelines.training.base import load_base

    adapter = add_adapter(load_base(str(tiny_base))[0], TrainSettings(rank=2, alpha=4))
    save_adapter(adapter, tmp_path / "adapter", str(tiny_base))
    folder = tmp_path / "compare"
    variants = (
        Variant(name="tuned", base=str(tiny_base), adapter=str(tmp_path / "adapter")),
        Variant(name="base", base=str(tiny_base)),
        Variant(name="few-shot", base=str(tiny_base), few_shot=2),
    )
    settings = GenerationSettings(max_new_tokens=8, batch_size=4)
    write_job(folder, GenerateJob(variants=variants, generation=settings))
    asked = conversations(6, offset=50)
    rows = [{"example_id": f"e{i}", "messages": messages[:-1]} for i, messages in enumerate(asked)]
    shots = [{"example_id": f"t{i}", "messages": messages} for i, messages in enumerate(conversations(10))]
    (folder / "data").mkdir()
    (folder / "data" / "prompts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "data" / "few_shot.jsonl").write_text("".join(json.dumps(row) + "\n" for row in shots))
    (folder / "outputs").mkdir()
    known = {"example_id": "e3", "text": "known", "seconds": 0.1}
    (folder / "outputs" / "base.jsonl").write_text(json.dumps(known) + '\n{"example_id": "e4", "te')
    start_job(folder, "generate")
    assert wait_job(folder, timeout=TIMEOUT).state == "finished", (folder / "log.txt").read_text()
    answers = {}
    for variant in ("base", "few-shot", "tuned"):
        lines = (folder / "outputs" / f"{variant}.jsonl").read_text().splitlines()
        answers[variant] = {row["example_id"]: row["text"] for row in map(json.loads, lines)}
        assert sorted(answers[variant]) == [f"e{i}" for i in range(6)]
        assert len(lines) == 6
    model, tokenizer = load_base(str(tiny_base))
    expected = generate_outputs(asked, model, tokenizer, settings)
    assert [answers["base"][f"e{i}"] for i in (0, 1, 2, 4, 5)] == [expected[i] for i in (0, 1, 2, 4, 5)]
    assert answers["base"]["e3"] == "known"
    # A fresh adapter adds nothing yet.
    assert [answers["tuned"][f"e{i}"] for i in range(6)] == expected


def test_a_settings_file_that_was_edited_is_named(tmp_path: Path) -> None:
    with pytest.raises(CurationError, match=r"settings\.json"):
        start_job(tmp_path, "train")
    (tmp_path / "settings.json").write_text('{"kind": "train", "train": {"rank": -3}}')
    with pytest.raises(CurationError, match="rank"):
        start_job(tmp_path, "train")
    write_job(tmp_path, TrainJob(train=TrainSettings()))
    with pytest.raises(CurationError, match="is for 'train'"):
        start_job(tmp_path, "generate")


def test_another_process_with_the_same_pid_is_not_the_job(tmp_path: Path) -> None:
    created = psutil.Process().create_time()
    write_status(tmp_path, JobStatus("running", started_at=0.0))
    write_process(tmp_path, os.getpid(), created)
    alive = job_status(tmp_path)
    assert alive is not None
    assert alive.state == "running"
    write_process(tmp_path, os.getpid(), created - 1000)
    died = job_status(tmp_path)
    assert died is not None
    assert died.state == "failed"
    assert job_status(tmp_path / "empty") is None


def test_a_job_that_ignores_the_request_is_ended(tmp_path: Path) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(300)"
    )
    with subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        write_status(tmp_path, JobStatus("running", started_at=time.time()))
        write_process(tmp_path, child.pid, psutil.Process(child.pid).create_time())
        status = cancel_job(tmp_path, wait_seconds=0.5)
        assert child.wait(10) == -signal.SIGKILL
    assert status is not None
    assert status.state == "cancelled"
    stored = read_status(tmp_path)
    assert stored is not None
    assert stored.state == "cancelled"


def test_starting_jobs_imports_nothing_heavy() -> None:
    code = (
        "import sys; import workbench.jobs.process, workbench.jobs.background, workbench.jobs.settings; "
        "print([n for n in ('torch', 'transformers', 'peft', 'sklearn') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
