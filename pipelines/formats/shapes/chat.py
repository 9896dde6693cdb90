"""Chat: a list of messages with roles, as OpenAI, TRL, MLX and most others take it.

    {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello, how can I help?"}]}

Messages are kept as they are: weights, names, content parts, tool calls and further keys included.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.examples import Message
from pipelines.formats.names import find_name
from pipelines.formats.registry import Format, Row, Unfit, register_format
from pipelines.formats.strict_json import parse_json

_FIRST_KEYS = ("role", "content")


@register_format
def chat() -> Format:
    """Describe chat messages."""
    return Format(
        name="chat",
        title="Chat messages",
        description="Conversations as lists of messages with role and content; carries everything.",
        extensions=(".jsonl", ".json"),
        example={
            "messages": [
                {"role": "user", "content": "Where is my order?"},
                {"role": "assistant", "content": "It is on its way."},
            ]
        },
        order=10,
        recognise=recognise,
        read_row=read_row,
        write_row=write_row,
    )


def recognise(columns: Sequence[str]) -> Mapping[str, str] | None:
    """A row of this shape has a column of messages."""
    column = find_name(columns, ("messages",))
    return {"messages": column} if column else None


def read_row(fields: Mapping[str, Any]) -> list[Message]:
    """Return the messages, which a table may hold as JSON text."""
    return message_list(fields["messages"], "messages")


def write_row(messages: list[Message], with_system: bool) -> Row:
    """Return the messages with role and content first."""
    return {"messages": [_ordered(message) for message in messages]}


def message_list(value: object, column: str) -> list[Message]:
    """Check that a value is a list of objects.

    Raises:
        Unfit: it is not, or is a text that holds no JSON list.
    """
    if isinstance(value, str):
        try:
            value = parse_json(value)
        except Unfit as problem:
            raise Unfit(f"The column '{column}' holds no JSON list: {problem.reason}", problem.remedy) from None
    if not isinstance(value, list):
        raise Unfit(f"The column '{column}' holds no list of messages.", 'Write [{"role": …, "content": …}, …].')
    for position, message in enumerate(value, start=1):
        if not isinstance(message, dict):
            raise Unfit(f"Message {position} is not an object.", 'Write {"role": …, "content": …}.')
    return value


def _ordered(message: Message) -> Message:
    return {
        **{key: message[key] for key in _FIRST_KEYS if key in message},
        **{key: value for key, value in message.items() if key not in _FIRST_KEYS},
    }
