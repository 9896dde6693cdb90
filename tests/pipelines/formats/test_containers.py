"""Containers whose damage must cost only what is damaged: arrays, Parquet, Arrow."""

import datetime
import decimal
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.errors import CurationError
from pipelines.examples import messages_of
from pipelines.formats.read import ReadResult, ReadSettings, read_file

GOOD = '{"prompt": "a", "completion": "b"}'


def read(tmp_path: Path, data: bytes, **settings: object) -> ReadResult:
    path = tmp_path / "file"
    path.write_bytes(data)
    result = read_file(path, ReadSettings(**settings))
    assert result.accepted.height + result.rejected.height == result.lines
    return result


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('{"prompt": NaN, "completion": "b"}', "NaN"),
        ('{"prompt": "a", "prompt": "b"}', "occurs twice"),
        ('{"prompt": "\\ud800", "completion": "b"}', "surrogate"),
        ('{"prompt": "a", "x": ' + "[" * 70 + "]" * 70 + "}", "nested deeper"),
        ('{"prompt": ' + "1" * 5000 + "}", "digits"),
    ],
)
def test_an_element_that_is_json_but_refused_costs_itself_only(tmp_path, bad, reason):
    spread = "\n".join(f"{{\n{element[1:]}" for element in (GOOD, bad, GOOD))
    for text in (f"[{GOOD}, {bad}, {GOOD}]", f"[\n{GOOD},\n{bad},\n{GOOD}\n]", spread):
        result = read(tmp_path, text.encode())
        assert (result.accepted.height, result.rejected.height) == (2, 1)
        assert reason in result.rejected["reason"][0]


@pytest.mark.parametrize(
    "text",
    [
        f"[\n{GOOD},\n{GOOD}\n]",
        f"[{GOOD},\n{GOOD}]",
        '{\n"prompt": "a", "completion": "b",\n"x":\n{"y": 1}\n}\n{\n"prompt": "a", "completion": "b"\n}',
        '{"x": [\n{"y": 1}\n],\n"prompt": "a", "completion": "b"}\n{"prompt": "a",\n"completion": "b"}',
    ],
)
def test_whole_objects_on_lines_of_their_own_do_not_make_an_array_json_lines(tmp_path, text):
    result = read(tmp_path, text.encode())
    assert (result.accepted.height, result.rejected.height) == (2, 0)


@pytest.mark.parametrize("first", ['[{"prompt": "cut', '{"prompt": "cut",', "[1, 2]", f"[{GOOD}]"])
def test_an_odd_first_line_does_not_make_json_lines_an_array(tmp_path, first):
    result = read(tmp_path, f"{first}\n{GOOD}\n{GOOD}\n".encode())
    assert result.accepted["line"].to_list() == [2, 3]
    assert result.rejected["line"].to_list() == [1]


def test_an_element_that_is_no_json_costs_what_lies_before_the_next_line_that_begins_as_its_own(tmp_path):
    rows = ["  {\n    'x': {\n      \"y\": 1}\n  }", f"  {GOOD}", '  {"prompt": }', f"  {GOOD}"]
    result = read(tmp_path, ("[\n" + ",\n".join(rows) + "\n]").encode())
    assert result.accepted["line"].to_list() == [6, 8]
    assert result.rejected["line"].to_list() == [2, 7]
    assert result.rejected["raw"].to_list() == ["{\n    'x': {\n      \"y\": 1}\n  }", '{"prompt": }']


def test_bytes_that_are_no_text_cost_their_element_only(tmp_path):
    bad = '{"prompt": "é'.encode() + b'\xff", "completion": "b"}'
    result = read(tmp_path, b"[" + GOOD.encode() + b",\n" + bad + b",\n" + GOOD.encode() + b"]")
    assert result.accepted["line"].to_list() == [1, 3]
    assert result.rejected["line"].to_list() == [2]
    assert "no UTF-8" in result.rejected["reason"][0]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_known_in_any_script(tmp_path, encoding):
    text = json.dumps({"prompt": "日本語の長い文" * 30, "completion": "はい" * 30}, ensure_ascii=False)
    for data in (text, f"[{text}]"):
        assert read(tmp_path, data.encode(encoding)).accepted.height == 1


def test_what_stands_beside_wrapped_rows_is_told(tmp_path):
    result = read(tmp_path, json.dumps({"license": "MIT", "data": [json.loads(GOOD)]}, indent=1).encode())
    assert result.accepted.height == 1
    assert result.warnings == ["The rows were found under 'data'; what stands beside it was not read: license."]


def table(rows: int) -> pa.Table:
    call = {"type": "function", "function": {"name": "f", "arguments": "{}"}}
    plain = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a", "weight": 1.0}]
    called = [plain[0], {"role": "assistant", "content": None, "tool_calls": [call]}, plain[1]]
    when = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    further = {"when": when, "price": decimal.Decimal("1.50"), "image": b"\0\xff", "tags": {"x": None}}
    return pa.Table.from_pylist([{"messages": called if n % 2 else plain, "n": n, **further} for n in range(rows)])


def parquet(rows: int, group: int) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table(rows), sink, row_group_size=group, compression="none", use_dictionary=False)
    return sink.getvalue()


def arrow(rows: int, stream: bool) -> bytes:
    sink = io.BytesIO()
    held = table(rows)
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(sink, held.schema) as writer:
        writer.write_table(held, max_chunksize=2)
    return sink.getvalue()


@pytest.mark.parametrize("data", [parquet(4, 2), arrow(4, stream=True), arrow(4, stream=False)])
def test_nested_tables_give_messages_without_the_keys_that_only_their_struct_put_there(tmp_path, data):
    result = read(tmp_path, data)
    assert result.accepted["line"].to_list() == [1, 2, 3, 4]
    first, second = (messages_of(result.accepted["messages"][place]) for place in (0, 1))
    assert first == [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a", "weight": 1.0}]
    assert second[1] == {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": "{}"}}],
    }
    assert json.loads(result.accepted["metadata"][1]) == {
        "n": 1,
        "when": "2026-01-02T03:04:05+00:00",
        "price": "1.50",
        "image": "AP8=",
        "tags": {},
    }


def test_a_damaged_row_group_is_one_rejected_record_and_the_next_group_is_read(tmp_path):
    data = bytearray(parquet(6, 2))
    groups = pq.ParquetFile(io.BytesIO(data)).metadata
    column = groups.row_group(1).column(0)
    data[column.data_page_offset : column.data_page_offset + 8] = b"\xff" * 8  # the header of the group's first page
    result = read(tmp_path, bytes(data))
    assert result.accepted["line"].to_list() == [1, 2, 5, 6]
    assert result.rejected["line"].to_list() == [3]
    assert "2 rows from here on are damaged" in result.rejected["reason"][0]


@pytest.mark.parametrize("stream", [True, False])
def test_a_cut_arrow_file_keeps_its_whole_batches_or_is_refused(tmp_path, stream):
    data = arrow(6, stream)[:-1400]
    if not stream:  # its table of contents stands at the end
        with pytest.raises(CurationError, match="cannot be read as Arrow"):
            read(tmp_path, data)
        return
    result = read(tmp_path, data)
    assert result.accepted["line"].to_list()[:2] == [1, 2]
    assert result.accepted.height % 2 == 0
    assert "damaged" in result.rejected["reason"][0]


def test_an_arrow_file_asked_for_as_something_else_is_refused(tmp_path):
    for format_ in ("parquet", "jsonl", "csv"):
        with pytest.raises(CurationError, match="is Arrow, not"):
            read(tmp_path, arrow(1, stream=True), format=format_)
