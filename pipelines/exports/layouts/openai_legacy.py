"""OpenAI's legacy fine-tuning: JSONL of `prompt` and `completion`.

    {"prompt": "Where is my order?", "completion": "It is on its way."}

Refused as its `prepare_data` refuses: all prompts or all completions the same, blank ones, further columns. The texts
are written as they are; the separator, the leading blank and the end mark that `prepare_data` recommends are not added.
"""

import polars as pl

from pipelines.errors import CurationError
from pipelines.exports.registry import TRAINER_SPLITS, Conversation, Layout, register_layout
from pipelines.exports.rows import characters, prompt_and_completion
from pipelines.formats.registry import Row

_CHARACTERS = 10_000


@register_layout
def openai_legacy() -> Layout:
    """Describe OpenAI legacy."""
    return Layout(
        name="openai-legacy",
        title="OpenAI legacy (prompt, completion)",
        description="JSONL of prompt and completion for OpenAI's base models and what copies that API.",
        source="openai 0.28.1, `openai tools fine_tunes.prepare_data`",
        write_row=write_row,
        files=TRAINER_SPLITS,
        not_carried=("system messages", "several turns", "tool calls", "content parts", "weights", "blank texts"),
        check=check,
        warn_row=warn_row,
    )


def write_row(conversation: Conversation) -> Row:
    """Return prompt and completion."""
    prompt, completion = prompt_and_completion(conversation.messages)
    return {"prompt": prompt, "completion": completion}


def check(train: pl.DataFrame) -> None:
    """Refuse data of which nothing can be learned by this tool's own rule."""
    for column in ("prompt", "completion"):
        if train.height > 1 and train[column].n_unique() == 1:
            raise CurationError(
                f"All training examples have the same {column}; OpenAI refuses such a file.",
                "Keep examples that differ.",
            )


def warn_row(row: Row) -> str | None:
    """Say when a row is beyond what `prepare_data` recommends."""
    return f"is longer than {_CHARACTERS:,} characters" if characters(row) > _CHARACTERS else None
