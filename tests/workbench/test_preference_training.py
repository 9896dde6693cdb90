"""Preference training through a project: which pairs it gets, what it goes on with, and what is made of the run."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from pipelines.errors import CurationError
from pipelines.examples import canonical_messages, example_id_of
from tests.pipelines.training.tiny_model import make_tiny_model
from tests.workbench.conftest import Clock, support_examples
from workbench.cli.main import workbench
from workbench.handing_off import verify_folder
from workbench.project import Project

TINY: dict[str, Any] = {"rank": 2, "alpha": 4, "epochs": 0.3, "batch_size": 8, "learning_rate": 1e-2}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_tiny_model(tmp_path_factory.mktemp("base") / "tiny-base"))


def preference_rows(count: int) -> list[dict[str, Any]]:
    rows = []
    for row in support_examples(count):
        prompt, answer = row["messages"]
        rows.append({"prompt": [prompt], "chosen": [answer], "rejected": [{**answer, "content": "No idea."}]})
    return rows


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture(scope="module")
def paired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """80 pairs kept and split, the first of them with a second rejected answer, and every held-out example rated."""
    folder = tmp_path_factory.mktemp("pairs")
    rows = preference_rows(80)
    rows.append({**rows[0], "rejected": [{"role": "assistant", "content": "Ask somebody else."}]})
    with Project.create(folder / "project", Clock()) as project:
        project.importing.import_files([write(folder / "pairs.jsonl", rows)])
        project.splitting.split(include_pending=True)
        splits = project.tables.table("splits")
        for split in ("validation", "test"):
            ids = splits.filter(pl.col("split") == split)["example_id"].to_list()
            for variant in ("good", "bad"):
                told = write(folder / "a.jsonl", [{"example_id": one, "text": f"{variant} answer"} for one in ids])
                report = project.importing_results.import_outputs(told, variant, split=split)
            project.comparing.results(report.evaluation)
            said = [
                {"rater": "ada", "example_id": one, "left": "good", "right": "bad", "choice": "left"} for one in ids
            ]
            project.importing_results.import_ratings(write(folder / "r.jsonl", said), report.evaluation)
        yield project


def ids_of(project: Project, split: str) -> set[str]:
    splits = project.tables.table("splits")
    return set(splits.filter(pl.col("split") == split)["example_id"])


def prompt_of(row: dict[str, Any]) -> str:
    return canonical_messages(row["messages"][:-1])


def test_pairs_stand_on_the_side_of_their_example_and_none_is_of_the_test_split(paired: Project) -> None:
    train, validation = (paired.training.pairs("curated", split) for split in ("train", "validation"))
    sides = {split: ids_of(paired, split) for split in ("train", "validation", "test")}
    assert set(train.ids) == sides["train"]
    assert set(validation.ids) == sides["validation"]
    # Every imported pair once, a second rejected answer is a second pair; ratings only on the validation side.
    assert train.imported + validation.imported + len(sides["test"]) in (80, 81)
    assert (train.rated, validation.rated) == (0, len(sides["validation"]))
    raw = paired.training.pairs("raw", "train")
    assert not set(raw.ids) & (sides["test"] | sides["validation"])
    for pair in (*train.pairs, *validation.pairs):
        assert pair.chosen[:-1] == pair.rejected[:-1]
        assert pair.chosen[-1] != pair.rejected[-1]


def test_a_run_goes_on_from_another_is_compared_and_handed_off(paired: Project, base: str, tmp_path: Path) -> None:
    training = paired.training
    first = training.start(training.settings({**TINY, "base": base}, base))
    training.wait(first)
    chosen = {"method": "dpo", "starts_from": first, "epochs": 0.3, "batch_size": 8}
    settings = training.settings(chosen)
    # Base and shape are those of the run that it goes on with.
    assert (settings.base, settings.rank, settings.alpha, settings.dropout) == (base, 2, 4, 0.0)
    found = training.check(settings)
    assert found.ok
    assert found.titles[:2] == ["Pair 1, chosen", "Pair 1, rejected"]
    assert training.estimate(settings).tokens == found.tokens
    run_id = training.start(settings)
    run = training.wait(run_id)
    assert (run.state, run.method) == ("finished", "dpo")
    folder = paired.folder / "runs" / run_id
    assert (folder / "data" / "start" / "adapter_model.safetensors").read_bytes() == (
        paired.folder / "runs" / first / "adapter" / "adapter_model.safetensors"
    ).read_bytes()
    sealed = ids_of(paired, "test")
    texts = {json.dumps(row) for row in support_examples(80) if example_of(row) in sealed}
    prompts = {prompt_of(json.loads(text)) for text in texts}
    for name in ("train", "validation"):
        lines = (folder / "data" / f"{name}.jsonl").read_text("utf-8").splitlines()
        assert lines
        assert not prompts & {prompt_of(json.loads(line)) for line in lines}
    told = training.metrics(run_id)
    assert told["preference_accuracy"].drop_nulls().len() >= 2
    assert run.result is not None
    assert run.result["preference_low"] <= run.result["preference_accuracy"] <= run.result["preference_high"]
    again = training.rerun(run_id)
    training.wait(again)
    assert training.compare(run_id, again).results.keys() <= {"seconds"}
    evaluation = paired.comparing.start([first, run_id], limit=2, variants=["base", "tuned"])
    assert paired.comparing.wait(evaluation).state == "finished"
    paired.handing_off.hand_off(run_id, tmp_path / "out", "merged")
    assert verify_folder(tmp_path / "out").passed
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert f"direct preference optimisation (DPO) on {run.train_examples} preference pairs" in card
    assert f"going on from the adapter of {first}" in card


def example_of(row: dict[str, Any]) -> str:
    return example_id_of(canonical_messages(row["messages"]))


def test_the_command_line_starts_from_the_base_and_tells_the_figures(paired: Project, base: str) -> None:
    folder = paired.folder
    paired.close()
    options = [f"--set={name}={value}" for name, value in TINY.items()]
    ran = CliRunner().invoke(workbench, ["train", str(folder), "--base", base, "--method", "dpo", "--json", *options])
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)["run"]
    assert told["method"] == "dpo"
    assert told["result"]["preference_accuracy"] is not None
    refused = CliRunner().invoke(workbench, ["train", str(folder), "--method", "dpo", "--from", "run-0099"])
    assert isinstance(refused.exception, CurationError)
    assert "no run 'run-0099'" in refused.exception.message


def test_without_pairs_it_says_why_and_what_to_do(project: Project, tmp_path: Path, base: str) -> None:
    rows = support_examples(60)
    same = {"prompt": "What now?", "chosen": "Wait.", "rejected": "Wait."}
    project.importing.import_files([write(tmp_path / "plain.jsonl", rows), write(tmp_path / "same.jsonl", [same])])
    project.splitting.split(include_pending=True)
    settings = project.training.settings({"method": "dpo"}, base)
    with pytest.raises(CurationError, match="no preference pair to train on") as caught:
        project.training.start(settings)
    assert "chosen and rejected" in caught.value.remedy
    few = write(tmp_path / "few.jsonl", preference_rows(90)[60:])
    project.importing.import_files([few])
    project.splitting.split(include_pending=True)
    with pytest.raises(CurationError, match=r"Only \d+ pairs can be trained on"):
        project.training.start(settings)
    assert project.training.runs() == []


def test_a_run_of_another_version_or_without_adapter_is_not_gone_on_with(
    project: Project, tmp_path: Path, base: str
) -> None:
    project.importing.import_files([write(tmp_path / "pairs.jsonl", preference_rows(70))])
    project.splitting.split(include_pending=True)
    training = project.training
    whole = training.start(training.settings({**TINY, "epochs": 0.1, "method": "full", "base": base}, base))
    training.wait(whole)
    with pytest.raises(CurationError, match="tuned all weights"):
        training.start(training.settings({"method": "dpo", "starts_from": whole}))
    run_id = training.start(training.settings({**TINY, "epochs": 0.1, "base": base}, base))
    training.wait(run_id)
    assert [run.run_id for run in training.to_start_from()] == [run_id]
    settings = training.settings({"method": "dpo", "starts_from": run_id})
    project.importing.import_files([write(tmp_path / "more.jsonl", preference_rows(80)[70:])])
    project.splitting.split(include_pending=True)
    with pytest.raises(CurationError, match="another dataset version"):
        training.start(settings)
    with pytest.raises(CurationError, match="not on 'default'"):
        training.start(settings.model_copy(update={"base": "default"}))
