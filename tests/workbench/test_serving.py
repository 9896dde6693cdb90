"""Serving a run: a process asked over HTTP, streams, refusals, the base in the tuned model's place, and its end."""

import http.client
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import CurationError
from pipelines.generation.answer import Answer
from pipelines.generation.few_shot import few_shot_messages
from pipelines.generation.generate import generate_outputs
from pipelines.generation.settings import GenerationSettings
from pipelines.training.adapter import load_adapter, merged_adapter
from pipelines.training.base import load_base
from pipelines.training.settings import TrainSettings
from tests.workbench.conftest import add_run, chat
from workbench.chat_server import LARGEST_BODY, ChatServer
from workbench.jobs.files import JobStatus, write_status
from workbench.jobs.settings import TrainJob, write_job
from workbench.project import Project
from workbench.serving import Serving, load_run

ASKED = [{"role": "user", "content": "Where is my order 4711?"}]
ROWS = [chat("Where is my parcel?", "On its way."), chat("The lamp is broken.", "We send a new one.")]


def add_served_run(project: Project, run_id: str = "run-0001", *, adapter: bool = True) -> Path:
    folder = add_run(project, run_id, rows=ROWS, adapter=adapter)
    write_job(folder, TrainJob(train=TrainSettings()))
    return folder


def request(
    port: int, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    told = {"Content-Type": "application/json", **(headers or {})} if body is not None else headers or {}
    connection.request(method, path, sent, told)
    reply = connection.getresponse()
    read = reply.read()
    connection.close()
    return reply.status, read


def ask(port: int, **body: Any) -> dict[str, Any]:
    status, read = request(port, "POST", "/v1/chat/completions", {"messages": ASKED, **body})
    assert status == 200, read
    return json.loads(read)


@pytest.fixture(scope="module")
def served_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with Project.create(tmp_path_factory.mktemp("serve") / "project") as project:
        add_served_run(project)
    return project.folder


@pytest.fixture(scope="module")
def tuned_texts(served_project: Path) -> list[str]:
    """What the workbench's own generation says, at length and cut at six tokens."""
    model, tokenizer = load_base("default")
    with merged_adapter(load_adapter(model, served_project / "runs" / "run-0001" / "adapter", "default")) as tuned:
        return [
            generate_outputs([ASKED], tuned, tokenizer, GenerationSettings(max_new_tokens=most))[0] for most in (64, 6)
        ]


@pytest.fixture(scope="module")
def process(served_project: Path) -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    """The command itself on a free port."""
    command = [sys.executable, "-m", "workbench.cli.main", "serve", str(served_project), "run-0001"]
    child = subprocess.Popen(
        [*command, "--port", "0", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    told = json.loads(child.stdout.readline())
    assert told["answers"] == "the tuned model"
    assert told["why"] is None
    yield int(told["url"].removeprefix("http://127.0.0.1:").removesuffix("/v1")), child
    if child.poll() is None:
        child.kill()
    child.communicate()


def test_the_command_answers_as_the_workbench_does_and_ends_cleanly(
    process: tuple[int, "subprocess.Popen[str]"], served_project: Path, tuned_texts: list[str]
) -> None:
    port, child = process
    listed = json.loads(request(port, "GET", "/v1/models")[1])
    assert [model["id"] for model in listed["data"]] == ["run-0001"]
    reply = ask(port, model="run-0001", max_tokens=64)
    assert reply["choices"][0]["message"] == {"role": "assistant", "content": tuned_texts[0], "refusal": None}
    assert reply["usage"]["total_tokens"] == reply["usage"]["prompt_tokens"] + reply["usage"]["completion_tokens"]
    cut = ask(port, max_completion_tokens=6, temperature=0)["choices"][0]
    assert cut["message"]["content"] == tuned_texts[1]
    assert cut["finish_reason"] == "length"
    Project.open(served_project).close()  # nobody holds it
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 0
    assert out == ""
    assert "Traceback" not in err
    assert tuned_texts[0] not in err
    assert "POST /v1/chat/completions" in err


class Slow:
    """A model that says one letter after another, and counts how many."""

    def __init__(self) -> None:
        self.lock, self.said = threading.Lock(), 0

    def answer(self, messages: Any, settings: Any = None, *, on_text: Any) -> Answer:
        with self.lock:
            for self.said in range(1, 2000):
                on_text("x" * self.said)
                time.sleep(0.01)
        return Answer("x" * self.said, 1, self.said, True)


def serve(model: Any) -> tuple[ChatServer, threading.Thread, list[str]]:
    log: list[str] = []
    server = ChatServer(Serving("run-0001", "default", model, "tuned-abc", None), 0, log.append)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    return server, thread, log


@pytest.fixture(scope="module")
def server(served_project: Path) -> Iterator[ChatServer]:
    started, thread, _ = serve(load_run(served_project, "run-0001").model)
    yield started
    started.shutdown()
    started.stop()
    thread.join()


def test_a_stream_is_the_same_text_in_pieces(server: ChatServer, tuned_texts: list[str]) -> None:
    body = {"messages": ASKED, "max_tokens": 64, "stream": True, "stream_options": {"include_usage": True}}
    status, read = request(server.server_address[1], "POST", "/v1/chat/completions", body)
    assert status == 200
    *events, done, rest = read.decode().split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    chunks = [json.loads(event.removeprefix("data: ")) for event in events]
    pieces = [chunk["choices"][0] for chunk in chunks[:-1]]
    assert "".join(piece["delta"].get("content", "") for piece in pieces) == tuned_texts[0]
    assert pieces[0]["delta"]["role"] == "assistant"
    assert len(pieces) > 5
    assert [piece["finish_reason"] for piece in pieces if piece["finish_reason"]] == ["length"]
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["completion_tokens"] > 5


def test_text_parts_and_a_seeded_temperature_are_understood(server: ChatServer, tuned_texts: list[str]) -> None:
    port = server.server_address[1]
    parts = [{"role": "user", "content": [{"type": "text", "text": ASKED[0]["content"]}]}]
    assert ask(port, messages=parts, max_tokens=64)["choices"][0]["message"]["content"] == tuned_texts[0]
    drawn = [
        ask(port, temperature=2, seed=seed, max_tokens=12)["choices"][0]["message"]["content"] for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"messages": []}, 400, "messages"),
        ({"messages": [{"role": "pirate", "content": "a"}]}, 400, "messages.0.role"),
        ({"messages": [*ASKED, {"role": "assistant", "content": "b"}]}, 400, "nothing is asked"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, 400, "more than text"),
        ({"messages": [{"role": "user", "content": "word " * 1200}]}, 400, "no room"),
        ({"messages": [{"role": "user", "content": "word " * 1200}], "stream": True}, 400, "no room"),
        ({"messages": ASKED, "model": "gpt-5"}, 404, "no model 'gpt-5'"),
        ({"messages": ASKED, "tools": [{"type": "function"}]}, 400, "'tools'"),
        ({"messages": ASKED, "n": 2}, 400, "'n'"),
        ({"messages": ASKED, "temperature": 3}, 400, "temperature"),
        ([1], 400, "no JSON object"),
        (b"{broken", 400, "no JSON"),
        (b'{"messages": NaN}', 400, "no JSON"),
        (b"[" * 100_000, 400, "no JSON"),
    ],
)
def test_bad_requests_get_an_error_object(server: ChatServer, body: Any, status: int, words: str) -> None:
    got, read = request(server.server_address[1], "POST", "/v1/chat/completions", body)
    assert got == status
    error = json.loads(read)["error"]
    assert words in error["message"]
    assert error["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/v1/else", {}, 404),
        ("GET", "/v1/models", {"Host": "elsewhere.example"}, 421),
        ("GET", "/v1/models", {"Host": "localhost:8000"}, 200),
        ("POST", "/v1/chat/completions", {"Content-Type": "text/plain"}, 415),
        ("POST", "/v1/chat/completions", {"Content-Length": "-1"}, 411),
        ("POST", "/v1/chat/completions", {"Content-Length": str(LARGEST_BODY + 1)}, 413),
    ],
)
def test_what_a_web_page_elsewhere_could_send_is_refused(
    server: ChatServer, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    body = {"messages": ASKED} if method == "POST" else None
    assert request(server.server_address[1], method, path, body, headers)[0] == status


def test_a_client_that_hangs_up_ends_its_answer() -> None:
    model = Slow()
    server, thread, log = serve(model)
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=60)
    body = json.dumps({"messages": ASKED, "stream": True})
    connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
    reply = connection.getresponse()
    assert reply.read(64).startswith(b"data: ")
    reply.close()
    connection.close()
    assert model.lock.acquire(timeout=15)
    assert model.said < 1500
    model.lock.release()
    server.shutdown()
    server.stop()
    thread.join()
    assert any("hung up" in line for line in log)


def test_stopping_ends_the_answer_that_is_being_given() -> None:
    model = Slow()
    server, thread, _ = serve(model)
    got: list[tuple[int, bytes]] = []
    body = {"messages": ASKED}
    asking = threading.Thread(
        target=lambda: got.append(request(server.server_address[1], "POST", "/v1/chat/completions", body))
    )
    asking.start()
    while not model.said:
        time.sleep(0.01)
    server.shutdown()
    server.stop()
    asking.join()
    thread.join()
    assert got[0][0] == 503
    assert model.said < 1500


def test_the_base_with_a_prompt_answers_where_the_tuned_model_cannot_be_loaded(project: Project) -> None:
    folder = add_served_run(project)
    (folder / "adapter" / "adapter_model.safetensors").write_bytes(b"broken")
    with pytest.raises(CurationError, match="does not fit"):
        load_run(project.folder, "run-0001", fallback=False)
    serving = load_run(project.folder, "run-0001")
    assert serving.fallback is not None
    assert serving.answers == "the base model with the project's prompt"
    shown = few_shot_messages([row["messages"] for row in ROWS], ASKED, 3)
    assert len(shown) == 5
    expected = generate_outputs([shown], *load_base("default"), GenerationSettings(max_new_tokens=32))
    server, thread, _ = serve(serving.model)
    assert ask(server.server_address[1], max_tokens=32)["choices"][0]["message"]["content"] == expected[0]
    server.shutdown()
    server.stop()
    thread.join()


def test_what_cannot_be_served_is_refused_with_a_remedy(project: Project, tmp_path: Path, server: ChatServer) -> None:
    with pytest.raises(CurationError, match="no folder 'runs'"):
        load_run(tmp_path / "nowhere", "run-0001")
    with pytest.raises(CurationError, match=r"no run '\.\./runs'"):
        load_run(project.folder, "../runs")
    folder = add_served_run(project, adapter=False)
    with pytest.raises(CurationError, match="no adapter in"):
        load_run(project.folder, "run-0001", fallback=False)
    write_status(folder, JobStatus("queued", kind="train", started_at=time.time()))
    with pytest.raises(CurationError, match="still going on"):
        load_run(project.folder, "run-0001")
    with pytest.raises(CurationError, match="cannot be listened on") as caught:
        ChatServer(Serving("run-0001", "default", Slow(), "x", None), server.server_address[1], print)  # type: ignore[arg-type]
    assert "--port" in caught.value.remedy
