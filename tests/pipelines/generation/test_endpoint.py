"""Answers of an endpoint that fails, talks nonsense or is slow: tried again with back-off, never a wrong answer."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from pipelines.errors import CurationError
from pipelines.generation.endpoint import EndpointOutput, ask_endpoint
from pipelines.generation.endpoint_settings import EndpointSettings
from pipelines.progress import Cancelled
from tests.pipelines.generation.fake_endpoint import FakeEndpoint, fake_endpoint

KEY = "sk-secret-4711"
ASKED = [[{"role": "user", "content": f"question {n}"}, {"role": "assistant", "content": "hidden"}] for n in range(4)]
WRONG_KIND = b'{"choices": [{"message": {"content": 5}}]}'


@pytest.fixture
def endpoint() -> Iterator[FakeEndpoint]:
    with fake_endpoint() as fake:
        yield fake


class Clock:
    """Time that passes only in waiting."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def ask(
    endpoint: FakeEndpoint, clock: Clock | None = None, found: list[EndpointOutput] | None = None, **given: Any
) -> list[EndpointOutput]:
    clock, found = clock or Clock(), [] if found is None else found
    progress = given.pop("progress", lambda *_: None)
    settings = EndpointSettings(**{"url": endpoint.url, "model": "m", "requests_per_minute": 6000.0, **given})
    told = {"on_answer": found.append, "progress": progress, "clock": clock, "sleep": clock.sleep}
    ask_endpoint(ASKED, settings, key=KEY, max_tokens=7, **told)
    return found


def test_every_question_is_asked_once_with_key_and_model_and_without_the_reference(endpoint: FakeEndpoint) -> None:
    found = ask(endpoint)
    assert [one.text for one in found] == [f"QUESTION {n}" for n in range(4)]
    assert [(one.position, one.prompt_tokens, one.completion_tokens) for one in found] == [(n, 10, 2) for n in range(4)]
    first = endpoint.requests[0]
    assert (first["path"], first["key"]) == ("/v1/chat/completions", f"Bearer {KEY}")
    assert first["body"] == {"model": "m", "messages": ASKED[0][:1], "temperature": 0, "max_tokens": 7}
    assert len(endpoint.requests) == 4


@pytest.mark.parametrize(
    "bad", [(500, {}), (429, {}), "hang up", b"<html>", b"[]", b'{"choices": []}', WRONG_KIND, b""]
)
def test_what_may_pass_is_tried_again_with_growing_pauses(endpoint: FakeEndpoint, bad: object) -> None:
    endpoint.script = [None, bad, bad, bad]
    clock = Clock()
    assert [one.text for one in ask(endpoint, clock)] == [f"QUESTION {n}" for n in range(4)]
    assert len(endpoint.requests) == 7
    # Pauses of 1, 2 and 4 seconds; the rate limit asks for no more than a hundredth of a second each.
    assert 7.0 <= clock.now < 7.2


def test_a_slow_endpoint_is_given_up_on_and_asked_again(endpoint: FakeEndpoint) -> None:
    endpoint.script = ["slow"]
    assert len(ask(endpoint, timeout=0.15)) == 4
    assert len(endpoint.requests) == 5


def test_retry_after_is_obeyed_up_to_a_minute(endpoint: FakeEndpoint) -> None:
    endpoint.script = [(429, {"Retry-After": "17"}), (503, {"Retry-After": "9999"}), (503, {"Retry-After": "soon"})]
    clock = Clock()
    ask(endpoint, clock)
    assert 17 + 60 + 4 <= clock.now < 82


def test_failing_to_the_end_says_so_keeps_what_was_answered_and_never_tells_the_key(endpoint: FakeEndpoint) -> None:
    endpoint.script = [None, None, *[(500, {})] * 3]
    found: list[EndpointOutput] = []
    with pytest.raises(CurationError, match="failed 3 times in a row: status 500") as caught:
        ask(endpoint, found=found, attempts=3)
    assert [one.position for one in found] == [0, 1]
    assert "resume" in caught.value.remedy
    assert KEY not in str(caught.value) + caught.value.remedy


@pytest.mark.parametrize("status", [400, 401, 403, 404, 301, 307])
def test_a_refusal_or_a_redirect_stops_at_once(endpoint: FakeEndpoint, status: int) -> None:
    endpoint.script = [(status, {"Location": f"{endpoint.url}/elsewhere", "X-Echo": KEY})]
    with pytest.raises(CurationError, match=f"status {status}") as caught:
        ask(endpoint)
    assert len(endpoint.requests) == 1
    assert KEY not in str(caught.value) + caught.value.remedy


def test_no_more_requests_a_minute_than_allowed(endpoint: FakeEndpoint) -> None:
    clock = Clock()
    ask(endpoint, clock, requests_per_minute=6.0)
    assert clock.now == pytest.approx(30.0)


def test_cancelling_is_noticed_while_waiting(endpoint: FakeEndpoint) -> None:
    endpoint.script = [(500, {})]

    def cancel(share: float, message: str) -> None:
        if "Trying again" in message:
            raise Cancelled

    with pytest.raises(Cancelled):
        ask(endpoint, progress=cancel)
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize(
    "url", ["ftp://a/v1", "file:///etc/passwd", "a.example/v1", "https://me:key@a.example/v1", "https://a.example/?k=1"]
)
def test_an_address_that_is_none_or_holds_a_key_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        EndpointSettings(url=url, model="m")


def test_answers_are_called_after_the_model() -> None:
    assert EndpointSettings(url="https://a.example/v1/", model="org/big model:1").variant == "api-org-big-model-1"
