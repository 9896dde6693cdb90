"""OpenPipe: OpenAI chat with the split in each row, one file; a rejected answer goes along.

    {"messages": […], "split": "TRAIN"}
    {"messages": […], "rejected_message": {"role": "assistant", "content": "…"}, "split": "TEST"}

OpenPipe's TEST is what the project calls validation; the sealed test split is not in the file.
"""

from pipelines.exports.layouts.openai_chat import openai_messages
from pipelines.exports.registry import Conversation, Layout, register_layout
from pipelines.exports.rows import rejected_of, tools_of, with_text_arguments
from pipelines.formats.registry import Row, Unfit

_SPLITS = {"train": "TRAIN", "validation": "TEST"}


@register_layout
def openpipe() -> Layout:
    """Describe OpenPipe."""
    return Layout(
        name="openpipe",
        title="OpenPipe",
        description="One JSONL of OpenAI messages with split TRAIN or TEST (validation) in each row.",
        source="openpipe 5.0.0, dataset entries",
        write_row=write_row,
        files={"train": "openpipe.jsonl", "validation": "openpipe.jsonl"},
        not_carried=("developer messages", "weights other than 0 and 1", "tool calls without ids", "other keys"),
        carried=with_text_arguments,
        minimum={"train": 10},
    )


def write_row(conversation: Conversation) -> Row:
    """Return messages, tools, the rejected answer and the split."""
    row: Row = {"messages": openai_messages(conversation.messages)}
    if tools := tools_of(conversation.extra):
        row["tools"] = tools
    try:
        row["rejected_message"] = rejected_of(conversation.messages, conversation.extra)[0]
    except Unfit as problem:
        if problem.reason != "has no rejected answer":
            raise
    return {**row, "split": _SPLITS[conversation.split]}
