"""Projects for tests: a clock that ticks, small data, and an encoder that looks words up."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.progress import Progress, no_progress
from workbench.jobs.files import JobStatus, write_status
from workbench.project import Project
from workbench.store.runs import RunRecord


class Clock:
    """A second passes whenever somebody looks."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1)

    def __call__(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time


class WordEncoder:
    """Encodes a text as its words: each word adds a direction of its own."""

    name = "words"
    dimension = 64

    def encode(self, texts: Sequence[str], *, progress: Progress = no_progress) -> np.ndarray:
        rows = np.full((len(texts), self.dimension), 1e-3, np.float32)
        for place, text in enumerate(texts):
            for word in text.lower().split():
                rows[place, sum(word.encode("utf-8", "surrogatepass")) % self.dimension] += 1
        progress(1.0, "encoded")
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def word_encoder(monkeypatch: pytest.MonkeyPatch) -> WordEncoder:
    """Put the dictionary encoder in the place of the bundled model."""
    encoder = WordEncoder()
    monkeypatch.setattr("pipelines.embedding.minilm.load_encoder", lambda name="default": encoder)
    return encoder


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """An empty project."""
    with Project.create(tmp_path / "project", Clock()) as made:
        yield made


@pytest.fixture
def write_jsonl(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes objects (or texts, as they are) as lines of a file."""

    def write(name: str, rows: Sequence[Any]) -> Path:
        path = tmp_path / name
        lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8", newline="\n")
        return path

    return write


def add_run(project: Project, run_id: str = "run-0001", *, rows: Sequence[Any] = (), adapter: bool = True) -> Path:
    """Put a finished run with a random adapter on the embedded base into a project; returns its folder."""
    from tests.pipelines.handoff.conftest import make_adapter

    record = RunRecord(run_id, "v1", "curated", "default", "lora", {"rank": 4}, len(rows), 2, project.store.now())
    project.store.runs.add_run(record)
    folder = project.folder / "runs" / run_id
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "train.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    write_status(folder, JobStatus("finished", kind="train"))
    if adapter:
        make_adapter("default", folder / "adapter")
    return folder


def chat(prompt: str, completion: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": completion}]}


TOPICS = {
    "parcel": ("arrive", "courier", "tracking", "depot"),
    "invoice": ("paid", "total", "receipt", "accounting"),
    "password": ("reset", "login", "locked", "account"),
    "kettle": ("boil", "lid", "handle", "water"),
}


def support_examples(count: int) -> list[dict[str, Any]]:
    """Return distinct small conversations about a few topics: no two are near-duplicates."""
    rows = []
    for number in range(count):
        topic = sorted(TOPICS)[number % len(TOPICS)]
        words = TOPICS[topic]
        code = "".join(chr(ord("a") + int(digit)) for digit in str(1000 + number * 37))
        prompt = f"My {topic} {code} {words[number % 4]} {code[::-1]}xq, what about {words[(number + 1) % 4]} {code}z?"
        completion = f"Dear {code}, {words[(number + 2) % 4]} of {topic} {code[::-1]} will be looked at, says {code}w."
        rows.append(chat(prompt, completion))
    return rows
