"""What is written reads back the same, and what a format cannot carry is left out with its reason."""

import csv
import hashlib
import json
import os
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipelines.errors import CurationError
from pipelines.examples import examples_frame
from pipelines.formats.read import read_file
from pipelines.formats.registry import FORMATS
from pipelines.formats.write import LEFT_OUT, WriteResult, write_examples

WRITABLE = sorted(name for name, entry in FORMATS.items() if entry.can_write)
SINGLE = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
WITH_SYSTEM = [{"role": "system", "content": "s"}, *SINGLE]
MULTI = [*SINGLE, {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}]
WEIGHTED = [SINGLE[0], {**SINGLE[1], "weight": 1}]
PARTS = [{"role": "user", "content": [{"type": "text", "text": "a"}]}, SINGLE[1]]
NUL = [SINGLE[0], {"role": "assistant", "content": "a\0b"}]
CALL = [SINGLE[0], {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}]


def write(path: Path, conversations: list, format_: str) -> WriteResult:
    examples = examples_frame(conversations)
    result = write_examples(examples, path, format_)
    assert result.rows + result.left_out.height == examples.height
    assert result.left_out.schema == LEFT_OUT
    assert result.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    return result


def test_the_formats_that_can_be_written():
    assert WRITABLE == ["alpaca", "chat", "csv", "parquet", "prompt-completion", "sharegpt"]


@pytest.mark.parametrize(
    ("format_", "kept"),
    [
        ("chat", [SINGLE, WITH_SYSTEM, MULTI, WEIGHTED, PARTS, CALL, NUL]),
        ("sharegpt", [SINGLE, WITH_SYSTEM, MULTI, WEIGHTED, NUL]),
        ("parquet", [SINGLE, WITH_SYSTEM, MULTI, NUL]),
        ("prompt-completion", [SINGLE, WITH_SYSTEM, NUL]),
        ("alpaca", [SINGLE, WITH_SYSTEM, NUL]),
        ("csv", [SINGLE, WITH_SYSTEM]),
    ],
)
def test_a_format_carries_what_it_can_and_names_the_rest(tmp_path, format_, kept):
    conversations = [SINGLE, WITH_SYSTEM, MULTI, WEIGHTED, PARTS, CALL, NUL]
    result = write(tmp_path / "out", conversations, format_)
    left = examples_frame([item for item in conversations if item not in kept])
    assert result.left_out["example_id"].to_list() == left["example_id"].to_list()
    assert (result.left_out["reason"].str.len_chars() > 10).all()
    assert read_file(tmp_path / "out").accepted["messages"].to_list() == examples_frame(kept)["messages"].to_list()


contents = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=20)
plain = st.sampled_from(["user", "assistant", "system", "tool"]).flatmap(
    lambda role: contents.map(lambda text: {"role": role, "content": text})
)
# A conversation whose texts are all blank is refused on reading, so it is never there to be written.
single = (
    st.tuples(contents, contents)
    .filter(lambda pair: any(text.strip() for text in pair))
    .map(lambda pair: [{"role": "user", "content": pair[0]}, {"role": "assistant", "content": pair[1]}])
)
conversation = single | st.lists(plain, max_size=3).map(
    lambda turns: [{"role": "user", "content": "q"}, *turns, {"role": "assistant", "content": "a", "weight": 0}]
)


@pytest.mark.parametrize("format_", WRITABLE)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(conversations=st.lists(conversation, min_size=1, max_size=5))
@example(conversations=[[{"role": "user", "content": ""}, {"role": "assistant", "content": "\x1f\x1b"}]] * 2)
def test_reading_gives_back_what_was_written(tmp_path, format_, conversations):
    path = tmp_path / "out"
    result = write(path, conversations, format_)
    left = set(result.left_out["example_id"])
    examples = examples_frame(conversations).filter(~pl.col("example_id").is_in(left))
    if result.notes:
        return  # cells made safe against formulas read back with their apostrophe, and the notes say so
    back = read_file(path)
    assert back.rejected.is_empty()
    assert back.accepted["messages"].to_list() == examples["messages"].to_list()


@pytest.mark.parametrize("format_", [name for name in WRITABLE if name not in ("parquet", "csv")])
def test_lines_are_strict_ascii_json_with_one_set_of_keys(tmp_path, format_):
    odd = [{"role": "user", "content": "a\u2028b\u0085c😀"}, {"role": "assistant", "content": "é\r\n"}]
    write(tmp_path / "out", [odd, SINGLE, WITH_SYSTEM], format_)
    data = (tmp_path / "out").read_bytes()
    assert data.isascii()
    assert b"\r" not in data
    assert data.endswith(b"\n")
    rows = [json.loads(line) for line in data.decode().splitlines()]
    assert len(rows) == 3
    assert len({tuple(row) for row in rows}) == 1


def test_the_system_column_is_there_only_when_needed(tmp_path):
    write(tmp_path / "a", [SINGLE], "alpaca")
    assert json.loads((tmp_path / "a").read_text()) == {"instruction": "a", "input": "", "output": "b"}
    write(tmp_path / "b", [SINGLE, WITH_SYSTEM], "alpaca")
    first = json.loads((tmp_path / "b").read_text().splitlines()[0])
    assert first == {"instruction": "a", "input": "", "output": "b", "system": ""}


def test_formulas_are_made_harmless_in_tables(tmp_path):
    starts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"]
    conversations = [[{"role": "user", "content": start}, {"role": "assistant", "content": "x=1"}] for start in starts]
    result = write(tmp_path / "out", conversations, "csv")
    with (tmp_path / "out").open(newline="") as file:
        cells = [row["prompt"] for row in csv.DictReader(file)]
    assert cells == [f"'{start}" for start in starts]
    assert result.notes == ["6 cells begin like a formula and were written with a leading apostrophe."]


def test_no_examples_give_an_empty_file(tmp_path):
    for format_ in WRITABLE:
        result = write(tmp_path / "out", [], format_)
        assert result.rows == 0
        assert read_file(tmp_path / "out").lines == 0


def test_a_file_is_whole_or_not_there(tmp_path, monkeypatch):
    path = tmp_path / "out"
    write(path, [SINGLE], "chat")
    before = path.read_bytes()

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(CurationError, match="No space left"):
        write_examples(examples_frame([MULTI]), path, "chat")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_unknown_formats_and_hopeless_paths_are_refused(tmp_path):
    with pytest.raises(CurationError, match="no format 'docx'"):
        write_examples(examples_frame([SINGLE]), tmp_path / "out", "docx")
    with pytest.raises(CurationError, match="to write"):
        write_examples(examples_frame([SINGLE]), tmp_path / "out", "text")
    (tmp_path / "file").write_text("")
    with pytest.raises(CurationError, match="cannot be written"):
        write_examples(examples_frame([SINGLE]), tmp_path / "file" / "out", "chat")
