"""Prompt and completion: one question and its answer in two columns, under any of their usual names.

    {"prompt": "Where is my order?", "completion": "It is on its way."}

Read: texts, or lists of messages in both columns (TRL's conversational form); a system column beside them. Not carried
when written: several turns, tool calls, content parts, weights.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.examples import Message
from pipelines.formats.names import COMPLETION_NAMES, PROMPT_NAMES, SYSTEM_NAMES, find_name
from pipelines.formats.registry import Format, Row, Unfit, register_format
from pipelines.formats.turns import messages_in


@register_format
def prompt_completion() -> Format:
    """Describe prompt and completion."""
    return Format(
        name="prompt-completion",
        title="Prompt and completion",
        description="One prompt and one completion a row; also question/answer, input/output, instruction/response.",
        extensions=(".jsonl", ".json"),
        example={"prompt": "Where is my order?", "completion": "It is on its way."},
        order=40,
        recognise=recognise,
        read_row=read_row,
        write_row=single_turn_row,
    )


def recognise(columns: Sequence[str]) -> Mapping[str, str] | None:
    """A row of this shape has a column for the prompt and another for the completion."""
    prompt = find_name(columns, PROMPT_NAMES)
    completion = find_name(columns, COMPLETION_NAMES)
    if prompt is None or completion is None:
        return None
    system = find_name(columns, SYSTEM_NAMES)
    return {"prompt": prompt, "completion": completion, **({"system": system} if system else {})}


def read_row(fields: Mapping[str, Any]) -> list[Message]:
    """Return a system message where there is one, the prompt and the completion."""
    prompt, completion = fields["prompt"], fields["completion"]
    messages = system_message(fields.get("system"))
    return messages + _turns(prompt, "prompt", "user") + _turns(completion, "completion", "assistant")


def _turns(value: object, column: str, role: str) -> list[Message]:
    if isinstance(value, list) and value:
        return messages_in(value, column)
    return [{"role": role, "content": text(value, column)}]


def single_turn_row(messages: list[Message], with_system: bool) -> Row:
    """Return prompt and completion, after a system column where the file has one.

    Raises:
        Unfit: the conversation is more than a system text, a prompt and a completion.
    """
    system, prompt, completion = single_turn(messages)
    return {**({"system": system} if with_system else {}), "prompt": prompt, "completion": completion}


def single_turn(messages: list[Message]) -> tuple[str, str, str]:
    """Take a conversation apart into system text, prompt and completion.

    Raises:
        Unfit: it has several turns, or messages that hold more than text; the reason completes "the example …".
    """
    rest = messages[1:] if messages and messages[0].get("role") == "system" else messages
    remedy = "Export it as chat or sharegpt."
    if len(rest) != 2:
        raise Unfit(f"has {len(rest)} messages; the format holds one prompt and one completion", remedy)
    if [message.get("role") for message in rest] != ["user", "assistant"]:
        raise Unfit("is not one user message and one assistant message", remedy)
    for message in messages:
        if not isinstance(message.get("content"), str):
            raise Unfit("has a message whose content is not plain text", remedy)
        if extra := sorted(set(message) - {"role", "content"}):
            raise Unfit(f"has messages with {', '.join(extra)}, which the format has no place for", remedy)
    system = messages[0]["content"] if len(messages) == 3 else ""
    return system, rest[0]["content"], rest[1]["content"]


def system_message(value: object) -> list[Message]:
    """Return the system message as a list of one; of no text or an empty one, an empty list."""
    if value is None or value == "":
        return []
    return [{"role": "system", "content": text(value, "system")}]


def text(value: object, column: str) -> str:
    """Check that a cell is a text.

    Raises:
        Unfit: it is missing, a number or a structure: turning it into text would be a guess.
    """
    if isinstance(value, str):
        return value
    if value is None:
        raise Unfit(f"The column '{column}' has no value.", "Fill it in, or remove the row.")
    if isinstance(value, dict | list):
        raise Unfit(
            f"The column '{column}' holds a structure, not a text.", "Write it as a JSON text, in quotes, as trained."
        )
    raise Unfit(f"The column '{column}' holds the value {value!s:.40}, not a text.", "Put the value in quotes.")
