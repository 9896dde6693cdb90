"""Each method of training through the application: rerun, compared, served; and what an interrupted wait says."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.errors import CurationError
from pipelines.generation.served import load_tuned
from pipelines.generation.settings import AnswerSettings
from tests.pipelines.training.tiny_model import make_tiny_model
from tests.workbench.conftest import Clock, support_examples
from workbench.project import Project

METHODS: dict[str, dict[str, object]] = {
    "prompt-tuning": {"method": "prompt-tuning", "virtual_tokens": 4, "learning_rate": 0.1},
    "eva": {"start": "eva", "batches": "mixed"},
    "full": {"method": "full", "learning_rate": 1e-3},
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_tiny_model(tmp_path_factory.mktemp("base") / "tiny-base"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("methods")
    path = folder / "examples.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in support_examples(80)), "utf-8")
    with Project.create(folder / "project", Clock()) as made:
        made.importing.import_files([path])
        made.splitting.split(include_pending=True)
        yield made


def started(project: Project, base: str, **changes: object) -> str:
    given = {"base": base, "rank": 2, "alpha": 4, "epochs": 0.5, "batch_size": 8, "learning_rate": 1e-2, **changes}
    return project.training.start(project.training.settings(given, base))


@pytest.fixture(scope="module")
def runs(project: Project, base: str) -> dict[str, str]:
    made = {name: started(project, base, **changes) for name, changes in METHODS.items()}
    assert [project.training.wait(run).state for run in made.values()] == ["finished"] * len(METHODS)
    return made


def weights(project: Project, run_id: str) -> bytes:
    return next(project.training.adapter(run_id).glob("*.safetensors")).read_bytes()


@pytest.mark.parametrize("name", ["prompt-tuning", "eva"])
def test_a_rerun_gives_the_same_bits(project: Project, runs: dict[str, str], name: str) -> None:
    again = project.training.rerun(runs[name])
    project.training.wait(again)
    assert weights(project, again) == weights(project, runs[name])


def test_one_comparison_asks_them_all_and_names_no_place_of_this_machine(
    project: Project, runs: dict[str, str], base: str
) -> None:
    evaluation = project.comparing.start(list(runs.values()), limit=3, split="validation")
    project.comparing.wait(evaluation)
    folder = project.folder / "evaluations" / evaluation
    told = (folder / "settings.json").read_text("utf-8")
    assert str(project.folder) not in told
    variants = {one["name"]: one for one in json.loads(told)["variants"]}
    tuned = {name: one for name, one in variants.items() if name.startswith("tuned")}
    assert len(tuned) == len(METHODS)
    for one in tuned.values():
        near = one["adapter"] or one["base"]
        assert (folder / near).resolve().is_relative_to((project.folder / "runs").resolve())
    lines = {name: (folder / "outputs" / f"{name}.jsonl").read_text().splitlines() for name in variants}
    assert {len(rows) for rows in lines.values()} == {3}


def test_a_run_with_a_soft_prompt_is_served_and_not_gone_on_with(
    project: Project, runs: dict[str, str], base: str
) -> None:
    served = load_tuned(base, project.training.adapter(runs["prompt-tuning"]))
    answer = served.answer([{"role": "user", "content": "Hello"}], AnswerSettings(max_new_tokens=4))
    assert answer.completion_tokens > 0
    with pytest.raises(CurationError, match="no LoRA run"):
        project.training.check(
            project.training.settings({"method": "dpo", "starts_from": runs["prompt-tuning"], "base": base}, base)
        )


def test_qlora_is_refused_before_a_folder_is_made(project: Project, base: str) -> None:
    before = len(project.training.runs())
    with pytest.raises(CurationError, match="CUDA GPU and bitsandbytes"):
        started(project, base, method="qlora", bits=8, device="cpu")
    assert len(project.training.runs()) == before


def test_an_interrupted_wait_says_that_the_run_goes_on_and_how_to_cancel_it(tmp_path: Path, base: str) -> None:
    folder = tmp_path / "my project"
    path = tmp_path / "examples.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in support_examples(80)), "utf-8")
    with Project.create(folder, Clock()) as made:
        made.importing.import_files([path])
        made.splitting.split(include_pending=True)
    told = ["--base", base, "--set", "epochs=500", "--set", "patience=0", "--set", "rank=2"]
    command = [sys.executable, "-m", "workbench.cli.main", "train", str(folder)]
    waiting = subprocess.Popen(
        [*command, *told], stderr=subprocess.PIPE, text=True, env=os.environ, start_new_session=True
    )
    status = folder / "runs" / "run-0001" / "metrics.jsonl"
    deadline = time.monotonic() + 120
    while not status.is_file() and time.monotonic() < deadline:
        time.sleep(0.1)
    waiting.send_signal(signal.SIGINT)
    _, said = waiting.communicate(timeout=60)
    assert waiting.returncode == 130
    assert "run-0001 goes on in the background" in said
    line = next(line for line in said.splitlines() if "Cancel:" in line)
    assert line.endswith(f"train '{folder}' --cancel run-0001")
    with Project.open(folder) as opened:
        assert opened.training.run("run-0001").state == "running"
    done = subprocess.run([*command, "--cancel", "run-0001"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "run-0001: cancelled"
    with Project.open(folder) as opened:
        assert opened.training.adapter("run-0001").is_dir()
