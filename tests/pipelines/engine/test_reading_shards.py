"""Files cut into slices give the lines that they give when they are read whole."""

import gzip
import json
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.duplicates.settings import DuplicateSettings
from pipelines.engine.executor import LocalExecutor
from pipelines.engine.reading import Shards, cut_files, read_shards
from pipelines.engine.shard_files import read_frames
from pipelines.engine.signing import compared_examples
from pipelines.engine.stages import Stages
from pipelines.formats.read import ReadSettings, read_file


def lines() -> list[str]:
    plain = [json.dumps({"prompt": f"Wie viel? {n}", "completion": f"Größe {n}" * (n % 7 + 1)}) for n in range(60)]
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
    chat = json.dumps({"messages": [*turns, {"role": "assistant", "content": "d"}]}, ensure_ascii=False)
    single = json.dumps(
        {"messages": [{"role": "user", "content": "Wie viel? 3"}, {"role": "assistant", "content": "é"}]}
    )
    return ["\ufeff" + plain[0], *plain[1:30], "", "{broken", chat, single, '{"prompt": 3}', *plain[30:], plain[5]]


def read(files: list[Path], count: int, folder: Path) -> Shards:
    return read_shards(files, count, folder, Stages(LocalExecutor(), 2))


@pytest.mark.parametrize("count", [1, 2, 7, 40])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_wherever_a_file_is_cut_the_lines_are_the_same(tmp_path: Path, count: int, ending: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(ending.join(lines()).encode())
    whole = read_file(path)
    shards = read([path], count, tmp_path / "shards")
    rows = read_frames(shards.paths).sort("line")
    assert rows["line"].to_list() == whole.accepted["line"].to_list()
    assert rows["file"].unique().to_list() == ["a.jsonl"]
    examples = compared_examples_of(shards.paths)
    assert examples.sort("line")["messages"].to_list() == whole.accepted["messages"].to_list()
    rejected = read_frames(shards.rejected).sort("line")
    assert_frame_equal(rejected.drop("file"), whole.rejected)
    assert (shards.accepted, shards.rejected_lines) == (whole.accepted.height, whole.rejected.height)


def compared_examples_of(paths: list[Path]) -> pl.DataFrame:
    """Read shards with their messages filled in, as the comparison of last turns does."""
    return pl.concat([compared_examples(path, DuplicateSettings(side="last-turn")) for path in paths])


def test_a_file_without_a_line_break_and_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_text(lines()[1])
    (tmp_path / "none.jsonl").write_text("")
    shards = read([tmp_path / "one.jsonl", tmp_path / "none.jsonl"], 5, tmp_path / "shards")
    assert shards.accepted == 1
    assert read_frames(shards.paths)["line"].to_list() == [1]


def test_what_cannot_be_cut_is_read_whole(tmp_path: Path) -> None:
    text = "\n".join(lines()[1:30])
    (tmp_path / "packed.jsonl").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "wide.jsonl").write_bytes(text.encode("utf-16"))
    (tmp_path / "table.csv").write_text("prompt,completion\n" + "\n".join(f"q{n},a{n}" for n in range(30)))
    files = sorted(tmp_path.iterdir())
    assert [part.end for part in cut_files(files, 9, ReadSettings())] == [None, None, None]
    shards = read(files, 9, tmp_path / "shards")
    counts = read_frames(shards.paths).group_by("file").len().sort("file")
    assert counts["len"].to_list() == [29, 30, 29]


def test_slices_are_about_equal_however_large_the_files(tmp_path: Path) -> None:
    (tmp_path / "large.jsonl").write_text("\n".join(lines()[1:30] * 30))
    (tmp_path / "small.jsonl").write_text("\n".join(lines()[1:30]))
    slices = cut_files([tmp_path / "large.jsonl", tmp_path / "small.jsonl"], 10, ReadSettings())
    assert [part.path.name for part in slices] == ["large.jsonl"] * 10 + ["small.jsonl"]
