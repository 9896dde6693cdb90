"""Prompt alone: what users asked in production, without an answer.

    {"prompt": "where is my order??"}

Only production queries can be read this way; a row for training is rejected, since it shows no answer to learn.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.examples import Message
from pipelines.formats.names import COMPLETION_NAMES, PROMPT_NAMES, SYSTEM_NAMES, find_name
from pipelines.formats.registry import Format, register_format
from pipelines.formats.shapes.prompt_completion import system_message, text
from pipelines.formats.turns import messages_in


@register_format
def prompt_only() -> Format:
    """Describe the prompt alone."""
    return Format(
        name="prompt",
        title="Prompt alone",
        description="Production queries: a column such as prompt, text, query or question and no answer.",
        extensions=(".jsonl", ".csv", ".txt"),
        example={"prompt": "where is my order??"},
        order=50,
        recognise=recognise,
        read_row=read_row,
    )


def recognise(columns: Sequence[str]) -> Mapping[str, str] | None:
    """A row of this shape has a prompt and no completion."""
    prompt = find_name(columns, (*PROMPT_NAMES, "message"))
    if prompt is None or find_name(columns, COMPLETION_NAMES) is not None:
        return None
    system = find_name(columns, SYSTEM_NAMES)
    return {"prompt": prompt, **({"system": system} if system else {})}


def read_row(fields: Mapping[str, Any]) -> list[Message]:
    """Return the prompt as a user message, after a system message where there is one."""
    prompt = fields["prompt"]
    if isinstance(prompt, list):
        return system_message(fields.get("system")) + messages_in(prompt, "prompt")
    return [*system_message(fields.get("system")), {"role": "user", "content": text(prompt, "prompt")}]
