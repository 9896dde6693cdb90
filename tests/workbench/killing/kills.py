"""Kill a working process at random moments and check, with SQL and file reads of its own, that nothing is torn.

A round: a worker opens the project, does things and tells of each before and after. It is killed (SIGKILL) at a random
moment after the beginning of what the round is about. What it told to be done must be there; what it had only begun
must be there whole or not at all. The next round goes on with the same project.
"""

import json
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.workbench.killing.invariants import Journal, problems_of
from tests.workbench.killing.worker import KINDS
from workbench.project import Project

PATIENCE_SECONDS = 60.0


@dataclass
class Kills:
    """What came of a series of kills: how many, in the middle of what, and every breach that was found."""

    kills: int = 0
    in_the_middle_of: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Target:
    """The process that forks workers."""

    def __init__(self, folder: Path) -> None:
        self.lines: list[dict[str, Any]] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.workbench.killing.worker", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._told: queue.Queue[str] = queue.Queue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> "Target":
        return self

    def __exit__(self, *error: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(PATIENCE_SECONDS)
        finally:
            self._process.kill()
            self._process.wait()
            self._listener.join()
            assert self._process.stdout is not None
            self._process.stdout.close()

    def start(self, order: dict[str, object]) -> int:
        """Fork a worker and return its pid."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        return int(self.read("forked")["worker"])

    def read(self, event: str) -> dict[str, Any]:
        """Read what workers tell until one tells of an event; all lines are kept."""
        while True:
            try:
                text = self._told.get(timeout=PATIENCE_SECONDS)
            except queue.Empty:
                text = ""
            if not text:
                raise AssertionError(f"no worker told of '{event}'; before it: {self.lines[-3:]}")
            line: dict[str, Any] = json.loads(text)
            self.lines.append(line)
            if line["event"] == "failed":
                raise AssertionError(f"a worker failed: {line['error']}")
            if line["event"] == event:
                return line

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for text in self._process.stdout:
            self._told.put(text)
        self._told.put("")


def kill_many(folder: Path, kills: int, seed: int) -> Kills:
    """Kill workers on a new project, as often as asked, and check after each kill.

    Args:
        folder: an empty folder.
        kills: how often.
        seed: of what is done and of the moments.
    """
    start = time.perf_counter()
    Project.create(folder / "project").close()
    journal, result = Journal(), Kills()
    usual = dict.fromkeys(KINDS, 0.2)  # seconds that each kind of work takes, learned on the way
    chance = random.Random(seed)
    with Target(folder / "project") as target:
        for round in range(kills):
            kind = list(KINDS)[round % len(KINDS)] if round else "import"
            target.lines.clear()
            _kill_once(target, {"round": round, "seed": seed, "first": kind}, usual, chance)
            result.kills += 1
            usual |= {line["kind"]: line["seconds"] for line in target.lines if line["event"] == "done"}
            journal.read(target.lines)
            open_ends = [line["kind"] for line in journal.unfinished]
            result.in_the_middle_of.update(open_ends or ["opening" if not journal.opened else "between"])
            result.done.update(line["kind"] for line in target.lines if line["event"] == "done")
            found = problems_of(folder / "project", journal)
            result.problems += [f"round {round} ({kind}): {problem}" for problem in found]
    with Project.open(folder / "project") as project:
        assert project.overview.funnel().imported >= 0
        project.reviewing.filters()
    result.seconds = time.perf_counter() - start
    return result


def _kill_once(target: Target, order: dict[str, object], usual: dict[str, float], chance: random.Random) -> None:
    """Start a worker and kill it at a random moment: mostly in the middle of some work, now and then anywhere."""
    pid = target.start(order)
    if chance.random() < 0.1:
        time.sleep(chance.uniform(0.0, 0.3))
    else:
        for _ in range(chance.choice([1, 1, 2, 3])):
            kind = target.read("begin")["kind"]
        time.sleep(chance.uniform(0.0, 1.0) * usual[kind])
    os.kill(pid, signal.SIGKILL)
    target.read("gone")
