"""The HTTP side of `workbench serve`: /v1/models and /v1/chat/completions, also as a stream, on 127.0.0.1.

Only what names this machine as its host is answered, and only bodies that say they are JSON: a web page in a browser
here can then neither read an answer nor start one. One conversation is answered at a time, others wait. A client that
hangs up in a stream ends its answer. The log tells what was asked for and how long it took, no text.

Source: OpenAI API reference, "Create chat completion", "The chat completion chunk object", "List models".
Not covered: keys (whoever can reach this machine's 127.0.0.1 can ask), encryption, several answers at once.
"""

import json
import sys
import threading
import time
import uuid
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pipelines.errors import CurationError
from pipelines.generation.answer import Answer
from pipelines.progress import Cancelled
from workbench.chat_request import ChatRequest, read_request
from workbench.serving import Serving

ADDRESS = "127.0.0.1"
HOSTS = frozenset({ADDRESS, "localhost"})
LARGEST_BODY = 16 * 1024 * 1024
# Seconds for a client to send its request, or to take the next piece of an answer.
PATIENCE = 30.0
# Seconds that stopping waits for the token at hand.
LAST_TOKEN = 30.0
Log = Callable[[str], None]


class _Refused(Exception):  # noqa: N818 - it is an answer with a status, not an error of this program
    """A request that gets an error object of the protocol."""

    def __init__(self, status: HTTPStatus, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class ChatServer(ThreadingHTTPServer):
    """Serves one model until `stop`."""

    daemon_threads = True

    def __init__(self, serving: Serving, port: int, log: Log, clock: Callable[[], float] = time.time) -> None:
        self.serving, self.log, self.clock = serving, log, clock
        self.since = int(clock())
        self.stopping = threading.Event()
        try:
            super().__init__((ADDRESS, port), _Handler)
        except OSError as error:
            raise CurationError(
                f"Port {port} on {ADDRESS} cannot be listened on: {error.strerror}.", "Choose another one with --port."
            ) from None

    @property
    def url(self) -> str:
        """The address that clients are given, with /v1 at its end."""
        return f"http://{ADDRESS}:{self.server_address[1]}/v1"

    def stop(self) -> None:
        """Stop listening, and end the answer that is being given after the token at hand."""
        self.stopping.set()
        self.server_close()
        # Held by whoever is answering: afterwards nothing computes any more, and the process can end.
        self.serving.model.lock.acquire(timeout=LAST_TOKEN)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that broke; anything else is a bug, and its traceback is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: ChatServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "workbench", ""
    timeout = PATIENCE

    def do_GET(self) -> None:
        self._answer({"/v1/models": self._models, "/health": lambda: self._send({"status": "ok"})})

    def do_POST(self) -> None:
        self._answer({"/v1/chat/completions": self._chat})

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing by itself: the library would write what the client sent."""

    def _answer(self, paths: dict[str, Callable[[], None]]) -> None:
        """Call what belongs to the path, and turn what goes wrong into an error object."""
        began, self._told = self.server.clock(), "no answer"
        self.close_connection = True
        path = self.path.partition("?")[0].rstrip("/")
        try:
            # Read first, whatever is wrong with the request: a connection closed on unread bytes loses the answer.
            self._received = self._receive()
            if self.headers.get("Host", "").rpartition(":")[0] not in HOSTS and self.headers.get("Host") not in HOSTS:
                raise _Refused(HTTPStatus.MISDIRECTED_REQUEST, f"This server is {self.server.url}.")
            if path not in paths:
                raise _Refused(HTTPStatus.NOT_FOUND, "There is no such path; see /v1/models, /v1/chat/completions.")
            paths[path]()
        except _Refused as refused:
            self._refuse(refused)
        except CurationError as error:
            self._refuse(_Refused(HTTPStatus.BAD_REQUEST, f"{error.message} {error.remedy}"))
        except Cancelled:
            self._refuse(_Refused(HTTPStatus.SERVICE_UNAVAILABLE, "The server is stopping."))
        except OSError:
            self._told = "the client hung up"
        known = path if path in paths else "another path"
        self.server.log(f"{self.command} {known}: {self._told}, {self.server.clock() - began:.1f} s")

    def _models(self) -> None:
        serving = self.server.serving
        entry = {"id": serving.run_id, "object": "model", "created": self.server.since, "owned_by": "workbench"}
        self._send({"object": "list", "data": [{**entry, "answers": serving.answers}]})

    def _chat(self) -> None:
        request = read_request(self._body())
        if request.model not in (None, self.server.serving.run_id):
            message = f"There is no model '{request.model}' here, only '{self.server.serving.run_id}'."
            raise _Refused(HTTPStatus.NOT_FOUND, message, "model_not_found")
        head = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "created": int(self.server.clock()),
            "model": self.server.serving.run_id,
            "system_fingerprint": self.server.serving.fingerprint,
        }
        if request.stream:
            _Stream(self, request, head).run()
            return
        answer = self.ask(request, lambda text: None)
        said = {"role": "assistant", "content": answer.text, "refusal": None}
        choice = {"index": 0, "message": said, "logprobs": None, "finish_reason": finish_reason(answer)}
        self._send({**head, "object": "chat.completion", "choices": [choice], "usage": usage(answer)})
        self.tell(answer)

    def ask(self, request: ChatRequest, on_text: Callable[[str], None]) -> Answer:
        """Let the model answer; `on_text` is told the text as it grows."""

        def grown(text: str) -> None:
            if self.server.stopping.is_set():
                raise Cancelled
            on_text(text)

        return self.server.serving.model.answer(request.messages, request.settings, on_text=grown)

    def tell(self, answer: Answer) -> None:
        """Note for the log what an answer took."""
        self._told = f"{answer.prompt_tokens} + {answer.completion_tokens} tokens"

    def _body(self) -> Any:
        if self.headers.get_content_type() != "application/json":
            raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body must be application/json.")
        try:
            return json.loads(self._received, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise _Refused(HTTPStatus.BAD_REQUEST, f"The body is no JSON: {error}.") from None

    def _receive(self) -> bytes:
        told = self.headers.get("Content-Length")
        if self.command == "GET" and told is None:
            return b""
        if told is None or not told.isascii() or not told.isdigit():
            raise _Refused(HTTPStatus.LENGTH_REQUIRED, "A Content-Length is needed.")
        if len(told) > len(str(LARGEST_BODY)) or int(told) > LARGEST_BODY:
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body has {LARGEST_BODY:,} bytes at most.")
        return self.rfile.read(int(told))

    def _refuse(self, refused: _Refused) -> None:
        kind = "server_error" if refused.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
        error = {"message": str(refused), "type": kind, "param": None, "code": refused.code}
        try:
            self._send({"error": error}, refused.status)
        except OSError:
            self._told = "the client hung up"

    def _send(self, value: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self._told = str(int(status))


class _Stream:
    """Sends an answer as server-sent events while it grows.

    Its headers go out with the first piece, so that a conversation that is refused still gets a status of its own.
    """

    def __init__(self, handler: _Handler, request: ChatRequest, head: dict[str, Any]) -> None:
        self._handler, self._request, self._head = handler, request, {**head, "object": "chat.completion.chunk"}
        self._sent, self._begun = "", False

    def run(self) -> None:
        """Answer and send; a server that stops meanwhile says so in the stream."""
        try:
            answer = self._handler.ask(self._request, self._grown)
            self._grown(answer.text)
        except Cancelled:
            if not self._begun:
                raise
            self._event({"error": {"message": "The server is stopping.", "type": "server_error"}})
            self._end()
            return
        self._choice({}, finish_reason(answer))
        if self._request.include_usage:
            self._event({**self._head, "choices": [], "usage": usage(answer)})
        self._end("[DONE]")
        self._handler.tell(answer)

    def _grown(self, text: str) -> None:
        if not self._begun:
            self._begin()
        piece = text[len(self._sent) :]
        if piece:
            self._sent = text
            self._choice({"content": piece}, None)

    def _begin(self) -> None:
        self._begun = True
        self._handler.send_response(HTTPStatus.OK)
        for name, value in (
            ("Content-Type", "text/event-stream; charset=utf-8"),
            ("Cache-Control", "no-store"),
            ("Transfer-Encoding", "chunked"),
            ("Connection", "close"),
        ):
            self._handler.send_header(name, value)
        self._handler.end_headers()
        self._choice({"role": "assistant", "content": ""}, None)

    def _choice(self, delta: dict[str, str], reason: str | None) -> None:
        self._event({**self._head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})

    def _event(self, value: dict[str, Any]) -> None:
        self._write(f"data: {json.dumps(value)}\n\n".encode())

    def _end(self, last: str = "") -> None:
        if last:
            self._write(f"data: {last}\n\n".encode())
        self._handler.wfile.write(b"0\r\n\r\n")

    def _write(self, data: bytes) -> None:
        self._handler.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self._handler.wfile.flush()


def usage(answer: Answer) -> dict[str, int]:
    """Return what an answer took, in tokens."""
    return {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "total_tokens": answer.prompt_tokens + answer.completion_tokens,
    }


def finish_reason(answer: Answer) -> str:
    """Say why an answer ended, in the protocol's words."""
    return "stop" if answer.ended else "length"


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
