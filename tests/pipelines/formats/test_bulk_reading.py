"""Many lines at once give what one by one gives: the slow reading is the oracle of the fast one."""

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import CurationError
from pipelines.examples import example_row, messages_of
from pipelines.formats import bulk_blocks, bulk_lines, bulk_plain
from pipelines.formats.bulk_lines import LINES, plain_messages, raw_line
from pipelines.formats.bulk_marks import marks_of
from pipelines.formats.bulk_reading import Reading
from pipelines.formats.read import ReadSettings, read_file
from pipelines.progress import Cancelled


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files of some dozen lines go the way of large ones."""
    monkeypatch.setattr(bulk_lines, "FEWEST", 1)
    monkeypatch.setattr(bulk_plain, "FEWEST", 1)
    monkeypatch.setattr(bulk_plain, "_FIRST_LINES", 0)
    monkeypatch.setattr(bulk_blocks.blocks_of, "__defaults__", (2_000,))
    monkeypatch.setattr("pipelines.formats.source.CHUNK", 700)


def rows_of(path: Path, chosen: ReadSettings) -> tuple[pl.DataFrame, pl.DataFrame, Reading]:
    reading = Reading(path, chosen)
    blocks = list(reading.blocks())
    accepted = pl.concat([LINES.to_frame(), *(block.accepted for block in blocks)])
    return accepted, pl.concat([block.rejected for block in blocks]), reading


def whole(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its messages and raw text, as the store gives them back."""
    messages = row["messages"] or plain_messages(row["system"], row["prompt"], row["completion"])
    raw = row["raw"]
    if raw is None:
        raw = raw_line(row["form"], messages_of(messages), json.loads(row["metadata"]))
    return {**row, "messages": messages, "raw": raw, "form": None}


def check(path: Path, **chosen: Any) -> pl.DataFrame:
    """Compare both readings of a file and return the accepted lines of the fast one."""
    given_settings = ReadSettings(**chosen)
    slow = read_file(path, given_settings)
    accepted, rejected, reading = rows_of(path, given_settings)
    expected = [
        {**example_row(messages_of(row["messages"])), "form": None, **{n: row[n] for n in ("line", "raw", "metadata")}}
        for row in slow.accepted.iter_rows(named=True)
    ]
    assert [whole(row) for row in accepted.iter_rows(named=True)] == expected
    assert rejected.equals(slow.rejected)
    assert (reading.lines, reading.accepted, reading.rejected) == (slow.lines, len(expected), slow.rejected.height)
    assert sorted(reading.warnings) == sorted(slow.warnings)
    assert reading.format == slow.format
    return accepted


CHAT = {"messages": [{"role": "user", "content": "Q {n}?"}, {"role": "assistant", "content": 'A\n"{n}" é\\u 🙂'}]}
PAIR = {"prompt": "Q {n}?", "completion": "A {n}.", "id": 7, "tags": ["a", "b"], "score": 0.50}
KINDS = {
    "chat": CHAT,
    "several turns": {"messages": [*CHAT["messages"], *CHAT["messages"]], "source": "wiki"},
    "content first": {"messages": [{"content": "S", "role": "system"}, {"content": "{n}", "role": "user"},
                                   {"content": "", "role": "assistant"}]},
    "pair": PAIR,
    "alpaca": {"instruction": "Do {n}", "input": "", "output": "Done"},
    "alpaca with input": {"instruction": "Do {n}", "input": "this", "output": "Done", "system": "Be kind."},
    "sharegpt": {"conversations": [{"from": "human", "value": "{n}"}, {"from": "gpt", "value": "b"}]},
}  # fmt: skip


def filled(kind: str, number: int) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(json.dumps(KINDS[kind]).replace("{n}", str(number)))
    return row


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("separators", [None, (",", ":")])
@pytest.mark.parametrize("role", ["train", "production"])
def test_every_plain_kind_is_read_at_once(
    tmp_path: Path, kind: str, ascii_only: bool, separators: tuple[str, str] | None, role: str
) -> None:
    lines = [json.dumps(filled(kind, n), ensure_ascii=ascii_only, separators=separators) for n in range(40)]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    accepted = check(path, role=role)
    assert accepted.height == 40


def test_plain_lines_are_kept_without_a_second_copy(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps(filled("chat", n), ensure_ascii=False) for n in range(40)))
    accepted = check(path)
    # The answer's backslash-u looks like an escape to the quick look, so its raw text is kept.
    assert accepted["messages"].null_count() == 40
    plain = [json.dumps({"messages": [{"role": "user", "content": f"{n}\n"}, CHAT["messages"][0] | {
        "role": "assistant"}], "id": n}) for n in range(40)]  # fmt: skip
    path.write_text("\n".join(plain))
    accepted = check(path)
    assert accepted["raw"].null_count() == 40
    assert accepted["messages"].null_count() == 40
    assert accepted["form"].n_unique() == 1


ODD = (
    '{"messages": [{"role": "user", "content": "a", "content": "b"}, {"role": "assistant", "content": "c"}]}',
    '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}], "messages": []}',
    '{"messages": [{"role": "user", "content": NaN}, {"role": "assistant", "content": "c"}]}',
    '{"messages": [{"role": "user", "content": 5}, {"role": "assistant", "content": "c"}]}',
    '{"messages": [{"role": "user", "content": "\\ud83d"}, {"role": "assistant", "content": "c"}]}',
    '{"messages": [{"role": "user", "content": "\\ud83d\\ude42"}, {"role": "assistant", "content": "\\u0041\\/"}]}',
    '{"messages": [{"role": "user", "content": "\\u0000\\u001f\\u2028"}, {"role": "assistant", "content": "\\u007f"}]}',
    '{"messages": [{"role": "user", "content": " "}, {"role": "assistant", "content": "\\n\\t"}]}',
    '{"messages": [{"role": "user", "content": "\\u00a0\\u2003"}, {"role": "assistant", "content": ""}]}',
    '{"messages": [{"role": "user", "content": ""}, {"role": "assistant", "content": ""}]}',
    '{"messages": [{"role": "user", "content": "\\"}, {\\"role\\": \\""}, {"role": "assistant", "content": "}]}"}]}',
    '{"messages": [{"role": "user", "content": "a\tb"}, {"role": "assistant", "content": "c"}]}',
    '{"messages": [{"role": "stranger", "content": "a"}, {"role": "assistant", "content": "c"}]}',
    '{"messages": [{"role": "assistant", "content": "a"}]}',
    '{"messages": [{"role": "user", "content": "a"}]}',
    '{"messages": []}',
    '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "c", "weight": 0}]}',
    '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}], "id": -0}',
    '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}], "id": 1e5}',
    '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": ""}], "n": 12345678901234567890}',
    '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}], "id": {"x": 1}}',
    '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}], "id": 0.10}',
    '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}], "id": "\\u00e9\\/"}',
    '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": ""}], "n": [1, "\\u00e9", 0.1]}',
    ' {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}]} ',
    '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}]}\r',
    '{"messages":  [{"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}]}',
    '{"messages": [{"role": "user", "content": "\ue0000\ue001"}, {"role": "assistant", "content": "\ue0001\ue001"}]}',
    '{"prompt": "\\"completion\\": \\"x", "completion": "\\", \\"completion\\": \\""}',
    '{"prompt": "a", "completion": null}',
    '{"prompt": null, "completion": "a"}',
    '{"instruction": "a", "input": null, "output": "b", "system": ""}',
    '{"conversations": [{"from": "human", "value": "a"}, {"from": "Assistant ", "value": "b"}]}',
    '{"role": "x", "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}]}',
    "",
    "   ",
    "no JSON",
    '{"messages": [{"role": "user", "content": "cut o',
    "[1]",
    "\ufeff{}",
)

texts = st.text(
    st.sampled_from('ab"\\/ \n\t\r\x00\x1f\x7fé中🙂\u2028\ue000{}[],:u0') | st.characters(exclude_categories=["Cs"]),
    max_size=12,
)
speakers = st.sampled_from(["user", "assistant", "system", "tool"])
turns = st.lists(st.fixed_dictionaries({"role": speakers, "content": texts}), min_size=1, max_size=4)
values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts | st.lists(texts, max_size=2)
chats = st.fixed_dictionaries({"messages": turns}, optional={"id": values, "é": values})
pairs = st.fixed_dictionaries({"prompt": texts, "completion": texts}, optional={"system": texts, "id": values})
alpacas = st.fixed_dictionaries({"instruction": texts, "input": texts, "output": texts})
sharegpts = st.fixed_dictionaries(
    {
        "conversations": st.lists(
            st.fixed_dictionaries({"value": texts, "from": st.sampled_from(["human", "gpt", "system"])}), max_size=3
        )
    }
)
written = st.tuples(chats | pairs | alpacas | sharegpts, st.booleans(), st.sampled_from([None, (",", ":")])).map(
    lambda given: json.dumps(given[0], ensure_ascii=given[1], separators=given[2])
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(written | st.sampled_from(ODD), min_size=1, max_size=25),
    role=st.sampled_from(["train", "production"]),
    end=st.sampled_from(["", "\n", "\r\n"]),
    packed=st.booleans(),
)
def test_both_readings_agree_on_any_lines(tmp_path: Path, lines: list[str], role: str, end: str, packed: bool) -> None:
    path = tmp_path / "a.jsonl"
    data = ("\n".join(lines) + end).encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    try:
        read_file(path, ReadSettings(role=role))
    except CurationError:
        with pytest.raises(CurationError):
            rows_of(path, ReadSettings(role=role))
        return
    check(path, role=role)


# Bytes that end, begin or spoil something in a line of JSON.
_CHANGES = [
    b"",
    b'"',
    b"\\",
    b'\\"',
    b"\\\\",
    b"\\u",
    b"\\n",
    b"\n",
    b"\r",
    b"\t",
    b"\x00",
    b"}",
    b", ",
    b"x",
    b"\xe9",
    b"\xc3\xa9",
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(sorted(KINDS)),
    changes=st.lists(
        st.tuples(st.integers(0, 11), st.floats(0, 1), st.sampled_from([0, 1, 2]), st.sampled_from(_CHANGES)),
        max_size=6,
    ),
)
def test_lines_of_one_kind_agree_whatever_is_changed_in_some(
    tmp_path: Path, kind: str, changes: list[tuple[int, float, int, bytes]]
) -> None:
    lines = [json.dumps(filled(kind, number), ensure_ascii=False).encode() for number in range(12)]
    for row, share, width, new in changes:
        at = int(share * len(lines[row]))
        lines[row] = lines[row][:at] + new + lines[row][at + width :]
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join(lines))
    try:
        read_file(path, ReadSettings())
    except CurationError:
        with pytest.raises(CurationError):
            rows_of(path, ReadSettings())
        return
    check(path)


@given(st.lists(st.sampled_from([b'"', b"\\", b"\\", b"n", b"u", b"x", b"\t", b"\r", b"\n", b"\xc3\xa9"]), max_size=40))
def test_marks_are_those_that_a_walk_through_the_lines_finds(parts: list[bytes]) -> None:
    data = b"".join(parts)
    marks = marks_of(bulk_blocks.Block(1, data))
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    assert len(marks.begins) == len(lines)
    for row, line in enumerate(lines):
        text = line.removesuffix(b"\r")
        assert data[marks.begins[row] : marks.ends[row]] == text
        quotes, plain, at = [], not any(byte < 32 for byte in text), 0
        while at < len(text):
            if text[at : at + 1] == b"\\":
                plain &= text[at + 1 : at + 2] in {b'"', b"\\", b"n"}
                at += 1
            elif text[at : at + 1] == b'"':
                quotes.append(marks.begins[row] + at)
            at += 1
        if plain:
            found = marks.quotes[marks.first[row] : marks.first[row] + marks.counts[row]]
            assert found.tolist() == quotes
        assert marks.plain[row] == plain
        assert marks.escaped[row] == (b"\\" in text)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-30],
        lambda data: data.replace(b"Q 20", b"Q \xe9"),
        lambda data: data.replace(b"Q 20", b"Q \xe9\xc3\xa9"),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.decode().encode("utf-16"),
        lambda data: data.replace(b"Q 20", b"Q " + b"long " * 400),
        lambda data: gzip.compress(data)[:-200],
        lambda data: gzip.compress(b"\xef\xbb\xbf" + data[:30])[:-4],
        lambda data: gzip.compress(data),
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data + b"\n\n  \n",
    ],
)
def test_both_readings_agree_on_damaged_and_foreign_bytes(tmp_path: Path, spoil: Any) -> None:
    lines = [json.dumps(filled("chat", n), ensure_ascii=False) for n in range(60)]
    path = tmp_path / "a.jsonl"
    path.write_bytes(spoil(("\n".join(lines) + "\n").encode()))
    check(path, max_line_bytes=1_000)


def test_an_empty_file_and_other_containers_agree(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"")
    check(tmp_path / "a.jsonl")
    (tmp_path / "b.csv").write_text("prompt,completion,id\n" + "".join(f"Q{n},A{n},{n}\n" for n in range(50)))
    check(tmp_path / "b.csv")
    (tmp_path / "c.json").write_text(json.dumps([filled("pair", n) for n in range(30)], indent=1))
    check(tmp_path / "c.json")


def test_reading_stops_when_it_is_cancelled(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps(filled("chat", n)) for n in range(200)))

    def stop(share: float, message: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        list(Reading(path, ReadSettings()).blocks(stop))


@pytest.mark.parametrize("key", ["\ue0000\ue001", "\ue0009\ue001"])
def test_a_key_that_looks_like_a_mark_is_a_key(tmp_path: Path, key: str) -> None:
    path = tmp_path / "a.jsonl"
    rows = [{"prompt": f"Q {n}", "completion": "A", key: "v"} for n in range(30)]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    accepted = check(path)
    assert {tuple(json.loads(text).items()) for text in accepted["metadata"]} == {((key, "v"),)}


def test_answers_that_people_disliked_are_told_however_they_are_read(tmp_path):
    rows = [{"prompt": f"Q{n}?", "completion": "A.", "label": n % 3 > 0} for n in range(90)]
    path = tmp_path / "kto.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    check(path)
    _, _, reading = rows_of(path, ReadSettings())
    assert [warning[:27] for warning in reading.warnings] == ["30 lines have label false: "]
    assert read_file(path).warnings == reading.warnings
    path.write_text(json.dumps({"prompt": "Is label: false a label?", "completion": '"label": false'}) + "\n")
    assert read_file(path).warnings == []
