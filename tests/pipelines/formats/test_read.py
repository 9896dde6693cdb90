"""Every line ends as accepted or as rejected, with its true number, reason and remedy."""

import json
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import CurationError
from pipelines.examples import canonical_messages, messages_of
from pipelines.formats.read import READ_ROWS, REJECTED, ReadResult, ReadSettings, read_file
from pipelines.progress import Cancelled

HELLO = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello."}]
CHAT = json.dumps({"messages": HELLO})


def read(tmp_path: Path, data: str | bytes, **settings: object) -> ReadResult:
    path = tmp_path / "file"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    result = read_file(path, ReadSettings(**settings))
    assert result.accepted.height + result.rejected.height == result.lines
    assert result.accepted.schema == READ_ROWS
    assert result.rejected.schema == REJECTED
    assert result.rejected["remedy"].str.len_chars().min() != 0
    return result


def conversations(result: ReadResult) -> list[list[tuple[str, object]]]:
    return [
        [(message["role"], message["content"]) for message in messages_of(text)] for text in result.accepted["messages"]
    ]


@pytest.mark.parametrize(
    ("row", "format_", "expected"),
    [
        ({"messages": HELLO, "source": "desk"}, "chat", [("user", "Hello"), ("assistant", "Hello.")]),
        ({"prompt": "a", "completion": "b"}, "prompt-completion", [("user", "a"), ("assistant", "b")]),
        ({"Question": "a", "Answer": "b"}, "prompt-completion", [("user", "a"), ("assistant", "b")]),
        ({"input": "a", "output": "b"}, "prompt-completion", [("user", "a"), ("assistant", "b")]),
        (
            {"system": "s", "prompt": "a", "completion": "b"},
            "prompt-completion",
            [("system", "s"), ("user", "a"), ("assistant", "b")],
        ),
        (
            {"prompt": [{"role": "user", "content": "a"}], "completion": [{"role": "assistant", "content": "b"}]},
            "prompt-completion",
            [("user", "a"), ("assistant", "b")],
        ),
        ({"instruction": "a", "input": "x", "output": "b"}, "alpaca", [("user", "a\n\nx"), ("assistant", "b")]),
        ({"instruction": "a", "input": "", "output": "b"}, "alpaca", [("user", "a"), ("assistant", "b")]),
        ({"instruction": "a", "response": "b"}, "alpaca", [("user", "a"), ("assistant", "b")]),
        (
            {"instruction": "c", "output": "d", "history": [["a", "b"]]},
            "alpaca",
            [("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")],
        ),
        (
            {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}], "system": "s"},
            "sharegpt",
            [("system", "s"), ("user", "a"), ("assistant", "b")],
        ),
        ({"prompt": "a", "chosen": "b", "rejected": "c"}, "preference", [("user", "a"), ("assistant", "b")]),
        ({"chosen": HELLO, "rejected": HELLO[:1]}, "preference", [("user", "Hello"), ("assistant", "Hello.")]),
    ],
)
def test_a_shape_is_known_by_its_columns(tmp_path, row, format_, expected):
    result = read(tmp_path, json.dumps(row) + "\n")
    assert result.format == format_
    assert conversations(result) == [expected]


def test_other_columns_become_metadata_and_keys_of_messages_stay(tmp_path):
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "Weather?"}], "name": "bo"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function"}], "weight": 0},
        {"role": "tool", "content": "Rain", "tool_call_id": "1"},
        {"role": "assistant", "content": "Rain.", "weight": 1},
    ]
    result = read(tmp_path, json.dumps({"messages": messages, "tools": [{"a": 1}], "source": "é"}))
    assert messages_of(result.accepted["messages"][0]) == messages
    assert result.accepted["messages"][0] == canonical_messages(messages)
    assert json.loads(result.accepted["metadata"][0]) == {"tools": [{"a": 1}], "source": "é"}


def test_the_rejected_answer_of_a_pair_is_kept_as_metadata(tmp_path):
    result = read(tmp_path, json.dumps({"prompt": "a", "chosen": "b", "rejected": "c"}))
    assert json.loads(result.accepted["metadata"][0]) == {"rejected": "c"}


def test_blank_lines_are_no_lines_and_numbers_stay_true(tmp_path):
    result = read(tmp_path, f"\n{CHAT}\r\n \t\n{{broken\n\n{CHAT}")
    assert result.accepted["line"].to_list() == [2, 6]
    assert result.rejected["line"].to_list() == [4]
    assert result.rejected["raw"].to_list() == ["{broken"]
    assert result.accepted["raw"].to_list() == [CHAT, CHAT]


@pytest.mark.parametrize(
    ("line", "reason", "column"),
    [
        ('{"prompt": "a", "completion": NaN}', "NaN", 31),
        ('{"prompt": "a", "completion": "b", "x": -Infinity}', "-Infinity", 41),
        ('{"prompt": "a", "completion": "b", "x": 1e999}', "too large", None),
        ('{"prompt": "a", "prompt": "c", "completion": "b"}', "occurs twice", None),
        ('{"prompt": "a", "completion": "b', "cut off", 31),
        ('{"prompt": "a", "completion"', "cut off", 29),
        ('{"prompt": "a" "completion": "b"}', "not JSON", 16),
        ('{"prompt": "a\0", "completion": "b"}', "U+0000", 14),
        ('{"prompt": "a", "completion": "b"} {}', "More text", 36),
        ('{"prompt": "\\ud83d", "completion": "b"}', "surrogate", 13),
        ('{"prompt": "a", "completion": "b", "x": ' + "[" * 100 + "]" * 100 + "}", "nested", None),
        ('{"prompt": "a", "completion": "b", "x": ' + "[" * 100_000 + "}", "nested", None),
        ('{"prompt": "a", "completion": "b", "x": ' + "1" * 5000 + "}", "digits", None),
        ('{"prompt": "a", "completion": 7}', "the value 7", None),
        ('{"prompt": "a", "completion": true}', "the value True", None),
        ('{"prompt": "a", "completion": null}', "no value", None),
        ('{"prompt": "a", "completion": {"intent": "x"}}', "a structure", None),
        ("[1, 2]", "a list", None),
        ("null", "null", None),
        ("{}", "columns (none)", None),
        ('{"a": 1, "b": 2}', "columns (a, b)", None),
        ('{"text": "a"}', "no assistant message", None),
        ('{"messages": []}', "no messages", None),
        ('{"messages": "hello"}', "no JSON list", None),
        ('{"messages": {"role": "user"}}', "no list", None),
        ('{"messages": ["hello"]}', "Message 1 is not an object", None),
        ('{"messages": [{"content": "a"}]}', "Message 1 has no role", None),
        ('{"messages": [{"role": "wizard", "content": "a"}]}', "unknown role 'wizard'", None),
        ('{"messages": [{"role": ["user"], "content": "a"}]}', "unknown role", None),
        ('{"messages": [{"role": "user"}]}', "Message 1 has no content", None),
        ('{"messages": [{"role": "user", "content": 7}]}', "the value 7", None),
        ('{"messages": [{"role": "user", "content": {"a": 1}}]}', "an object", None),
        ('{"messages": [{"role": "user", "content": []}]}', "an empty list", None),
        ('{"messages": [{"role": "user", "content": [1]}]}', "content part", None),
        ('{"messages": [{"role": "assistant", "content": "a"}]}', "Nothing is asked", None),
        (
            '{"messages": [{"role": "assistant", "content": "a"}, {"role": "user", "content": "b"}]}',
            "The last message is from user",
            None,
        ),
        ('{"conversations": [{"from": "function_call", "value": "{}"}]}', "holds none", None),
        ('{"conversations": [{"from": "wizard", "value": "a"}]}', "no known speaker", None),
        ('{"conversations": [{"from": "human"}]}', "Message 1 has no content", None),
        ('{"conversations": [{"from": "human", "value": "a", "content": "b"}]}', "both from/value and content", None),
        ('{"instruction": "a", "output": "b", "history": [["a"]]}', "else than pairs", None),
    ],
)
def test_a_line_that_cannot_be_used_is_rejected_with_the_reason(tmp_path, line, reason, column):
    result = read(tmp_path, f"{CHAT}\n{line}\n{CHAT}\n")
    assert result.accepted["line"].to_list() == [1, 3]
    assert result.rejected["line"].to_list() == [2]
    assert reason in result.rejected["reason"][0]
    assert result.rejected["column"][0] == column
    assert result.rejected["raw"][0] == line


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": "a"}, {"role": "assistant", "content": ""}],
        [{"role": "user", "content": ""}, {"role": "assistant", "content": "b"}],
        [{"role": "user", "content": "a"}, {"role": "system", "content": "s"}, {"role": "assistant", "content": "b"}],
        [
            {"role": "assistant", "content": "Hi"},
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
        ],
        [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}, {"role": "assistant", "content": "c"}],
        [{"role": "user", "content": 'é"\\\n\u2028\x7f😀'}, {"role": "assistant", "content": "\u0000"}],
    ],
)
def test_what_some_trainer_takes_is_kept_as_it_is(tmp_path, messages):
    result = read(tmp_path, json.dumps({"messages": messages}))
    assert result.accepted["messages"].to_list() == [canonical_messages(messages)]


def test_rows_of_another_shape_are_read_with_a_warning(tmp_path):
    result = read(tmp_path, f'{CHAT}\n{CHAT}\n{{"prompt": "a", "completion": "b"}}\n')
    assert result.format == "chat"
    assert result.accepted.height == 3
    assert result.warnings == ["1 lines have another shape than the rest and were read as prompt-completion."]


def test_a_format_that_is_asked_for_is_not_guessed(tmp_path):
    result = read(tmp_path, f'{CHAT}\n{{"prompt": "a", "completion": "b"}}\n', format="chat")
    assert result.rejected["line"].to_list() == [2]
    assert "the format Chat messages" in result.rejected["reason"][0]


def test_a_mapping_names_the_columns_and_loses_none(tmp_path):
    row = {"prompt": "old", "ask": "a", "tell": "b"}
    result = read(tmp_path, json.dumps(row), mapping={"prompt": "ask", "completion": "tell"})
    assert conversations(result) == [[("user", "a"), ("assistant", "b")]]
    assert json.loads(result.accepted["metadata"][0]) == {"prompt": "old"}


def test_unknown_formats_and_fields_are_refused():
    with pytest.raises(ValueError, match="no format 'docx'"):
        ReadSettings(format="docx")
    with pytest.raises(ValueError, match="nothing a column can be mapped to"):
        ReadSettings(mapping={"promt": "a"})


def test_production_needs_no_answer(tmp_path):
    lines = [
        '{"prompt": "a"}',
        '{"text": "b"}',
        '{"query": "c", "completion": ""}',
        '{"messages": [{"role": "user", "content": "d"}]}',
        '{"messages": [{"role": "user", "content": "e"}, {"role": "assistant", "content": "f"}]}',
        '{"prompt": " "}',
        '{"messages": [{"role": "assistant", "content": "x"}]}',
    ]
    result = read(tmp_path, "\n".join(lines), role="production")
    assert [turns[0] for turns in conversations(result)] == [("user", letter) for letter in "abcde"]
    assert [len(turns) for turns in conversations(result)] == [1, 1, 1, 1, 2]
    assert result.rejected["line"].to_list() == [6, 7]


def test_plain_text_is_one_query_a_line(tmp_path):
    result = read(tmp_path, "where is my order, please?\r\n\nhow long, roughly, does it take\n", role="production")
    assert result.format == "text"
    assert conversations(result) == [
        [("user", "where is my order, please?")],
        [("user", "how long, roughly, does it take")],
    ]
    assert result.accepted["line"].to_list() == [1, 3]
    assert read(tmp_path, "where is it?\nand now?\n").rejected.height == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("kind", ["jsonl", "json", "csv"])
def test_encodings_read_the_same(tmp_path, encoding, kind):
    text = {
        "jsonl": json.dumps({"prompt": "Größe 😀", "completion": "ü"}, ensure_ascii=False) + "\r\n",
        "json": json.dumps([{"prompt": "Größe 😀", "completion": "ü"}], ensure_ascii=False),
        "csv": "prompt,completion\r\nGröße 😀,ü\r\n",
    }[kind]
    result = read(tmp_path, text.encode(encoding))
    assert conversations(result) == [[("user", "Größe 😀"), ("assistant", "ü")]]
    assert result.warnings == []


def test_windows_lines_are_read_with_a_warning_and_damaged_ones_rejected(tmp_path):
    good = '{"prompt": "caf\xe9", "completion": "\x80 5"}'.encode("latin-1")
    damaged = '{"prompt": "café", "completion": "b'.encode() + b'\xff"}'
    undefined = b'{"prompt": "a\x81", "completion": "b"}'
    result = read(tmp_path, b"\n".join([good, damaged, undefined]))
    assert conversations(result) == [[("user", "café"), ("assistant", "€ 5")]]
    assert result.rejected["line"].to_list() == [2, 3]
    assert result.rejected["column"].to_list() == [36, 14]
    assert "1 lines were not UTF-8" in result.warnings[0]


def test_half_a_surrogate_pair_in_utf_16_rejects_its_line(tmp_path):
    text = '{"prompt": "a", "completion": "b"}\n{"prompt": "a\ud800", "completion": "b"}\n'
    result = read(tmp_path, b"\xff\xfe" + text.encode("utf-16-le", "surrogatepass"))
    assert result.accepted["line"].to_list() == [1]
    assert result.rejected["line"].to_list() == [2]


def test_a_json_array_keeps_each_element_with_its_line(tmp_path):
    text = '[\n  {"prompt": "a",\n   "completion": "b"},\n  {"prompt": 1, "completion": "b"}, 7\n]\n'
    result = read(tmp_path, text)
    assert result.format == "prompt-completion"
    assert result.accepted["line"].to_list() == [2]
    assert result.accepted["raw"].to_list() == ['{"prompt": "a",\n   "completion": "b"}']
    assert result.rejected["line"].to_list() == [4, 4]


@pytest.mark.parametrize(
    ("text", "accepted", "reason", "line", "column"),
    [
        ('[{"prompt": "a", "completion": "b"}, {"prompt": "c', 1, "cut off", 1, 49),
        ('[{"prompt": "a", "completion": "b"},', 1, "no end", 1, None),
        ('[{"prompt": "a", "completion": "b"}', 1, "no end", 1, None),
        ('[{"prompt": "a", "completion": "b"}\n"c"]', 1, "comma is missing", 2, None),
        ('[{"prompt": "a", "completion": "b"}]\n x', 1, "More text", 2, None),
        ('[{"prompt": "a", "completion": "b"},\n{"prompt":\n "c" 1}]', 1, "(line 3)", 2, 6),
    ],
)
def test_a_damaged_array_gives_what_comes_before_the_damage(tmp_path, text, accepted, reason, line, column):
    result = read(tmp_path, text)
    assert result.accepted.height == accepted
    assert result.rejected.height == 1
    assert reason in result.rejected["reason"][0]
    assert (result.rejected["line"][0], result.rejected["column"][0]) == (line, column)


def test_objects_over_several_lines_and_wrapped_arrays_are_read(tmp_path):
    rows = [{"prompt": "a", "completion": "b"}, {"prompt": "c", "completion": "d"}]
    spread = "\n".join(json.dumps(row, indent=2) for row in rows)
    assert read(tmp_path, spread).accepted["line"].to_list() == [1, 5]
    assert read(tmp_path, json.dumps({"version": 1, "data": rows}, indent=1)).accepted.height == 2
    assert read(tmp_path, "[]").lines == 0
    assert read(tmp_path, "[ ] x").rejected.height == 1


def test_an_overlong_line_is_rejected_and_the_next_one_read(tmp_path):
    long = json.dumps({"prompt": "x" * 3_000_000, "completion": "b"})
    result = read(tmp_path, f"{CHAT}\n{long}\n{CHAT}\n{long}", max_line_bytes=1_000_000)
    assert result.accepted["line"].to_list() == [1, 3]
    assert result.rejected["line"].to_list() == [2, 4]
    assert result.rejected["raw"].str.len_chars().max() == 2000
    assert read(tmp_path, f"{long}\n{CHAT}\n").accepted.height == 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PK\x03\x04rest", "zip"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(32)) * 20, "binary"),
        (bytes(200) + b"plain", "binary"),
        (b"PAR1 but no more", "as Parquet"),
        (b"7z\xbc\xaf\x27\x1c....", "7z"),
        (b"a.txt".ljust(257, b"\0") + b"ustar\x0000".ljust(255, b"\0"), "tar"),
    ],
)
def test_a_file_that_holds_no_text_is_refused(tmp_path, data, message):
    path = tmp_path / "file.jsonl"
    path.write_bytes(data)
    with pytest.raises(CurationError, match=message):
        read_file(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(CurationError, match="no file"):
        read_file(tmp_path / "none.jsonl")
    with pytest.raises(CurationError, match="is a folder"):
        read_file(tmp_path)
    (tmp_path / "a").write_text(CHAT)
    with pytest.raises(CurationError, match="not Parquet"):
        read_file(tmp_path / "a", ReadSettings(format="parquet"))


def test_an_empty_file_gives_no_lines_and_says_so(tmp_path):
    for data in ("", "\n \n", "\ufeff"):
        result = read(tmp_path, data)
        assert (result.lines, result.warnings) == (0, ["The file is empty."])


def test_a_limit_stops_early(tmp_path):
    result = read(tmp_path, f"{CHAT}\n" * 50, limit=5)
    assert result.lines == 5
    assert result.columns == ("messages",)


def test_progress_rises_and_may_cancel(tmp_path):
    path = tmp_path / "file"
    path.write_text(f"{CHAT}\n" * 30_000)
    shares: list[float] = []
    result = read_file(path, progress=lambda share, message: shares.append(share))
    assert result.accepted.height == 30_000
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert shares[0] < 0.9

    def cancel(share: float, message: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        read_file(path, progress=cancel)


def test_parquet_reads_flat_nested_and_text_messages(tmp_path):
    path = tmp_path / "a"
    nested = [[*HELLO[:1], {**HELLO[1], "weight": 1}]]
    pl.DataFrame({"messages": nested, "n": [7]}).write_parquet(path)
    result = read_file(path)
    assert result.format == "parquet"
    assert messages_of(result.accepted["messages"][0]) == nested[0]  # the struct's null weight is gone
    assert json.loads(result.accepted["metadata"][0]) == {"n": 7}
    pl.DataFrame({"messages": [json.dumps(HELLO)]}).write_parquet(path)
    assert messages_of(read_file(path).accepted["messages"][0]) == HELLO
    frame = pl.DataFrame({"question": ["a", "b"], "answer": ["c", None], "when": [None, None]})
    frame.with_columns(pl.col("when").cast(pl.Datetime)).write_parquet(path)
    flat = read_file(path)
    assert flat.accepted["line"].to_list() == [1]
    assert flat.rejected["line"].to_list() == [2]


HALF = '[{"prompt": "ab\ud83d", "completion": "c"}, {"prompt": "d", "completion": "e"}]'


def test_half_a_character_is_never_taken_for_another_encoding(tmp_path):
    array = read(tmp_path, HALF.encode("utf-16", "surrogatepass"))
    assert (array.accepted.height, array.rejected.height) == (1, 1)
    assert not any("1252" in warning for warning in array.warnings)
    half = read(tmp_path, b'{"prompt": "ab\xed\xa0\x80", "completion": "c"}')
    assert half.rejected["reason"].to_list() == ["The line holds bytes that are no UTF-8 text."]


def test_a_cut_character_in_a_file_of_utf8_is_damage(tmp_path):
    lines = ['{"prompt": "caf\xe9", "completion": "c"}'.encode(), b'{"prompt": "caf\xc3", "completion": "c"}']
    result = read(tmp_path, b"\n".join(lines))
    assert (result.accepted["line"].to_list(), result.rejected["line"].to_list()) == ([1], [2])


def test_one_json_value_beyond_the_limit_is_refused_before_it_fills_the_memory(tmp_path):
    with pytest.raises(CurationError, match="more than the limit of 1,000 bytes") as refused:
        read(tmp_path, "[" + " " * 2_000 + "]", max_whole_bytes=1_000)
    assert "JSON Lines" in refused.value.remedy


def test_rows_beside_the_wrapped_ones_are_rejected_not_lost(tmp_path):
    rows = {"version": 1, "data": [{"prompt": "a", "completion": "b"}], "test": [{"prompt": "c", "completion": "d"}]}
    for text in (json.dumps(rows), json.dumps(rows, indent=1)):
        result = read(tmp_path, text)
        assert (result.accepted.height, result.rejected.height) == (1, 1)
        assert "beside those under 'data'" in result.rejected["reason"][0]


def test_one_column_is_not_mapped_to_two_fields():
    with pytest.raises(ValueError, match="mapped to two fields"):
        ReadSettings(mapping={"prompt": "a", "completion": "a"})


def test_a_chatml_file_that_is_cut_off_keeps_its_last_conversation_as_rejected(tmp_path):
    whole = "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n"
    result = read(tmp_path, f"{whole}\n{whole[:-11]}")
    assert (result.accepted.height, result.rejected["reason"].to_list()) == (
        1,
        ["The file ends within a turn: it is cut off."],
    )
    asks = "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n"
    assert read(tmp_path, asks, role="production").accepted.height == 1


def test_a_missing_comma_in_an_array_costs_no_element(tmp_path):
    rows = [json.dumps({"prompt": f"q{n}", "completion": "a"}) for n in range(9)]
    text = "[" + ",\n".join(rows[:5]) + "\n" + ",\n".join(rows[5:]) + "]"
    result = read(tmp_path, text)
    assert (result.accepted.height, result.rejected.height) == (9, 0)
    assert any("comma is missing before the element in line 6" in warning for warning in result.warnings)
