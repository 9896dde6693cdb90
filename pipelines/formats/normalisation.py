"""What may be evened out on the way in, when a person asks for it: never by itself, always counted, always reversible.

    unicode       NFC, so that é is one character however it was typed
    white-space   line ends become LF; blanks at the ends of lines and blank lines around a text go; indentation stays
    keys          of messages: Role → role, toolCalls → tool_calls; of roles: Human → user, ASSISTANT → assistant

Texts of messages are changed, content parts too; calls, names and metadata stay. The line's raw text is kept beside the
example, so reading the file again without the setting gives the first form back.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, Literal

from pipelines.examples import Message
from pipelines.formats.turns import ROLE_OF_SPEAKER

Kind = Literal["unicode", "white-space", "keys"]

# Keys of messages that are told apart by their spelling; further keys keep theirs.
_KEYS = ("role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call", "refusal")
_SPELLED = {key.replace("_", ""): key for key in _KEYS}
_LINE_ENDS = re.compile(r"\r\n?")
_TRAILING = re.compile(r"[ \t]+(?=\n|\Z)")
_BLANK_LINES_BEFORE = re.compile(r"\A(?:[ \t]*\n)+")


def normalise(messages: list[Message], kinds: Sequence[Kind]) -> tuple[list[Message], set[Kind]]:
    """Even out the messages of one conversation.

    Args:
        messages: as they were read; not changed.
        kinds: what to even out, in any order.

    Returns:
        the messages, and the kinds that changed something; no kinds change nothing.
    """
    changed: set[Kind] = set()
    steps: list[tuple[Kind, Callable[[Message], Message]]] = [
        ("keys", _known_keys),
        ("unicode", lambda message: _on_texts(message, lambda text: unicodedata.normalize("NFC", text))),
        ("white-space", lambda message: _on_texts(message, _even_blanks)),
    ]
    for kind, step in steps:
        if kind in kinds:
            evened = [step(message) for message in messages]
            if evened != messages:
                changed.add(kind)
            messages = evened
    return messages, changed


def _even_blanks(text: str) -> str:
    text = _TRAILING.sub("", _LINE_ENDS.sub("\n", text))
    return _BLANK_LINES_BEFORE.sub("", text).rstrip("\n")


def _on_texts(message: Message, change: Callable[[str], str]) -> Message:
    content = message.get("content")
    if isinstance(content, str):
        return {**message, "content": change(content)}
    if isinstance(content, list):
        return {**message, "content": [_part(part, change) for part in content]}
    return message


def _part(part: Any, change: Callable[[str], str]) -> Any:
    if isinstance(part, str):
        return change(part)
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        return {**part, "text": change(part["text"])}
    return part


def _known_keys(message: Message) -> Message:
    """Spell keys and role as they are known; two keys that would become one keep their spelling."""
    spelled = {key: _SPELLED.get(key.strip().casefold().replace("_", "").replace("-", ""), key) for key in message}
    names = list(spelled.values())
    renamed = {key if names.count(name) > 1 else name: message[key] for key, name in spelled.items()}
    role = renamed.get("role")
    if isinstance(role, str) and (known := ROLE_OF_SPEAKER.get(role.strip().casefold())):
        renamed["role"] = known
    return renamed
