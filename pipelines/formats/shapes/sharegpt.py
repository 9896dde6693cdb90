"""ShareGPT: conversations as lists of turns with `from` and `value`.

    {"conversations": [{"from": "human", "value": "Hello"}, {"from": "gpt", "value": "Hello, how can I help?"}]}

Speakers become roles (`turns.py`): human → user, gpt → assistant, observation → tool; a `function_call` turn becomes an
assistant message with `tool_calls`. Turns that name `role` and `content` are read as well. A `system` column becomes
the first message.

Not carried when written: content that is no text (parts, tool calls).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.examples import Message
from pipelines.formats.names import SYSTEM_NAMES, find_name
from pipelines.formats.registry import Format, Row, Unfit, register_format
from pipelines.formats.shapes.prompt_completion import system_message
from pipelines.formats.turns import messages_in

_SPEAKERS = {"user": "human", "assistant": "gpt"}


@register_format
def sharegpt() -> Format:
    """Describe ShareGPT."""
    return Format(
        name="sharegpt",
        title="ShareGPT",
        description="Conversations as turns with from and value; carries several turns.",
        extensions=(".jsonl", ".json"),
        example={
            "conversations": [
                {"from": "human", "value": "Where is my order?"},
                {"from": "gpt", "value": "It is on its way."},
            ]
        },
        order=20,
        recognise=recognise,
        read_row=read_row,
        write_row=write_row,
    )


def recognise(columns: Sequence[str]) -> Mapping[str, str] | None:
    """A row of this shape has a column of conversations."""
    column = find_name(columns, ("conversations", "conversation"))
    if column is None:
        return None
    system = find_name(columns, SYSTEM_NAMES)
    return {"conversations": column, **({"system": system} if system else {})}


def read_row(fields: Mapping[str, Any]) -> list[Message]:
    """Return the turns as messages."""
    return system_message(fields.get("system")) + messages_in(fields["conversations"], "conversations")


def write_row(messages: list[Message], with_system: bool) -> Row:
    """Return the messages as turns.

    Raises:
        Unfit: a message holds no plain text.
    """
    turns = []
    for message in messages:
        if not isinstance(message.get("content"), str):
            raise Unfit("has a message whose content is not plain text", "Export it as chat.")
        role = message["role"]
        rest = {key: value for key, value in message.items() if key not in ("role", "content")}
        turns.append({"from": _SPEAKERS.get(role, role), "value": message["content"], **rest})
    return {"conversations": turns}
