"""Browsing and reviewing many examples, in the browser: a press until what it asks for is drawn.

    python -m tests.benchmarks.browse_speed [--examples 1000000] [--project FOLDER]

A headless Chromium looks at the real app. In Browse it goes from page to page, sorts by every order, filters, and
searches for texts and by regular expressions; each question is one that was not asked before, so that nothing comes
out of a memory. The time runs from the event's own time to the end of the frame in which the table draws an example
that it did not show before (each prompt begins with a number of its own, which the canvas is watched for); a search is
over when the table no longer says which part was searched. In Review, keys are pressed as `review_speed.py` does.

The project is copied first; without one, one is made (`million.py`, which imports the examples).
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from playwright.sync_api import Page

from tests.benchmarks.million import JSON_EVERY, RARE_WORD, TOPICS, make_million
from tests.benchmarks.review_speed import CARD, PATIENCE, WATCH, browser_on, press_keys, wait_until_stored
from tests.browser.conftest import free_port
from workbench.app.launcher import ADDRESS, app_command
from workbench.app.review_filter import ORDERS
from workbench.project import DATABASE, Project

# These pages draw nothing in three dimensions; imitating a graphics card would cost more than what is measured.
FLAGS = ["--no-sandbox", "--disable-gpu"]
PAGES = 12
# Milliseconds: of the median, and of the 95th percentile for keys.
TARGETS = {"next page": 250, "sort": 500, "filter": 500, "substring search": 1000, "regex search": 1000}
KEY_TARGET = 50
# What the server still does for a page after it was drawn must not count for the next press.
PAUSE = 400

# Notes when an example is drawn that was not drawn before the page was told to wait.
CANVAS = r"""() => {
  let before = new Set(), drawn = new Set(), waiting = false, started = 0;
  const fill = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
    const number = /^Order (\d{8})/.exec(text)?.[1];
    if (number && waiting && started && !before.has(number)) {
      waiting = false;
      drawn = new Set();
      requestAnimationFrame(() => {
        const after = new MessageChannel();
        after.port1.onmessage = () => { window.took = performance.now() - started; };
        after.port2.postMessage(0);
      });
    }
    if (number) drawn.add(number);
    return fill.call(this, text, ...place);
  };
  for (const kind of ["click", "keydown"]) {
    document.addEventListener(kind, (event) => { if (waiting) started = event.timeStamp; }, { capture: true });
  }
  window.watchTable = () => {
    before = drawn;
    drawn = new Set(before);
    waiting = true;
    started = 0;
    window.took = null;
  };
  window.sinceStarted = () => performance.now() - started;
}"""
IDLE = (
    "() => document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"
    " && !document.body.innerText.includes('searched so far')"
)


@dataclass
class Times:
    """Milliseconds of one kind of press: until drawn, and of searches also until the last text was searched."""

    drawn: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)


def main() -> None:
    """Measure, print a table and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--examples", type=int, default=1_000_000)
    parser.add_argument("--project", type=Path, help="made by tests.benchmarks.million; it is not changed")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "project"
        if arguments.project is None:
            make_million(folder, arguments.examples).close()
        else:
            (folder / "cache").mkdir(parents=True)
            shutil.copy(arguments.project / DATABASE, folder)
        print(json.dumps(run(folder)))


def run(folder: Path) -> dict[str, Any]:
    """Measure, print the table and return the figures."""
    with Project.open(folder) as project:
        before = project.queues.last_decision()
        examples = sum(project.store.browse.state_counts().values())
    command = app_command(port := free_port())
    with browser_on(command, port, folder, FLAGS) as browser:
        page = browser.new_page(viewport={"width": 1360, "height": 1000})
        page.set_default_timeout(PATIENCE)
        times = browse(page, f"http://{ADDRESS}:{port}/browse", examples)
        page.goto(f"http://{ADDRESS}:{port}/review?queue=worst")
        page.wait_for_function(f"() => ({CARD}) !== null", polling=20)
        page.wait_for_timeout(3000)
        page.evaluate(WATCH, CARD)
        pressed, paced, burst = press_keys(page)
        wait_until_stored(page)
    with duckdb.connect(str(folder / DATABASE), read_only=True) as database:
        stored = database.execute(
            "SELECT example_id, left(action, 1) FROM decisions WHERE decision_id > ?", [before]
        ).fetchall()
    return told(examples, times, paced + burst, pressed, stored)


def browse(page: Page, url: str, examples: int) -> dict[str, Times]:
    """Press what there is to press in Browse; returns the times by kind."""
    page.goto(url)
    page.get_by_test_id("stDataFrame").wait_for()
    _wait_until_idle(page)
    page.evaluate(CANVAS)
    times = {name: Times() for name in TARGETS}

    def act(kind: str | None, press: Callable[[], None]) -> None:
        """Do something that shows other examples, and note how long that took."""
        page.evaluate("watchTable()")
        press()
        page.wait_for_function("() => window.took !== null", polling=20)
        drawn = float(page.evaluate("window.took"))
        searched = kind is not None and kind.endswith("search")
        if searched:
            page.wait_for_function(IDLE, polling=20)
            times[kind].ended.append(float(page.evaluate("sinceStarted()")))
        _wait_until_idle(page)
        if kind is not None:
            times[kind].drawn.append(drawn)
            print(f"{kind}: {drawn:.0f} ms", file=sys.stderr, flush=True)

    # The first page was drawn before the canvas was watched.
    act(None, page.get_by_test_id("stPaginationNext").click)
    for _ in range(PAGES):
        act("next page", page.get_by_test_id("stPaginationNext").click)
    for title in [*list(ORDERS.values())[1:], next(iter(ORDERS.values()))]:
        box = page.get_by_label("Order", exact=True)
        box.click()
        act("sort", page.get_by_role("option", name=title, exact=True).click)
        if title != "Shuffled":
            act("sort", page.get_by_text("Reversed", exact=True).click)
    for label, options in (
        ("State", ("kept", "dropped", "flagged", "pending")),
        ("Suggested", ("drop", "review")),
        ("Cluster", TOPICS[:2]),
        ("Source", ("forum", "wiki")),
        ("Finding", ("refusal", "encoding")),
    ):
        for option in options:
            _open_filters(page, label)
            page.get_by_label(label, exact=True).click()
            act("filter", page.get_by_role("option", name=option, exact=True).click)
            page.keyboard.press("Escape")
            act(None, lambda: _clear(page))
    # A word in one example of twenty, one in one of 20,000, an example's own number, and parts of words.
    numbers = [f"{round(examples * share):08}" for share in (0.37, 0.99)]
    for text in (*TOPICS[5:9], RARE_WORD.lower(), *numbers, '"topic": "kettle"'):
        if text == RARE_WORD.lower() and examples < 100_000:
            continue
        _search(page, act, "substring search", "Contains", text)
    for pattern in (
        *(rf"\b{word}s?\b.*\b{other}" for word, other in zip(TOPICS[10:13], TOPICS[10:13], strict=True)),
        rf'^\{{"topic": "{TOPICS[14]}", "number": \d+39\}}',
        r"(?i)order 0*[1-9][0-9]*77:",
        *([rf"[a-z]+\W+{RARE_WORD}\."] if examples >= 100_000 else []),
        rf"{examples - JSON_EVERY:08}",
    ):
        _open_filters(page, "Regular expression")
        _search(page, act, "regex search", "Regular expression", pattern)
    return times


def _search(
    page: Page, act: Callable[[str | None, Callable[[], None]], None], kind: str, label: str, text: str
) -> None:
    field = page.get_by_label(label, exact=True)
    field.fill(text)
    act(kind, lambda: field.press("Enter"))
    page.keyboard.press("Escape")
    act(None, lambda: _clear(page))


def _clear(page: Page) -> None:
    # The open popover may lie over the button.
    page.get_by_role("button", name="Clear", exact=True).evaluate("(button) => button.click()")


def _open_filters(page: Page, label: str) -> None:
    """Open the popover where a filter stands in it."""
    if label not in ("State", "Suggested") and not page.get_by_label(label, exact=True).count():
        page.get_by_role("button", name=re.compile("More filters")).click()
        page.get_by_label(label, exact=True).wait_for()


def _wait_until_idle(page: Page) -> None:
    page.wait_for_function(IDLE, polling=50)
    page.wait_for_timeout(PAUSE)
    page.wait_for_function(IDLE, polling=50)


def told(
    examples: int,
    times: dict[str, Times],
    keys: list[float],
    pressed: list[tuple[str, str]],
    stored: list[tuple[str, str]],
) -> dict[str, Any]:
    """Print the table and return the figures with whether each keeps within its target."""
    print(f"{examples:,} examples\n")
    print("| | presses | p50 ms | p95 ms | target | |")
    print("| --- | --- | --- | --- | --- | --- |")
    figures: dict[str, Any] = {"examples": examples}
    for name, target in TARGETS.items():
        p50, p95 = _middle(times[name].drawn)
        within = p50 < target
        print(f"| {name} | {len(times[name].drawn)} | {p50:.0f} | {p95:.0f} | p50 < {target} | {_word(within)} |")
        figures[name] = {"p50": p50, "p95": p95, "within": within, "times": [round(t) for t in times[name].drawn]}
        if times[name].ended:
            last = _middle(times[name].ended)
            print(f"| {name}, to the last example | {len(times[name].ended)} | {last[0]:.0f} | {last[1]:.0f} | | |")
            figures[name] |= {"ended": [round(time) for time in times[name].ended]}
    p50, p95 = _middle(keys)
    within = p95 < KEY_TARGET
    print(f"| key to next example | {len(keys)} | {p50:.0f} | {p95:.0f} | p95 < {KEY_TARGET} | {_word(within)} |")
    right = len(set(stored) & set(pressed))
    print(f"\n{len(stored)} of {len(pressed)} presses stored, {right} of them on the example that was shown")
    figures["key"] = {"p50": p50, "p95": p95, "within": within}
    return figures | {"presses": len(pressed), "stored": len(stored), "right": right}


def _middle(times: list[float]) -> tuple[float, float]:
    return (float(np.percentile(times, 50)), float(np.percentile(times, 95))) if times else (float("nan"), float("nan"))


def _word(within: bool) -> str:
    return "within" if within else "missed"


if __name__ == "__main__":
    main()
