"""Chat: a list of messages with roles, as OpenAI, TRL, MLX and most others take it.

    {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello, how can I help?"}]}

Messages are kept as they are: weights, names, content parts, tool calls and further keys included. Turns that are
written as ShareGPT has them (`from`, `value`) are read too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.examples import Message
from pipelines.formats.names import find_name
from pipelines.formats.registry import Format, Row, register_format
from pipelines.formats.turns import messages_in

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
    return messages_in(fields["messages"], "messages")


def write_row(messages: list[Message], with_system: bool) -> Row:
    """Return the messages with role and content first."""
    return {"messages": [_ordered(message) for message in messages]}


def _ordered(message: Message) -> Message:
    return {
        **{key: message[key] for key in _FIRST_KEYS if key in message},
        **{key: value for key, value in message.items() if key not in _FIRST_KEYS},
    }
