"""Which conversations can be used: what no trainer could learn from is refused, everything else is kept.

Kept on purpose, since some trainer or chat template takes each of them: an empty message among others (quality scoring
finds it), two turns of one role in a row, an assistant that speaks first, a system message that is not first, `tool`
results without a call, tool calls as text or object, weights. ChatML templates take all of these; Mistral's and Gemma's
refuse some, which the check before training tells, for the model that is chosen.

Refused: a role that no common template knows (templates would write it down, and nothing would answer to it later), a
conversation without an answer, or with nothing before it, or with text nowhere, and one that goes on after its last
answer, which OpenAI and LLaMA-Factory refuse or drop. For production queries an answer is not needed; an empty one is
dropped, for it was never given.
"""

from typing import Literal

from pipelines.examples import Message
from pipelines.formats.registry import Unfit
from pipelines.formats.turns import ROLE_OF_SPEAKER

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
        if len(message) > 2:
            _check_further(message, position)
        name = message.get("role")
        if name not in ROLES if isinstance(name, str) else True:
            raise _unknown_role(name, position)
        spoken.add(name)  # type: ignore[arg-type]
    if role == "production":
        return _check_query(messages)
    if "assistant" not in spoken:
        raise Unfit(
            "There is no assistant message, so nothing to learn.",
            "Add the answer, say which column holds it (completion=COLUMN), or import as production queries.",
        )
    if not any(_says_something(message) or _calls(message) for message in messages):
        raise Unfit("All messages are empty.", "Fill them in, or remove the row.")
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
    if last["role"] == "assistant" and last.get("content") == "" and not _calls(last):
        messages = messages[:-1]
    asked = [message for message in messages if message["role"] == "user"]
    if not asked:
        raise Unfit("There is no user message.", "A production query needs what the user asked.")
    if not any(_says_something(message) for message in asked):
        raise Unfit("The query is empty.", "Remove the row.")
    return messages


def _calls(message: Message) -> bool:
    return any(message.get(call) for call in _CALLS)


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
        if message.get("role") == "assistant" and _calls(message):
            return
        raise Unfit(f"Message {position} has no content.", "Write its text; only a tool call may stand without.")
    kind = "an object" if isinstance(content, dict) else f"the value {content!s:.40}"
    raise Unfit(f"Message {position} has {kind} as content, not a text.", "Put the content in quotes, as text.")


def _check_further(message: Message, position: int) -> None:
    """Refuse what every trainer that reads these keys fails at; trainers that do not read them lose nothing."""
    calls = message.get("tool_calls")
    if calls is not None and not (isinstance(calls, list) and all(isinstance(call, dict) for call in calls)):
        raise Unfit(f"Message {position} has tool_calls that are no list of objects.", 'Write [{"function": {…}}, …].')
    weight = message.get("weight")
    if weight is not None and not isinstance(weight, int | float):
        raise Unfit(f"Message {position} has a weight that is no number.", "Write 0 or 1, without quotes.")


def _unknown_role(name: object, position: int) -> Unfit:
    known = "system, user, assistant or tool"
    if name is None:
        return Unfit(f"Message {position} has no role.", f"Add one: {known}.")
    shown = f"Message {position} has the unknown role {str(name)[:40]!r}."
    if isinstance(name, str) and (meant := ROLE_OF_SPEAKER.get(name.strip().casefold())):
        return Unfit(shown, f"Write {meant}, or import with normalise=keys, which reads it so.")
    return Unfit(shown, f"Use {known}.")
