"""Filter, order and page through training examples; what is in the sealed test split never comes out."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import polars as pl

from workbench.store.catalog import CATALOG, LINES_A_FILE, Catalog, role_bit
from workbench.store.database import Database
from workbench.store.filters import Filter, check_filter, several
from workbench.store.metadata import MetadataStore
from workbench.store.search import Search

__all__ = ["ORDERS", "SELECTION_FROM", "BrowseStore", "Filter", "View"]

# `e.number` grows as examples are added, so that every order is total.
ORDERS = {
    "quality": "e.quality {direction} NULLS LAST, e.number",
    "id": "e.example_id {direction}",
    "position": "e.position {direction}, e.number",
    "random": "hash(e.example_id || $seed), e.number",
    "length": "e.tokens {direction}, e.number",
    "state": "e.state {direction}, e.number",
    "suggestion": "e.suggestion {direction} NULLS LAST, e.number",
    "source": "e.source {direction} NULLS LAST, e.position, e.number",
    "cluster": "e.cluster_id {direction} NULLS LAST, e.number",
    "prompt": "t.prompt {direction}, e.number",
    "completion": "t.completion {direction}, e.number",
}
SELECTION_FROM = f"{CATALOG} e"
_TEXTS = (
    " JOIN (SELECT rowid AS number, left(prompt, 60) AS prompt, left(completion, 60) AS completion FROM examples) t"
    " USING (number)"
)
_REMEMBERED = 16
T = TypeVar("T")
_PLACES = {"example_id": pl.String, "place": pl.Int64}


@dataclass(frozen=True)
class View:
    """What a filter selects, in order: row numbers, and the share of the examples that was searched for texts."""

    numbers: pl.Series
    share: float

    def __len__(self) -> int:
        return len(self.numbers)


class BrowseStore:
    """Questions that a filter answers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._catalog = Catalog(database)
        self._search = Search(database)
        self._metadata = MetadataStore(database)
        self._views: OrderedDict[tuple[object, ...], pl.Series] = OrderedDict()
        self._known: dict[str, tuple[int, Any]] = {}
        self._titled: tuple[int, pl.DataFrame] = -1, pl.DataFrame()
        self._remembering = threading.Lock()

    def view(
        self,
        chosen: Filter,
        order: str,
        *,
        descending: bool = False,
        seed: int = 0,
        seconds: float | None = None,
    ) -> View:
        """Return what a filter selects, in order; asking again costs nothing while nothing changes.

        Args:
            chosen: the filter.
            order: a name of `ORDERS`.
            descending: the other way round.
            seed: of the random order.
            seconds: stop searching texts after so long, with what was found so far; None searches to the end.
        """
        generation = self._catalog.refresh()
        where, values, frames, share = self._where(chosen, seconds)
        key = (generation, chosen, order, descending, seed, share, frames["found"].height if "found" in frames else 0)
        with self._remembering:
            if key in self._views:
                self._views.move_to_end(key)
                return View(self._views[key], share)
        by = ORDERS[order].replace("{direction}", "DESC" if descending else "ASC")
        if order == "random":
            values["seed"] = str(seed)
        joined = _TEXTS if "t." in by else ""
        numbers = self._database.frame(
            f"SELECT e.number FROM {SELECTION_FROM}{joined} WHERE {where} ORDER BY {by}", values, **frames
        )["number"]
        with self._remembering:
            self._views[key] = numbers
            while len(self._views) > _REMEMBERED:
                self._views.popitem(last=False)
        return View(numbers, share)

    def count(self, chosen: Filter) -> int:
        """Count the examples that a filter selects."""
        where, values, frames = self.selection(chosen)
        return int(
            self._database.frame(f"SELECT count(*) AS n FROM {SELECTION_FROM} WHERE {where}", values, **frames).item()
        )

    def ids(
        self,
        chosen: Filter,
        order: str,
        *,
        descending: bool = False,
        limit: int | None = None,
        offset: int = 0,
        seed: int = 0,
    ) -> list[str]:
        """Return the ids of a page, or of all when there is no limit."""
        view = self.view(chosen, order, descending=descending, seed=seed)
        return self.ids_of(view.numbers.slice(offset, limit))

    def ids_of(self, numbers: pl.Series) -> list[str]:
        """Return the ids of examples given by their row numbers, in their order."""
        wanted = pl.DataFrame({"number": numbers}).with_row_index("place")
        return self._database.frame(
            f"SELECT c.example_id FROM {CATALOG} c JOIN wanted w USING (number) ORDER BY w.place", wanted=wanted
        )["example_id"].to_list()

    def rows(self, ids: list[str]) -> pl.DataFrame:
        """Return what a table shows of the given examples, in their order; unknown ids are left out."""
        self._catalog.refresh()
        wanted = pl.DataFrame({"example_id": ids, "place": range(len(ids))}, schema=_PLACES)
        known = self._database.frame(
            f"SELECT k.number FROM wanted w JOIN {CATALOG} k USING (example_id) ORDER BY w.place", wanted=wanted
        )
        return self.rows_at(known["number"])

    def rows_at(self, numbers: pl.Series) -> pl.DataFrame:
        """Return what a table shows of examples given by their row numbers, in their order.

        Everything is looked up by row number: a text's id would be looked for among all.
        """
        wanted = pl.DataFrame({"number": numbers}).with_row_index("place")
        known = self._database.frame(
            f"SELECT w.place, k.* FROM wanted w JOIN {CATALOG} k USING (number)", wanted=wanted
        )
        texts = self._database.frame(
            "SELECT e.rowid AS number, e.prompt, e.completion, e.messages, e.parent_id"
            " FROM examples e SEMI JOIN wanted w ON e.rowid = w.number",
            wanted=wanted,
        )
        reasons = self._database.frame(
            "SELECT q.rowid AS quality_number, q.reason FROM quality q SEMI JOIN known k ON q.rowid = k.quality_number",
            known=known,
        )
        return self._database.frame(
            "SELECT k.example_id, t.prompt, t.completion, k.state, k.quality, k.suggestion, q.reason, k.source, i.file,"
            f" CASE WHEN k.position > 0 THEN k.position % {LINES_A_FILE} END AS line, c.title AS cluster, k.cluster_id,"
            " k.tokens, t.messages, t.parent_id"
            " FROM known k JOIN texts t USING (number) LEFT JOIN reasons q USING (quality_number)"
            " LEFT JOIN titles c ON c.cluster_id = k.cluster_id"
            f" LEFT JOIN imports i ON i.import_id = k.position // {LINES_A_FILE} ORDER BY k.place",
            known=known,
            texts=texts,
            reasons=reasons,
            titles=self._cluster_titles(),
        )

    def _cluster_titles(self) -> pl.DataFrame:
        shape = self._catalog.shape
        if self._titled[0] != shape:
            titles = self._database.frame(
                "SELECT cluster_id, any_value(title) AS title FROM clusters GROUP BY cluster_id"
            )
            self._titled = shape, titles
        return self._titled[1]

    def texts_with(self, numbers: pl.Series, part: str) -> pl.DataFrame:
        """Return the examples of given row numbers whose stored messages hold a text: example_id, messages, state."""
        wanted = pl.DataFrame({"number": numbers}).with_row_index("place")
        return self._database.frame(
            f"SELECT e.example_id, e.messages, c.state FROM wanted w JOIN {CATALOG} c USING (number) JOIN examples e"
            " USING (example_id) WHERE contains(e.messages, $part) ORDER BY w.place",
            {"part": part},
            wanted=wanted,
        )

    def check_pattern(self, pattern: str) -> None:
        """Refuse what is no regular expression.

        Raises:
            CurationError: says what is wrong with it.
        """
        self._search.check(pattern)

    def replace_texts(self, texts: list[str], pattern: str, replacement: str) -> list[str]:
        """Return texts with all that a regular expression matches replaced.

        Raises:
            CurationError: the replacement cannot be read.
        """
        return self._search.replace(texts, pattern, replacement)

    def sealed_among(self, ids: list[str]) -> set[str]:
        """Return those of the ids that are in the sealed test split."""
        frame = self._database.frame(
            "SELECT example_id FROM sealed WHERE example_id IN (SELECT example_id FROM wanted)",
            wanted=pl.DataFrame({"example_id": ids}, schema={"example_id": pl.String}),
        )
        return set(frame["example_id"])

    def selectable(self) -> pl.DataFrame:
        """Return the training examples that may be left out, dropped and sealed ones aside.

        Columns: example_id, quality, tokens, source, cluster (its title), topic, suggestion.
        """
        self._catalog.refresh()
        return self._database.frame(
            "SELECT e.example_id, e.quality, e.tokens::BIGINT AS tokens, e.source, c.title AS cluster, c.topic,"
            " e.suggestion"
            f" FROM {SELECTION_FROM} LEFT JOIN (SELECT cluster_id, any_value(title) AS title,"
            " any_value(topic) AS topic FROM clusters"
            " GROUP BY cluster_id) c USING (cluster_id) WHERE e.shown AND (e.roles & 1) <> 0 AND e.state <> 'dropped'"
            " ORDER BY e.example_id"
        )

    def state_counts(self) -> dict[str, int]:
        """Count training examples by state, the sealed ones too; states that no example has are left out."""
        self._catalog.refresh()
        rows = self._database.frame(
            f"SELECT state, count(*) FROM {CATALOG} WHERE present AND (roles & 1) <> 0 GROUP BY state"
        )
        return {str(state): int(count) for state, count in rows.rows()}

    def generation(self) -> int:
        """Return a number that grows when examples, or what was decided about them, change."""
        return self._catalog.refresh()

    def map_points(self, most: int) -> tuple[pl.DataFrame, int]:
        """Return the map: place, cluster and what is known of each example, and how many points there are.

        Beyond `most` it is a sample, the same each time. The texts of sealed examples are left empty.
        """
        self._catalog.refresh()
        points = self._database.frame(
            "WITH chosen AS (SELECT example_id, x, y, cluster_id, title, topic FROM clusters"
            " ORDER BY hash(example_id), example_id LIMIT $most)"
            " SELECT c.example_id, c.x, c.y, c.cluster_id, c.title, c.topic,"
            " CASE WHEN (k.roles & 1) = 0 THEN 'production' ELSE 'train' END AS role, k.state, k.quality,"
            " CASE WHEN z.example_id IS NULL THEN left(e.prompt, 120) ELSE '(sealed test example)' END AS prompt"
            f" FROM chosen c JOIN examples e USING (example_id) JOIN {CATALOG} k USING (example_id)"
            " LEFT JOIN sealed z USING (example_id) ORDER BY c.example_id",
            {"most": most},
        )
        return points, int(self._database.value("SELECT count(*) FROM clusters"))

    def choices(self) -> dict[str, list[tuple[str, str, int]]]:
        """Return what can be chosen in each filter: (value, title, number of examples)."""
        generation = self._catalog.refresh()
        states = self._once("states", generation, lambda: self._counts(_STATES))
        others = self._once(
            "others", self._catalog.shape, lambda: {name: self._counts(query) for name, query in _CHOICES.items()}
        )
        return {"states": states, **others}

    def _once(self, name: str, age: int, ask: Callable[[], T]) -> T:
        """Ask the database again only when the age has changed; the age was read before, so nothing older is kept."""
        known, answer = self._known.get(name, (-1, None))
        if known != age:
            answer = ask()
            with self._remembering:
                self._known[name] = age, answer
        return cast("T", answer)

    def _counts(self, query: str) -> list[tuple[str, str, int]]:
        return [(str(row[0]), str(row[1]), int(row[2])) for row in self._database.frame(query).rows()]

    def columns(self) -> list[str]:
        """Return the names of the further columns of imported files."""
        return self._once("columns", self._catalog.refresh(), self._metadata.columns)

    def column_values(self, column: str) -> list[str]:
        """Return the most frequent values of a further column."""
        return self._metadata.values(column)

    def reviewers(self) -> list[str]:
        """Return who has decided anything, by name."""
        query = "SELECT DISTINCT reviewer FROM decisions ORDER BY reviewer"
        ask = self._database.frame
        return self._once("reviewers", self._catalog.refresh(), lambda: ask(query)["reviewer"].to_list())

    def sealed_count(self) -> int:
        """Count the examples in the sealed test split."""
        return int(self._database.value("SELECT count(*) FROM sealed"))

    def selection(self, chosen: Filter) -> tuple[str, dict[str, object], dict[str, pl.DataFrame]]:
        """Return a filter as a condition on `SELECTION_FROM`, its values, and the frames that the condition reads."""
        self._catalog.refresh()
        return self._where(chosen, None)[:3]

    def _where(
        self, chosen: Filter, seconds: float | None
    ) -> tuple[str, dict[str, object], dict[str, pl.DataFrame], float]:
        check_filter(chosen)
        conditions = ["(e.roles & $role) <> 0", "e.shown"]
        values: dict[str, object] = {"role": role_bit(chosen.role)}
        frames: dict[str, pl.DataFrame] = {}
        for name, condition in _CONDITIONS.items():
            value = getattr(chosen, name)
            if value is not None and value != "" and value != ():
                conditions.append(condition)
                values[name] = list(several(value)) if name in _MANY else value
        if chosen.decided is not None:
            conditions.append(f"e.state {'<>' if chosen.decided else '='} 'pending'")
        conditions += [condition for name, condition in _FLAGS.items() if getattr(chosen, name)]
        if chosen.ids is not None:
            conditions.append("e.example_id IN (SELECT example_id FROM chosen)")
            frames["chosen"] = pl.DataFrame({"example_id": list(chosen.ids)}, schema={"example_id": pl.String})
        share = 1.0
        if any(getattr(chosen, name) for name in ("text", "regex", "tag", "metadata")):
            numbers, share = self._found(chosen, seconds)
            conditions.append("e.number IN (SELECT number FROM found)")
            frames["found"] = pl.DataFrame({"number": numbers})
        return " AND ".join(conditions), values, frames, share

    def _found(self, chosen: Filter, seconds: float | None) -> tuple[pl.Series, float]:
        """Return the numbers of the examples that all texts and columns of the filter match."""
        found = [self._search.text(chosen.text, seconds)] if chosen.text else []
        found += [self._search.find(chosen.regex, seconds)] if chosen.regex else []
        columns = [*chosen.metadata, *([("tags", chosen.tag)] if chosen.tag else [])]
        sets = [one.numbers for one in found] + [self._metadata.numbers(key, value) for key, value in columns]
        numbers = sets[0]
        for other in sets[1:]:
            numbers = numbers.filter(numbers.is_in(other.implode()))
        return numbers, min((one.share for one in found), default=1.0)


_MANY = ("state", "suggestion", "source", "cluster", "scorer")
_CONDITIONS = {
    "state": "list_contains($state, e.state)",
    "suggestion": "list_contains($suggestion, e.suggestion)",
    "source": "e.example_id IN (SELECT example_id FROM occurrences WHERE list_contains($source, source))",
    "cluster": "e.example_id IN (SELECT example_id FROM clusters WHERE list_contains($cluster, cluster_id))",
    "scorer": "e.example_id IN (SELECT example_id FROM scores WHERE list_contains($scorer, scorer) AND score < 0.5)",
    "group": "e.example_id IN (SELECT example_id FROM duplicates WHERE group_id = $group)",
    "quality_low": "e.quality >= $quality_low",
    "quality_high": "e.quality <= $quality_high",
    "split": "e.example_id IN (SELECT example_id FROM splits WHERE split = $split)",
    "reviewer": "e.example_id IN (SELECT example_id FROM live_decisions WHERE reviewer = $reviewer"
    " AND action IN ('keep', 'drop', 'flag', 'edit', 'pending'))",
}
_FLAGS = {
    "conflict": "e.conflict",
    "personal": "e.personal",
    # A note of a person, beside an example or with a decision; what the workbench writes into that place is none.
    "noted": "e.example_id IN (SELECT example_id FROM live_decisions WHERE note IS NOT NULL AND (action = 'note'"
    " OR session IS NOT NULL OR origin = 'filter'))",
}

# What a filter without conditions selects: the counts beside the choices are those of what a choice would show.
_SHOWN = f"SELECT example_id FROM {CATALOG} WHERE shown AND (roles & 1) <> 0"
_STATES = (
    f"SELECT state, state, count(*) FROM {CATALOG} WHERE shown AND (roles & 1) <> 0 GROUP BY state ORDER BY 3 DESC, 1"
)
_CHOICES = {
    "suggestions": f"SELECT suggestion, suggestion, count(*) FROM {CATALOG} WHERE shown AND (roles & 1) <> 0"
    " AND suggestion IS NOT NULL GROUP BY suggestion ORDER BY 3 DESC, 1",
    "sources": f"SELECT source, source, count(DISTINCT example_id) FROM occurrences WHERE example_id IN ({_SHOWN})"
    " GROUP BY source ORDER BY 3 DESC, 1",
    "clusters": f"SELECT cluster_id, any_value(title), count(*) FROM clusters WHERE example_id IN ({_SHOWN})"
    " GROUP BY cluster_id ORDER BY 3 DESC, 1",
    "scorers": "SELECT scorer, scorer, count(DISTINCT example_id) FROM scores WHERE score < 0.5"
    f" AND example_id IN ({_SHOWN}) GROUP BY scorer ORDER BY 3 DESC, 1",
}
