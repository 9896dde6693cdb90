"""The process that is killed: `python -m tests.workbench.killing.worker FOLDER` forks one worker for each order.

Orders come on standard input, one JSON object a line (`round`, `seed`, `first`); a worker opens the project, does
`first` and then one thing after another for ever, and tells what it begins and what is done, one JSON object a line on
standard output. What is written there before the kill was acknowledged. Everything heavy is imported once, before the
forks.
"""

import contextlib
import json
import os
import pkgutil
import random
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from pipelines.errors import CurationError
from tests.workbench.conftest import WordEncoder
from workbench.project import Project
from workbench.reviewing import Filter

LINES = (20, 160)
LEFT_OUT = ("training", "generation", "evaluation", "rating")
WORDS = ("parcel", "refund", "kettle", "straße", "lamp", "desk", "router", "receipt", "handle", "water", "depot")


def main(folder: Path) -> None:
    """Fork a worker for each line of standard input and say when it is gone."""
    _import_everything()
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            try:
                Worker(folder, **order).work()
            except BaseException as error:
                _say(event="failed", error=f"{type(error).__name__}: {error}")
                raise
            os._exit(0)
        _say(event="forked", worker=pid)
        os.waitpid(pid, 0)
        _say(event="gone", worker=pid)


def _import_everything() -> None:
    import pipelines

    for module in pkgutil.walk_packages(pipelines.__path__, "pipelines."):
        if not any(f".{name}" in module.name for name in LEFT_OUT):
            import_module(module.name)
    import_module("pipelines.embedding.minilm").load_encoder = lambda name="default": WordEncoder()


def _say(**values: Any) -> None:
    os.write(1, (json.dumps(values) + "\n").encode())


def _begin(kind: str, **values: Any) -> Callable[..., None]:
    """Tell that something begins; the function that comes back tells that it is done."""
    _say(event="begin", kind=kind, **values)
    start = time.perf_counter()

    def done(**found: Any) -> None:
        _say(event="done", kind=kind, seconds=time.perf_counter() - start, **values, **found)

    return done


class Worker:
    """Does random things to a project and tells about each before and after."""

    def __init__(self, folder: Path, *, round: int, seed: int, first: str) -> None:
        self.folder, self.round, self.first = folder, round, first
        self.random = random.Random(f"{seed} {round}")
        self.number = 0
        self.sequence = 0

    def work(self) -> None:
        """Open the project and work until somebody kills this process."""
        self.project = Project.open(self.folder)
        _say(event="opened", left_behind=left_behind(self.folder))
        if self.round % 2:  # every other worker writes its log into the file every few transactions
            self.project.store._database._connection.execute("SET checkpoint_threshold = '64KB'")
        kinds = [self.first]
        while True:
            for kind in kinds:
                self._do(kind)
            kinds = self.random.choices([self.first, *KINDS], weights=[4, *([1] * len(KINDS))], k=3)

    def _do(self, kind: str) -> None:
        self.number += 1
        KINDS[kind](self, f"r{self.round}n{self.number}")

    def _ids(self, count: int) -> list[str]:
        shown = self.project.reviewing.queue(Filter(), "id", limit=100_000)
        return self.random.sample(shown, min(count, len(shown)))

    def text(self) -> str:
        """Return some words."""
        return " ".join(self.random.choices(WORDS, k=8)) + f" {self.random.randrange(10**9)}"

    def import_lines(self, token: str) -> None:
        """Import a file with good and bad lines."""
        path = self.folder.parent / f"{token}.jsonl"
        rows = [
            json.dumps({"prompt": self.text(), "completion": self.text()}) if self.random.random() < 0.9 else "{broken"
            for _ in range(self.random.randint(*LINES))
        ]
        twice = self.text()
        rows[0] = json.dumps({"prompt": twice, "completion": twice})
        rows[1] = json.dumps({"prompt": f"{twice}!", "completion": twice})  # a near-duplicate
        path.write_text("".join(f"{row}\n" for row in rows), "utf-8")
        done = _begin("import", token=token, lines=len(rows), good=sum(row != "{broken" for row in rows))
        report = self.project.importing.import_files([path], source=token)
        done(accepted=report.accepted, rejected=report.rejected)

    def decide(self, token: str) -> None:
        """Log a few events of a review session, one acknowledgement each, as the review card sends them."""
        for example_id in self._ids(self.random.randint(1, 6)):
            self.sequence += 1
            action = self.random.choice(["keep", "drop", "flag", "note", "edit", "undo"])
            event: dict[str, object] = {"session": f"s{self.round}", "sequence": self.sequence, "action": action}
            event |= {"example_id": example_id, "note": token, "messages": self.conversation()}
            done = _begin("decide", session=event["session"], sequence=self.sequence, action=action)
            done(stored=self.project.reviewing.log([event], f"reviewer {self.round % 3}"))

    def conversation(self) -> list[dict[str, str]]:
        """Return a conversation that nobody has written before."""
        return [{"role": "user", "content": self.text()}, {"role": "assistant", "content": self.text()}]

    def bulk(self, token: str) -> None:
        """Decide about many examples as one."""
        ids = self._ids(self.random.randint(20, 200))
        if ids:
            action = self.random.choice(["keep", "keep", "drop", "flag"])
            done = _begin("bulk", token=token, rows=len(ids))
            self.project.reviewing.decide(ids, action, "bulk", note=token)
            done()

    def undo(self, token: str) -> None:
        """Take back any decision of one example that can be taken back."""
        for example_id in self._ids(1):
            entries = [entry for entry in self.project.history.of(example_id) if entry.can_undo]
            for entry in entries[:1]:
                done = _begin("undo", batch=entry.batch)
                with contextlib.suppress(CurationError):  # a later edit builds on it
                    self.project.history.undo(entry.batch or 0, "undoer")
                    done()

    def curate(self, token: str) -> None:
        """Run stages that are quick on little data."""
        stages = self.random.choice(
            [["embeddings", "duplicates", "personal-data", "quality"], ["duplicates", "quality"]]
        )
        if not self._ids(1):
            return
        done = _begin("curate")
        report = self.project.curation.curate(stages)
        done(figures={stage.stage: stage.figures for stage in report.stages})

    def split(self, token: str) -> None:
        """Split, all undecided examples taken as kept."""
        funnel = self.project.overview.funnel()
        if funnel.pending + funnel.kept >= 10:
            done = _begin("split")
            report = self.project.splitting.split(include_pending=True)
            done(version=report.version, counts=report.counts)

    def export(self, token: str) -> None:
        """Export over an earlier export."""
        if self.project.splitting.current() is not None:
            format = self.random.choice(["chat", "csv", "parquet"])
            done = _begin("export", folder=format)
            done(version=self.project.exporting.export(self.folder / "exports" / format, format).version)

    def back_up(self, token: str) -> None:
        """Write the project into one file, over an earlier one."""
        done = _begin("backup")
        done(file=self.project.backup.write(self.folder.parent / "backup.zip").file.name)

    def go_back(self, token: str) -> None:
        """Make an earlier version the current one again."""
        earlier = [version for version in self.project.versions.all() if not version.current]
        if earlier:
            done = _begin("go back")
            done(version=self.project.versions.restore(str(self.random.choice(earlier).number)).version)

    def represent(self, token: str) -> None:
        """Let another member stand for its duplicate group."""
        for group in self.project.curation.duplicate_groups(limit=1).iter_rows(named=True):
            members = [member.example_id for member in self.project.curation.duplicate_group(group["group_id"])]
            done = _begin("represent", token=token, rows=len(members))
            self.project.curation.choose_representative(group["group_id"], self.random.choice(members), token)
            done()


KINDS: dict[str, Callable[[Worker, str], None]] = {
    "import": Worker.import_lines,
    "decide": Worker.decide,
    "bulk": Worker.bulk,
    "undo": Worker.undo,
    "curate": Worker.curate,
    "split": Worker.split,
    "export": Worker.export,
    "backup": Worker.back_up,
    "go back": Worker.go_back,
    "represent": Worker.represent,
}


def left_behind(folder: Path) -> list[str]:
    """Return hidden and unfinished files of a project folder."""
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.name.startswith(".") or path.suffix in (".part", ".draft", ".aside", ".tmp")
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
