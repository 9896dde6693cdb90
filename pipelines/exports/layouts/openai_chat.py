"""OpenAI chat fine-tuning: JSONL of `messages`, with `tools` where there are any, and nothing else.

    {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello."}]}

Checked as OpenAI documents it: roles, the last turn the assistant's, weights 0 or 1 on the assistant alone, arguments
of calls as JSON text, calls with ids and results that answer them, ten examples at least.
"""

from pipelines.examples import Message
from pipelines.exports.registry import TRAINER_SPLITS, Conversation, Layout, register_layout
from pipelines.exports.rows import (
    characters,
    check_calls,
    check_weights,
    checked_messages,
    tools_of,
    with_text_arguments,
)
from pipelines.formats.registry import Row

ROLES = ("system", "user", "assistant", "tool", "function")
KEYS = ("name", "weight", "tool_calls", "tool_call_id", "function_call")
# Longest training example of the 4.1 and 4o families is 65,536 tokens. Source: OpenAI's guide "Supervised fine-tuning".
_TOKENS = 65_536


@register_layout
def openai_chat() -> Layout:
    """Describe OpenAI chat."""
    return Layout(
        name="openai-chat",
        title="OpenAI chat",
        description="JSONL of messages and tools as OpenAI's fine-tuning takes it; ten training examples at least.",
        source="OpenAPI schema of 2025-04-29, guide 'Supervised fine-tuning'",
        write_row=write_row,
        files=TRAINER_SPLITS,
        not_carried=("developer messages", "weights other than 0 and 1", "tool calls without ids", "other keys"),
        carried=with_text_arguments,
        minimum={"train": 10},
        warn_row=warn_row,
    )


def write_row(conversation: Conversation) -> Row:
    """Return the messages, and the tools that the example was imported with."""
    return {"messages": openai_messages(conversation.messages), **_tools(conversation)}


def openai_messages(messages: list[Message]) -> list[Message]:
    """Return messages that OpenAI takes.

    Raises:
        Unfit: says what it would refuse.
    """
    checked = checked_messages(with_text_arguments(messages), roles=ROLES, keys=KEYS, parts=True)
    check_weights(checked)
    check_calls(checked)
    return checked


def _tools(conversation: Conversation) -> Row:
    tools = tools_of(conversation.extra)
    return {"tools": tools} if tools else {}


def warn_row(row: Row) -> str | None:
    """Say when a row is likely beyond the longest example, by four characters a token."""
    return f"is longer than about {_TOKENS:,} tokens and would be cut" if characters(row) > 4 * _TOKENS else None
