"""An Ollama Modelfile whose TEMPLATE is the chat template that was trained with, in Ollama's own template language.

Method: the training template is rendered with marked texts and taken apart into what stands before and after a message
of each role. Put together again for a longer conversation it must give the very rendering of the original; a template
that is more than a frame around each message is refused, for a model asked in other words than it was tuned with
answers worse, and in silence.

Source: Ollama, docs/modelfile.md and docs/template.md.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.errors import CurationError
from pipelines.examples import Message

_MARK = "\u2983{}\u2984"
_CHECK = (("system", 0), ("user", 1), ("assistant", 2), ("user", 3), ("assistant", 4), ("user", 5))


@dataclass(frozen=True)
class Frames:
    """What stands before and after a message of each role, and before the answer; `start` is the first token's text."""

    system: tuple[str, str] | None
    user: tuple[str, str]
    assistant: tuple[str, str]
    answer: str


def frames_of(tokenizer: Any) -> Frames:
    """Take a tokenizer's chat template apart.

    Raises:
        CurationError: it is more than a frame around each message.
    """
    start = tokenizer.bos_token or ""

    def rendered(messages: Sequence[Message], asked: bool = False) -> str:
        text = tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=asked)
        return str(text).removeprefix(start) if start else str(text)

    user, assistant, system = (_message(role, place) for place, role in enumerate(("user", "assistant", "system")))
    try:
        alone = rendered([user])
        answer = rendered([user], asked=True).removeprefix(alone)
        user_frame = _around(alone, user)
        assistant_frame = _around(rendered([user, assistant]).removeprefix(alone), assistant)
    except Exception as error:  # what templates raise by themselves
        raise _refused(error) from error
    try:
        system_frame: tuple[str, str] | None = _around(rendered([system, user]).removesuffix(alone), system)
    except Exception:  # templates without a system role raise what they like
        system_frame = None
    frames = Frames(system_frame, user_frame, assistant_frame, answer)
    messages = [_message(role, place) for role, place in _CHECK if role != "system" or system_frame]
    if composed(frames, messages) != rendered(messages, asked=True):
        raise _refused(None)
    return frames


def composed(frames: Frames, messages: Sequence[Message]) -> str:
    """Put a conversation together from frames, up to where the answer begins."""
    parts = []
    for message in messages:
        before, after = getattr(frames, str(message["role"]))
        parts.append(f"{before}{message['content']}{after}")
    return "".join(parts) + frames.answer


def modelfile(model: str, frames: Frames, *, stops: Sequence[str], context: int, comment: str = "") -> str:
    """Return the Modelfile of a GGUF file beside it.

    Args:
        model: name of the GGUF file.
        frames: of the training template.
        stops: texts at which an answer ends.
        context: longest conversation in tokens.
        comment: lines for people.
    """
    branches = []
    word = "if"
    for role in ("system", "user", "assistant"):
        frame = getattr(frames, role)
        if frame is not None:
            branches.append(f'{{{{ {word} eq .Role "{role}" }}}}{_go(frame[0])}{{{{ .Content }}}}{_go(frame[1])}')
            word = "else if"
    template = "{{ range .Messages }}" + "".join(branches) + "{{ end }}{{ end }}" + _go(frames.answer)
    if '"""' in template:
        raise CurationError("The chat template holds three quotes, which a Modelfile cannot.", "Use --target merged.")
    lines = [f"# {line}" for line in comment.splitlines()]
    lines += [f"FROM ./{model}", f'TEMPLATE """{template}"""', f"PARAMETER num_ctx {context}"]
    lines += [f"PARAMETER stop {json.dumps(stop, ensure_ascii=False)}" for stop in dict.fromkeys(stops) if stop.strip()]
    return "\n".join(lines) + "\n"


def _go(text: str) -> str:
    """Write a text so that Ollama's template language takes it as it is."""
    return text if "{{" not in text and "}}" not in text else f"{{{{ {json.dumps(text, ensure_ascii=False)} }}}}"


def _message(role: str, place: int) -> Message:
    return {"role": role, "content": _MARK.format(f"{role}{place}")}


def _around(text: str, message: Message) -> tuple[str, str]:
    before, mark, after = text.partition(message["content"])
    if not mark:
        raise ValueError("the message is not in its rendering")
    return before, after


def _refused(error: Exception | None) -> CurationError:
    detail = f" ({error})" if error else ""
    return CurationError(
        f"The chat template is more than a frame around each message, which Ollama's language cannot say{detail}.",
        "Hand off GGUF and serve it with llama.cpp, which reads the template itself.",
    )
