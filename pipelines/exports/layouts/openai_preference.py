"""OpenAI preference fine-tuning (DPO): a prompt, a preferred and a rejected answer.

    {"input": {"messages": [user]}, "preferred_output": [assistant], "non_preferred_output": [assistant]}

Pairs come from files that were imported with a rejected answer; examples without one are left out.
"""

from pipelines.exports.layouts.openai_chat import openai_messages
from pipelines.exports.registry import TRAINER_SPLITS, Conversation, Layout, register_layout
from pipelines.exports.rows import rejected_of, tools_of, with_text_arguments
from pipelines.formats.registry import Row, Unfit


@register_layout
def openai_preference() -> Layout:
    """Describe OpenAI preference."""
    return Layout(
        name="openai-preference",
        title="OpenAI preference pairs",
        description="JSONL of input, preferred_output and non_preferred_output for OpenAI's DPO.",
        source="OpenAPI schema of 2025-04-29, guide 'Direct preference optimization'",
        write_row=write_row,
        files=TRAINER_SPLITS,
        not_carried=("examples without a rejected answer", "tool calls as the answer", "weights"),
        carried=with_text_arguments,
        minimum={"train": 10},
        needs="rejected",
    )


def write_row(conversation: Conversation) -> Row:
    """Return the messages before the answer, the answer and the rejected one."""
    messages = openai_messages(conversation.messages)
    if any("weight" in message for message in messages):
        raise Unfit("has weights, which a pair has no place for", "Export it as openai-chat.")
    if not isinstance(messages[-1]["content"], str) or set(messages[-1]) != {"role", "content"}:
        raise Unfit("has an answer that is not plain text", "Export it as openai-chat.")
    tools = tools_of(conversation.extra)
    return {
        "input": {"messages": messages[:-1], **({"tools": tools} if tools else {})},
        "preferred_output": messages[-1:],
        "non_preferred_output": rejected_of(conversation.messages, conversation.extra),
    }
