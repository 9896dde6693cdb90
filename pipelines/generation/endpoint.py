"""Answer conversations by an endpoint that speaks the OpenAI chat protocol, and count what it costs.

    POST URL/chat/completions {"model", "messages", "temperature": 0, "max_tokens"}
    {"choices": [{"message": {"content": "…"}}], "usage": {"prompt_tokens": 31, "completion_tokens": 12}}

One request at a time, at most so many a minute. What may pass (time-outs, broken connections, 408, 409, 425, 429, 5xx,
a reply that is no such object) is tried again after 1, 2, 4, … seconds, at most a minute, or after what Retry-After
says; what will not pass (401, 404, …) stops at once. Redirects are not followed: they would carry the key elsewhere.
The key goes into one header and nowhere else: not into a message, a file or a log, also where the endpoint echoes it.

Not covered: streaming, several requests at once, tools, endpoints that know `max_completion_tokens` only.
"""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.errors import CurationError
from pipelines.examples import Message, text_of
from pipelines.generation.endpoint_settings import EndpointSettings
from pipelines.progress import Progress, no_progress

MAY_PASS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
LONGEST_WAIT = 60.0
# More than any answer: a reply beyond it is nonsense.
LARGEST_REPLY = 32 * 1024 * 1024
RESUME = "What was answered is kept: resume the evaluation, and only the rest is asked."


@dataclass(frozen=True)
class EndpointOutput:
    """One answer with its seconds; tokens are None where the endpoint does not count."""

    position: int
    text: str
    seconds: float
    prompt_tokens: int | None
    completion_tokens: int | None


class _MayPassError(Exception):
    """A try that failed, though the next may not; `wait` is what the endpoint asked for, in seconds."""

    def __init__(self, what: str, wait: float | None = None) -> None:
        super().__init__(what)
        self.wait = wait


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow nothing; the reply is then an error like any other."""


def ask_endpoint(
    conversations: Sequence[Sequence[Message]],
    settings: EndpointSettings,
    *,
    key: str | None,
    max_tokens: int,
    on_answer: Callable[[EndpointOutput], None],
    progress: Progress = no_progress,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Ask for the answer to every conversation, in order; a last assistant message is not sent.

    Args:
        conversations: messages with `role` and `content`.
        settings: the endpoint.
        key: sent as a bearer token; None for none.
        max_tokens: longest answer.
        on_answer: called with every answer; what it was told of is done, whatever happens later.
        progress: told after each answer, and every second of waiting; `Cancelled` from it passes through.
        clock: seconds that pass.
        sleep: waits so many seconds.

    Raises:
        CurationError: the endpoint refuses, or fails as often as is allowed.
    """
    opener = urllib.request.build_opener(_NoRedirect)
    total, free_at = len(conversations), clock()

    def wait_until(moment: float, share: float, why: str) -> None:
        while (left := moment - clock()) > 0:
            progress(share, why)
            sleep(min(left, 1.0))

    for position, conversation in enumerate(conversations):
        share = position / total
        for attempt in range(1, settings.attempts + 1):
            wait_until(free_at, share, f"Answered {position:,} of {total:,}")
            began = clock()
            free_at = began + 60.0 / settings.requests_per_minute
            try:
                text, used = _ask_once(opener, conversation, settings, key, max_tokens)
                break
            except _MayPassError as error:
                told = str(error) if key is None else str(error).replace(key, "***")
                if attempt == settings.attempts:
                    raise CurationError(
                        f"The endpoint {settings.url} failed {attempt} times in a row: {told}.", RESUME
                    ) from None
                pause = min(2.0 ** (attempt - 1), LONGEST_WAIT) if error.wait is None else error.wait
                wait_until(clock() + min(pause, LONGEST_WAIT), share, f"Trying again: {told}")
        on_answer(EndpointOutput(position, text, clock() - began, *used))
        progress((position + 1) / total, f"Answered {position + 1:,} of {total:,}")


def _ask_once(
    opener: urllib.request.OpenerDirector,
    conversation: Sequence[Message],
    settings: EndpointSettings,
    key: str | None,
    max_tokens: int,
) -> tuple[str, tuple[int | None, int | None]]:
    messages = list(conversation)
    if messages and messages[-1].get("role") == "assistant":
        messages = messages[:-1]
    sent = [{"role": message.get("role"), "content": text_of(message.get("content"))} for message in messages]
    body = {"model": settings.model, "messages": sent, "temperature": 0, "max_tokens": max_tokens}
    headers = {"Content-Type": "application/json"} | ({} if key is None else {"Authorization": f"Bearer {key}"})
    request = urllib.request.Request(
        f"{settings.url}/chat/completions", json.dumps(body).encode(), headers, method="POST"
    )
    try:
        with opener.open(request, timeout=settings.timeout) as reply:
            read = reply.read(LARGEST_REPLY + 1)
    except urllib.error.HTTPError as error:
        with error:
            if error.code in MAY_PASS:
                raise _MayPassError(f"status {error.code}", _seconds(error.headers.get("Retry-After"))) from None
            raise CurationError(
                f"The endpoint {settings.url} refuses with status {error.code}.",
                f"Check its address, the model's name '{settings.model}' and the key. {RESUME}",
            ) from None
    except (OSError, http.client.HTTPException) as error:
        raise _MayPassError(f"{type(error).__name__}: {error}") from None
    return _content_of(read)


def _content_of(read: bytes) -> tuple[str, tuple[int | None, int | None]]:
    """Return the answer and the tokens of a reply."""
    try:
        reply: Any = json.loads(read) if len(read) <= LARGEST_REPLY else None
        content = reply["choices"][0]["message"]["content"]
        content = "" if content is None else content
        usage = reply.get("usage")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        raise _MayPassError("its reply holds no answer") from None
    if not isinstance(content, str):
        raise _MayPassError("its reply holds no answer that is text")
    counted = usage if isinstance(usage, dict) else {}
    return content, (_count(counted.get("prompt_tokens")), _count(counted.get("completion_tokens")))


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _seconds(text: str | None) -> float | None:
    try:
        return max(0.0, float(text)) if text is not None else None
    except ValueError:
        return None
