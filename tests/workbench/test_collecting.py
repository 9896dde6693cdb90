"""From failures to data, through a project: slices, triage, the list, and what the sealed split keeps."""

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import CurationError
from tests.workbench.conftest import TOPICS, Clock, WordEncoder, support_examples
from workbench.collecting import Collecting
from workbench.collection_file import collection_csv
from workbench.project import Project
from workbench.reviewing import Filter
from workbench.splitting import read_ratios
from workbench.store.runs import EvaluationRecord

VARIANTS = ["base", "tuned-curated"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a map, a split, and production that asks about scooters, which nobody taught."""
    folder = tmp_path_factory.mktemp("made")
    queries = [{"prompt": f"=cmd scooter scooter scooter wheel {n} flat?"} for n in range(60)]
    asked = [row["messages"][0]["content"] for row in support_examples(480)[240:]]
    queries += [{"prompt": prompt, "topic": "kettle"} for prompt in asked if "kettle" in prompt]
    data = [row | {"topic": topic} for row in support_examples(240) for topic in TOPICS if topic in str(row)]
    for name, rows in (("data", data), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    with pytest.MonkeyPatch.context() as patch, Project.create(folder / "project") as project:
        patch.setattr("pipelines.embedding.minilm.load_encoder", lambda name="default": WordEncoder())
        project.importing.import_files([folder / "data.jsonl"])
        project.importing.import_files([folder / "queries.jsonl"], role="production")
        project.curation.curate(["embeddings", "coverage"])
        project.reviewing.decide_where(Filter(), "keep", "tester")
        project.splitting.split(read_ratios("40/30/30"))
    return project.folder


@pytest.fixture
def split_project(made: Path, tmp_path: Path, word_encoder: WordEncoder) -> Iterator[Project]:
    """A copy of that project."""
    shutil.copytree(made, tmp_path / "project")
    with Project.open(tmp_path / "project", Clock()) as project:
        yield project


def evaluate(project: Project, name: str, split: str, wrong: str | None, run: str | None = None) -> EvaluationRecord:
    """Store an evaluation whose tuned variant answers everything right but what holds a word."""
    version = project.store.versions.current()
    assert version is not None
    members = project.store.versions.members(version.number)
    ids = members.filter(pl.col("split") == split)["example_id"].to_list()
    runs = {"tuned-curated": run} if run else {}
    record = EvaluationRecord(name, version.version, split, VARIANTS, runs, {}, len(ids), project.store.now())
    project.store.runs.add_evaluation(record)
    outputs, scores = [], []
    for row in project.store.examples.with_ids(ids).iter_rows(named=True):
        for variant in VARIANTS:
            fails = variant == "tuned-curated" and wrong is not None and wrong in row["prompt"]
            text = "something else altogether" if fails else row["completion"]
            outputs.append({"variant": variant, "example_id": row["example_id"], "text": text})
            scores.append((variant, row["example_id"], "token_f1", 0.0 if fails else 1.0))
    columns = ["variant", "example_id", "metric", "value"]
    metric = pl.DataFrame([{"variant": variant, "metric": "token_f1", "value": 1.0, "n": 1} for variant in VARIANTS])
    tables = {
        "outputs": pl.DataFrame(outputs),
        "output_scores": pl.DataFrame(scores, schema=columns, orient="row"),
        "metrics": metric,
        "differences": pl.DataFrame(schema={"variant": pl.String}),
    }
    project.store.runs.store_results(name, tables)
    return record


def test_a_failing_topic_and_a_gap_stand_in_one_list_with_production_queries(split_project: Project) -> None:
    evaluate(split_project, "evaluation-0001", "validation", "kettle")
    found = split_project.collecting.slices("evaluation-0001").filter(pl.col("finding"))
    assert not found.is_empty()
    assert set(found["variant"]) == {"tuned-curated"}
    view = split_project.collecting.collect_next()
    assert (view.evaluation, view.variant, view.note) == ("evaluation-0001", "tuned-curated", "")
    kinds = set(view.rows["kind"])
    assert any("gap" in kind for kind in kinds)
    assert any("failing slice" in kind for kind in kinds)
    failing = view.rows.filter(pl.col("slice") == "topic=kettle")
    assert failing["failure_rate"].to_list() == [1.0]
    assert failing["volume_share"].to_list() == [0.5]
    assert any("kettle" in query for query in failing["queries"].explode().drop_nulls())
    assert view.rows["priority"].is_sorted(descending=True)
    assert split_project.tables.table("collect").height == view.rows.height


def test_failures_stand_beside_similar_training_examples_and_never_held_out_ones(split_project: Project) -> None:
    evaluate(split_project, "evaluation-0001", "validation", "kettle")
    shown = split_project.collecting.failures("evaluation-0001", "tuned-curated", limit=100)
    assert shown
    train = set(split_project.tables.table("splits").filter(pl.col("split") == "train")["example_id"])
    for view in shown:
        assert "kettle" in view.prompt
        assert view.output == "something else altogether"
        assert {row["neighbour_id"] for row in view.similar} <= train
        assert [row["rank"] for row in view.similar] == [1, 2, 3, 4, 5]
    assert "caused" not in json.dumps([view.sentence for view in shown])
    assert split_project.collecting.failures("evaluation-0001", "base") == []


def test_the_sealed_test_split_shows_figures_but_no_failure_and_steers_nothing(split_project: Project) -> None:
    evaluate(split_project, "evaluation-0001", "test", "kettle")
    assert not split_project.collecting.slices("evaluation-0001").is_empty()
    for asked in (
        lambda: split_project.collecting.triage("evaluation-0001", "tuned-curated"),
        lambda: split_project.collecting.failures("evaluation-0001", "tuned-curated"),
        lambda: split_project.collecting.collect_next("evaluation-0001"),
    ):
        with pytest.raises(CurationError, match="sealed"):
            asked()
    view = split_project.collecting.collect_next()
    assert view.evaluation is None
    assert "compare on the validation split" in view.note
    assert view.rows["failure_rate"].is_null().all()


def test_a_slice_that_was_mended_since_the_evaluation_before_is_told(split_project: Project) -> None:
    evaluate(split_project, "evaluation-0001", "validation", "kettle", "run-0001")
    evaluate(split_project, "evaluation-0002", "validation", None, "run-0002")
    before, moved = split_project.collecting.moved("evaluation-0002")
    assert before == "evaluation-0001"
    better = moved.filter(pl.col("moved") == "better")
    assert not better.is_empty()
    assert (better["after"] < better["before"]).all()
    assert split_project.collecting.moved("evaluation-0001")[0] is None
    collecting = split_project.collecting
    assert collecting.evaluation_of_run("run-0002") == "evaluation-0002"
    since, of_run = collecting.moved_of_run("run-0002")
    assert (since, of_run.equals(moved)) == ("evaluation-0001", True)
    assert collecting.moved_of_run("run-0001")[0] is None
    assert collecting.moved_of_run("run-0009")[0] is None


def test_the_list_is_written_for_writers_without_formulas(split_project: Project, tmp_path: Path) -> None:
    collecting: Collecting = split_project.collecting
    rows = collecting.write(tmp_path / "collect.csv")
    assert rows >= 1
    with (tmp_path / "collect.csv").open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert len(read) == rows
    cells = [value for row in read for name, value in row.items() if name.startswith("query")]
    assert any(value.startswith("'=cmd") for value in cells)
    assert not any(value.startswith(("=", "+", "-", "@")) for value in cells)
    collecting.write(tmp_path / "collect.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "collect.jsonl").read_text("utf-8").splitlines()]
    assert [line["slice"] for line in lines] == collecting.collect_next().rows["slice"].to_list()
    assert any(query.startswith("=cmd") for line in lines for query in line["queries"])
    with pytest.raises(CurationError):
        collecting.write(tmp_path / "collect.xlsx")


def test_a_project_without_anything_has_nothing_to_collect(project: Project) -> None:
    view = project.collecting.collect_next()
    assert view.rows.is_empty()
    assert view.evaluation is None
    assert collection_csv(view.rows).count("\n") == 1
