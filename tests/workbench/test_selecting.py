"""Dropping the worst share of a project: seen first, one batch, undone as one, and never what a person kept."""

import json

import pytest
from click.testing import CliRunner

from pipelines.errors import CurationError
from workbench.cli.main import workbench
from workbench.project import Project
from workbench.reviewing import Filter


@pytest.fixture
def curated(project: Project, write_jsonl, word_encoder) -> Project:
    rows = [{"prompt": f"Where is my parcel {n}?", "completion": f"It comes on day {n} at noon."} for n in range(50)]
    rows += [{"prompt": f"Where is my invoice {n}?", "completion": "[insert answer here]"} for n in range(10)]
    project.importing.import_files([write_jsonl("a.jsonl", rows)])
    project.curation.curate(["embeddings", "quality"])
    return project


def test_the_plan_decides_nothing_and_the_drop_is_undone_as_one(curated: Project) -> None:
    plan = curated.selecting.plan(0.1)
    assert len(plan.removed["worst"]) == 6
    assert curated.reviewing.count(Filter(state="dropped")) == 0
    assert curated.selecting.sample(plan)["completion"].unique().to_list() == ["[insert answer here]"]
    done = curated.selecting.drop(0.1, "ada")
    assert done.dropped == 6
    assert sorted(curated.reviewing.queue(Filter(state="dropped"))) == sorted(plan.removed["worst"])
    assert curated.reviewing.undo("ada").batch == done.batch
    assert curated.reviewing.count(Filter(state="dropped")) == 0


def test_what_a_person_kept_stays(curated: Project) -> None:
    first = curated.selecting.plan(0.1).removed["worst"][0]
    curated.reviewing.decide([first], "keep", "ada")
    for way in ("worst", "random", "shortest"):
        assert first not in curated.selecting.plan(0.9).removed[way]


def test_there_is_no_plan_before_quality_and_no_unknown_way(project: Project, curated: Project, tmp_path) -> None:
    with pytest.raises(CurationError, match="chosen by 'best'"):
        curated.selecting.drop(0.1, "ada", "best")
    with (
        Project.create(tmp_path / "empty") as empty,
        pytest.raises(CurationError, match="There is no quality yet"),
    ):
        empty.selecting.plan(0.1)


def test_the_command_previews_and_drops_the_same(curated: Project) -> None:
    folder = str(curated.folder)
    curated.close()
    call = ["decide", folder, "--action", "drop", "--worst", "10", "--json"]
    seen = json.loads(CliRunner().invoke(workbench, [*call, "--preview"]).output)
    done = json.loads(CliRunner().invoke(workbench, call).output)
    assert (seen["examples"], seen["preview"]) == (6, True)
    assert done["examples"] == 6
    with Project.open(curated.folder) as opened:
        dropped = set(opened.reviewing.queue(Filter(state="dropped")))
    assert {row["example_id"] for row in seen["sample"]} == dropped
    refused = CliRunner().invoke(workbench, ["decide", folder, "--action", "keep", "--worst", "10"])
    assert refused.exit_code == 2
