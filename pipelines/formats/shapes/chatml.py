r"""ChatML: a whole conversation in one text, its turns between marks, as base models are trained on it.

    {"text": "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>\n"}

A row is taken for ChatML by what its text begins with. Contents are kept to the letter; `name=` after the role becomes
the message's name; an empty last assistant turn is the mark that asks for an answer, not an answer. Marks of other
tools at the very beginning and end (`<s>`, `</s>`, `<|endoftext|>`) are passed over.

Not covered: calls that a template wrote into the content (`<tool_call>`), which stay text; writing.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.examples import Message
from pipelines.formats.names import COMPLETION_NAMES, PROMPT_NAMES, find_name
from pipelines.formats.registry import Format, Unfit, register_format

START, END = "<|im_start|>", "<|im_end|>"
_BETWEEN = re.compile(r"(?:\s|<\|endoftext\|>|<\|begin_of_text\|>|<s>|</s>)*")
_CLOSE = f"Close every turn with {END}."


@register_format
def chatml() -> Format:
    """Describe ChatML."""
    return Format(
        name="chatml",
        title="ChatML",
        description="A whole conversation as one text with <|im_start|> and <|im_end|> around its turns.",
        extensions=(".jsonl", ".json"),
        example={"text": "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>\n"},
        order=8,
        recognise=recognise,
        holds=holds,
        read_row=read_row,
    )


def recognise(columns: Sequence[str]) -> Mapping[str, str] | None:
    """A row of this shape has one column of text and no other for the answer."""
    text = find_name(columns, ("chatml", "messages", "conversations", "conversation", *PROMPT_NAMES, "message"))
    if text is None or find_name(columns, COMPLETION_NAMES) is not None:
        return None
    return {"text": text}


def holds(fields: Mapping[str, Any]) -> bool:
    """Whether the text begins a turn."""
    text = fields["text"]
    return isinstance(text, str) and START in text and text.startswith(START, _after_marks(text, 0))


def read_row(fields: Mapping[str, Any]) -> list[Message]:
    """Return the turns of the text.

    Raises:
        Unfit: text outside the turns, a turn without role or end.
    """
    text = fields["text"]
    if not isinstance(text, str):
        raise Unfit("The column holds no ChatML text.", f"Write {START}role, a line end, the text and {END}.")
    messages: list[Message] = []
    offset = _after_marks(text, 0)
    while offset < len(text):
        if not text.startswith(START, offset):
            raise Unfit(f"Text stands outside, after turn {len(messages)}.", f"Put it between {START} and {END}.")
        begin = text.find("\n", offset)
        if begin < 0:
            begin = len(text)
        end = text.find(END, offset)
        closed = end >= 0
        end = end if closed else len(text)
        if text.find(START, offset + len(START), end) >= 0:
            raise Unfit(f"Turn {len(messages) + 1} has no end before the next begins.", _CLOSE)
        head = text[offset + len(START) : min(begin, end)].strip()
        content = text[begin + 1 : end]
        role, named, name = head.partition(" name=")
        offset = _after_marks(text, end + len(END)) if closed else len(text)
        if not closed and not content and role == "assistant":
            break
        if not closed and content and offset == len(text) and not messages:
            raise Unfit("The only turn has no end.", _CLOSE)
        messages.append({"role": role, "content": content, **({"name": name} if named else {})})
    return messages


def _after_marks(text: str, offset: int) -> int:
    match = _BETWEEN.match(text, offset)
    return match.end() if match else offset
