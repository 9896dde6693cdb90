"""Together AI: JSONL of `messages` and nothing else; any other key in a row is refused there.

{"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello."}]}
"""

from pipelines.exports.registry import TRAINER_SPLITS, Conversation, Layout, register_layout
from pipelines.exports.rows import check_alternation, check_weights, checked_messages
from pipelines.formats.registry import Row


@register_layout
def together() -> Layout:
    """Describe Together AI."""
    return Layout(
        name="together",
        title="Together AI",
        description="JSONL of messages in strict turns of user and assistant, as Together's check wants it.",
        source="together 1.5.35, 2.13.0 and 3.1.1, `check_file`",
        write_row=write_row,
        files=TRAINER_SPLITS,
        not_carried=("tool calls and tool results", "content parts", "two turns of one role in a row"),
        minimum={"train": 1},
    )


def write_row(conversation: Conversation) -> Row:
    """Return the messages, user and assistant in turn."""
    messages = checked_messages(conversation.messages, roles=("system", "user", "assistant"), keys=("weight",))
    check_weights(messages)
    check_alternation(messages)
    return {"messages": messages}
