"""Nothing crashes the reader: any bytes and any structure end as lines accepted or rejected, or as a CurationError.

Each property sees some hundred inputs; `python -m tests.benchmarks.fuzz_import` reads as many as one likes.
"""

import gzip
import io
import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import CurationError
from pipelines.examples import canonical_messages, messages_of
from pipelines.formats.read import ReadSettings, read_file
from pipelines.formats.registry import FORMATS

READABLE = ["auto", *(name for name, entry in FORMATS.items() if entry.can_read)]
ROLES = ["train", "general", "test", "production"]
FAST = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

texts = st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
COLUMNS = """
messages prompt completion instruction input output conversations text question answer system history chosen rejected
preferred_output non_preferred_output chatml Prompt context x
"""
names = st.sampled_from(COLUMNS.split())
keys = st.sampled_from(["role", "content", "from", "value", "weight", "tool_calls", "name"])
words = st.sampled_from(["user", "assistant", "system", "human", "gpt", "tool", "function_call", "", "hello"])
words |= st.sampled_from(["<|im_start|>user\na<|im_end|>", "\n\nHuman: a\n\nAssistant: b", '[{"role": "user"}]'])
turns = st.lists(st.dictionaries(keys, words | values, max_size=4), max_size=4)
rows = st.dictionaries(names, words | turns | values, max_size=5)


# The signs that the formats are made of, and some that break them.
PIECES = [bytes([byte]) for byte in b'",\n\r{}[]:;\t\\\0\xff a1'] + [
    piece.encode()
    for piece in (
        "é",
        "\ufeff",
        "\\u",
        "d83d",
        "prompt",
        "completion",
        '"messages"',
        "NaN",
        "<|im_start|>",
        "<|im_end|>",
    )
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file"


def check(path: Path, data: bytes, format_: str, role: str) -> None:
    path.write_bytes(data)
    try:
        result = read_file(path, ReadSettings(format=format_, role=role))
    except CurationError:
        return
    assert result.accepted.height + result.rejected.height == result.lines
    assert (result.rejected["reason"].str.len_chars() > 0).all()
    assert (result.rejected["remedy"].str.len_chars() > 0).all()
    assert (result.rejected["column"].drop_nulls() >= 1).all()
    assert result.accepted["line"].is_sorted()
    assert result.rejected["line"].is_sorted()
    for messages, metadata in result.accepted.select("messages", "metadata").iter_rows():
        assert canonical_messages(messages_of(messages)) == messages
        assert isinstance(json.loads(metadata), dict)


@FAST
@given(data=st.binary(max_size=300), format_=st.sampled_from(READABLE), role=st.sampled_from(ROLES))
def test_any_bytes(file, data, format_, role):
    check(file, data, format_, role)


@FAST
@given(
    data=st.lists(st.sampled_from(PIECES), max_size=40),
    start=st.sampled_from([b"", b"prompt,completion\n", b'{"prompt": "', b'[{"text": "', b"\xff\xfe", b"text\n"]),
    format_=st.sampled_from(READABLE),
    role=st.sampled_from(ROLES),
)
def test_bytes_that_look_like_formats(file, data, start, format_, role):
    check(file, start + b"".join(data), format_, role)


@FAST
@given(lines=st.lists(rows | values, min_size=1, max_size=5), array=st.booleans(), role=st.sampled_from(ROLES))
def test_any_structure(file, lines, array, role):
    text = json.dumps(lines) if array else "\n".join(json.dumps(line) for line in lines)
    check(file, text.encode(), "auto", role)


@FAST
@given(row=rows, cut=st.integers(0, 400), packed=st.booleans())
def test_any_cut(file, row, cut, packed):
    data = (json.dumps(row) + "\n").encode() * 3
    check(file, (gzip.compress(data) if packed else data)[:cut], "auto", "train")


def test_an_arrow_file_cannot_make_the_reader_look_outside_its_own_bytes(file):
    table = pa.table({"prompt": ["a"], "completion": ["b"]})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data = bytearray(sink.getvalue())
    # The second offset of a text column of one letter is the 32-bit number 1 after 0; here it becomes 100,000.
    at = data.rindex(b"\0\0\0\0\1\0\0\0")
    data[at + 4 : at + 8] = (100_000).to_bytes(4, "little")
    file.write_bytes(data)
    result = read_file(file)
    assert result.accepted.is_empty()
    assert "damaged" in result.rejected["reason"][0]
