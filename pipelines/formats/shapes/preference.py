"""Preference pairs: a prompt with a chosen and a rejected answer; the chosen one becomes the completion.

    {"prompt": "Name a fruit.", "chosen": "Apple.", "rejected": "Carrot."}

Read: texts, or lists of messages (with the prompt beside them or inside); the rejected answer is kept in the metadata
under its own column. Not covered: writing pairs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.examples import Message
from pipelines.formats.names import SYSTEM_NAMES, find_name
from pipelines.formats.registry import Format, register_format
from pipelines.formats.shapes.chat import message_list
from pipelines.formats.shapes.prompt_completion import system_message, text


@register_format
def preference() -> Format:
    """Describe preference pairs."""
    return Format(
        name="preference",
        title="Preference pairs",
        description="A prompt with a chosen and a rejected answer; the chosen one is the completion.",
        extensions=(".jsonl", ".json"),
        example={"prompt": "Name a fruit.", "chosen": "Apple.", "rejected": "Carrot."},
        order=15,
        recognise=recognise,
        read_row=read_row,
    )


def recognise(columns: Sequence[str]) -> Mapping[str, str] | None:
    """A row of this shape has a chosen and a rejected answer."""
    chosen, rejected = find_name(columns, ("chosen",)), find_name(columns, ("rejected",))
    if chosen is None or rejected is None:
        return None
    found = {"chosen": chosen}
    for field, names in (("prompt", ("prompt", "question", "instruction", "input")), ("system", SYSTEM_NAMES)):
        if column := find_name(columns, names):
            found[field] = column
    return found


def read_row(fields: Mapping[str, Any]) -> list[Message]:
    """Return the prompt's messages and the chosen answer."""
    messages = system_message(fields.get("system"))
    prompt, chosen = fields.get("prompt"), fields["chosen"]
    answer = message_list(chosen, "chosen") if isinstance(chosen, list) else None
    if answer is not None and len(answer) > 1:
        return messages + answer  # the whole conversation, its prompt included
    if isinstance(prompt, list):
        messages += message_list(prompt, "prompt")
    else:
        messages.append({"role": "user", "content": text(prompt, "prompt")})
    return messages + (answer or [{"role": "assistant", "content": text(chosen, "chosen")}])
