"""Llama 3.1 on Amazon Bedrock: JSONL of `prompt` and `completion`.

{"prompt": "Where is my order?", "completion": "It is on its way."}
"""

from pipelines.exports.registry import TRAINER_SPLITS, Conversation, Layout, register_layout
from pipelines.exports.rows import prompt_and_completion
from pipelines.formats.registry import Row


@register_layout
def bedrock_llama() -> Layout:
    """Describe Llama 3.1 on Bedrock."""
    return Layout(
        name="bedrock-llama",
        title="Llama 3.1 on Bedrock",
        description="JSONL of prompt and completion for Llama 3.1 on Bedrock (Llama 3.2: bedrock-nova).",
        source="Amazon Bedrock user guide, 'Prepare data for fine-tuning text-to-text models'",
        write_row=write_row,
        files=TRAINER_SPLITS,
        not_carried=("system messages", "several turns", "tool calls", "content parts", "weights", "blank texts"),
        maximum={"train": 10_000, "validation": 1_000},
    )


def write_row(conversation: Conversation) -> Row:
    """Return prompt and completion."""
    prompt, completion = prompt_and_completion(conversation.messages)
    return {"prompt": prompt, "completion": completion}
