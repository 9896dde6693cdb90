"""Alpaca: an instruction, an optional input that it works on, and the output.

    {"instruction": "Name the capital.", "input": "France", "output": "Paris"}

Read also: `context` for `input` and `response` for `output` (Dolly), a `system` column, and `history`, pairs of earlier
turns (LLaMA-Factory). Instruction and input become one prompt with a blank line between; written, the whole prompt is
the instruction. Not carried when written: several turns, tool calls, content parts, weights.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.examples import Message
from pipelines.formats.names import COMPLETION_NAMES, INPUT_NAMES, SYSTEM_NAMES, find_name
from pipelines.formats.registry import Format, Row, Unfit, register_format
from pipelines.formats.shapes.prompt_completion import single_turn, system_message, text


@register_format
def alpaca() -> Format:
    """Describe Alpaca."""
    return Format(
        name="alpaca",
        title="Alpaca",
        description="Instruction, optional input and output.",
        extensions=(".jsonl", ".json"),
        example={"instruction": "Name the capital.", "input": "France", "output": "Paris"},
        order=30,
        recognise=recognise,
        read_row=read_row,
        write_row=write_row,
    )


def recognise(columns: Sequence[str]) -> Mapping[str, str] | None:
    """A row of this shape has an instruction and an output."""
    instruction = find_name(columns, ("instruction",))
    output = find_name(columns, ("output", *COMPLETION_NAMES))
    if instruction is None or output is None:
        return None
    found = {"instruction": instruction, "output": output}
    for field, names in (("input", INPUT_NAMES), ("system", SYSTEM_NAMES), ("history", ("history",))):
        if column := find_name(columns, names):
            found[field] = column
    return found


def read_row(fields: Mapping[str, Any]) -> list[Message]:
    """Return a system message where there is one, the earlier turns, the prompt and the output."""
    messages = system_message(fields.get("system"))
    for question, answer in _history(fields.get("history")):
        messages.append({"role": "user", "content": question})
        messages.append({"role": "assistant", "content": answer})
    instruction = text(fields["instruction"], "instruction")
    more = fields.get("input")
    prompt = instruction if more is None or more == "" else f"{instruction}\n\n{text(more, 'input')}"
    messages.append({"role": "user", "content": prompt})
    messages.append({"role": "assistant", "content": text(fields["output"], "output")})
    return messages


def write_row(messages: list[Message], with_system: bool) -> Row:
    """Return instruction, empty input and output, and a system column where the file has one.

    Raises:
        Unfit: the conversation is more than a system text, a prompt and a completion.
    """
    system, prompt, completion = single_turn(messages)
    return {"instruction": prompt, "input": "", "output": completion, **({"system": system} if with_system else {})}


def _history(value: object) -> list[tuple[str, str]]:
    if value is None or value == "":
        return []
    if not isinstance(value, list):
        raise Unfit("The column 'history' holds no list of pairs.", "Write [[prompt, answer], …].")
    pairs: list[tuple[str, str]] = []
    for pair in value:
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(item, str) for item in pair)):
            raise Unfit("The column 'history' holds something else than pairs.", "Write [[prompt, answer], …].")
        pairs.append((pair[0], pair[1]))
    return pairs
