"""Packed files read as what they hold; of a broken one everything before the break is kept and the break is told."""

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.errors import CurationError
from pipelines.formats.read import ReadResult, ReadSettings, read_file

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda data: pa.compress(data, codec="zstd", asbytes=True),
}
LINES = [json.dumps({"prompt": f"{i} {'x' * (i % 7)}", "completion": str(i * i)}) for i in range(999)]
DATA = ("\n".join(LINES) + "\n").encode()
kinds = pytest.mark.parametrize("kind", sorted(PACK))


def read(tmp_path: Path, data: bytes, **settings: object) -> ReadResult:
    path = tmp_path / "file.jsonl"
    path.write_bytes(data)
    result = read_file(path, ReadSettings(**settings))
    assert result.accepted.height + result.rejected.height == result.lines
    return result


@kinds
def test_a_packed_file_reads_as_what_it_holds(tmp_path, kind):
    assert read(tmp_path, PACK[kind](DATA)).accepted["raw"].to_list() == LINES
    array = read(tmp_path, PACK[kind](f"[{','.join(LINES)}]".encode()))
    assert (array.accepted.height, array.rejected.height) == (999, 0)
    assert read(tmp_path, PACK[kind]("\n".join(LINES).encode("utf-16"))).accepted.height == 999
    assert read(tmp_path, PACK[kind](b"")).warnings == ["The file is empty."]


@kinds
def test_several_members_are_one_file(tmp_path, kind):
    half = len(DATA) // 2
    packed = PACK[kind](DATA[:half]) + PACK[kind](DATA[half:])
    assert read(tmp_path, packed).accepted["raw"].to_list() == LINES


@kinds
def test_a_cut_or_followed_by_rubbish_keeps_what_came_before_and_rejects_the_rest_with_the_reason(tmp_path, kind):
    first = PACK[kind](DATA)
    packed = first + PACK[kind](DATA)
    cut = read(tmp_path, packed[: len(first) + len(first) // 2])
    assert cut.accepted.height >= 999  # bzip2 gives a block whole or not at all
    assert cut.accepted["raw"].to_list() == (LINES * 2)[: cut.accepted.height]
    assert cut.rejected.height == 1
    assert f"The {kind} file is damaged" in cut.rejected["reason"][0]
    assert cut.rejected["line"].to_list() == [cut.accepted.height + 1]
    rubbish = read(tmp_path, first + b"rubbish")
    assert rubbish.accepted["raw"].to_list() == LINES
    assert rubbish.rejected["line"].to_list() == [1000]


@kinds
def test_nothing_but_a_broken_beginning_is_one_rejected_line(tmp_path, kind):
    result = read(tmp_path, PACK[kind](DATA)[:12])
    assert (result.accepted.height, result.rejected.height) == (0, 1)
    assert "damaged" in result.rejected["reason"][0]


def test_a_cut_array_keeps_its_whole_elements(tmp_path):
    result = read(tmp_path, gzip.compress(f"[{','.join(LINES)}]".encode())[:2000])
    assert 0 < result.accepted.height < 999
    assert result.rejected.height == 1
    assert "The gzip file is damaged" in result.rejected["reason"][0]


def test_a_cut_table_keeps_its_whole_rows(tmp_path):
    table = "prompt,completion\n" + "".join(f'"{i}, {i * i % 97}","{i * i}"\n' for i in range(999))
    result = read(tmp_path, gzip.compress(table.encode())[:2000])
    assert 0 < result.accepted.height < 999
    assert result.rejected.height == 1
    assert "The gzip file is damaged" in result.rejected["reason"][0]


@kinds
def test_a_bomb_is_refused_with_the_limit(tmp_path, kind):
    with pytest.raises(CurationError, match="limit of 1,000,000 bytes"):
        read(tmp_path, PACK[kind](b"a" * 3_000_000), max_unpacked_bytes=1_000_000)
