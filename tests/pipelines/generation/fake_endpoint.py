"""An endpoint on loopback that does what a script says, one entry a request."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FakeEndpoint:
    """What came in, and what goes out: (status, headers), bytes, "slow", "hang up", or None for a proper answer."""

    def __init__(self) -> None:
        self.script: list[Any] = []
        self.requests: list[dict[str, Any]] = []
        self.url = ""
        self.answer: Callable[[dict[str, Any]], bytes] = capitals


def capitals(body: dict[str, Any]) -> bytes:
    """Answer with the last message in capitals."""
    return said(body["messages"][-1]["content"].upper())


def said(content: str) -> bytes:
    """Return a proper reply that says this."""
    usage = {"prompt_tokens": 10, "completion_tokens": 2}
    return json.dumps({"choices": [{"message": {"content": content}}], "usage": usage}).encode()


@contextmanager
def fake_endpoint() -> Iterator[FakeEndpoint]:
    """Run an endpoint on a free port of 127.0.0.1 while the block lasts."""
    fake = FakeEndpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            fake.requests.append({"path": self.path, "key": self.headers.get("Authorization"), "body": body})
            do = fake.script.pop(0) if fake.script else None
            if do == "hang up":
                self.close_connection = True
                return
            if do == "slow":
                time.sleep(0.4)
            status, headers = do if isinstance(do, tuple) else (200, {})
            with suppress(OSError):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(do if isinstance(do, bytes) else fake.answer(body) if status == 200 else b"no")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
