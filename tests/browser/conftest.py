"""A real Chromium on a real server: started once, no request may leave this machine, no script may fail.

The server is started as the launcher starts it, from an empty folder, so that nothing depends on where it runs.
"""

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from workbench.app.launcher import ADDRESS, app_command, app_environment
from workbench.app.sign_in import SignIn
from workbench.jobs.files import JobStatus, write_status
from workbench.project import Project
from workbench.reviewing import Filter
from workbench.store.runs import EvaluationRecord

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Software drawing: the machines that run tests have no graphics card.
FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
EVALUATION = "evaluation-0001"
PATIENCE = 120_000  # milliseconds; a busy machine is slow, not broken


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next((found for found in map(shutil.which, NAMES) if found), None)
    if path is None:
        pytest.fail("The browser tests need Chromium. Install it with: apt-get install chromium", pytrace=False)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """Return a function that serves the app on a project, or on none, with a sign-in or without; gives its address."""
    running: list[subprocess.Popen[bytes]] = []

    def start(project: Path | None = None, sign_in: SignIn | None = None) -> str:
        folder = tmp_path_factory.mktemp("server")
        port = free_port()
        with (folder / "log.txt").open("wb") as log:
            child = subprocess.Popen(
                app_command(port, sign_in=sign_in),
                env=app_environment(project, sign_in),
                cwd=folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        running.append(child)
        wait_for(port, child, folder / "log.txt")
        return f"http://{ADDRESS}:{port}"

    yield start
    for child in running:
        child.terminate()
    for child in running:
        child.wait(PATIENCE / 1000)


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a tab; at the end no request went elsewhere and no script has failed."""
    elsewhere: list[str] = []
    failures: list[str] = []
    contexts = []

    def keep_here(route: Route) -> None:
        if route.request.url.startswith((f"http://{ADDRESS}:", "data:", "blob:")):
            route.continue_()
        else:
            elsewhere.append(route.request.url)
            route.abort()

    def start(scheme: str = "light") -> Page:
        context = browser.new_context(viewport={"width": 1360, "height": 900}, color_scheme=scheme)
        context.set_default_timeout(PATIENCE)
        context.route("**/*", keep_here)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.on("websocket", lambda socket: _note_elsewhere(socket.url, elsewhere))
        return page

    yield start
    for context in contexts:
        context.close()
    assert elsewhere == []
    assert failures == []


def _note_elsewhere(url: str, elsewhere: list[str]) -> None:
    if not url.startswith(f"ws://{ADDRESS}:"):
        elsewhere.append(url)


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A tab in light colours."""
    return new_page()


def support_rows(count: int) -> list[dict[str, Any]]:
    """Return small support conversations in two tasks, with copies, near copies, and rows that are plainly wrong."""
    wishes = {"refund": "I want my money back for", "delivery": "Where is", "setup": "How do I set up"}
    products = ("lamp", "kettle", "router", "desk", "headset", "blender")
    ends = ("thanks in advance", "please hurry", "I am waiting", "my cousin asks", "no rush at all")
    rows = []
    for number in range(count):
        intent = sorted(wishes)[number % 3]
        product, end = products[number // 3 % 6], ends[number // 18 % 5]
        text = f"{wishes[intent]} the {product} of week {number}, {end}?"
        if number % 2:
            answer = json.dumps({"intent": intent, "product": product})
        else:
            answer = f"Hello! About your {product}: our {intent} desk answers within {number % 9 + 2} hours. Goodbye."
        rows.append(_chat(text, answer))
    rows += [_chat(rows[number]["messages"][0]["content"] + " Please!", _answer(rows[number])) for number in (0, 2, 4)]
    rows.append(_chat("Do you speak English?", "As an AI language model, I cannot help with"))
    rows.append(_chat("Is anybody there?", ""))
    rows.append(_chat(HOSTILE_PROMPT, HOSTILE_ANSWER))
    return rows


HOSTILE_PROMPT = "Look ![x](http://elsewhere.example/a.png) <img src=http://elsewhere.example/b.png onerror=alert(1)>"
HOSTILE_ANSWER = "<script>fetch('http://elsewhere.example/c')</script> [link](http://elsewhere.example/d)"


def _chat(prompt: str, answer: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]}


def _answer(row: dict[str, Any]) -> str:
    return str(row["messages"][-1]["content"])


def write_rows(path: Path, rows: list[Any]) -> Path:
    """Write objects as JSON Lines; texts are written as they are."""
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def answered_project(folder: Path, variants: list[str]) -> Project:
    """Return a new project whose variants have all answered the same twelve examples, as imported answers would be."""
    project = Project.create(folder)
    project.importing.import_files([write_rows(folder.parent / "tickets.jsonl", support_rows(30))])
    ids = project.reviewing.queue(Filter())[:12]
    record = EvaluationRecord(EVALUATION, "v", "validation", variants, {}, {}, len(ids), project.store.now())
    project.store.runs.add_evaluation(record)
    outputs = [{"variant": v, "example_id": key, "text": f"{v[:1]}: <b>{key}</b>"} for v in variants for key in ids]
    empty = pl.DataFrame(schema={"variant": pl.String})
    tables = {"outputs": pl.DataFrame(outputs), "output_scores": empty, "metrics": empty, "differences": empty}
    project.store.runs.store_results(EVALUATION, tables)
    made = project.folder / "evaluations" / EVALUATION
    made.mkdir(parents=True)
    write_status(made, JobStatus("finished", progress=1.0, message="Answers were imported"))
    return project


def free_port() -> int:
    """Return a port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, child: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until a server answers; one that stopped fails the test with its log."""
    end = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < end:
        if child.poll() is not None:
            pytest.fail(f"The server stopped: {log.read_text('utf-8')}", pytrace=False)
        try:
            with urllib.request.urlopen(f"http://{ADDRESS}:{port}/_stcore/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"The server did not answer in time: {log.read_text('utf-8')}", pytrace=False)
