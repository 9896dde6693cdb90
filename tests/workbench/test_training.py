"""Runs of a project: checked, started, started again from their record, queued, swept and compared."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipelines.errors import CurationError
from tests.pipelines.training.tiny_model import make_tiny_model
from tests.workbench.conftest import Clock, chat, support_examples
from workbench.project import Project


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_tiny_model(tmp_path_factory.mktemp("base") / "tiny-base"))


@pytest.fixture(scope="module")
def split_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project of 80 examples, kept and split: about 64 to train on."""
    import json

    folder = tmp_path_factory.mktemp("training")
    path = folder / "examples.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in support_examples(80)), "utf-8")
    with Project.create(folder / "project", Clock()) as project:
        project.importing.import_files([path])
        project.splitting.split(include_pending=True)
        yield project


def values(base: str, **changes: object) -> dict[str, object]:
    return {"base": base, "rank": 2, "alpha": 4, "epochs": 1, "batch_size": 8, "learning_rate": 1e-2, **changes}


def adapter(project: Project, run_id: str) -> bytes:
    return (project.training.adapter(run_id) / "adapter_model.safetensors").read_bytes()


def test_a_run_from_a_record_gives_the_same_adapter_and_a_comparison_says_so(split_project: Project, base: str) -> None:
    training = split_project.training
    first = training.start(training.settings(values(base), base))
    done = training.wait(first)
    assert done.result is not None
    record = done.result
    assert record["version"] == done.version
    assert record["versions"]["torch"]
    assert all(len(record[name]) == 64 for name in ("base_sha256", "tokenizer_sha256", "template_sha256"))
    assert len(record["adapter_sha256"]) == len(record["data_sha256"]) == 64
    again = training.rerun(first)
    training.wait(again)
    assert adapter(split_project, again) == adapter(split_project, first)
    same = training.compare(first, again)
    assert (same.settings, same.record, same.added, same.removed, same.edited) == ({}, {}, [], [], [])
    assert set(same.results) <= {"seconds"}
    assert training.diagnosis(first)
    assert training.samples(first)[0]["step"] == 0


def test_a_sweep_runs_one_after_the_other_and_each_differs_in_its_setting(split_project: Project, base: str) -> None:
    training = split_project.training
    settings = training.settings(values(base, epochs=0.2), base)
    ids = training.sweep(settings, {"rank": ["1", "2"]})
    runs = [training.wait(run_id) for run_id in ids]
    assert [run.settings["rank"] for run in runs] == [1, 2]
    assert [run.state for run in runs] == ["finished", "finished"]
    differing = training.compare(*ids)
    assert differing.settings == {"rank": (1, 2)}
    assert differing.results["adapter_sha256"]
    statuses = [(split_project.folder / "runs" / run_id / "status.json") for run_id in ids]
    assert '"started_at"' in statuses[0].read_text()
    # The second trains only once the first is over.
    metrics = [(split_project.folder / "runs" / run_id / "metrics.jsonl").stat().st_ctime for run_id in ids]
    result = (split_project.folder / "runs" / ids[0] / "result.json").stat().st_mtime
    assert metrics[1] >= result
    with pytest.raises(CurationError, match="one or two settings"):
        training.sweep(settings, {"rank": list(range(1, 40))})
    with pytest.raises(CurationError, match="rank"):
        training.sweep(settings, {"rank": ["many"]})


def test_the_check_names_ids_and_the_estimate_reads_the_projects_own_prices(split_project: Project, base: str) -> None:
    training = split_project.training
    settings = training.settings(values(base, max_length=64), base)
    found = training.check(settings)
    (cut,) = [finding for finding in found.findings if finding.kind == "truncated"]
    assert len(cut.example_ids) == len(cut.examples) > 0
    assert all(len(example) == 32 for example in cut.example_ids)
    taken = training.estimate(settings)
    assert taken.fits_here
    prices = training.prices_file()
    prices.write_text(prices.read_text().replace('"H100"', '"My GPU"'))
    assert training.estimate(settings).gpus[0].gpu == "My GPU"


def test_under_fifty_examples_a_run_must_be_forced(
    project: Project, write_jsonl: Callable[..., Path], base: str
) -> None:
    project.importing.import_files([write_jsonl("few.jsonl", support_examples(30))])
    project.splitting.split(include_pending=True)
    settings = project.training.settings(values(base, epochs=0.1), base)
    with pytest.raises(CurationError, match="below 50") as caught:
        project.training.start(settings)
    assert "--force" in caught.value.remedy
    assert project.training.runs() == []
    run_id = project.training.start(settings, force=True)
    assert project.training.wait(run_id).state == "finished"


def test_data_that_differ_are_told_by_id(split_project: Project, base: str) -> None:
    from pipelines.examples import canonical_messages, example_id_of

    training = split_project.training
    first = training.start(training.settings(values(base, epochs=0.2), base))
    training.wait(first)
    other = training.rerun(first)
    training.wait(other)
    path = split_project.folder / "runs" / other / "data" / "train.jsonl"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    new = canonical_messages(chat("new", "example")["messages"])
    path.write_text("".join(lines[1:]) + f'{{"messages":{new}}}\n', "utf-8")
    differing = training.compare(first, other)
    assert differing.added == [example_id_of(new)]
    assert len(differing.removed) == 1
