"""Files and folders are replaced whole, and what a killed process left is put right."""

from pathlib import Path

import pytest

from pipelines.errors import CurationError
from workbench.files import replaced_file, replaced_folder, tidy


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for content in ("one", "two"):
        with replaced_folder(out) as draft:
            (draft / f"{content}.txt").write_text(content)
            assert not (out / f"{content}.txt").exists()
    assert names(tmp_path) == ["out"]
    assert names(out) == ["two.txt"]


def test_a_block_that_fails_leaves_the_old_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with replaced_folder(out) as draft:
        (draft / "a").write_text("old")
    with pytest.raises(ZeroDivisionError), replaced_folder(out) as draft:  # noqa: PT012
        (draft / "a").write_text("new")
        raise ZeroDivisionError
    assert names(tmp_path) == ["out"]
    assert (out / "a").read_text() == "old"


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with replaced_folder(tmp_path / "link") as draft:
        (draft / "a").write_text("x")
    assert (tmp_path / "link").is_symlink()
    assert names(tmp_path / "real") == ["a"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CurationError, match="cannot be written") as caught, replaced_folder(tmp_path / "file" / "out"):
        pass
    assert caught.value.remedy


def test_what_a_killed_process_left_is_put_right(tmp_path: Path) -> None:
    (tmp_path / ".a.12.draft").mkdir()  # killed while it wrote
    (tmp_path / ".a.12.draft" / "half").write_text("")
    (tmp_path / ".b.13.aside").mkdir()  # killed between moving the old one aside and putting the new one there
    (tmp_path / ".b.13.aside" / "old").write_text("")
    (tmp_path / ".b.13.draft").mkdir()
    (tmp_path / "c").mkdir()
    (tmp_path / ".c.14.aside").mkdir()  # killed after the new one was put there
    (tmp_path / ".d.txt.15.draft").write_text("half a file")
    (tmp_path / ".d.txt.15.draft.wal").write_text("a database's log")
    for unconcerned in (".draft", ".e.draft", "f.16.draft", ".hidden"):
        (tmp_path / unconcerned).write_text("")
    assert len(tidy(tmp_path, "d.txt")) == 2
    assert len(tidy(tmp_path)) == 4
    assert names(tmp_path) == [".draft", ".e.draft", ".hidden", "b", "c", "f.16.draft"]
    assert names(tmp_path / "b") == ["old"]
    assert tidy(tmp_path) == []
    assert tidy(tmp_path / "nowhere") == []


def test_a_draft_that_this_process_is_writing_stays(tmp_path: Path) -> None:
    with replaced_folder(tmp_path / "out") as draft:
        tidy(tmp_path)
        (draft / "a").write_text("x")
    assert names(tmp_path / "out") == ["a"]


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    with replaced_file(tmp_path / "a.txt") as draft:
        draft.write_text("whole")
        assert not (tmp_path / "a.txt").exists()
    assert names(tmp_path) == ["a.txt"]


def test_a_file_below_a_file_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    with pytest.raises(CurationError, match="cannot be written"), replaced_file(tmp_path / "a" / "b.txt"):
        pass
