"""Parts of rows that several layouts share, and the checks that the tools behind them make.

Every function raises `Unfit` with a reason that completes "the example …".
"""

import json
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any

from pipelines.examples import REJECTED_COLUMNS, Message
from pipelines.formats.registry import Row, Unfit
from pipelines.formats.shapes.preference import turns_of
from pipelines.formats.shapes.prompt_completion import single_turn
from pipelines.formats.strict_json import parse_json

_CHAT = "Export it as chat."
_FIRST_KEYS = ("role", "content")


def checked_messages(
    messages: Sequence[Message], *, roles: Collection[str], keys: Collection[str] = (), parts: bool = False
) -> list[Message]:
    """Return the messages with role and content first, after looking at roles, keys and contents.

    Args:
        messages: the conversation.
        roles: what the tool knows.
        keys: what a message may have beside role and content.
        parts: content may be a list of parts.
    """
    checked = []
    for message in messages:
        role = message.get("role")
        if role not in roles:
            raise Unfit(f"has a message from '{role}', which the tool does not know", _CHAT)
        if extra := sorted(set(message) - {*_FIRST_KEYS, *keys}):
            raise Unfit(f"has messages with {', '.join(extra)}, which the tool has no place for", _CHAT)
        content = message.get("content")
        if content is None and role == "assistant" and (message.get("tool_calls") or message.get("function_call")):
            checked.append(ordered(message))
            continue
        if not isinstance(content, str) and not (parts and isinstance(content, list)):
            raise Unfit("has a message whose content is not plain text", _CHAT)
        checked.append(ordered(message))
    if not checked or checked[-1]["role"] != "assistant":
        raise Unfit("does not end with the assistant", _CHAT)
    return checked


def ordered(message: Message) -> Message:
    """Return a message with role and content first and the same keys for all: content is there even when null."""
    rest = {key: value for key, value in message.items() if key not in _FIRST_KEYS}
    return {"role": message.get("role"), "content": message.get("content"), **rest}


def check_alternation(messages: Sequence[Message]) -> None:
    """Refuse two turns of one role in a row and an assistant that speaks first; a system message may lead."""
    roles = [message.get("role") for message in messages]
    rest = roles[1:] if roles[:1] == ["system"] else roles
    if "system" in rest:
        raise Unfit("has a system message that is not first", _CHAT)
    if rest[:1] != ["user"]:
        raise Unfit("does not begin with the user", _CHAT)
    if any(first == second for first, second in pairwise(rest)):
        raise Unfit("has two turns of one role in a row, which the tool refuses", _CHAT)


def check_weights(messages: Sequence[Message]) -> None:
    """Refuse weights that are not the integers 0 or 1, or that stand on others than the assistant."""
    for message in messages:
        weight = message.get("weight")
        if weight is None and "weight" not in message:
            continue
        if message.get("role") != "assistant":
            raise Unfit("has a weight on a message that is not the assistant's", _CHAT)
        if isinstance(weight, bool) or not isinstance(weight, int) or weight not in (0, 1):
            raise Unfit("has a weight other than the integers 0 and 1", _CHAT)


def with_text_arguments(messages: list[Message]) -> list[Message]:
    """Return the messages with the arguments of tool calls as JSON text, one type for every reader."""
    changed = []
    for message in messages:
        calls = message.get("tool_calls")
        if not isinstance(calls, list):
            changed.append(message)
            continue
        changed.append({**message, "tool_calls": [_text_call(call) for call in calls]})
    return changed


def _text_call(call: Any) -> Any:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or isinstance(function.get("arguments"), str):
        return call
    arguments = json.dumps(function.get("arguments", {}), ensure_ascii=False, allow_nan=False)
    return {**call, "function": {**function, "arguments": arguments}}


def check_calls(messages: Sequence[Message]) -> None:
    """Refuse tool calls without id, type or named function, and results that answer no call."""
    asked: set[str] = set()
    for message in messages:
        for call in message.get("tool_calls") or []:
            function = call.get("function")
            if not isinstance(call.get("id"), str) or call.get("type") != "function":
                raise Unfit("has a tool call without id or type", _CHAT)
            if not isinstance(function, dict) or not isinstance(function.get("name"), str):
                raise Unfit("has a tool call that names no function", _CHAT)
            asked.add(call["id"])
        if message.get("role") == "tool" and message.get("tool_call_id") not in asked:
            raise Unfit("has a tool result that answers no call", _CHAT)


def tools_of(extra: Mapping[str, Any]) -> list[Any] | None:
    """Return the tools that an example was imported with, or None.

    Raises:
        Unfit: the column holds no list of objects.
    """
    tools = extra.get("tools")
    if tools is None or tools == "" or tools == []:
        return None
    if isinstance(tools, str):
        try:
            tools = parse_json(tools)
        except Unfit:
            tools = None
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise Unfit("has a column 'tools' that is no list of objects", "Mend it in the file, and import it again.")
    return tools


def rejected_of(conversation_messages: Sequence[Message], extra: Mapping[str, Any]) -> list[Message]:
    """Return the rejected answer of an example as messages.

    Raises:
        Unfit: there is none, it is the chosen one, or it answers another prompt.
    """
    value = next((extra[name] for name in REJECTED_COLUMNS if extra.get(name)), None)
    if value is None:
        raise Unfit("has no rejected answer", "Import pairs with the columns chosen and rejected.")
    turns = turns_of(value, "rejected", "assistant")
    before = list(conversation_messages[:-1])
    if len(turns) > 1:
        asked = [message for message in before if message.get("role") != "system"]
        said = [message for message in turns[:-1] if message.get("role") != "system"]
        if said != asked:
            raise Unfit("has a rejected answer to another prompt", "Mend the pair in the file, and import it again.")
        turns = turns[-1:]
    if turns[0].get("role") != "assistant" or not isinstance(turns[0].get("content"), str):
        raise Unfit("has a rejected answer that is no text of the assistant", "Mend it, and import it again.")
    if turns[0].get("content") == conversation_messages[-1].get("content"):
        raise Unfit("has the same answer as chosen and as rejected", "Mend the pair in the file, and import it again.")
    return [ordered(turns[0])]


def prompt_and_completion(messages: list[Message]) -> tuple[str, str]:
    """Return the texts of a single turn without system message.

    Raises:
        Unfit: it is more than that, or one of them is blank.
    """
    system, prompt, completion = single_turn(messages)
    if system:
        raise Unfit("has a system message, which the format has no place for", "Export it as chat.")
    if not prompt.strip() or not completion.strip():
        raise Unfit("has a blank prompt or completion", "Fill it in, or drop it.")
    return prompt, completion


def characters(row: Row) -> int:
    """Count the characters of all texts of a row, for limits that are told in tokens (about four characters each)."""
    if isinstance(row, str):
        return len(row)
    if isinstance(row, dict):
        return sum(characters(value) for value in row.values())
    return sum(characters(value) for value in row) if isinstance(row, list) else 0
