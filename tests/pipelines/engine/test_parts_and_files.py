"""Order over many files, exchange files, outputs that are written whole, and stages that go on where they stopped."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.duplicates.groups import order_by_preference
from pipelines.engine.executor import LocalExecutor
from pipelines.engine.ordering import put_in_order
from pipelines.engine.shard_files import read_exchange, read_frames, whole_folder, write_exchange, write_frame
from pipelines.engine.stages import Stages
from pipelines.errors import CurationError
from pipelines.examples import EXAMPLES
from tests.pipelines.engine.shard_rows import ordered, pairs_frame, sample_examples


@pytest.mark.parametrize(("shards", "parts"), [(1, 1), (3, 5), (5, 2)])
def test_parts_hold_the_examples_in_the_order_of_preference(tmp_path: Path, shards: int, parts: int) -> None:
    examples = sample_examples(900)
    order, _ = ordered(examples, tmp_path, shards, parts)
    expected = order_by_preference(examples.unique("example_id").select(EXAMPLES.names()), None)
    found = read_frames(order.examples)
    assert_frame_equal(found, expected)
    assert order.rows == expected.height
    assert len(order.folders) == parts
    sizes = np.diff(order.offsets)
    assert sizes.max() < 2 * order.rows / parts + 50
    rows = np.arange(order.rows)
    assert (order.owner(rows) == np.repeat(np.arange(parts), sizes)).all()
    lines = read_frames(folder / "occurrences.parquet" for folder in order.folders)
    assert_frame_equal(lines.sort("line"), examples.select("example_id", "file", "line").sort("line"))


def test_no_examples_and_fewer_than_parts(tmp_path: Path) -> None:
    none, _ = ordered(pairs_frame([]), tmp_path / "none", 2, 3)
    assert none.offsets.tolist() == [0, 0, 0, 0]
    one, _ = ordered(pairs_frame([("a", "b")]), tmp_path / "one", 2, 4)
    assert one.rows == 1


def test_a_shard_without_a_column_is_refused_by_name(tmp_path: Path) -> None:
    write_frame(tmp_path / "s.parquet", pl.DataFrame({"example_id": ["a"], "completion": ["b"]}))
    with pytest.raises(CurationError, match=r"rows of s\.parquet need a column 'messages'"):
        put_in_order([tmp_path / "s.parquet"], 1, tmp_path, Stages(LocalExecutor(), 4))


def test_an_exchange_file_gives_each_partition_its_rows_in_their_order(tmp_path: Path) -> None:
    frame = pl.DataFrame({"row": [1, 2, 3, 4], "text": ["a", "ÿ\n", "", "d"]})
    write_exchange(tmp_path / "x.arrow", frame, np.array([2, 0, 2, 0]), 4)
    paths = [tmp_path / "x.arrow", tmp_path / "x.arrow"]
    assert read_exchange(paths, 0)["row"].to_list() == [2, 4, 2, 4]
    assert read_exchange(paths[:1], 2).to_dicts() == [{"row": 1, "text": "a"}, {"row": 3, "text": ""}]
    assert read_exchange(paths, 3).schema == frame.schema
    assert not read_exchange(paths, 1).height


def test_a_damaged_exchange_file_is_told_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "x.arrow").write_bytes(b"ARROW1\0\0 and then nothing")
    with pytest.raises(CurationError, match=r"x\.arrow cannot be read"):
        read_exchange([tmp_path / "x.arrow"], 0)


def test_what_fails_half_way_leaves_no_output(tmp_path: Path) -> None:
    def fail() -> None:
        with whole_folder(tmp_path / "out") as draft:
            (draft / "half").write_text("a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_of_two_that_write_the_same_output_the_first_stays(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "out") as slow:
        (slow / "who").write_text("slow")
        with whole_folder(tmp_path / "out") as fast:
            (fast / "who").write_text("fast")
    assert (tmp_path / "out" / "who").read_text() == "fast"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def write_name(text: str, out: Path) -> None:
    if text == "bad":
        raise CurationError("bad", "none")
    out.write_text(text)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_stage_computes_only_what_is_missing(tmp_path: Path, processes: int) -> None:
    with LocalExecutor(processes) as executor:
        stages = Stages(executor, 3)
        jobs = [(text, tmp_path / text) for text in ("a", "bad", "c")]
        with pytest.raises(CurationError, match="bad"):
            stages.run("Naming", write_name, jobs)
        (tmp_path / "a").write_text("kept")
        (tmp_path / "c").unlink(missing_ok=True)
        jobs = [("a", tmp_path / "a"), ("b", tmp_path / "b"), ("c", tmp_path / "c")]
        assert stages.run("Naming", write_name, jobs) == [path for _, path in jobs]
        assert stages.computed == 2
    assert [path.read_text() for _, path in jobs] == ["kept", "b", "c"]
