"""Chat lines written at once are, byte for byte, those that are written row by row."""

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.examples import canonical_messages, examples_frame
from pipelines.exports.plain_chat import plain_line
from pipelines.exports.registry import layout_named
from pipelines.exports.write import write_export

TEXTS = st.one_of(
    st.text(max_size=12),
    st.text(alphabet='ab "\\{}[],:$1\n\t', max_size=14),
    st.sampled_from(['{"content":"x","role":"user"},', '\\"', "},{", '"role":"user"', "$2", "\x7f", "\u2028", "é"]),
)
MESSAGES = st.lists(
    st.one_of(
        st.fixed_dictionaries({"role": st.sampled_from(["system", "user", "assistant"]), "content": TEXTS}),
        st.fixed_dictionaries({"role": st.just("assistant"), "content": TEXTS, "weight": st.sampled_from([0, 1])}),
        st.fixed_dictionaries({"role": st.just("tool"), "content": TEXTS, "tool_call_id": TEXTS}),
        st.just({"role": "assistant", "content": None, "tool_calls": []}),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(conversations=st.lists(MESSAGES, min_size=1, max_size=5))
def test_lines_are_those_of_the_json_module(conversations):
    for messages in conversations:
        line = plain_line(canonical_messages(messages))
        ordered = [{"role": message["role"], **message} for message in messages]
        ordered = [{"role": m.pop("role"), "content": m.pop("content"), **m} for m in ordered]
        assert line is None or line == json.dumps({"messages": ordered}, ensure_ascii=True)


def test_plain_conversations_are_written_at_once_and_no_others():
    asked = [{"role": "user", "content": 'Why "so"?\n\\ {}'}, {"role": "assistant", "content": "Because."}]
    plain = [asked, [{"role": "system", "content": "Be kind."}, *asked], [*asked, *asked]]
    plain += [[{"role": "user", "content": "é \u2028 \U0001f600"}], [*asked, {"role": "user", "content": "\x7f"}]]
    plain += [
        [{"role": "user", "content": text}] for text in ("", '","', '"', "\\", '{"content":"', '","role":"user"}')
    ]
    other = [
        [*asked[:1], {"role": "x", "content": "y"}],
        [*asked[:1], {"role": "x"}],
        [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
        [{"role": "user", "content": "Hi", "name": "Ada"}],
        [{"role": "user", "content": "Hi", "name": None}],
        [{"role": "user", "content": "Hi", "audio": 1}, *asked],
        [{"role": "user", "content": "Hi", "list": [{"content": "a", "role": "user"}]}],
        [],
    ]
    for messages in plain:
        line = plain_line(canonical_messages(messages))
        assert line is not None
        assert line.isascii()
        assert json.loads(line) == {"messages": messages}
    assert [plain_line(canonical_messages(messages)) for messages in other] == [None] * len(other)


@settings(max_examples=30, deadline=None)
@given(conversations=st.lists(MESSAGES, max_size=12))
def test_an_export_is_the_same_with_and_without(conversations, tmp_path_factory):
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    frame = examples_frame([turns, *conversations]).with_columns(metadata=pl.lit(None, pl.String))
    splits = {"train": frame, "validation": frame.head(1), "test": frame.clear()}
    folder: Path = tmp_path_factory.mktemp("export")
    written = []
    for name, layout in (
        ("at once", layout_named("chat")),
        ("row by row", replace(layout_named("chat"), plain_line=None)),
    ):
        (folder / name).mkdir()
        written.append(write_export(splits, folder / name, layout))
    one, other = written
    assert one.hashes == other.hashes
    assert one.rows == other.rows
    assert one.left_out.equals(other.left_out)
    assert one.provenance.equals(other.provenance)
