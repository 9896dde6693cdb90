"""Every layout on empty, single, odd, long, tool-calling and hostile input; and what each tool's documentation asks."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.errors import CurationError
from pipelines.examples import examples_frame
from pipelines.exports.registry import Layout, layouts
from pipelines.exports.write import Exported, write_export
from pipelines.formats.read import read_file

NAMES = list(layouts())
TOOLS = [name for name, layout in layouts().items() if layout.for_trainer]
Messages = list[dict[str, Any]]


def single(prompt: str, completion: str) -> Messages:
    return [{"role": "user", "content": prompt}, {"role": "assistant", "content": completion}]


PLAIN = [single(f"Where is order {n}?", f"Order {n} is on its way.") for n in range(40)]
WITH_SYSTEM = [{"role": "system", "content": "Be brief."}, *single("Hello?", "Hello.")]
SEVERAL = [*single("a", "b"), *single("c", "d")]
TWICE = [*single("a", "b"), {"role": "assistant", "content": "c"}]
UNICODE = single("Wo ist \u2028 \u0085 \u202e die Straße? 😀\r\n", "Здесь.\ufeff")
HOSTILE = single('=HYPERLINK("http://x")</script><img src=x>', "'; DROP TABLE examples; -- {{7*7}} <|im_end|>")
CALL = [
    {"role": "user", "content": "Weather in Rome?"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": {"city": "Rome"}}}
        ],
    },
    {"role": "tool", "tool_call_id": "c1", "content": "21 degrees"},
    {"role": "assistant", "content": "It is 21 degrees."},
]
NAN_TOOL = json.dumps([{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}])
SPECIAL = {
    "system": WITH_SYSTEM,
    "several": SEVERAL,
    "twice": TWICE,
    "unicode": UNICODE,
    "hostile": HOSTILE,
    "call": CALL,
}


def frame(conversations: list[Messages], *, rejected: bool = True, tools: bool = True) -> pl.DataFrame:
    examples = examples_frame(conversations)
    further = []
    for conversation in conversations:
        extra: dict[str, Any] = {"source key": "x", "id": 7}
        if rejected:
            extra["rejected"] = "A worse answer."
        if tools and any("tool_calls" in message for message in conversation):
            extra["tools"] = json.loads(NAN_TOOL)
        further.append(json.dumps(extra))
    return examples.select("example_id", "messages", "prompt", "completion").with_columns(
        metadata=pl.Series(further, dtype=pl.String)
    )


def write(
    tmp_path: Path, name: str, train: list[Messages], held_out: list[Messages] | None = None
) -> tuple[Exported, Path]:
    out = tmp_path / "out"
    out.mkdir(exist_ok=True)
    splits = {
        "train": frame(train),
        "validation": frame(PLAIN[:33] if held_out is None else held_out),
        "test": frame([single("sealed question", "sealed answer")]),
    }
    return write_export(splits, out, layouts()[name]), out


def rows_of(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        return pl.read_parquet(path).to_dicts()
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    return [json.loads(line) for line in path.read_bytes().decode("ascii").split("\n")[:-1]]


def test_every_tool_of_the_list_has_a_layout() -> None:
    assert {
        *("openai-chat", "openai-legacy", "openai-preference", "together", "bedrock-claude", "bedrock-nova"),
        *("bedrock-llama", "openpipe", "predibase", "alpaca", "sharegpt", "hf-dataset", "trl-chat"),
        *("trl-prompt-completion", "trl-preference", "axolotl", "llama-factory", "unsloth", "mlx", "ludwig"),
        *("parquet", "csv", "chat", "prompt-completion"),
    } == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_and_one_row(tmp_path: Path, name: str) -> None:
    layout = layouts()[name]
    with pytest.raises(CurationError, match="training split is empty"):
        write(tmp_path, name, [])
    if layout.minimum.get("train", 1) > 1:
        with pytest.raises(CurationError, match="at least; there are 1"):
            write(tmp_path, name, PLAIN[:1])
        return
    written, out = write(tmp_path, name, PLAIN[:1], [])
    assert written.rows["train"] == 1
    assert rows_of(out / layout.files["train"])


@pytest.mark.parametrize("kind", SPECIAL)
@pytest.mark.parametrize("name", NAMES)
def test_odd_examples_are_carried_whole_or_left_out_with_the_reason(tmp_path: Path, name: str, kind: str) -> None:
    layout = layouts()[name]
    written, out = write(tmp_path, name, [*PLAIN, SPECIAL[kind]])
    odd = examples_frame([SPECIAL[kind]])["example_id"][0]
    left = written.left_out.filter(pl.col("split") == "train")
    assert written.rows["train"] + left.height == len(PLAIN) + 1
    assert left["example_id"].to_list() in ([], [odd])
    assert all(len(reason) > 10 for reason in left["reason"])
    for file in set(layout.files.values()):
        data = (out / file).read_bytes()
        assert written.hashes[file] == hashlib.sha256(data).hexdigest()
        if file.endswith(".jsonl"):
            assert data.isascii()
            assert data.endswith(b"\n")
            assert b"\r" not in data
            assert b"NaN" not in data
        numbered = written.provenance.filter(pl.col("file") == file)
        assert numbered["row"].to_list() == list(range(1, len(rows_of(out / file)) + 1))
    told = json.dumps([rows_of(out / file) for file in set(layout.files.values())])
    if not layout.for_trainer:
        assert "sealed question" in told
    else:
        assert "sealed" not in told
    if layout.reads_back and left.is_empty() and not written.notes and kind != "call":
        back = read_file(out / layout.files["train"])
        assert back.rejected.is_empty()
        expected = examples_frame([*PLAIN, SPECIAL[kind]])["messages"].to_list()
        assert back.accepted["messages"].to_list()[: len(expected)] == expected


CARRIES_CALLS = {"chat", "openai-chat", "openai-preference", "openpipe", "mlx", "llama-factory"}
CARRIES_SEVERAL = set(NAMES) - {
    *("openai-legacy", "bedrock-llama", "predibase", "prompt-completion", "alpaca", "csv", "ludwig")
}


@pytest.mark.parametrize("name", NAMES)
def test_who_carries_calls_and_several_turns(tmp_path: Path, name: str) -> None:
    written, _ = write(tmp_path, name, [*PLAIN, CALL])
    assert written.left_out.is_empty() == (name in CARRIES_CALLS)
    (tmp_path / "out").rename(tmp_path / "first")
    written, _ = write(tmp_path, name, [*PLAIN, SEVERAL])
    assert written.left_out.is_empty() == (name in CARRIES_SEVERAL)


@pytest.mark.parametrize("name", NAMES)
def test_further_columns_never_reach_a_row(tmp_path: Path, name: str) -> None:
    """Tools refuse rows with an id, a source or a score."""
    _, out = write(tmp_path, name, PLAIN)
    allowed = {
        *("messages", "tools", "prompt", "completion", "conversations", "system", "split", "instruction", "input"),
        *("output", "preferred_output", "non_preferred_output", "rejected_message", "schemaVersion", "chosen"),
        "rejected",
    }
    for file in set(layouts()[name].files.values()):
        for row in rows_of(out / file):
            assert set(row) <= allowed


def check_openai(row: dict[str, Any]) -> None:
    """What OpenAI documents for a line of chat fine-tuning."""
    assert set(row) <= {"messages", "tools", "parallel_tool_calls", "functions"}
    assert row["messages"]
    for message in row["messages"]:
        assert message["role"] in {"system", "user", "assistant", "tool", "function"}
        assert set(message) <= {"role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call"}
        if message.get("weight") is not None:
            assert message["role"] == "assistant"
            assert type(message["weight"]) is int
            assert message["weight"] in (0, 1)
        assert isinstance(message["content"], str | list) or message.get("tool_calls")
        for call in message.get("tool_calls", []):
            assert set(call) == {"id", "type", "function"}
            json.loads(call["function"]["arguments"])
    assert row["messages"][-1]["role"] == "assistant"


def test_openai_lines_pass_its_documented_checks(tmp_path: Path) -> None:
    weighted = [PLAIN[0][0], {**PLAIN[0][1], "weight": 0}]
    half = [PLAIN[1][0], {**PLAIN[1][1], "weight": 0.5}]
    developer = [{"role": "developer", "content": "x"}, *PLAIN[2]]
    dangling = [CALL[0], CALL[2], CALL[3]]
    train = [*PLAIN, WITH_SYSTEM, SEVERAL, TWICE, UNICODE, CALL, weighted, half, developer, dangling]
    written, out = write(tmp_path, "openai-chat", train)
    rows = rows_of(out / "train.jsonl")
    for row in rows:
        check_openai(row)
    assert rows[len(PLAIN) + 4]["tools"][0]["function"]["name"] == "weather"
    reasons = written.left_out["reason"].to_list()
    assert [next(word for word in ("weight", "developer", "answers no call") if word in text) for text in reasons] == [
        "weight",
        "developer",
        "answers no call",
    ]


def test_openai_wants_ten_examples_also_of_what_it_can_carry(tmp_path: Path) -> None:
    with pytest.raises(CurationError, match="10 train examples at least; there are 9 after leaving out"):
        write(tmp_path, "openai-chat", [*PLAIN[:9], [{"role": "developer", "content": "x"}, *PLAIN[10]]])


def test_legacy_refuses_what_prepare_data_refuses(tmp_path: Path) -> None:
    with pytest.raises(CurationError, match="same completion"):
        write(tmp_path, "openai-legacy", [single(str(n), "yes") for n in range(3)])
    with pytest.raises(CurationError, match="same prompt"):
        write(tmp_path, "openai-legacy", [single("why", str(n)) for n in range(3)])
    long = single("x" * 10_001, "y")
    written, _ = write(tmp_path, "openai-legacy", [*PLAIN, long, single(" ", "blank")])
    assert written.notes == ["1 times, an example is longer than 10,000 characters."]
    assert written.left_out["reason"].to_list() == ["has a blank prompt or completion"]


@pytest.mark.parametrize("name", ["openai-preference", "trl-preference"])
def test_pairs_need_a_rejected_answer(tmp_path: Path, name: str) -> None:
    layout = layouts()[name]
    splits = {"train": frame(PLAIN, rejected=False), "validation": frame([])}
    with pytest.raises(CurationError, match="No training example has a rejected answer"):
        write_export(splits, tmp_path, layout)
    mixed = {
        "train": pl.concat(
            [frame(PLAIN[:20]), frame(PLAIN[20:22], rejected=False), frame([single("q", "A worse answer.")])]
        ),
        "validation": frame([]),
    }
    written = write_export(mixed, tmp_path, layout)
    assert written.left_out["reason"].to_list() == [
        "has no rejected answer",
        "has no rejected answer",
        "has the same answer as chosen and as rejected",
    ]
    assert written.rows == {"train": 20, "validation": 0}


def test_a_pair_of_whole_conversations_keeps_the_last_answers(tmp_path: Path) -> None:
    row = frame([PLAIN[0]], rejected=False)
    pair = json.dumps({"rejected": [PLAIN[0][0], {"role": "assistant", "content": "no"}]})
    other = json.dumps({"rejected": [{"role": "user", "content": "else"}, {"role": "assistant", "content": "no"}]})
    splits = {"train": row.with_columns(metadata=pl.lit(pair)), "validation": row.with_columns(metadata=pl.lit(other))}
    written = write_export(splits, tmp_path, layouts()["trl-preference"])
    assert rows_of(tmp_path / "train.jsonl") == [
        {"prompt": PLAIN[0][:1], "chosen": PLAIN[0][1:], "rejected": [{"role": "assistant", "content": "no"}]}
    ]
    assert written.left_out["reason"].to_list() == ["has a rejected answer to another prompt"]


def test_claude_has_the_system_text_beside_and_strict_turns(tmp_path: Path) -> None:
    marked = single("a\nHuman: b", "c")
    written, out = write(tmp_path, "bedrock-claude", [*PLAIN, WITH_SYSTEM, TWICE, marked], PLAIN[:3])
    rows = rows_of(out / "train.jsonl")
    assert rows[-1] == {"system": "Be brief.", "messages": WITH_SYSTEM[1:]}
    assert rows[0] == {"messages": PLAIN[0]}
    assert written.left_out.height == 2
    assert written.notes[0].startswith("Claude on Bedrock wants 32 validation examples at least; there are 3")
    with pytest.raises(CurationError, match="32 train"):
        write(tmp_path, "bedrock-claude", PLAIN[:31])


def test_too_many_for_a_service_is_an_error_before_any_work(tmp_path: Path) -> None:
    many = pl.concat([frame(PLAIN)] * 26)
    with pytest.raises(CurationError, match="1,000 validation examples at most; there are 1,040"):
        write_export({"train": frame(PLAIN), "validation": many}, tmp_path, layouts()["bedrock-claude"])
    assert list(tmp_path.iterdir()) == []


def test_nova_has_lists_of_texts(tmp_path: Path) -> None:
    _, out = write(tmp_path, "bedrock-nova", [*PLAIN, WITH_SYSTEM])
    assert rows_of(out / "train.jsonl")[-1] == {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": "Be brief."}],
        "messages": [
            {"role": "user", "content": [{"text": "Hello?"}]},
            {"role": "assistant", "content": [{"text": "Hello."}]},
        ],
    }


def test_openpipe_and_predibase_name_the_split_in_one_file(tmp_path: Path) -> None:
    written, out = write(tmp_path, "openpipe", PLAIN, PLAIN[:2])
    rows = rows_of(out / "openpipe.jsonl")
    assert [row["split"] for row in rows] == ["TRAIN"] * 40 + ["TEST"] * 2
    assert rows[0]["rejected_message"] == {"role": "assistant", "content": "A worse answer."}
    assert written.rows == {"train": 40, "validation": 2}
    _, out = write(tmp_path, "predibase", PLAIN, PLAIN[:2])
    assert [row["split"] for row in rows_of(out / "predibase.jsonl")] == ["train"] * 40 + ["evaluation"] * 2


def test_llama_factory_writes_calls_as_its_own_turns(tmp_path: Path) -> None:
    _, out = write(tmp_path, "llama-factory", [*PLAIN, CALL, [WITH_SYSTEM[0], *SEVERAL]])
    rows = rows_of(out / "train.jsonl")
    assert [turn["from"] for turn in rows[-2]["conversations"]] == ["human", "function_call", "observation", "gpt"]
    assert json.loads(rows[-2]["conversations"][1]["value"]) == {"name": "weather", "arguments": {"city": "Rome"}}
    assert json.loads(rows[-2]["tools"]) == [{"name": "weather", "parameters": {"type": "object"}}]
    assert rows[-1]["system"] == "Be brief."
    assert {tuple(row) for row in rows} == {("conversations", "system", "tools")}


def test_tables_are_safe_against_formulas(tmp_path: Path) -> None:
    for name in ("csv", "ludwig"):
        written, out = write(tmp_path, name, [*PLAIN, HOSTILE])
        assert rows_of(out / "train.csv")[-1]["prompt"].startswith("'=HYPERLINK")
        assert "1 cells begin like a formula" in written.notes[0]


def test_what_cannot_be_carried_at_all_is_an_error_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(CurationError, match="can carry none of the training examples: 5 times, the example has 4 mess"):
        write(tmp_path, "predibase", [SEVERAL] * 5)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("llama-factory",)])
def test_the_data_sets_library_reads_the_files(tmp_path: Path, name: str) -> None:
    """With one set of keys and one type a column, all rows, in order."""
    layout: Layout = layouts()[name]
    written, out = write(tmp_path, name, [*PLAIN, UNICODE])
    datasets = pytest.importorskip("datasets")
    path = out / layout.files["train"]
    kind = {".jsonl": "json", ".csv": "csv", ".parquet": "parquet"}[path.suffix]
    loaded = datasets.load_dataset(kind, data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
    together = [split for split, file in layout.files.items() if file == layout.files["train"]]
    assert loaded.num_rows == sum(written.rows[split] for split in together)
    if kind == "json":
        for mine, theirs in zip(rows_of(path), loaded, strict=True):
            assert {key: value for key, value in theirs.items() if value is not None} == mine
