"""Curate, apply, split, export, prepare training: one small project taken through it, looked at from all sides.

The encoder looks words up, so that no model is loaded; everything else is the real thing.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import CurationError
from pipelines.examples import messages_of
from pipelines.progress import Cancelled
from tests.workbench.conftest import Clock, WordEncoder, chat, support_examples
from workbench.project import Project
from workbench.reviewing import Filter
from workbench.stages import DEFAULT_STAGES

UNIQUE, COPIES = 120, 15


@pytest.fixture(scope="module")
def looped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project that was imported, curated, decided and split, with copies, edited copies and bad answers in it."""
    folder = tmp_path_factory.mktemp("loop")
    clean = support_examples(UNIQUE)
    dirty = clean + clean[:COPIES]
    for row in clean[20:30]:
        prompt, completion = (message["content"] for message in row["messages"])
        dirty.append(chat(f"{prompt} Thanks!", completion))
    dirty += [chat(f"Where is form {n} of the tax office?", "") for n in range(3)]
    lines = [json.dumps(row) for row in dirty]
    path = folder / "train.jsonl"
    path.write_text("\n".join(lines) + "\n")
    queries = folder / "production.jsonl"
    queries.write_text(
        "".join(json.dumps({"prompt": f"my scooter battery {n} is empty again"}) + "\n" for n in range(40))
    )
    encoder = WordEncoder()
    with pytest.MonkeyPatch.context() as patch, Project.create(folder / "project", Clock()) as project:
        patch.setattr("pipelines.embedding.minilm.load_encoder", lambda name="default": encoder)
        project.importing.import_files([path])
        project.importing.import_files([queries], "production")
        project.curation.curate()
        project.curation.apply_suggestions("ada")
        pending = project.reviewing.queue(Filter(state="pending"), "id", limit=1000)
        if pending:
            project.reviewing.decide(pending, "keep", "ada")
        project.splitting.split()
        yield project


def members(project: Project) -> pl.DataFrame:
    version = project.store.versions.current()
    assert version is not None
    return project.store.versions.members(version.number)


def test_the_stages_fill_their_tables(looped: Project) -> None:
    sizes = dict(looped.tables.sizes().select("table", "rows").rows())
    for table in ("duplicates", "duplicate_pairs", "scores", "quality", "clusters"):
        assert sizes[table] > 0, table
    assert set(looped.curation.stages_run()) == set(DEFAULT_STAGES)


def test_a_second_run_over_the_same_examples_does_nothing(looped: Project) -> None:
    looped.curation.curate(["duplicates", "quality"])  # what people kept has a say in who represents a group
    before = {name: looped.tables.table(name) for name in ("duplicates", "scores", "quality", "clusters", "gaps")}
    report = looped.curation.curate()
    assert [stage.skipped for stage in report.stages] == [True] * len(DEFAULT_STAGES)
    for name, frame in before.items():
        assert looped.tables.table(name).equals(frame)


def test_of_every_group_the_suggestions_kept_one_member_at_most(looped: Project) -> None:
    groups = looped.tables.table("duplicates").filter(pl.col("kind") != "semantic")
    suggested = looped.tables.table("decisions").filter(
        (pl.col("origin") == "suggestions") & (pl.col("action") == "keep")
    )
    kept = groups.join(suggested, on="example_id").group_by("group_id").len()
    assert groups["group_id"].n_unique() >= 10
    assert kept["len"].max() == 1


def test_suggestions_left_alone_what_a_person_decided(looped: Project) -> None:
    assert looped.curation.apply_suggestions("ada").batch is None


def test_all_training_examples_have_a_side_and_groups_are_whole(looped: Project) -> None:
    placed = members(looped)
    assert sorted(placed["example_id"]) == sorted(looped.store.examples.with_role("train")["example_id"])
    assert placed.group_by("group_id").agg(pl.col("split").n_unique())["split"].max() == 1
    groups = looped.tables.table("duplicates").join(placed, on="example_id")
    assert groups.group_by("group_id").agg(pl.col("split").n_unique())["split"].max() == 1
    counts = looped.splitting.current().counts  # type: ignore[union-attr]
    assert all(counts.values())
    assert sum(counts.values()) == looped.overview.funnel().kept


def test_the_certificate_says_what_was_checked(looped: Project) -> None:
    certificate = looped.splitting.current().certificate  # type: ignore[union-attr]
    assert certificate["passed"] is True
    assert certificate["checks"]
    assert json.loads(json.dumps(certificate)) == certificate


def test_the_version_names_its_content(looped: Project) -> None:
    """The same examples, sides and settings have the same version; other ratios another."""
    version = looped.splitting.current().version  # type: ignore[union-attr]
    assert looped.splitting.versions()["version"].to_list() == [version]


@pytest.fixture
def sealed(looped: Project) -> list[str]:
    return members(looped).filter(pl.col("split") == "test")["example_id"].to_list()


def test_the_sealed_test_split_is_never_shown(looped: Project, sealed: list[str]) -> None:
    assert looped.reviewing.sealed_count() == len(sealed) > 0
    hidden = set(sealed)
    shown = looped.reviewing.queue(Filter(), "id", limit=10_000)
    assert not hidden & set(shown)
    assert len(shown) + len(sealed) == looped.store.examples.with_role("train").height
    assert not hidden & set(looped.reviewing.page(Filter(), limit=10_000)["example_id"])
    assert looped.reviewing.count(Filter(split="test")) == 0
    assert looped.reviewing.count(Filter(ids=tuple(sealed))) == 0
    assert looped.reviewing.cards(sealed) == []
    cards = looped.reviewing.cards(shown)
    assert not hidden & {other["other_id"] for card in cards for other in (*card.duplicates, *card.conflicts)}
    groups = looped.curation.duplicate_groups(limit=10_000)
    assert not hidden & set(groups["representative_id"])
    assert groups.height == looped.curation.group_count()
    for group in looped.tables.table("duplicates")["group_id"].unique():
        assert not hidden & {member.example_id for member in looped.curation.duplicate_group(group)}
    texts = set(looped.store.examples.with_ids(sealed)["prompt"])
    view = looped.curation.coverage()
    assert view is not None
    assert not texts & set(view.points["prompt"])
    assert not texts & set(looped.curation.gaps()["examples"].explode())
    for group in looped.curation.conflicts(limit=10_000):
        assert not hidden & {member["example_id"] for member in group.members}
    with pytest.raises(CurationError, match="sealed"):
        looped.exporting.preview(split="test")


def test_exported_files_are_what_the_manifest_and_the_store_say(looped: Project, tmp_path: Path) -> None:
    report = looped.exporting.export(tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["version"] == report.version == looped.splitting.current().version  # type: ignore[union-attr]
    known = {row["example_id"]: row for row in looped.tables.table("examples").iter_rows(named=True)}
    by_messages = {row["messages"]: example_id for example_id, row in known.items()}
    seen: set[str] = set()
    for split, entry in manifest["files"].items():
        content = (tmp_path / "out" / entry["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
        rows = [json.loads(line) for line in content.splitlines()]
        assert len(rows) == entry["rows"]
        ids = {by_messages[_canonical(row["messages"])] for row in rows}
        assert len(ids) == len(rows)
        stored = members(looped).filter("included").filter(pl.col("split") == split)
        assert ids == set(stored["example_id"])
        assert not ids & seen
        assert {known[example_id]["state"] for example_id in ids} == {"kept"}
        seen |= ids
    assert manifest["left_out"] == []
    card = (tmp_path / "out" / "DATA_CARD.md").read_text()
    assert report.version in card


def _canonical(messages: list[dict[str, str]]) -> str:
    return json.dumps(messages, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def test_an_export_goes_into_no_folder_of_somebody_else(looped: Project, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(CurationError, match="other files"):
        looped.exporting.export(tmp_path)
    with pytest.raises(CurationError, match="not a folder"):
        looped.exporting.export(tmp_path / "mine.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    looped.exporting.export(tmp_path / "out")
    looped.exporting.export(tmp_path / "out")  # over an earlier export


@pytest.mark.parametrize("name", ["chat", "prompt-completion", "alpaca", "sharegpt", "csv", "parquet"])
def test_every_format_carries_every_example_that_it_can(looped: Project, tmp_path: Path, name: str) -> None:
    report = looped.exporting.export(tmp_path / name, name)
    counts = looped.splitting.current().counts  # type: ignore[union-attr]
    assert sum(rows for _, rows, _ in report.files.values()) + report.left_out == sum(counts.values())
    assert looped.exporting.preview(name, rows=2)


def test_an_unknown_format_is_refused_before_anything_is_written(looped: Project, tmp_path: Path) -> None:
    with pytest.raises(CurationError, match="'docx'"):
        looped.exporting.export(tmp_path / "out", "docx")
    assert not (tmp_path / "out").exists()


@pytest.fixture
def run_data(looped: Project, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, list[str]]]:
    """Write the folders of a curated and a raw run, without starting their processes; return their texts."""
    monkeypatch.setattr("workbench.jobs.process.start_job", lambda folder, kind: 0)
    found = {}
    for data in ("curated", "raw"):
        run_id = looped.training.start(data=data)  # type: ignore[arg-type]
        folder = looped.folder / "runs" / run_id / "data"
        found[data] = {
            path.stem: [_canonical(json.loads(line)["messages"]) for line in path.read_text().splitlines()]
            for path in folder.glob("*.jsonl")
        }
    return found


def test_runs_are_given_their_split_and_never_the_sealed_one(
    looped: Project, sealed: list[str], run_data: dict[str, dict[str, list[str]]]
) -> None:
    placed, known = members(looped), dict(looped.tables.table("examples").select("example_id", "messages").rows())
    curated = placed.filter("included")
    for split in ("train", "validation"):
        expected = {known[example_id] for example_id in curated.filter(pl.col("split") == split)["example_id"]}
        assert sorted(run_data["curated"][split]) == sorted(expected)
    held_out = placed.filter(pl.col("split") != "train")["example_id"]
    linked = {known[example_id] for example_id in held_out}
    assert not linked & set(run_data["raw"]["train"])
    texts = {known[example_id] for example_id in sealed}
    for data in run_data.values():
        for rows in data.values():
            assert not texts & set(rows)


def test_raw_data_is_everything_that_was_imported_copies_included_apart_from_what_is_held_out(
    looped: Project, run_data: dict[str, dict[str, list[str]]]
) -> None:
    open_to_training = members(looped).filter(pl.col("split") != "test")["example_id"]
    lines = looped.tables.table("occurrences").filter(pl.col("role") == "train")
    expected = lines.filter(pl.col("example_id").is_in(open_to_training.implode())).height
    train, validation = run_data["raw"]["train"], run_data["raw"]["validation"]
    assert len(train) + len(validation) == expected
    assert not set(train) & set(validation)
    assert len(set(train)) < len(train)
    held_out_prompts = {
        messages_of(text)[0]["content"].removesuffix(" Thanks!") for text in run_data["curated"]["validation"]
    }
    trained_prompts = {messages_of(text)[0]["content"].removesuffix(" Thanks!") for text in run_data["raw"]["train"]}
    assert not held_out_prompts & trained_prompts


def test_a_stage_that_is_cancelled_keeps_those_before_it(project: Project, word_encoder, write_jsonl) -> None:
    project.importing.import_files([write_jsonl("a.jsonl", support_examples(12))])

    def stop(share: float, message: str) -> None:
        if message == "coverage":
            raise Cancelled

    with pytest.raises(Cancelled):
        project.curation.curate(progress=stop)
    assert set(project.curation.stages_run()) == {"embeddings", "duplicates"}
    assert [stage.skipped for stage in project.curation.curate(["embeddings", "duplicates"]).stages] == [True, True]


def test_new_examples_and_other_settings_make_a_stage_run_again(project: Project, word_encoder, write_jsonl) -> None:
    rows = support_examples(12)
    project.importing.import_files([write_jsonl("a.jsonl", rows[:10])])
    only = ["embeddings", "personal-data", "duplicates"]
    project.curation.curate(only)
    changed = project.curation.curate(only, {"duplicates.near_threshold": 0.9})
    assert {stage.stage: stage.skipped for stage in changed.stages} == {
        "embeddings": True,
        "duplicates": False,
        "personal-data": True,
    }
    project.importing.import_files([write_jsonl("b.jsonl", rows)])
    assert not any(stage.skipped for stage in project.curation.curate(only).stages)


def test_unknown_stages_and_settings_are_refused_before_anything_runs(project: Project, write_jsonl) -> None:
    project.importing.import_files([write_jsonl("a.jsonl", support_examples(3))])
    with pytest.raises(CurationError, match="'cluster'") as caught:
        project.curation.curate(["cluster"])
    assert "coverage" in caught.value.remedy
    with pytest.raises(CurationError, match="near_threshold"):
        project.curation.curate(settings={"duplicates.near_threshold": 7})
    assert project.curation.stages_run() == {}
