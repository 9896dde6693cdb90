"""A folder stands for its files of examples; what leads out of it or meets a limit is refused by name."""

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.errors import CurationError
from pipelines.examples import messages_of
from pipelines.formats.archive import archive_kind, opened_files
from pipelines.formats.folder import FolderLimits, files_in, look_into, shown_name
from pipelines.formats.read import read_file

ROW = {"prompt": "a", "completion": "b"}
LINE = json.dumps(ROW) + "\n"


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(LINE)
    return folder


def names(folder: Path, **limits: int) -> list[str]:
    return [shown_name(path, folder) for path in files_in(folder, FolderLimits(**limits))]


def save_to_disk(folder: Path, rows: list[dict], shards: int = 2) -> None:
    """As `datasets` 4 and 5 write it (checked against `Dataset.save_to_disk` of 5.2)."""
    folder.mkdir(parents=True)
    files = [f"data-{shard:05d}-of-{shards:05d}.arrow" for shard in range(shards)]
    for shard, name in enumerate(files):
        table = pa.Table.from_pylist(rows[shard::shards])
        with pa.OSFile(str(folder / name), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name} for name in files]}))
    (folder / "dataset_info.json").write_text("{}")


def test_a_file_is_itself_and_a_folder_its_data_in_order(tmp_path):
    fill(tmp_path, "b.jsonl", "a/z.csv.gz", "a/m.parquet", "a.tsv")
    fill(tmp_path, "README.md", ".hidden.jsonl", ".git/x.jsonl", "p.png")
    assert files_in(tmp_path / "b.jsonl") == [tmp_path / "b.jsonl"]
    assert names(tmp_path) == ["a/m.parquet", "a/z.csv.gz", "a.tsv", "b.jsonl"]
    assert dict(look_into(tmp_path).passed_over) == {
        ".git": "hidden",
        ".hidden.jsonl": "hidden",
        "README.md": "tells of the data",
        "p.png": "neither its name nor its beginning is that of data",
    }


def test_a_file_whose_name_says_nothing_is_read_by_its_content(tmp_path):
    fill(tmp_path, "part-00000", "shard.001", "run.dat")
    (tmp_path / "packed").write_bytes(gzip.compress(LINE.encode()))
    (tmp_path / "array.data").write_text(json.dumps([ROW, ROW], indent=1))
    pq.write_table(pa.Table.from_pylist([ROW]), tmp_path / "columns")
    (tmp_path / "Makefile").write_text("all:\n\techo {}\n")
    (tmp_path / "notes").write_text("prompt,completion\nto do, later\n")
    (tmp_path / "weights.bin").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "nothing").write_text("")
    assert names(tmp_path) == ["array.data", "columns", "packed", "part-00000", "run.dat", "shard.001"]
    assert [read_file(path).accepted.height for path in files_in(tmp_path)] == [2, 1, 1, 1, 1, 1]
    assert {name for name, _ in look_into(tmp_path).passed_over} == {"Makefile", "notes", "weights.bin", "nothing"}


def test_nothing_there_or_nothing_to_read_is_an_error(tmp_path):
    with pytest.raises(CurationError, match="no file"):
        files_in(tmp_path / "none")
    with pytest.raises(CurationError, match="holds no file of examples"):
        files_in(tmp_path)


def test_a_link_out_is_refused_and_one_inside_is_not_read_twice(tmp_path):
    data = fill(tmp_path / "data", "a.jsonl", "b/c.jsonl")
    fill(tmp_path, "secret.jsonl")
    (data / "again.jsonl").symlink_to(data / "a.jsonl")
    (data / "folder").symlink_to(data / "b")
    assert names(data) == ["a.jsonl", "b/c.jsonl"]
    for target in (tmp_path / "secret.jsonl", tmp_path, Path("/etc/passwd"), data / "out.jsonl"):
        (data / "out.jsonl").symlink_to(target)
        with pytest.raises(CurationError, match="leads out of"):
            files_in(data)
        (data / "out.jsonl").unlink()


def test_limits_are_named(tmp_path):
    fill(tmp_path, *(f"{place}.jsonl" for place in range(5)), "a/b/c/d.jsonl")
    with pytest.raises(CurationError, match="more files than the limit of 3"):
        names(tmp_path, max_files=3)
    with pytest.raises(CurationError, match=f"{6 * len(LINE)} bytes, more than the limit of 50"):
        names(tmp_path, max_bytes=50)
    with pytest.raises(CurationError, match="limit of 3 levels"):
        names(tmp_path, max_depth=3)


def test_a_saved_data_set_is_read_with_its_splits(tmp_path):
    answer = {"role": "assistant", "content": "b"}
    rows = [{"messages": [{"role": "user", "content": str(n)}, answer]} for n in range(5)]
    save_to_disk(tmp_path / "set" / "train", rows)
    save_to_disk(tmp_path / "set" / "test", rows[:2], shards=1)
    fill(tmp_path / "set", "cache-1.arrow")
    (tmp_path / "set" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    assert names(tmp_path / "set") == [
        "train/data-00000-of-00002.arrow",
        "train/data-00001-of-00002.arrow",
        "test/data-00000-of-00001.arrow",
    ]
    read = [read_file(path).accepted for path in files_in(tmp_path / "set" / "train")]
    assert [messages_of(text) for frame in read for text in frame["messages"]] == [
        rows[place]["messages"] for place in (0, 2, 4, 1, 3)
    ]


def test_a_folder_of_parquet_shards_is_read(tmp_path):
    for shard in range(2):
        (tmp_path / "data").mkdir(exist_ok=True)
        pq.write_table(pa.Table.from_pylist([ROW]), tmp_path / f"data/train-{shard:05d}-of-00002.parquet")
    assert names(tmp_path) == ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"]
    assert all(read_file(path).accepted.height == 1 for path in files_in(tmp_path))


@pytest.mark.parametrize("name", ["../../secret.jsonl", "/etc/passwd"])
def test_a_saved_data_set_that_names_a_file_elsewhere_is_refused(tmp_path, name):
    fill(tmp_path, "secret.jsonl")
    folder = tmp_path / "a" / "set"
    folder.mkdir(parents=True)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name}]}))
    with pytest.raises(CurationError, match="leads out of"):
        files_in(folder)
    for text in ("", "[]", '{"_data_files": 7}', '{"_data_files": [{"filename": "a\\u0000"}]}', "[" * 100_000):
        (folder / "state.json").write_text(text)
        with pytest.raises(CurationError, match="not as `datasets` writes it"):
            files_in(folder)


def zip_of(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def tar_of(path: Path, *members: tarfile.TarInfo, mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(LINE.encode()) if member.isreg() else None)
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    info.size = len(LINE) if kind == tarfile.REGTYPE else 0
    return info


def test_archives_are_read_and_their_folder_is_gone_afterwards(tmp_path):
    paths = [zip_of(tmp_path / "a", {"d/b.jsonl": LINE, "a.jsonl": LINE, "README.md": "x"})]
    for mode in ("w", "w:gz", "w:bz2", "w:xz"):
        paths.append(tar_of(tmp_path / f"t{len(paths)}", member("d/b.jsonl"), member("./a.jsonl"), mode=mode))
    for path in paths:
        with opened_files(path) as (folder, found):
            assert [shown_name(file, folder) for file in found.files] == ["a.jsonl", "d/b.jsonl"]
            assert [read_file(file).accepted.height for file in found.files] == [1, 1]
        assert not folder.exists()
    fill(tmp_path, "plain.jsonl")
    with opened_files(tmp_path / "plain.jsonl") as (folder, found):
        assert [shown_name(file, folder) for file in found.files] == ["plain.jsonl"]


@pytest.mark.parametrize("name", ["../a.jsonl", "/a.jsonl", "a/../../b.jsonl", "..\\a.jsonl", "c:\\a.jsonl"])
def test_a_member_that_climbs_is_refused(tmp_path, name):
    for path in (zip_of(tmp_path / "z", {name: LINE}), tar_of(tmp_path / "t", member(name))):
        with pytest.raises(CurationError, match="climbs out"), opened_files(path):
            pass


def test_links_devices_doubles_passwords_and_documents_are_refused(tmp_path):
    linked = zipfile.ZipInfo("a.jsonl")
    linked.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(linked, "/etc/passwd")
    locked = bytearray(zip_of(tmp_path / "z", {"a.jsonl": LINE}).read_bytes())
    for sign, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(sign) + flags] |= 1
    (tmp_path / "locked.zip").write_bytes(locked)
    cut = zip_of(tmp_path / "z", {"a.jsonl": LINE}).read_bytes()
    (tmp_path / "cut.zip").write_bytes(cut[:-8])
    refused = [
        (tmp_path / "link.zip", "is a link"),
        (tar_of(tmp_path / "1", member("a.jsonl", tarfile.SYMTYPE, "/etc/passwd")), "is a link"),
        (tar_of(tmp_path / "2", member("a.jsonl", tarfile.CHRTYPE)), "is a link or a device"),
        (tar_of(tmp_path / "3", member("a.jsonl"), member("./a.jsonl")), "two files of one name"),
        (tmp_path / "locked.zip", "password"),
        (tmp_path / "cut.zip", "cannot be unpacked"),
        (zip_of(tmp_path / "s", {"[Content_Types].xml": "", "xl/a.xml": ""}), "spreadsheet"),
        (zip_of(tmp_path / "e", {"README.md": ""}), "e holds no file of examples"),
    ]
    for path, reason in refused:
        with pytest.raises(CurationError, match=reason), opened_files(path):
            pass


def test_an_archive_that_grows_or_counts_past_a_limit_is_refused(tmp_path):
    bomb = zip_of(tmp_path / "bomb", {"a.jsonl": "a" * 5_000_000})
    with (
        pytest.raises(CurationError, match="limit of 1,000,000"),
        opened_files(bomb, FolderLimits(max_bytes=1_000_000)),
    ):
        pass
    many = zip_of(tmp_path / "many", {f"{place}.jsonl": LINE for place in range(30)})
    with pytest.raises(CurationError, match="limit of 20"), opened_files(many, FolderLimits(max_files=20)):
        pass
    deep = zip_of(tmp_path / "deep", {"a/" * 30 + "b.jsonl": LINE})
    with pytest.raises(CurationError, match="limit of 16 levels"), opened_files(deep):
        pass


def test_what_is_no_archive_is_told_apart_by_its_content(tmp_path):
    assert archive_kind(fill(tmp_path, "a.zip") / "a.zip") == ""
    assert archive_kind(tmp_path) == archive_kind(tmp_path / "none") == ""
    assert archive_kind(zip_of(tmp_path / "a.jsonl", {"b": ""})) == "zip"
