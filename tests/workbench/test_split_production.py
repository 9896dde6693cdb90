"""A split matched to production, from imported queries to the version and the command line."""

import json

import polars as pl
import pytest
from click.testing import CliRunner

from pipelines.errors import CurationError
from tests.workbench.conftest import support_examples
from workbench.cli.main import workbench
from workbench.handing_off import verify_folder
from workbench.splitting import read_ratios


@pytest.fixture
def asked(project, word_encoder, write_jsonl):
    """240 examples on four topics, as many of each; production asks about two of them, mostly about kettles."""
    rows = support_examples(240)
    project.importing.import_files([write_jsonl("rows.jsonl", rows)])
    prompts = [row["messages"][0]["content"] for row in support_examples(340)[240:]]
    queries = [text for text in prompts if "kettle" in text] * 4 + [text for text in prompts if "parcel" in text]
    project.importing.import_files(
        [write_jsonl("asked.jsonl", [{"text": text} for text in queries])], role="production"
    )
    return project


def test_the_test_split_has_productions_shares_of_the_clusters(asked):
    asked.curation.curate(["embeddings", "coverage"])
    report = asked.splitting.split(read_ratios("80/10/10", by="production"), include_pending=True)
    members = asked.tables.table("splits").select("example_id", "split")
    clusters = asked.store.analysis.cluster_of()
    weights = {row["cluster"]: row["weight"] for row in asked.store.analysis.production_clusters().to_dicts()}
    test = members.filter(pl.col("split") == "test").join(clusters, on="example_id")["cluster_id"].cast(pl.String)
    everything = members.join(clusters, on="example_id")["cluster_id"].cast(pl.String)

    def apart(found: pl.Series) -> float:
        names, total = {*found, *weights}, sum(weights.values())
        return sum(abs((found == name).mean() - weights.get(name, 0) / total) for name in names) / 2

    assert apart(test) < apart(everything) / 3
    assert any(note.startswith("By production: the test split's shares") for note in report.notes)
    assert asked.splitting.current().settings["by"] == "production"
    before = dict(members.iter_rows())
    asked.splitting.split(read_ratios("80/10/10", by="production"), include_pending=True)
    assert dict(asked.tables.table("splits").select("example_id", "split").iter_rows()) == before


def test_without_queries_or_clusters_it_is_refused_with_the_remedy(asked):
    with pytest.raises(CurationError, match="in no cluster yet") as refused:
        asked.splitting.split(read_ratios("80/10/10", by="production"), include_pending=True)
    assert "--only embeddings,coverage" in refused.value.remedy


def test_without_queries_it_is_refused(project, word_encoder, write_jsonl):
    project.importing.import_files([write_jsonl("rows.jsonl", support_examples(30))])
    with pytest.raises(CurationError, match="no production queries"):
        project.splitting.split(read_ratios("80/10/10", by="production"), include_pending=True)


def test_the_command_splits_by_production(asked):
    asked.curation.curate(["embeddings", "coverage"])
    asked.close()
    command = ["split", str(asked.folder), "--by", "production", "--include-pending", "--json"]
    result = CliRunner().invoke(workbench, command)
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert figures["counts"]["test"] == 24
    assert any("By production" in note for note in figures["notes"])


@pytest.fixture
def noisy(project, word_encoder, write_jsonl):
    """120 tidy examples; production asks without capitals and without a mark at the end."""
    rows = support_examples(120)
    project.importing.import_files([write_jsonl("rows.jsonl", rows)])
    queries = [{"text": row["messages"][0]["content"].lower().rstrip("?")} for row in support_examples(200)[120:]]
    project.importing.import_files([write_jsonl("asked.jsonl", queries)], role="production")
    return project


def test_the_second_test_set_has_productions_noise_on_the_prompts_alone(noisy, tmp_path):
    report = noisy.splitting.split(read_ratios("80/10/10", noise=True), include_pending=True)
    assert any("prompts without a capital 100.0% (in training 0.0%)" in note for note in report.notes)
    written = noisy.exporting.export(tmp_path / "out")
    assert written.files["test_noisy"][1] == written.files["test"][1] == 12
    tidy, spoilt = (
        [json.loads(line)["messages"] for line in (tmp_path / "out" / name).read_text("utf-8").splitlines()]
        for name in ("test.jsonl", "test_noisy.jsonl")
    )
    for before, after in zip(tidy, spoilt, strict=True):
        assert after[1] == before[1]
        assert after[0] == {**before[0], "content": before[0]["content"].lower().rstrip("?")}
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    assert manifest["noise"]["production"]["lower"] == 1
    assert verify_folder(tmp_path / "out").passed
    noisy.exporting.export(tmp_path / "again")
    assert (tmp_path / "again" / "test_noisy.jsonl").read_bytes() == (
        tmp_path / "out" / "test_noisy.jsonl"
    ).read_bytes()


def test_a_trainer_gets_no_second_test_set_and_a_plain_split_has_none(noisy, tmp_path):
    noisy.splitting.split(read_ratios("80/10/10", noise=True), include_pending=True)
    assert set(noisy.exporting.export(tmp_path / "mlx", "mlx").files) == {"train", "validation"}
    noisy.splitting.split(read_ratios("80/10/10"), include_pending=True)
    assert set(noisy.exporting.export(tmp_path / "plain").files) == {"train", "validation", "test"}
    noisy.versions.restore("1")
    assert "test_noisy" in noisy.exporting.export(tmp_path / "restored").files


def test_production_as_clean_as_training_gives_no_second_test_set(project, word_encoder, write_jsonl):
    rows = support_examples(60)
    project.importing.import_files([write_jsonl("rows.jsonl", rows)])
    queries = [{"text": row["messages"][0]["content"]} for row in rows]
    project.importing.import_files([write_jsonl("asked.jsonl", queries)], role="production")
    with pytest.raises(CurationError, match="no noise to put on"):
        project.splitting.split(read_ratios("80/10/10", noise=True), include_pending=True)
