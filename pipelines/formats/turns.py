"""Turns of a conversation, however a data set writes them, as messages with role and content.

{"role": "user", "content": "Hello"}        kept as it is
{"from": "human", "value": "Hello"}         ShareGPT: speakers become roles, further keys of a turn are kept
{"from": "function_call", "value": '{"name": "f", "arguments": {}}'}    an assistant message with tool_calls
{"role": ["user", "assistant"], "content": ["Hello", "Hi"]}             a list of structs, stored by columns
"""

from typing import Any

from pipelines.examples import Message
from pipelines.formats.registry import Unfit
from pipelines.formats.strict_json import parse_json

ROLE_OF_SPEAKER = {
    "human": "user",
    "user": "user",
    "prompter": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "assistant": "assistant",
    "system": "system",
    "developer": "developer",
    "observation": "tool",
    "tool": "tool",
    "tool_response": "tool",
    "function_response": "tool",
    "function": "function",
}
# Speakers whose turn is a call written as JSON (LLaMA-Factory).
_CALLERS = ("function_call", "tool_call")


def message_list(value: object, column: str) -> list[Message]:
    """Check that a value is a list of objects.

    Raises:
        Unfit: it is not, or is a text that holds no JSON list.
    """
    if isinstance(value, str):
        try:
            value = parse_json(value)
        except Unfit as problem:
            raise Unfit(f"The column '{column}' holds no JSON list: {problem.reason}", problem.remedy) from None
    if isinstance(value, dict):
        value = _by_rows(value)
    if not isinstance(value, list):
        raise Unfit(f"The column '{column}' holds no list of messages.", 'Write [{"role": …, "content": …}, …].')
    for position, message in enumerate(value, start=1):
        if not isinstance(message, dict):
            raise Unfit(f"Message {position} is not an object.", 'Write {"role": …, "content": …}.')
    return value


def messages_in(value: object, column: str) -> list[Message]:
    """Return the turns of a column as messages.

    Raises:
        Unfit: no list of objects, an unknown speaker, or a turn in two forms at once.
    """
    turns = message_list(value, column)
    for turn in turns:
        if "role" not in turn:
            return [message_of(turn, position) for position, turn in enumerate(turns, start=1)]
    return turns


def message_of(turn: Message, position: int) -> Message:
    """Return one turn as a message; one that names neither role nor speaker stays as it is.

    Raises:
        Unfit: an unknown speaker, or the turn has both forms.
    """
    if "from" not in turn:
        return turn
    speaker = turn["from"]
    folded = speaker.strip().lower() if isinstance(speaker, str) else None
    rest = {key: value for key, value in turn.items() if key not in ("from", "value")}
    if clash := {"role", "content"} & rest.keys():
        raise Unfit(f"Turn {position} has both from/value and {min(clash)}.", "Keep one of the two forms.")
    if folded in _CALLERS:
        return {"role": "assistant", "content": None, "tool_calls": _calls(turn.get("value"), position), **rest}
    role = ROLE_OF_SPEAKER.get(folded) if folded is not None else None
    if role is None:
        shown = str(speaker)[:40].encode("utf-8", "replace").decode()
        raise Unfit(f"Turn {position} is from {shown!r}, which is no known speaker.", "Use human, gpt, system or tool.")
    return {"role": role, "content": turn.get("value"), **rest}


def _calls(value: object, position: int) -> list[dict[str, Any]]:
    if isinstance(value, str):
        try:
            value = parse_json(value)
        except Unfit:
            value = None
    calls = value if isinstance(value, list) else [value]
    if not calls or not all(isinstance(call, dict) and isinstance(call.get("name"), str) for call in calls):
        raise Unfit(f"Turn {position} is a call, but holds none.", 'Write {"name": …, "arguments": {…}} as its value.')
    return [{"type": "function", "function": call} for call in calls]


def _by_rows(columns: dict[str, Any]) -> object:
    """Turn an object of equally long lists into a list of objects; anything else stays as it is."""
    lists = [value for value in columns.values() if isinstance(value, list)]
    if not {"role", "from"} & columns.keys() or len(lists) != len(columns) or len({len(held) for held in lists}) != 1:
        return columns
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*lists, strict=True)]
    return [{key: item for key, item in row.items() if item is not None or key == "content"} for row in rows]
