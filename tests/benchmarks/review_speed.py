"""Key press to next example drawn, and what is stored of a burst: the review card beside buttons with shortcuts.

    python -m tests.benchmarks.review_speed [--project FOLDER] [--rows 20000]

A headless Chromium presses keep and drop: 100 times at a reading pace (0.25 to 0.6 seconds apart, drawn by a seed), and
then a burst of 20, 40 milliseconds apart. The time runs from the key event's own time to the end of the frame in which
the next example stands on the page. The peer is the smallest Streamlit page with `st.button(shortcut=)` and callbacks
that does the same, over 5,000 of the same examples in a table of its own (which favours it). The project is copied
first; without one, one is made (`tests.benchmarks.million`).
"""

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from tests.benchmarks.million import make_million
from tests.browser.conftest import FLAGS, NAMES, free_port, wait_for
from workbench.app.launcher import ADDRESS, app_command, app_environment
from workbench.project import DATABASE, Project

PACED, BURST, BURST_MILLISECONDS = 100, 20, 40
PEER_ROWS = 5_000
PATIENCE = 300_000

PEER = """
import sys, duckdb, streamlit as st
@st.cache_resource
def database():
    return duckdb.connect(sys.argv[1])
def decide(example_id, action):
    database().cursor().execute("INSERT INTO decided VALUES (?, ?)", [example_id, action])
    st.session_state.place += 1
place = st.session_state.setdefault("place", 0)
question = "SELECT example_id, prompt, completion FROM queue WHERE place = ?"
row = database().cursor().execute(question, [place]).fetchone()
st.text(row[0])
st.text(row[1])
st.text(row[2])
st.button("Keep", shortcut="k", on_click=decide, args=(row[0], "k"))
st.button("Drop", shortcut="d", on_click=decide, args=(row[0], "d"))
"""

# Notes each press with the example on screen, and the time until another one has been drawn.
WATCH = """(find) => {
  const shown = new Function(`return ${find}`);
  window.pressed = [];
  window.taken = [];
  document.addEventListener("keydown", (event) => {
    const before = shown();
    window.pressed.push([before, event.key]);
    const look = () => {
      if (shown() === before || shown() === null) return void requestAnimationFrame(look);
      requestAnimationFrame(() => {
        const after = new MessageChannel();
        after.port1.onmessage = () => window.taken.push(performance.now() - event.timeStamp);
        after.port2.postMessage(0);
      });
    };
    setTimeout(look);
  }, { capture: true });
}"""
CARD = (
    "[...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')]"
    ".map((card) => card.shadowRoot?.querySelector('.root')?.dataset.example).find(Boolean) ?? null"
)
PEER_CARD = "document.querySelector('[data-testid=stText]')?.innerText ?? null"


@dataclass(frozen=True)
class Measured:
    """One side's figures: milliseconds a press at a reading pace, and how many of all presses were stored right."""

    name: str
    p50: float
    p95: float
    burst_p95: float
    stored: int
    right: int
    presses: int


def main() -> None:
    """Measure both sides and print a table and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--project", type=Path)
    parser.add_argument("--rows", type=int, default=20_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "project"
        if arguments.project is None:
            make_million(folder, arguments.rows).close()
        else:
            (folder / "cache").mkdir(parents=True)
            shutil.copy(arguments.project / DATABASE, folder)
        print(json.dumps(run(folder, Path(place))))


def run(folder: Path, place: Path) -> dict[str, Any]:
    """Measure, print the table and return the figures."""
    with Project.open(folder) as project:
        before = project.queues.last_decision()
    peer, examples = _make_peer(folder / DATABASE, place)
    first: list[float] = []

    def decisions() -> list[tuple[str, str]]:
        with duckdb.connect(str(folder / DATABASE), read_only=True) as database:
            rows = "SELECT example_id, left(action, 1) FROM decisions WHERE decision_id > ?"
            return database.execute(rows, [before]).fetchall()

    def peer_decisions() -> list[tuple[str, str]]:
        with duckdb.connect(str(peer)) as database:
            return database.sql("SELECT example_id, action FROM decided").fetchall()

    command = app_command(port := free_port())
    card = _measure("review card", command, port, folder, "review?queue=worst", CARD, decisions, first)
    script = place / "peer.py"
    script.write_text(PEER, "utf-8")
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={(port := free_port())}"]
    command += [f"--server.address={ADDRESS}", "--server.headless=true", "--browser.gatherUsageStats=false"]
    other = _measure(
        "st.button(shortcut=)", [*command, "--", str(peer)], port, place, "", PEER_CARD, peer_decisions, []
    )
    print(f"{examples:,} examples; first card {first[0]:.1f} s after the start, {first[1]:.1f} s later on\n")
    print("| | p50 ms | p95 ms | p95 ms in a burst | stored of presses | of them on the example shown |")
    print("| --- | --- | --- | --- | --- | --- |")
    for side in (card, other):
        counts = f"{side.stored} of {side.presses} | {side.right}"
        print(f"| {side.name} | {side.p50:.0f} | {side.p95:.0f} | {side.burst_p95:.0f} | {counts} |")
    return {
        "examples": examples,
        "first_seconds": first,
        "card": card.__dict__,
        "peer": other.__dict__,
        "p95_ratio": card.p95 / other.p95,
    }


def _measure(
    name: str,
    command: list[str],
    port: int,
    folder: Path,
    path: str,
    find: str,
    decisions: Callable[[], list[tuple[str, str]]],
    first: list[float],
) -> Measured:
    with browser_on(command, port, folder) as browser:
        for _ in range(2):
            page = browser.new_page()
            page.set_default_timeout(PATIENCE)
            start = time.perf_counter()
            page.goto(f"http://{ADDRESS}:{port}/{path}")
            page.wait_for_function(f"() => ({find}) !== null", polling=20)
            first.append(time.perf_counter() - start)
        page.wait_for_timeout(3000)
        page.evaluate(WATCH, find)
        pressed, paced, burst = press_keys(page)
        wait_until_stored(page)
    stored = decisions()
    right = len(set(stored) & set(pressed))
    return Measured(
        name,
        float(np.percentile(paced, 50)),
        float(np.percentile(paced, 95)),
        float(np.percentile(burst, 95)) if burst else float("nan"),
        len(stored),
        right,
        PACED + BURST,
    )


@contextmanager
def browser_on(command: list[str], port: int, folder: Path, flags: Sequence[str] = tuple(FLAGS)) -> Iterator[Browser]:
    """Serve a project by a command at a port while a headless Chromium is open."""
    log = folder.parent / f"{port}.log"
    with log.open("wb") as out:
        child = subprocess.Popen(
            command, env=app_environment(folder), cwd=folder.parent, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        wait_for(port, child, log)
        with sync_playwright() as playwright:
            found = next(filter(None, map(shutil.which, NAMES)))
            browser = playwright.chromium.launch(executable_path=found, args=list(flags))
            yield browser
            browser.close()
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(60)


def press_keys(page: Page) -> tuple[list[tuple[str, str]], list[float], list[float]]:
    """Press keep and drop in turns; returns what was pressed, and the times of the paced and of the quick presses."""
    generator = np.random.default_rng(0)
    for number in range(PACED):
        page.keyboard.press("kd"[number % 2])
        page.wait_for_timeout(float(generator.uniform(250, 600)))
    page.wait_for_timeout(1000)
    paced = page.evaluate("window.taken.splice(0)")
    for number in range(BURST):
        page.keyboard.press("kd"[number % 2])
        page.wait_for_timeout(BURST_MILLISECONDS)
    page.wait_for_timeout(3000)
    return [tuple(press) for press in page.evaluate("window.pressed")], paced, page.evaluate("window.taken")


def wait_until_stored(page: Page) -> None:
    """Wait until the card says that nothing is unsaved."""
    saved = page.locator(".saved")
    if saved.count():
        page.locator(".saved[data-unsaved='0']").wait_for()
    page.wait_for_timeout(1000)


def _make_peer(source: Path, place: Path) -> tuple[Path, int]:
    path = place / "peer.duckdb"
    with duckdb.connect(str(source), read_only=True) as database:
        rows = database.sql(f"SELECT example_id, prompt, completion FROM examples LIMIT {PEER_ROWS}").to_arrow_table()
        examples = database.execute("SELECT count(*) FROM examples").fetchall()[0][0]
    with duckdb.connect(str(path)) as database:
        database.register("rows", rows)
        database.execute("CREATE TABLE queue AS SELECT row_number() OVER () - 1 AS place, * FROM rows")
        database.execute("CREATE TABLE decided (example_id VARCHAR, action VARCHAR)")
    return path, int(examples)


if __name__ == "__main__":
    main()
