"""A project as one file and back: everything returns, work goes on meanwhile, and no archive is trusted."""

import hashlib
import json
import os
import stat
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.errors import CurationError
from tests.workbench.conftest import support_examples
from workbench.backup import CONTENTS, DATABASE, KIND, restore
from workbench.project import Project
from workbench.reviewing import Filter
from workbench.store.tables import TABLES


@pytest.fixture
def filled(project: Project, write_jsonl) -> Project:
    """A project with examples, decisions, and files in every folder."""
    project.importing.import_files([write_jsonl("a.jsonl", [*support_examples(30), "{broken"])])
    project.reviewing.decide(project.reviewing.queue(Filter())[:7], "keep", "ada", "good")
    for name in (
        "runs/run-0001/log.txt",
        "runs/run-0001/adapter/a.bin",
        "evaluations/e/x.json",
        "exports/chat/t.jsonl",
    ):
        path = project.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(200) + name.encode())
    (project.folder / "cache" / "big").write_text("left out")
    return project


def everything(project: Project) -> dict[str, object]:
    tables: dict[str, object] = {name: project.tables.table(name).rows() for name in TABLES}
    files = {
        path.relative_to(project.folder).as_posix(): path.read_bytes()
        for part in ("runs", "evaluations", "exports")
        for path in (project.folder / part).rglob("*")
        if path.is_file()
    }
    return {**tables, **files}


def test_everything_comes_back(filled: Project, tmp_path: Path) -> None:
    report = filled.backup.write(tmp_path / "p.zip")
    assert (report.files, report.left_out) == (5, [])
    assert report.sha256 == hashlib.sha256((tmp_path / "p.zip").read_bytes()).hexdigest()
    before = everything(filled)
    told = restore(tmp_path / "p.zip", tmp_path / "again")
    assert told.files == 5
    with Project.open(tmp_path / "again") as again:
        assert everything(again) == before
        again.reviewing.decide(again.reviewing.queue(Filter())[:1], "drop", "ben")
    assert sorted(path.name for path in (tmp_path / "again").iterdir()) == [
        "cache",
        "evaluations",
        "exports",
        "runs",
        DATABASE,
    ]
    assert not any((tmp_path / "again" / "cache").iterdir())
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_parts_are_left_out_by_choice(filled: Project, tmp_path: Path) -> None:
    report = filled.backup.write(tmp_path / "p.zip", ["exports"])
    assert (report.files, report.parts) == (2, ["exports"])
    restore(tmp_path / "p.zip", tmp_path / "again")
    assert not any((tmp_path / "again" / "runs").iterdir())
    assert (tmp_path / "again" / "exports" / "chat" / "t.jsonl").is_file()
    with pytest.raises(CurationError, match="no part"):
        filled.backup.write(tmp_path / "p.zip", ["cache"])


def test_a_link_is_named_and_not_followed(filled: Project, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (filled.folder / "runs" / "link").symlink_to(tmp_path / "secret")
    report = filled.backup.write(tmp_path / "p.zip")
    assert report.left_out == ["runs/link (a link)"]
    assert not any("link" in name for name in zipfile.ZipFile(tmp_path / "p.zip").namelist())


def test_decisions_made_meanwhile_are_whole_or_not_in_it(filled: Project, tmp_path: Path) -> None:
    ids, stop = filled.reviewing.queue(Filter()), threading.Event()
    done = []

    def review() -> None:
        while not stop.is_set():
            filled.reviewing.decide(ids, "flag", "busy")
            done.append(1)

    reviewer = threading.Thread(target=review)
    reviewer.start()
    try:
        for number in range(3):
            filled.backup.write(tmp_path / f"{number}.zip")
    finally:
        stop.set()
        reviewer.join()
    assert done
    for number in range(3):
        restore(tmp_path / f"{number}.zip", tmp_path / str(number))
        with Project.open(tmp_path / str(number)) as again:
            busy = again.tables.table("decisions").filter(reviewer="busy")
            assert busy.height % len(ids) == 0
            assert set(busy.group_by("batch").len()["len"]) <= {len(ids)}


@pytest.mark.parametrize("place", ["runs/p.zip", "cache/x/p.zip", "exports"])
def test_a_backup_does_not_go_into_the_project_itself(filled: Project, place: str) -> None:
    with pytest.raises(CurationError):
        filled.backup.write(filled.folder / place)


def test_a_folder_that_is_not_empty_is_refused(filled: Project, tmp_path: Path) -> None:
    filled.backup.write(tmp_path / "p.zip")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note").write_text("mine")
    for folder in (tmp_path / "full", tmp_path / "full" / "note", filled.folder):
        with pytest.raises(CurationError, match="not empty"):
            restore(tmp_path / "p.zip", folder)
    (tmp_path / "empty").mkdir()
    restore(tmp_path / "p.zip", tmp_path / "empty")


def archive(path: Path, packed: dict[str, bytes], **contents: object) -> Path:
    """Write an archive as somebody might forge it: listed and hashed as it should be, unless said otherwise."""
    entries = {name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in packed.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in packed.items():
            made.writestr(name, data)
        made.writestr(CONTENTS, json.dumps({"kind": KIND, "format": 1, "files": entries, **contents}))
    return path


BAD_NAMES = [
    "../out",
    "/etc/x",
    "runs/../../x",
    "runs\\..\\x",
    "C:/x",
    "cache/x",
    "x",
    "runs/./x",
    "runs//x",
    ".hidden",
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_that_are_not_of_a_project_are_refused(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path / "bad.zip", {DATABASE: b"x", name: b"y"})
    with pytest.raises(CurationError):
        restore(path, tmp_path / "in" / "out")
    assert not (tmp_path / "in" / "out").exists()
    assert sorted(entry.name for entry in tmp_path.iterdir()) in (["bad.zip"], ["bad.zip", "in"])


def _as_link(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(DATABASE, b"x")
        link = zipfile.ZipInfo("runs/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(link, b"/etc/passwd")
        entries = {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
            for name, data in ((DATABASE, b"x"), ("runs/link", b"/etc/passwd"))
        }
        made.writestr(CONTENTS, json.dumps({"kind": KIND, "format": 1, "files": entries}))


def _no_archive(path: Path) -> None:
    path.write_bytes(b"no archive at all")


def _other_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("readme.txt", b"x")


def _unlisted(path: Path) -> None:
    archive(path, {DATABASE: b"x", "runs/a": b"y"}, files={DATABASE: {"sha256": "0", "bytes": 1}})


def _lying_size(path: Path) -> None:
    data = b"0" * 5_000_000
    files = {DATABASE: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": 10}}
    archive(path, {DATABASE: data}, files=files)


def _wrong_hash(path: Path) -> None:
    archive(path, {DATABASE: b"x"}, files={DATABASE: {"sha256": "0" * 64, "bytes": 1}})


def _newer(path: Path) -> None:
    archive(path, {DATABASE: b"x"}, format=2)


def _without_database(path: Path) -> None:
    archive(path, {"runs/a": b"x"})


@pytest.mark.parametrize(
    "forge", [_as_link, _no_archive, _other_archive, _unlisted, _lying_size, _wrong_hash, _newer, _without_database]
)
def test_an_archive_that_is_not_what_it_says_is_refused_and_leaves_nothing(
    tmp_path: Path, forge: Callable[[Path], None]
) -> None:
    forge(tmp_path / "bad.zip")
    with pytest.raises(CurationError) as caught:
        restore(tmp_path / "bad.zip", tmp_path / "out")
    assert caught.value.remedy
    assert [path.name for path in tmp_path.iterdir()] == ["bad.zip"]


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = archive(tmp_path / "bomb.zip", {DATABASE: b"0" * 3_000_000})
    with pytest.raises(CurationError, match=r"unpacks to 3,000,000 bytes; the limit is 1,000"):
        restore(path, tmp_path / "out", most_bytes=1000)
    with pytest.raises(CurationError, match="There is no file"):
        restore(tmp_path / "nowhere.zip", tmp_path / "out")


def test_any_damage_to_a_backup_is_noticed(filled: Project, tmp_path: Path) -> None:
    filled.backup.write(tmp_path / "p.zip")
    whole = (tmp_path / "p.zip").read_bytes()
    for number, place in enumerate(range(50, len(whole), len(whole) // 12)):
        (tmp_path / "d.zip").write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            restore(tmp_path / "d.zip", tmp_path / f"d{number}")
        except CurationError:
            continue
        # What is not content (a time in a header) may differ; the content may not.
        for path in (tmp_path / f"d{number}").rglob("*.bin"):
            assert path.read_bytes() == (filled.folder / "runs/run-0001/adapter/a.bin").read_bytes()
    (tmp_path / "d.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CurationError, match="no whole backup"):
        restore(tmp_path / "d.zip", tmp_path / "half")


def test_on_a_full_disk_the_file_that_was_named_is_named(filled, tmp_path, monkeypatch):
    def full(draft: Path) -> None:
        raise CurationError(f"The copy {draft} cannot be written: no space.", "Free some space on that disk.")

    monkeypatch.setattr(filled.store, "copy_to", full)
    with pytest.raises(CurationError) as caught:
        filled.backup.write(tmp_path / "b.zip")
    assert caught.value.message == f"The copy {tmp_path / 'b.zip'} cannot be written: no space."
    assert list(tmp_path.glob("*.zip")) + list(tmp_path.glob(".b*")) == []
