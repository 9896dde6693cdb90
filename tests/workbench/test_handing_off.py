"""Hand-offs of a run through the project, and the check that reloads them."""

import json
from pathlib import Path

import pytest

from pipelines.errors import CurationError
from pipelines.handoff.push import PushPlan
from tests.pipelines.handoff.conftest import make_adapter
from workbench.handing_off import verify_folder
from workbench.project import Project
from workbench.store.runs import RunRecord


@pytest.fixture
def with_run(project: Project) -> Project:
    """A project with a run whose adapter is there, on the embedded base."""
    record = RunRecord("run-0001", "v1", "curated", "default", "lora", {"rank": 4}, 12, 2, project.store.now())
    project.store.runs.add_run(record)
    make_adapter("default", project.folder / "runs" / "run-0001" / "adapter")
    return project


@pytest.mark.parametrize("target", ["hf", "merged", "ollama", "vllm"])
def test_a_hand_off_is_verified_and_a_changed_one_is_found(with_run: Project, tmp_path: Path, target: str) -> None:
    report = with_run.handing_off.hand_off("run-0001", tmp_path / "out", target)
    told = json.loads((tmp_path / "out" / "handoff.json").read_text("utf-8"))
    assert told["version"] == "v1"
    assert set(told["files"]) == set(report.files)
    checked = verify_folder(tmp_path / "out")
    assert checked.passed
    if target != "ollama":
        assert checked.same_answers == checked.probes == report.same_answers == 3
        assert checked.largest_difference is not None
        assert checked.largest_difference < 1e-3
    if target == "hf":
        with_run.handing_off.hand_off("run-0001", tmp_path / "out", target)  # over an earlier one
    (tmp_path / "out" / "README.md").write_text("changed")
    assert "README.md was changed" in verify_folder(tmp_path / "out").problems


def test_refusals_leave_nothing_behind(with_run: Project, tmp_path: Path) -> None:
    with pytest.raises(CurationError, match="no run 'run-0009'"):
        with_run.handing_off.hand_off("run-0009", tmp_path / "out")
    with pytest.raises(CurationError, match="no target 'onnx'"):
        with_run.handing_off.hand_off("run-0001", tmp_path / "out", "onnx")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    with pytest.raises(CurationError, match=r"other files, such as mine\.txt"):
        with_run.handing_off.hand_off("run-0001", tmp_path / "other")
    assert not (tmp_path / "out").exists()


def test_pushing_is_a_dry_run_until_yes(with_run: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from workbench.cli.commands.handoff_command import command

    sent: list[tuple[Path, str, bool]] = []

    def push(folder: Path, plan: PushPlan, *, api: object) -> str:
        sent.append((folder, plan.name, plan.private))
        return "https://hub.example/me/model"

    monkeypatch.setattr("pipelines.handoff.push.push", push)
    folder = with_run.folder
    with_run.close()
    out = tmp_path / "out"
    asked = [str(folder), "run-0001", "--to", str(out), "--push", "me/model", "--private"]
    dry = CliRunner().invoke(command, asked)
    assert dry.exit_code == 0
    assert "Nothing was sent" in dry.stdout
    assert "me/model on the Hugging Face Hub, private" in dry.stdout
    assert sent == []
    real = CliRunner().invoke(command, [*asked, "--yes", "--json"])
    told = json.loads(real.stdout)["push"]
    assert told["sent"] == "https://hub.example/me/model"
    assert set(told["files"]) == {path.name for path in out.iterdir()}
    assert sent == [(out, "me/model", True)]
    assert CliRunner().invoke(command, [str(folder), "run-0001", "--to", str(out), "--yes"]).exit_code == 2
    with pytest.raises(CurationError, match="no name on the Hub"):
        CliRunner().invoke(command, [*asked[:-2], "a/b/c"], catch_exceptions=False)
