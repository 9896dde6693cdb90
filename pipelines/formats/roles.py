"""Which conversations can be used: what no trainer could learn from is refused, everything else is kept.

Kept on purpose: an empty answer (quality scoring finds it), two turns of one role in a row, an assistant that speaks
first, a system message that is not first: some trainer takes each of them. For production queries an answer is not
needed; an empty one is dropped, for it was never given.
"""

from typing import Literal

from pipelines.examples import Message
from pipelines.formats.registry import Unfit

Role = Literal["train", "general", "test", "production"]
ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_CALLS = ("tool_calls", "function_call")


def check_conversation(messages: list[Message], role: Role) -> list[Message]:
    """Return the conversation as it is kept.

    Raises:
        Unfit: which message cannot be used, and why.
    """
    if not messages:
        raise Unfit("The conversation has no messages.", "Remove the row or fill it in.")
    spoken: set[str] = set()
    for position, message in enumerate(messages, start=1):
        if type(message.get("content")) is not str:
            _check_content(message, position)
        name = message.get("role")
        if name not in ROLES if isinstance(name, str) else True:
            raise _unknown_role(name, position)
        spoken.add(name)  # type: ignore[arg-type]
    if role == "production":
        return _check_query(messages)
    if "assistant" not in spoken:
        raise Unfit(
            "There is no assistant message, so nothing to learn.",
            "Add the answer, or import the file as production queries.",
        )
    if messages[-1]["role"] != "assistant":
        raise Unfit(
            f"The last message is from {messages[-1]['role']}, not from the assistant.",
            "Remove what follows the last answer, or add the answer.",
        )
    if not spoken - {"assistant", "system", "developer"}:
        raise Unfit("Nothing is asked before the answer.", "Add the user message.")
    return messages


def _check_query(messages: list[Message]) -> list[Message]:
    last = messages[-1]
    if last["role"] == "assistant" and last.get("content") == "" and not any(last.get(call) for call in _CALLS):
        messages = messages[:-1]
    asked = [message for message in messages if message["role"] == "user"]
    if not asked:
        raise Unfit("There is no user message.", "A production query needs what the user asked.")
    if not any(_says_something(message) for message in asked):
        raise Unfit("The query is empty.", "Remove the row.")
    return messages


def _says_something(message: Message) -> bool:
    content = message.get("content")
    return bool(content.strip()) if isinstance(content, str) else bool(content)


def _check_content(message: Message, position: int) -> None:
    content = message.get("content")
    if isinstance(content, list):
        if not content:
            raise Unfit(f"Message {position} has an empty list as content.", "Write a text.")
        if not all(isinstance(part, dict | str) for part in content):
            raise Unfit(f"Message {position} has a content part that is no object.", 'Write {"type": "text", …}.')
        return
    if content is None:
        if message.get("role") == "assistant" and any(message.get(call) for call in _CALLS):
            return
        raise Unfit(f"Message {position} has no content.", "Write its text; only a tool call may stand without.")
    kind = "an object" if isinstance(content, dict) else f"the value {content!s:.40}"
    raise Unfit(f"Message {position} has {kind} as content, not a text.", "Put the content in quotes, as text.")


def _unknown_role(name: object, position: int) -> Unfit:
    known = "system, user, assistant or tool"
    if name is None:
        return Unfit(f"Message {position} has no role.", f"Add one: {known}.")
    return Unfit(f"Message {position} has the unknown role {str(name)[:40]!r}.", f"Use {known}.")
