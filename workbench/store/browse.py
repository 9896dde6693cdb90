"""Filter, order and page through training examples; what is in the sealed test split never comes out."""

from dataclasses import dataclass

import polars as pl

from workbench.store.database import Database

ORDERS = {
    "quality": "q.quality {direction} NULLS LAST, e.example_id",
    "id": "e.example_id {direction}",
    "position": "o.import_id {direction}, o.line {direction}, e.example_id",
    "random": "hash(e.example_id || $seed), e.example_id",
}


@dataclass(frozen=True)
class Filter:
    """Which examples are meant; fields that are None or empty say nothing, the others all hold."""

    state: str | None = None
    suggestion: str | None = None
    source: str | None = None
    role: str = "train"
    cluster: int | None = None
    scorer: str | None = None
    conflict: bool = False
    personal: bool = False
    group: str | None = None
    text: str = ""
    quality_low: float | None = None
    quality_high: float | None = None
    split: str | None = None
    ids: tuple[str, ...] | None = None


_CONDITIONS = {
    "state": "s.state = $state",
    "suggestion": "q.suggestion = $suggestion",
    "source": "e.example_id IN (SELECT example_id FROM occurrences WHERE source = $source)",
    "cluster": "e.example_id IN (SELECT example_id FROM clusters WHERE cluster_id = $cluster)",
    "scorer": "e.example_id IN (SELECT example_id FROM scores WHERE scorer = $scorer AND score < 0.5)",
    "group": "e.example_id IN (SELECT example_id FROM duplicates WHERE group_id = $group)",
    "text": "(contains(lower(e.prompt), lower($text)) OR contains(lower(e.completion), lower($text)))",
    "quality_low": "q.quality >= $quality_low",
    "quality_high": "q.quality <= $quality_high",
    "split": "e.example_id IN (SELECT example_id FROM splits WHERE split = $split)",
}


class BrowseStore:
    """Questions that a filter answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, chosen: Filter) -> int:
        """Count the examples that a filter selects."""
        where, values, frames = selection(chosen)
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
        """Return the ids of a page (of all when there is no limit): texts are only fetched for what is shown."""
        where, values, frames = selection(chosen)
        by = ORDERS[order].replace("{direction}", "DESC" if descending else "ASC")
        if order == "random":
            values["seed"] = str(seed)
        occurrence = _FIRST_OCCURRENCE if order == "position" else ""
        limits = ""
        if limit is not None:
            limits = " LIMIT $limit OFFSET $offset"
            values |= {"limit": limit, "offset": offset}
        frame = self._database.frame(
            f"SELECT e.example_id FROM {SELECTION_FROM} {occurrence} WHERE {where} ORDER BY {by}{limits}",
            values,
            **frames,
        )
        return frame["example_id"].to_list()

    def rows(self, ids: list[str]) -> pl.DataFrame:
        """Return what a table shows of the given examples, in their order."""
        wanted = pl.DataFrame({"example_id": ids, "place": range(len(ids))}, schema_overrides={"place": pl.Int64})
        return self._database.frame(
            "SELECT e.example_id, e.prompt, e.completion, s.state, q.quality, q.suggestion, q.reason, o.source, o.file,"
            " o.line, c.title AS cluster, c.cluster_id, e.tokens, e.messages, e.parent_id"
            " FROM wanted w JOIN examples e USING (example_id) JOIN states s USING (example_id)"
            " LEFT JOIN quality q USING (example_id) LEFT JOIN clusters c USING (example_id) LEFT JOIN"
            " (SELECT example_id, arg_min(source, (import_id, line)) AS source,"
            " arg_min(file, (import_id, line)) AS file, arg_min(line, (import_id, line)) AS line"
            " FROM occurrences WHERE example_id IN (SELECT example_id"
            " FROM wanted) GROUP BY example_id) o USING (example_id) ORDER BY w.place",
            wanted=wanted,
        )

    def details(self, table: str, ids: list[str]) -> pl.DataFrame:
        """Return the rows of one result table that belong to the given examples."""
        query = _DETAILS[table]
        return self._database.frame(query, wanted=pl.DataFrame({"example_id": ids}, schema={"example_id": pl.String}))

    def choices(self) -> dict[str, list[tuple[str, str, int]]]:
        """Return what can be chosen in each filter: (value, title, number of examples)."""
        return {
            name: [(str(row[0]), str(row[1]), int(row[2])) for row in self._database.frame(query).rows()]
            for name, query in _CHOICES.items()
        }

    def sealed_count(self) -> int:
        """Count the examples in the sealed test split."""
        return int(self._database.value("SELECT count(*) FROM sealed"))


SELECTION_FROM = "examples e JOIN states s USING (example_id) LEFT JOIN quality q USING (example_id)"

_FIRST_OCCURRENCE = (
    "LEFT JOIN (SELECT example_id, min(import_id) AS import_id, arg_min(line, (import_id, line)) AS line"
    " FROM occurrences GROUP BY example_id) o USING (example_id)"
)

_DETAILS = {
    "scores": 'SELECT example_id, scorer, score, reason, start, "end" FROM scores WHERE example_id IN'
    " (SELECT example_id FROM wanted) AND reason IS NOT NULL ORDER BY score, scorer",
    "duplicates": "SELECT w.example_id, d.group_id, o.example_id AS other_id, o.kind, o.similarity, e.prompt,"
    " e.completion, o.example_id = o.representative_id AS is_representative"
    " FROM wanted w JOIN duplicates d USING (example_id) JOIN duplicates o USING (group_id) JOIN examples e"
    " ON e.example_id = o.example_id WHERE o.example_id <> w.example_id"
    " AND o.example_id NOT IN (SELECT example_id FROM sealed) ORDER BY o.similarity DESC",
    "conflicts": "SELECT w.example_id, c.group_id, c.kind, c.detail, o.example_id AS other_id, e.prompt, e.completion"
    " FROM wanted w JOIN conflicts c USING (example_id) LEFT JOIN conflicts o ON o.group_id = c.group_id"
    " AND o.kind = c.kind AND o.example_id <> w.example_id AND o.example_id NOT IN (SELECT example_id FROM sealed)"
    " LEFT JOIN examples e ON e.example_id = o.example_id ORDER BY c.kind",
    "personal_data": 'SELECT example_id, kind, message_index, start, "end" FROM personal_data WHERE example_id IN'
    " (SELECT example_id FROM wanted) ORDER BY message_index, start",
    "history": 'SELECT example_id, action, reviewer AS who, decided_at AS "when", note, origin FROM decisions WHERE'
    " example_id IN (SELECT example_id FROM wanted) ORDER BY decision_id",
}

# What a filter without conditions selects: the counts beside the choices are those of what a choice would show.
_SHOWN = (
    "example_id IN (SELECT example_id FROM roles WHERE role = 'train') AND example_id IN (SELECT example_id"
    " FROM present) AND example_id NOT IN (SELECT example_id FROM sealed)"
)
_CHOICES = {
    "states": f"SELECT state, state, count(*) FROM states WHERE {_SHOWN} GROUP BY state ORDER BY 3 DESC, 1",
    "suggestions": f"SELECT suggestion, suggestion, count(*) FROM quality WHERE {_SHOWN} GROUP BY suggestion"
    " ORDER BY 3 DESC, 1",
    "sources": f"SELECT source, source, count(DISTINCT example_id) FROM occurrences WHERE {_SHOWN} GROUP BY source"
    " ORDER BY 3 DESC, 1",
    "clusters": f"SELECT cluster_id, any_value(title), count(*) FROM clusters WHERE {_SHOWN} GROUP BY cluster_id"
    " ORDER BY 3 DESC, 1",
    "scorers": f"SELECT scorer, scorer, count(DISTINCT example_id) FROM scores WHERE score < 0.5 AND {_SHOWN}"
    " GROUP BY scorer ORDER BY 3 DESC, 1",
}


def selection(chosen: Filter) -> tuple[str, dict[str, object], dict[str, pl.DataFrame]]:
    """Return a filter as a condition on `SELECTION_FROM`, its values, and the frames that the condition reads."""
    conditions = [
        "e.example_id IN (SELECT example_id FROM roles WHERE role = $role)",
        "e.example_id IN (SELECT example_id FROM present)",
        "e.example_id NOT IN (SELECT example_id FROM sealed)",
    ]
    values: dict[str, object] = {"role": chosen.role}
    frames: dict[str, pl.DataFrame] = {}
    for name, condition in _CONDITIONS.items():
        value = getattr(chosen, name)
        if value is not None and value != "":
            conditions.append(condition)
            values[name] = value
    if chosen.conflict:
        conditions.append("e.example_id IN (SELECT example_id FROM conflicts)")
    if chosen.personal:
        conditions.append("e.example_id IN (SELECT example_id FROM personal_data)")
    if chosen.ids is not None:
        conditions.append("e.example_id IN (SELECT example_id FROM chosen)")
        frames["chosen"] = pl.DataFrame({"example_id": list(chosen.ids)}, schema={"example_id": pl.String})
    return " AND ".join(conditions), values, frames
