r"""Preference pairs: a prompt with a chosen and a rejected answer; the chosen one becomes the completion.

    {"prompt": "Name a fruit.", "chosen": "Apple.", "rejected": "Carrot."}
    {"chosen": [user, assistant], "rejected": [user, assistant]}                  TRL, UltraFeedback
    {"chosen": "\n\nHuman: …\n\nAssistant: …", "rejected": …}                     HH-RLHF
    {"conversations": [{"from": "human", …}], "chosen": {"from": "gpt", …}, "rejected": {…}}     LLaMA-Factory
    {"input": {"messages": […]}, "preferred_output": […], "non_preferred_output": […]}           OpenAI

An answer is a text, a message, a list of messages, or the whole conversation, as which it is taken when it does not
begin with the assistant. The rejected answer is kept in the metadata under its own column. Not covered: writing pairs.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.examples import Message
from pipelines.formats.names import SYSTEM_NAMES, find_name
from pipelines.formats.registry import Format, Unfit, register_format
from pipelines.formats.shapes.prompt_completion import system_message, text
from pipelines.formats.strict_json import parse_json
from pipelines.formats.turns import messages_in

_HUMAN = re.compile(r"(?:\n\n|\A)Human:")
_TURN = re.compile(r"(?:\n\n|\A)(Human|Assistant):")
_ROLES = {"Human": "user", "Assistant": "assistant"}


@register_format
def preference() -> Format:
    """Describe preference pairs."""
    return Format(
        name="preference",
        title="Preference pairs",
        description="A prompt with a chosen and a rejected answer; the chosen one is the completion.",
        extensions=(".jsonl", ".json"),
        example={"prompt": "Name a fruit.", "chosen": "Apple.", "rejected": "Carrot."},
        order=5,
        recognise=recognise,
        read_row=read_row,
    )


def recognise(columns: Sequence[str]) -> Mapping[str, str] | None:
    """A row of this shape has a chosen and a rejected answer."""
    chosen = find_name(columns, ("chosen", "preferred_output"))
    rejected = find_name(columns, ("rejected", "non_preferred_output"))
    if chosen is None or rejected is None:
        return None
    found = {"chosen": chosen}
    instruction = find_name(columns, ("instruction",))
    prompt = find_name(columns, ("prompt", "question", "instruction", "input", "query"))
    if prompt is not None:
        found["prompt"] = prompt
        if prompt == instruction and (more := find_name(columns, ("input",))):
            found["input"] = more
    elif turns := find_name(columns, ("messages", "conversations", "conversation")):
        found["turns"] = turns
    if system := find_name(columns, SYSTEM_NAMES):
        found["system"] = system
    return found


def read_row(fields: Mapping[str, Any]) -> list[Message]:
    """Return the prompt's messages and the chosen answer."""
    system = system_message(fields.get("system"))
    answer = turns_of(fields["chosen"], "chosen", "assistant")
    if answer and answer[0].get("role") != "assistant":
        _check_prompt(fields.get("prompt"), answer)
        return answer if answer[: len(system)] == system else system + answer  # the whole conversation
    return system + _prompt(fields) + answer


def _check_prompt(prompt: object, conversation: list[Message]) -> None:
    """Refuse a prompt of its own that the chosen conversation does not hold: one of the two is wrong.

    Raises:
        Unfit: it does not.
    """
    if prompt is None or prompt == "":
        return
    said = {str(message.get("content")).strip() for message in conversation}
    asked = turns_of(prompt, "prompt", "user")
    whole = "\n".join(str(message.get("content")) for message in conversation)
    for message in asked:
        content = str(message.get("content")).strip()
        if content not in said and content not in whole:
            raise Unfit(
                "The prompt is no part of the chosen conversation.",
                "Leave the prompt out, or let chosen hold the answer only.",
            )


def _prompt(fields: Mapping[str, Any]) -> list[Message]:
    if "turns" in fields:
        return messages_in(fields["turns"], "conversations")
    prompt = fields.get("prompt")
    if prompt is None:
        raise Unfit("There is no prompt: the chosen answer holds no question either.", "Add a column 'prompt'.")
    if isinstance(prompt, dict) and isinstance(prompt.get("messages"), list):
        return messages_in(prompt["messages"], "input.messages")
    more = fields.get("input")
    if more is None or more == "":
        return _without_open_turn(turns_of(prompt, "prompt", "user"))
    instruction = text(prompt, "instruction")
    return [{"role": "user", "content": f"{instruction}\n\n{text(more, 'input')}"}]


def turns_of(value: object, column: str, role: str) -> list[Message]:
    """Return what a cell holds as messages: a list of them, one, a transcript, or a text that `role` says.

    Raises:
        Unfit: it holds none of these.
    """
    if isinstance(value, str):
        if _HUMAN.match(value) and "\n\nAssistant:" in value:
            return _transcript(value)
        value = _listed(value)
    if isinstance(value, dict) and ({"role", "from"} & value.keys()):
        value = value if any(isinstance(item, list) for item in value.values()) else [value]
    if isinstance(value, list | dict) and value:
        return messages_in(value, column)
    return [{"role": role, "content": text(value, column)}]


def _listed(value: str) -> object:
    """Return the messages that a table's cell holds as JSON; any other text stays a text."""
    if not value.lstrip().startswith(("[{", "{")):
        return value
    try:
        held = parse_json(value)
    except Unfit:
        return value
    first = held[0] if isinstance(held, list) and held else held
    if isinstance(first, dict) and ({"role", "content"} <= first.keys() or {"from", "value"} <= first.keys()):
        return held
    return value


def _transcript(value: str) -> list[Message]:
    """Take a transcript apart at its marks; the one blank after each belongs to the mark."""
    marks = list(_TURN.finditer(value))
    ends = [mark.start() for mark in marks[1:]] + [len(value)]
    return [
        {"role": _ROLES[mark[1]], "content": value[mark.end() : end].removeprefix(" ")}
        for mark, end in zip(marks, ends, strict=True)
    ]


def _without_open_turn(messages: list[Message]) -> list[Message]:
    """Leave out the assistant's empty turn at the end, where a transcript asks for the answer."""
    last = messages[-1] if len(messages) > 1 else {}
    return messages[:-1] if last == {"role": "assistant", "content": ""} else messages
