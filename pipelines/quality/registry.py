"""The register of scorers, and what a scorer is given.

A scorer judges one thing about every example and says it with a number, a reason and a place:

    @scorer(name="empty", title="Empty answer", dimension="complete", suggests="drop", description="…")
    def score_empty(examples, context):
        ...
        return judged(examples, [Finding(row=3, score=0.0, reason="The answer is empty.")])

A score is 0 at worst and 1 where there is nothing to say; a row with a reason is a finding. An example that a scorer
cannot judge (a plain answer, to the JSON scorers) gets no row. `suggests` is what a finding means for the example:
"drop" for a defect that is certain, "review" for a doubt, "nothing" for what only lowers the quality. `alone` says that
an example's score depends on no other example, so that shards of a data set can be scored apart (`pipelines/engine/`).
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import polars as pl

from pipelines.progress import Progress, no_progress
from pipelines.quality.json_text import JsonText, read_json_texts
from pipelines.quality.settings import QualitySettings
from pipelines.quality.tasks import task_keys

Dimension = Literal["complete", "correct", "on topic", "format", "tone"]
Suggests = Literal["drop", "review", "nothing"]

DIMENSIONS: tuple[Dimension, ...] = ("complete", "correct", "on topic", "format", "tone")

SCORE_ROWS = pl.Schema(
    {
        "example_id": pl.String,
        "score": pl.Float64,
        "reason": pl.String,
        "start": pl.Int32,
        "end": pl.Int32,
    }
)


class Finding(NamedTuple):
    """What a scorer has to say about one row: `start` and `end` are characters of the completion."""

    row: int
    score: float
    reason: str
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True)
class ScoringContext:
    """What scorers share: settings, vectors (aligned to the rows, unit rows) and readings that several of them need."""

    examples: pl.DataFrame
    settings: QualitySettings
    prompt_vectors: np.ndarray | None = None
    completion_vectors: np.ndarray | None = None
    progress: Progress = no_progress

    @cached_property
    def json_texts(self) -> list[JsonText | None]:
        """Completions that are, or look like, JSON; None for the others."""
        return read_json_texts(self.examples["completion"])

    @cached_property
    def tasks(self) -> list[str]:
        """The task of every row: its system prompt or the words that many prompts begin with, '' for none."""
        return task_keys(self.examples, self.settings.minimum_group)


ScorerFunction = Callable[[pl.DataFrame, ScoringContext], pl.DataFrame]


@dataclass(frozen=True)
class Scorer:
    """A registered scorer."""

    name: str
    title: str
    dimension: Dimension
    suggests: Suggests
    description: str
    function: ScorerFunction
    alone: bool = False


class Register(Mapping[str, Scorer]):
    """The scorers by name, in alphabetical order; reading it imports every file of `pipelines/quality/scorers/`."""

    def __init__(self) -> None:
        self._entries: dict[str, Scorer] = {}

    def add(self, entry: Scorer) -> None:
        """Add a scorer.

        Raises:
            ValueError: another file has registered the name.
        """
        known = self._entries.get(entry.name)
        if known is not None and known.function.__module__ != entry.function.__module__:
            raise ValueError(f"Two scorers are named '{entry.name}'.")
        self._entries[entry.name] = entry

    def __getitem__(self, name: str) -> Scorer:
        return self._loaded()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._loaded()))

    def __len__(self) -> int:
        return len(self._loaded())

    def _loaded(self) -> dict[str, Scorer]:
        from pipelines.quality import scorers

        for module in pkgutil.iter_modules(scorers.__path__):
            importlib.import_module(f"{scorers.__name__}.{module.name}")
        return self._entries


SCORERS = Register()


def scorer(
    *, name: str, title: str, dimension: Dimension, suggests: Suggests, description: str, alone: bool = False
) -> Callable[[ScorerFunction], ScorerFunction]:
    """Register a scorer; see the module for what it must return."""

    def register(function: ScorerFunction) -> ScorerFunction:
        SCORERS.add(Scorer(name, title, dimension, suggests, description, function, alone))
        return function

    return register


def judged(examples: pl.DataFrame, findings: Iterable[Finding], rows: Iterable[int] | None = None) -> pl.DataFrame:
    """Build a scorer's result: the findings, and score 1 for every other row that was judged.

    Args:
        examples: the rows that were scored.
        findings: at most one counts for a row, the one of lowest score (the first among equals).
        rows: the rows that could be judged; all where it is not given. Rows with a finding always count as judged.

    Returns:
        A frame of `SCORE_ROWS` in the order of the rows.
    """
    worst: dict[int, Finding] = {}
    for finding in findings:
        held = worst.get(finding.row)
        if held is None or finding.score < held.score:
            worst[finding.row] = finding
    everywhere = rows is None
    kept = np.arange(examples.height) if everywhere else np.unique(np.fromiter((*(rows or ()), *worst), dtype=np.int64))
    place = {int(row): index for index, row in enumerate(kept)} if worst else {}
    scores = np.ones(len(kept))
    reasons: list[str | None] = [None] * len(kept)
    starts: list[int | None] = [None] * len(kept)
    ends: list[int | None] = [None] * len(kept)
    for row, finding in worst.items():
        index = place[row]
        scores[index] = min(max(finding.score, 0.0), 1.0)
        reasons[index], starts[index], ends[index] = finding.reason, finding.start, finding.end
    return pl.DataFrame(
        {
            "example_id": examples["example_id"].gather(kept),
            "score": scores,
            "reason": pl.Series(reasons, dtype=pl.String),
            "start": pl.Series(starts, dtype=pl.Int32),
            "end": pl.Series(ends, dtype=pl.Int32),
        },
        schema=SCORE_ROWS,
    )


def rows_matching(texts: pl.Series, pattern: str) -> list[int]:
    """Return the rows whose text matches a pattern in the syntax of the `regex` crate (no look-around)."""
    return texts.str.contains(pattern).fill_null(False).arg_true().to_list()
