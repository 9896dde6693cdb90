"""Projects: made, opened, refused."""

from pathlib import Path

import pytest

from pipelines.errors import CurationError
from workbench.project import Project


def test_a_new_project_has_its_folders_and_says_what_is_next(tmp_path: Path) -> None:
    with Project.create(tmp_path / "a" / "b") as project:
        assert sorted(path.name for path in project.folder.iterdir() if path.is_dir()) == [
            "cache",
            "evaluations",
            "exports",
            "runs",
        ]
        assert [step.key for step in project.overview.steps() if step.next] == ["import"]
        assert not any(step.done for step in project.overview.steps())
    with Project.open(tmp_path / "a" / "b") as again:
        assert again.name == "b"


def test_a_project_is_not_made_over_another(tmp_path: Path) -> None:
    Project.create(tmp_path / "a").close()
    with pytest.raises(CurationError, match="already holds a project"):
        Project.create(tmp_path / "a")


def test_a_folder_without_a_project_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(CurationError, match="holds no project") as caught:
        Project.open(tmp_path)
    assert "workbench new" in caught.value.remedy


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("file")
    for action in (Project.create, Project.open):
        with pytest.raises(CurationError):
            action(tmp_path / "a")


def test_every_part_of_an_empty_project_answers(project: Project) -> None:
    assert project.curation.coverage() is None
    assert project.curation.gaps().is_empty()
    assert project.curation.conflicts() == []
    assert project.curation.duplicate_groups().is_empty()
    assert project.curation.score_summary().is_empty()
    assert project.curation.quality_histogram().is_empty()
    assert project.splitting.current() is None
    assert project.splitting.closest_pairs().is_empty()
    assert project.splitting.versions().is_empty()
    assert project.exporting.exports().is_empty()
    assert project.training.runs() == []
    assert project.comparing.evaluations() == []
    assert project.rating.ratings().is_empty()
    assert set(project.tables.sizes()["rows"]) == {0}


@pytest.mark.parametrize(
    ("part", "action", "arguments"),
    [
        ("curation", "curate", ()),
        ("curation", "apply_suggestions", ("ada",)),
        ("splitting", "split", ()),
        ("exporting", "preview", ()),
        ("training", "start", ()),
        ("training", "run", ("run-0001",)),
        ("comparing", "start", ([],)),
        ("comparing", "evaluation", ("evaluation-0001",)),
        ("comparing", "newest", ()),
        ("rating", "begin", ("evaluation-0001", "a", "b", "ada")),
    ],
)
def test_every_step_that_comes_too_early_says_what_to_do_first(
    project: Project, part: str, action: str, arguments: tuple[object, ...]
) -> None:
    with pytest.raises(CurationError) as caught:
        getattr(getattr(project, part), action)(*arguments)
    assert caught.value.message
    assert caught.value.remedy


def test_what_a_killed_process_left_in_the_project_is_cleaned_up_when_it_is_opened(tmp_path: Path) -> None:
    import os

    folder = tmp_path / "a"
    Project.create(folder).close()
    left = [
        folder / "workbench.duckdb.tmp" / "duckdb_temp_99999999_0_storage_S96K-0.tmp",
        folder / "exports" / ".chat.7.draft" / "train.jsonl",
        folder / ".workbench.schema-5.duckdb.7.draft",
        folder / "cache" / "embeddings" / "words-1" / "x.part",
    ]
    kept = [folder / "exports" / "chat" / "train.jsonl", folder / "cache" / "embeddings" / "words-1" / "x.npy"]
    for path in left + kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        os.utime(path, (0, 0))
    Project.open(folder).close()
    assert [path for path in left if path.exists()] == []
    assert all(path.exists() for path in kept)


def test_a_project_that_could_not_be_made_leaves_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(path: Path, now: object) -> None:
        path.write_bytes(b"")
        raise CurationError("The disk is full.", "Free some space.")

    with monkeypatch.context() as broken:
        broken.setattr("workbench.project.Store", fails)
        with pytest.raises(CurationError, match="disk is full"):
            Project.create(tmp_path / "p")
    Project.create(tmp_path / "p").close()


def test_a_base_model_named_by_a_relative_folder_is_found_from_the_runs_own_folder(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    settings = project.training.settings({}, "./model")
    assert settings.base == str((tmp_path / "model").resolve())
