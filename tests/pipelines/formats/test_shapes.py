"""The shapes that data sets come in: what each common form of a row holds, worked by hand from its published form."""

import json
from pathlib import Path

import pytest

from pipelines.examples import messages_of
from pipelines.formats.read import ReadResult, ReadSettings, read_file
from pipelines.formats.registry import FORMATS, shapes

USER, ANSWER = {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}
PAIR = [("user", "a"), ("assistant", "b")]


def read(tmp_path: Path, *rows: dict, **settings: object) -> ReadResult:
    path = tmp_path / "file"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_file(path, ReadSettings(**settings))


def one(tmp_path: Path, row: dict, **settings: object) -> list[dict]:
    result = read(tmp_path, row, **settings)
    assert result.rejected["reason"].to_list() == []
    return messages_of(result.accepted["messages"][0])


def said(messages: list[dict]) -> list[tuple[str, object]]:
    return [(message["role"], message["content"]) for message in messages]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        # TRL, explicit prompt
        ({"prompt": "a", "chosen": "b", "rejected": "c"}, PAIR),
        ({"prompt": [USER], "chosen": [ANSWER], "rejected": [ANSWER]}, PAIR),
        # TRL, implicit prompt
        ({"chosen": [USER, ANSWER], "rejected": [USER, ANSWER]}, PAIR),
        # UltraFeedback: the conversation beside its prompt
        ({"prompt": "a", "prompt_id": "7", "chosen": [USER, ANSWER], "rejected": [USER], "messages": [USER]}, PAIR),
        # Orca pairs
        ({"system": "s", "question": "a", "chosen": "b", "rejected": "c"}, [("system", "s"), *PAIR]),
        # HH-RLHF; the second answer begins with a line end, which is its own
        (
            {"chosen": "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:\nd ", "rejected": "\n\nHuman: a"},
            [*PAIR, ("user", "c"), ("assistant", "\nd ")],
        ),
        ({"prompt": "\n\nHuman: a\n\nAssistant:", "chosen": "b", "rejected": "c"}, PAIR),
        # LLaMA-Factory, both of its formattings
        (
            {
                "conversations": [{"from": "human", "value": "a"}],
                "chosen": {"from": "gpt", "value": "b"},
                "rejected": {"from": "gpt", "value": "c"},
            },
            PAIR,
        ),
        ({"instruction": "a", "input": "x", "chosen": "b", "rejected": "c"}, [("user", "a\n\nx"), PAIR[1]]),
        ({"instruction": "a", "input": "", "chosen": "b", "rejected": "c"}, PAIR),
        # Axolotl chat_template
        ({"messages": [USER], "chosen": ANSWER, "rejected": ANSWER}, PAIR),
        # OpenAI
        (
            {
                "input": {"messages": [USER], "tools": []},
                "preferred_output": [ANSWER],
                "non_preferred_output": [ANSWER],
            },
            PAIR,
        ),
        # A table's cells
        ({"chosen": json.dumps([USER, ANSWER]), "rejected": "[]"}, PAIR),
        ({"prompt": "a", "chosen": '{"intent": "x"}', "rejected": "{"}, [PAIR[0], ("assistant", '{"intent": "x"}')]),
    ],
)
def test_preference_pairs_in_their_common_shapes(tmp_path, row, expected):
    result = read(tmp_path, row)
    assert result.format == "preference"
    assert result.rejected["reason"].to_list() == []
    assert said(messages_of(result.accepted["messages"][0])) == expected
    kept = json.loads(result.accepted["metadata"][0])
    rejected = "rejected" if "rejected" in row else "non_preferred_output"
    assert kept[rejected] == row[rejected]


def test_a_pair_without_a_question_is_rejected(tmp_path):
    result = read(tmp_path, {"chosen": "b", "rejected": "c"})
    assert "no prompt" in result.rejected["reason"][0]


def test_a_transcript_loses_nothing_but_its_marks(tmp_path):
    turns = [("user", " two blanks"), ("assistant", "b\n\nHuman without a colon"), ("user", ""), ("assistant", "d\n")]
    marks = {"user": "Human", "assistant": "Assistant"}
    text = "".join(f"\n\n{marks[role]}: {content}" for role, content in turns)
    assert said(one(tmp_path, {"chosen": text, "rejected": text})) == turns


CHATML = "<|im_start|>system\ns<|im_end|>\n<|im_start|>user\na\n\na2<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n"


@pytest.mark.parametrize("column", ["text", "chatml", "messages", "prompt"])
def test_chatml_in_a_column_is_taken_apart(tmp_path, column):
    expected = [("system", "s"), ("user", "a\n\na2"), ("assistant", "b")]
    result = read(tmp_path, {column: CHATML, "id": 7})
    assert result.format == "chatml"
    assert said(messages_of(result.accepted["messages"][0])) == expected
    assert json.loads(result.accepted["metadata"][0]) == {"id": 7}
    assert said(one(tmp_path, {column: f"<s>{CHATML}<|endoftext|>"})) == expected


def test_chatml_names_and_the_mark_that_asks_for_an_answer(tmp_path):
    text = "<|im_start|>user name=bo\na<|im_end|>\n<|im_start|>assistant\n"
    assert one(tmp_path, {"text": text}, role="production") == [{"role": "user", "name": "bo", "content": "a"}]
    result = read(tmp_path, {"text": f"{text}b"})
    assert said(messages_of(result.accepted["messages"][0])) == PAIR  # the answer that is only begun in the text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<|im_start|>user\na<|im_start|>assistant\nb<|im_end|>", "Turn 1 has no end"),
        ("<|im_start|>user\na<|im_end|>x<|im_start|>assistant\nb<|im_end|>", "Text stands outside, after turn 1"),
        ("<|im_start|>wizard\na<|im_end|>", "unknown role 'wizard'"),
        ("<|im_start|>user\na", "The only turn has no end"),
    ],
)
def test_damaged_chatml_is_rejected(tmp_path, text, reason):
    assert reason in read(tmp_path, {"text": text}).rejected["reason"][0]


def test_other_text_in_the_same_column_is_a_query(tmp_path):
    result = read(tmp_path, {"text": "what does <|im_start|> mean"}, {"text": CHATML}, role="production")
    assert [len(messages_of(text)) for text in result.accepted["messages"]] == [1, 3]


def test_a_file_of_chatml_text_is_cut_into_conversations(tmp_path):
    turn = "<|im_start|>user\na\n\n\nb<|im_end|>\n<|im_start|>assistant\nc<|im_end|>\n"
    # a system turn begins a conversation; a blank line between turns does; a blank line inside one does not
    path = tmp_path / "file"
    path.write_text(f"{turn}{turn}{CHATML}\n{turn}<|endoftext|>\n{turn}", newline="")
    result = read_file(path)
    assert (result.format, result.lines) == ("chatml", 4)
    assert [len(messages_of(text)) for text in result.accepted["messages"]] == [4, 3, 2, 2]
    assert result.accepted["line"].to_list() == [1, 15, 24, 32]  # a turn has 7 lines, CHATML 8


@pytest.mark.parametrize("value", [{"name": "f", "arguments": {"x": 1}}, [{"name": "f"}, {"name": "g"}]])
def test_calls_of_sharegpt_become_tool_calls(tmp_path, value):
    turns = [
        {"from": "human", "value": "a"},
        {"from": "function_call", "value": json.dumps(value)},
        {"from": "observation", "value": "7"},
        {"from": "gpt", "value": "b"},
    ]
    messages = one(tmp_path, {"conversations": turns, "tools": "[]"})
    calls = value if isinstance(value, list) else [value]
    assert messages[1] == {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"type": "function", "function": call} for call in calls],
    }
    assert [message["role"] for message in messages] == ["user", "assistant", "tool", "assistant"]


def test_turns_are_read_in_either_form_and_by_columns(tmp_path):
    turns = [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b", "weight": 0}]
    assert one(tmp_path, {"messages": turns}) == [USER, {**ANSWER, "weight": 0}]
    assert said(one(tmp_path, {"messages": {"role": ["user", "assistant"], "content": ["a", "b"]}})) == PAIR
    assert said(one(tmp_path, {"conversation": [USER, ANSWER]})) == PAIR
    assert said(one(tmp_path, {"prompt": [USER], "completion": "b"})) == PAIR


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({**ANSWER, "tool_calls": "f"}, "tool_calls that are no list"),
        ({**ANSWER, "tool_calls": ["f"]}, "tool_calls that are no list"),
        ({**ANSWER, "weight": "1"}, "a weight that is no number"),
    ],
)
def test_keys_that_a_trainer_would_fail_at_are_rejected(tmp_path, message, reason):
    assert reason in read(tmp_path, {"messages": [USER, message]}).rejected["reason"][0]


def test_conversations_with_text_nowhere_are_rejected_and_other_empty_messages_kept(tmp_path):
    rows = [{"prompt": " ", "completion": "\n"}, {"prompt": "a", "completion": ""}, {"prompt": "", "completion": "b"}]
    result = read(tmp_path, *rows)
    assert result.accepted["line"].to_list() == [2, 3]
    assert result.rejected["reason"].to_list() == ["All messages are empty."]


PERSONAL = {
    "licence": "CC-BY-4.0",
    "language": "de",
    "author": {"name": "Bo"},
    "created_at": "2026-01-02T03:04:05Z",
    "tags": ["x", "y"],
    "score": 0.5,
    "Ünïcode": None,
}


@pytest.mark.parametrize("shape", [shape.name for shape in shapes()])
def test_further_columns_are_metadata_for_every_shape(tmp_path, shape):
    result = read(tmp_path, {**FORMATS[shape].example, **PERSONAL}, role="production")
    kept = json.loads(result.accepted["metadata"][0])
    assert {key: value for key, value in kept.items() if key in PERSONAL} == PERSONAL


@pytest.mark.parametrize(
    ("kinds", "expected", "counts"),
    [
        ((), [("user", "e\u0301\r\n x \r\n"), ("assistant", "b")], []),
        (
            ("unicode",),
            [("user", "\u00e9\r\n x \r\n"), ("assistant", "b")],
            ["1 lines were normalised: unicode (line 1)."],
        ),
        (
            ("white-space",),
            [("user", "e\u0301\n x"), ("assistant", "b")],
            ["1 lines were normalised: white-space (line 1)."],
        ),
    ],
)
def test_normalisation_is_asked_for_counted_and_reversible(tmp_path, kinds, expected, counts):
    rows = [{"prompt": "e\u0301\r\n x \r\n", "completion": "b"}, {"prompt": "a", "completion": "b"}]
    result = read(tmp_path, *rows, normalise=kinds)
    assert said(messages_of(result.accepted["messages"][0])) == expected
    assert result.warnings == counts
    assert [json.loads(raw) for raw in result.accepted["raw"]] == rows


def test_key_style_is_evened_out_when_asked_for(tmp_path):
    row = {"messages": [{"Role": "Human", "Content": "a"}, {"role": "ASSISTANT", "content": "b", "toolCalls": []}]}
    assert "no content" in read(tmp_path, row).rejected["reason"][0]
    assert one(tmp_path, row, normalise=("keys",)) == [USER, {**ANSWER, "tool_calls": []}]
    spelled = read(tmp_path, {"messages": [{"role": "human", "content": "a"}, ANSWER]})
    assert "normalise=keys" in spelled.rejected["remedy"][0]


def test_a_prompt_that_the_chosen_conversation_lacks_is_refused(tmp_path):
    chosen = [{"role": "user", "content": "PB"}, {"role": "assistant", "content": "yes"}]
    rejected = [chosen[0], {"role": "assistant", "content": "no"}]
    result = read(tmp_path, {"prompt": "PA", "chosen": chosen, "rejected": rejected})
    assert result.rejected["reason"].to_list() == ["The prompt is no part of the chosen conversation."]
    assert said(one(tmp_path, {"prompt": "PB", "chosen": chosen, "rejected": rejected})) == [
        ("user", "PB"), ("assistant", "yes")]  # fmt: skip


def test_a_transcript_may_begin_without_blank_lines(tmp_path):
    text = "Human: a\n\nAssistant: b"
    assert said(one(tmp_path, {"chosen": text, "rejected": text})) == [("user", "a"), ("assistant", "b")]


def test_a_mapped_rejected_answer_is_kept_under_the_name_of_its_field(tmp_path):
    row = {"question": "q", "response_j": "good", "response_k": "bad", "id": 3}
    mapping = {"prompt": "question", "chosen": "response_j", "rejected": "response_k"}
    result = read(tmp_path, row, mapping=mapping)
    assert json.loads(result.accepted["metadata"][0]) == {"rejected": "bad", "id": 3}
