"""How far the project is: the funnel, and what to do next."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from workbench.store.store import Store


@dataclass(frozen=True)
class Funnel:
    """How many examples are left after each step; `imported` to `flagged` count training data only."""

    imported: int
    rejected: int
    production: int
    general: int
    unique: int
    pending: int
    kept: int
    dropped: int
    flagged: int
    train: int
    validation: int
    test: int


@dataclass(frozen=True)
class Step:
    """One step of the loop; `next` marks the first that is not done."""

    key: str
    title: str
    page: str
    done: bool
    detail: str
    next: bool


class Overview:
    """Tells how far the project is."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder

    def funnel(self) -> Funnel:
        """Count examples along the way from import to split."""
        counts = self._store.examples.counts()
        by_state = self._store.browse.state_counts()
        states = {name: by_state.get(name, 0) for name in ("pending", "kept", "dropped", "flagged")}
        current = self._store.versions.current()
        splits = self._store.versions.counts(current.number) if current else {"train": 0, "validation": 0, "test": 0}
        distinct = sum(states.values())
        return Funnel(
            imported=counts.get("train_lines", 0),
            rejected=counts["rejected"],
            production=counts.get("production_lines", 0),
            general=counts.get("general_lines", 0),
            unique=distinct - self._store.analysis.represented_count() if distinct else 0,
            **states,
            **splits,
        )

    def steps(self, funnel: Funnel | None = None) -> list[Step]:
        """Return the steps of the loop with what was done of each; a funnel at hand is not counted again."""
        funnel = funnel or self.funnel()
        decided = funnel.kept + funnel.dropped + funnel.flagged
        stages = [name for name in ("duplicates", "coverage", "quality") if self._store.analysis.stage(name)]
        runs = self._store.runs.runs()
        evaluations = self._store.runs.evaluations()
        ratings = self._store.ratings.ratings().height + self._store.rubric.rated_count()
        split = funnel.train + funnel.validation + funnel.test
        rows = [
            ("import", "Import data", "import", funnel.imported > 0, f"{funnel.imported:,} training lines"),
            (
                "production",
                "Add production queries",
                "import",
                funnel.production > 0,
                f"{funnel.production:,} queries" if funnel.production else "optional",
            ),
            ("curate", "Find what is wrong", "quality", len(stages) == 3, ", ".join(stages) or "not looked for yet"),
            ("review", "Decide", "review", decided > 0, f"{funnel.kept:,} kept, {funnel.dropped:,} dropped"),
            ("split", "Split without leaks", "split", split > 0, f"{split:,} examples in three splits"),
            ("train", "Train", "train", bool(runs), _counted(len(runs), "run")),
            ("compare", "Compare", "compare", bool(evaluations), _counted(len(evaluations), "evaluation")),
            ("rate", "Rate blind", "rate", ratings > 0, _counted(ratings, "rating")),
        ]
        first = next((row[0] for row in rows if not row[3] and row[0] != "production"), None)
        return [Step(key, title, page, done, detail, key == first) for key, title, page, done, detail in rows]

    def sources(self) -> pl.DataFrame:
        """Return the imported files, newest first."""
        return self._store.examples.sources()


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
