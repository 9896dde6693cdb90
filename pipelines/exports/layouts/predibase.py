"""Predibase: one JSONL of `prompt`, `completion` and `split`.

{"prompt": "Where is my order?", "completion": "It is on its way.", "split": "train"}
"""

from pipelines.exports.registry import Conversation, Layout, register_layout
from pipelines.exports.rows import prompt_and_completion
from pipelines.formats.registry import Row

_SPLITS = {"train": "train", "validation": "evaluation"}


@register_layout
def predibase() -> Layout:
    """Describe Predibase."""
    return Layout(
        name="predibase",
        title="Predibase",
        description="One JSONL of prompt, completion and split (train, evaluation); 100 MB at most by upload.",
        source="predibase SDK 2025.10.3",
        write_row=write_row,
        files={"train": "predibase.jsonl", "validation": "predibase.jsonl"},
        not_carried=("system messages", "several turns", "tool calls", "content parts", "weights", "blank texts"),
    )


def write_row(conversation: Conversation) -> Row:
    """Return prompt, completion and the split in Predibase's word."""
    prompt, completion = prompt_and_completion(conversation.messages)
    return {"prompt": prompt, "completion": completion, "split": _SPLITS[conversation.split]}
