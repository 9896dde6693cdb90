"""Balancing a project: shown first, applied as one batch, undone as one; and the same on the command line."""

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
    rows += [{"prompt": f"How do I pay invoice {n}?", "completion": f"By card, reference {n}."} for n in range(10)]
    project.importing.import_files([write_jsonl("parcels.jsonl", rows[:50]), write_jsonl("bills.jsonl", rows[50:])])
    project.curation.curate(["embeddings", "coverage", "quality"])
    return project


def test_the_plan_decides_nothing_and_applying_it_is_one_step(curated: Project) -> None:
    plan = curated.balancing.plan("source", cap=20)
    assert len(plan.removed) == 30
    assert sorted(plan.effects["left"].to_list()) == [10, 20]
    assert curated.reviewing.count(Filter(state="dropped")) == 0
    done = curated.balancing.apply("ada", "source", cap=20)
    assert sorted(curated.reviewing.queue(Filter(state="dropped"))) == plan.removed
    assert curated.reviewing.undo("ada").batch == done.batch
    assert curated.reviewing.count(Filter(state="dropped")) == 0
    assert curated.balancing.apply("ada", "source", cap=500).batch is None


def test_what_a_person_kept_is_counted_and_stays(curated: Project) -> None:
    kept = curated.balancing.plan("source", cap=20).removed[:25]
    curated.reviewing.decide(kept, "keep", "ada")
    again = curated.balancing.plan("source", cap=20)
    assert not set(again.removed) & set(kept)
    assert again.effects["left"].max() == 25


def test_topics_hold_clusters_and_add_up(curated: Project) -> None:
    view = curated.curation.coverage()
    assert view is not None
    assert view.topics["examples"].sum() == 60
    assert view.topics["clusters"].sum() == view.clusters.height
    assert sorted(title for titles in view.topics["holds"] for title in titles) == sorted(view.clusters["title"])
    assert curated.balancing.plan("topic").effects["examples"].sum() == 60


def test_unknown_groupings_and_missing_topics_are_said(curated: Project, tmp_path) -> None:
    with pytest.raises(CurationError, match="grouped by 'colour'"):
        curated.balancing.plan("colour")
    with Project.create(tmp_path / "empty") as empty, pytest.raises(CurationError, match="no topics yet"):
        empty.balancing.plan("topic")


def test_the_command_shows_and_applies_the_same(curated: Project) -> None:
    folder = str(curated.folder)
    source = curated.balancing.plan("source").effects["group"][0]
    curated.close()
    call = ["balance", folder, "--by", "source", "--quota", f"{source}=50", "--json"]
    seen = json.loads(CliRunner().invoke(workbench, call).output)
    assert seen["removed"] == 40
    assert [row["left"] for row in seen["groups"]] == [10, 10]
    done = json.loads(CliRunner().invoke(workbench, [*call, "--apply"]).output)
    assert done["batch"] is not None
    wrong = CliRunner().invoke(workbench, ["balance", folder, "--quota", "nonsense"])
    assert isinstance(wrong.exception, CurationError)
    assert "GROUP=PERCENT" in wrong.exception.remedy
    assert CliRunner().invoke(workbench, ["balance", folder, "--apply"]).exit_code == 2
    with Project.open(curated.folder) as opened:
        assert opened.reviewing.count(Filter(state="dropped")) == 40
