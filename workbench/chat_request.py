"""What a client of the OpenAI chat protocol asks for, checked.

What would change the answer and is not understood here (tools, a response format, penalties) is refused, never passed
over in silence. Two defaults are this server's own: without `temperature` the answer is greedy, as everywhere in the
workbench, and without `max_tokens` it has 1,024 tokens at most.

Source: OpenAI API reference, "Create chat completion".
"""

from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from pipelines.errors import CurationError
from pipelines.examples import Message, text_of
from pipelines.generation.settings import AnswerSettings

LONGEST_ANSWER = 1024
# What of a request means nothing but itself: any other value would be a promise that is not kept.
_ONLY: dict[str, tuple[object, ...]] = {
    "n": (1,),
    "tools": ([],),
    "tool_choice": ("none", "auto"),
    "functions": ([],),
    "response_format": ({"type": "text"},),
    "presence_penalty": (0,),
    "frequency_penalty": (0,),
    "logit_bias": ({},),
    "logprobs": (False,),
    "modalities": (["text"],),
}


class _Message(BaseModel, extra="ignore"):
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[dict[str, Any]]


class _Options(BaseModel, extra="ignore"):
    include_usage: bool = False


class _Body(BaseModel, extra="ignore"):
    model: str | None = None
    messages: list[_Message] = Field(min_length=1)
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    seed: int | None = None
    stop: str | list[str] | None = None
    stream: bool = False
    stream_options: _Options | None = None


class ChatRequest(BaseModel, frozen=True):
    """A request as the server answers it."""

    model: str | None
    messages: list[Message]
    settings: AnswerSettings
    stream: bool
    include_usage: bool


def read_request(body: Any) -> ChatRequest:
    """Check a request's body.

    Args:
        body: parsed JSON.

    Raises:
        CurationError: it is no request, or asks for what this server does not do; names the field.
    """
    if not isinstance(body, dict):
        raise CurationError("The body is no JSON object.", "Send {'messages': [...]}.")
    for name, values in _ONLY.items():
        if body.get(name) is not None and body[name] not in values:
            raise CurationError(f"'{name}' is not supported by this server.", "Leave it out.")
    try:
        read = _Body.model_validate(body)
        longest = read.max_completion_tokens or read.max_tokens or LONGEST_ANSWER
        stops = [read.stop] if isinstance(read.stop, str) else read.stop or []
        settings = AnswerSettings(
            max_new_tokens=min(longest, 32_768),
            temperature=read.temperature or 0.0,
            top_p=1.0 if read.top_p is None else read.top_p,
            seed=(read.seed or 0) % 2**31,
            stop=tuple(stop for stop in stops if stop),
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise CurationError(f"'{where}': {first['msg']}.", "See the OpenAI API reference, chat completions.") from None
    if read.messages[-1].role == "assistant":
        raise CurationError("'messages' ends with the assistant: nothing is asked.", "End with a user message.")
    options = read.stream_options
    return ChatRequest(
        model=read.model,
        messages=[_message(place, message) for place, message in enumerate(read.messages)],
        settings=settings,
        stream=read.stream,
        include_usage=options is not None and options.include_usage,
    )


def _message(place: int, message: _Message) -> Message:
    parts = message.content
    if not isinstance(parts, str) and any(part.get("type") != "text" for part in parts):
        raise CurationError(f"'messages.{place}.content' holds more than text.", "Send text alone.")
    role = "system" if message.role == "developer" else message.role
    return {"role": role, "content": text_of(parts)}
