"""Import of folders and archives, and of texts that are evened out: where a line came from stays known and whole."""

import json
import zipfile
from pathlib import Path

import pytest

from pipelines.errors import CurationError
from workbench.project import Project

ROW = {"prompt": "caf\u0065\u0301?", "completion": "yes \r\n"}
LINE = json.dumps(ROW, ensure_ascii=False)


def zipped(path: Path, **members: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/") + ".jsonl", text)
    return path


def test_an_archive_is_one_source_and_its_files_keep_their_names(project: Project, tmp_path: Path) -> None:
    path = zipped(tmp_path / "desk.zip", a=LINE + "\n{broken", b__c=LINE)
    report = project.importing.import_files([path])
    assert [(file.file, file.source, file.accepted, file.rejected) for file in report.files] == [
        ("a.jsonl", "desk", 1, 1),
        ("b/c.jsonl", "desk", 1, 0),
    ]
    assert project.importing.preview(path).rows[0]["line"] == 1
    again = project.importing.import_files([path])
    assert (again.accepted, again.new) == (2, 0)


def test_an_archive_with_a_path_that_climbs_adds_nothing(project: Project, tmp_path: Path) -> None:
    with pytest.raises(CurationError, match="climbs out"):
        project.importing.import_files([zipped(tmp_path / "a.zip", a=LINE, **{".." + "__b": LINE})])
    assert project.overview.sources().is_empty()


def test_texts_are_evened_out_only_when_asked_and_their_lines_stay_as_they_were(project: Project, tmp_path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(LINE + "\n", encoding="utf-8", newline="")
    report = project.importing.import_files([path], normalise=["unicode", "white-space"])
    assert report.files[0].warnings == [
        "1 lines were normalised: unicode (line 1).",
        "1 lines were normalised: white-space (line 1).",
    ]
    example = project.tables.table("examples").row(0, named=True)
    assert (example["prompt"], example["completion"]) == ("caf\u00e9?", "yes")
    assert [line["raw"] for line in project.store.examples.raw_lines(example["example_id"])] == [LINE]
    plain = project.importing.import_files([path])
    assert (plain.files[0].new, plain.files[0].warnings) == (1, [])
    assert ROW["prompt"] in project.tables.table("examples")["prompt"].to_list()
