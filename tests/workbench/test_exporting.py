"""Exports of a project for trainers: what is in the folder, that it is whole, and that the test split is not."""

import json
import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import CurationError
from tests.workbench.conftest import Clock, WordEncoder, support_examples
from workbench.handing_off import verify_folder
from workbench.project import Project

yaml = pytest.importorskip("yaml")


@pytest.fixture(scope="module")
def split_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project of pairs that was split once; exports change nothing of it."""
    folder = tmp_path_factory.mktemp("exporting")
    rows = [{**row, "licence": "CC-BY-4.0", "rejected": f"no {n}"} for n, row in enumerate(support_examples(50))]
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.MonkeyPatch.context() as patch, Project.create(folder / "project", Clock()) as project:
        patch.setattr("pipelines.embedding.minilm.load_encoder", lambda name="default": WordEncoder())
        project.importing.import_files([folder / "train.jsonl"])
        project.splitting.split(include_pending=True)
        yield project


def texts_of(folder: Path) -> str:
    return "".join(path.read_text("utf-8") for path in folder.rglob("*.jsonl")) + "".join(
        path.read_text("utf-8") for path in folder.rglob("*.csv")
    )


TRAINERS = [
    "axolotl",
    "llama-factory",
    "mlx",
    "ludwig",
    "trl-chat",
    "trl-prompt-completion",
    "trl-preference",
    "unsloth",
]


def test_a_trainers_folder_is_whole_and_has_nothing_of_the_test_split(split_project: Project, tmp_path: Path) -> None:
    sealed = split_project.exporting.split_examples("test")["completion"].to_list()
    assert sealed
    settings = split_project.training.defaults()
    for name in TRAINERS:
        out = tmp_path / name
        report = split_project.exporting.export(out, name)
        assert "test" not in report.files
        told = texts_of(out)
        assert not [text for text in sealed if json.dumps(text)[1:-1] in told]
        assert (out / "base_model" / "config.json").is_file()
        run = out / "run.sh"
        assert run.stat().st_mode & stat.S_IXUSR
        assert subprocess.run(["sh", "-n", str(run)], check=False).returncode == 0
        for config in out.glob("*.yaml"):
            values = yaml.safe_load(config.read_text("utf-8"))
            told_rate = values.get("learning_rate") or values["trainer"]["learning_rate"]
            assert told_rate == settings.learning_rate
        for script in out.glob("*.py"):
            compile(script.read_text("utf-8"), script.name, "exec")
            assert f"learning_rate={settings.learning_rate}" in script.read_text("utf-8")
        assert verify_folder(out).passed


def test_configurations_carry_the_settings(split_project: Project, tmp_path: Path) -> None:
    settings = split_project.training.defaults()
    split_project.exporting.export(tmp_path / "a", "axolotl")
    config = yaml.safe_load((tmp_path / "a" / "config.yaml").read_text("utf-8"))
    assert config["datasets"][0]["path"] == "train.jsonl"
    assert config["datasets"][0]["type"] == "chat_template"
    assert config["micro_batch_size"] * config["gradient_accumulation_steps"] == settings.batch_size
    assert (config["lora_r"], config["lora_alpha"], config["seed"]) == (settings.rank, settings.alpha, settings.seed)
    split_project.exporting.export(tmp_path / "l", "llama-factory")
    info = json.loads((tmp_path / "l" / "dataset_info.json").read_text("utf-8"))
    train = yaml.safe_load((tmp_path / "l" / "train.yaml").read_text("utf-8"))
    assert set(info) == {"train", "validation"}
    assert train["dataset"] in info
    assert (tmp_path / "l" / info["train"]["file_name"]).is_file()
    assert train["num_train_epochs"] == settings.epochs
    split_project.exporting.export(tmp_path / "m", "mlx")
    assert {path.name for path in (tmp_path / "m").glob("*.jsonl")} == {
        "train.jsonl",
        "valid.jsonl",
        "provenance.jsonl",
    }


def test_the_manifest_holds_what_was_left_out_and_where_each_row_is_from(
    split_project: Project, tmp_path: Path
) -> None:
    report = split_project.exporting.export(tmp_path / "out", "openai-preference")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    places = [json.loads(line) for line in (tmp_path / "out" / "provenance.jsonl").read_text("utf-8").splitlines()]
    rows = [json.loads(line) for line in (tmp_path / "out" / "train.jsonl").read_text("utf-8").splitlines()]
    known = {row["example_id"]: row for row in split_project.tables.table("examples").to_dicts()}
    for place in places:
        if place["file"] == "train.jsonl":
            row = rows[place["row"] - 1]
            assert row["preferred_output"][0]["content"] == known[place["example_id"]]["completion"]
    assert manifest["test_split"] == "sealed: not handed over"
    assert manifest["left_out"] == []
    assert report.reasons == {}
    assert all(row["non_preferred_output"][0]["content"].startswith("no ") for row in rows)


def test_the_data_card_tells_licences_lengths_and_languages(split_project: Project, tmp_path: Path) -> None:
    split_project.exporting.export(tmp_path / "out", "hf-dataset")
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    front = yaml.safe_load(card.split("---")[1])
    assert [entry["split"] for entry in front["configs"][0]["data_files"]] == ["train", "validation", "test"]
    for text in ("CC-BY-4.0", "Length in tokens", "Languages of the answers", "Certificate", "Known gaps"):
        assert text in card
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    counts = split_project.splitting.current().counts  # type: ignore[union-attr]
    assert {split: part.num_rows for split, part in loaded.items()} == counts


def test_a_file_of_somebody_else_deep_in_an_earlier_export_is_an_error(split_project: Project, tmp_path: Path) -> None:
    split_project.exporting.export(tmp_path / "out", "hf-dataset")
    split_project.exporting.export(tmp_path / "out", "mlx")
    split_project.exporting.export(tmp_path / "out", "hf-dataset")
    (tmp_path / "out" / "data" / "mine.txt").write_text("mine")
    with pytest.raises(CurationError, match=r"data/mine\.txt"):
        split_project.exporting.export(tmp_path / "out", "mlx")
    assert (tmp_path / "out" / "data" / "mine.txt").is_file()


def test_what_the_tool_refuses_is_an_error_and_leaves_nothing(
    project: Project, word_encoder: object, write_jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    project.importing.import_files([write_jsonl("few.jsonl", support_examples(9))])
    project.splitting.split(include_pending=True)
    with pytest.raises(CurationError, match="10 train examples at least"):
        project.exporting.export(tmp_path / "out", "openai-chat")
    with pytest.raises(CurationError, match="rejected answer"):
        project.exporting.preview("trl-preference")
    assert not (tmp_path / "out").exists()
    assert os.listdir(tmp_path) == [name for name in os.listdir(tmp_path) if name in ("project", "few.jsonl")]


@pytest.mark.parametrize(
    ("damage", "match"),
    [
        (lambda out: (out / "train.jsonl").write_bytes(b"{}\n"), "train.jsonl was changed"),
        (lambda out: (out / "train.jsonl").unlink(), "train.jsonl is missing"),
        (lambda out: (out / "more.txt").write_text("x"), "more.txt is not in the manifest"),
    ],
)
def test_verify_finds_what_was_changed(
    split_project: Project, tmp_path: Path, damage: Callable[[Path], Any], match: str
) -> None:
    split_project.exporting.export(tmp_path / "out")
    assert verify_folder(tmp_path / "out").passed
    damage(tmp_path / "out")
    assert match in " ".join(verify_folder(tmp_path / "out").problems)


def test_verify_wants_a_folder_of_this_workbench(tmp_path: Path) -> None:
    with pytest.raises(CurationError, match="holds no manifest"):
        verify_folder(tmp_path)
