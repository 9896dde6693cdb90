r"""Claude on Amazon Bedrock: the system text beside the messages, user and assistant in strict turn.

{"system": "Be brief.", "messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi."}]}
"""

from pipelines.exports.registry import TRAINER_SPLITS, Conversation, Layout, register_layout
from pipelines.exports.rows import characters, check_alternation, checked_messages
from pipelines.formats.registry import Row, Unfit

_MARKS = ("\nHuman:", "\nAssistant:")
_TOKENS = 32_000


@register_layout
def bedrock_claude() -> Layout:
    """Describe Claude on Bedrock."""
    return Layout(
        name="bedrock-claude",
        title="Claude on Bedrock",
        description="JSONL of system and messages for Claude 3 Haiku on Bedrock; 32 to 10,000 training examples.",
        source="Amazon Bedrock user guide, 'Prepare data for fine-tuning Claude 3 Haiku'",
        write_row=write_row,
        files=TRAINER_SPLITS,
        not_carried=("tool calls and tool results", "content parts", "weights", "two turns of one role in a row"),
        reads_back=False,
        minimum={"train": 32, "validation": 32},
        maximum={"train": 10_000, "validation": 1_000},
        warn_row=warn_row,
    )


def write_row(conversation: Conversation) -> Row:
    """Return system text and messages."""
    messages = checked_messages(conversation.messages, roles=("system", "user", "assistant"))
    check_alternation(messages)
    for message in messages:
        if any(mark in message["content"] for mark in _MARKS):
            raise Unfit("has a text with a line that begins with Human: or Assistant:", "Edit the text.")
        if not message["content"].strip():
            raise Unfit("has a blank message, which Bedrock refuses", "Fill it in, or drop it.")
    if messages[0]["role"] == "system":
        return {"system": messages[0]["content"], "messages": messages[1:]}
    return {"messages": messages}


def warn_row(row: Row) -> str | None:
    """Say when a row is likely too long, by four characters a token."""
    return f"is longer than about {_TOKENS:,} tokens" if characters(row) > 4 * _TOKENS else None
