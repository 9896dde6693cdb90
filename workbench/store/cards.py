"""What a card shows of an example besides its row: findings, relatives, and what was decided about it."""

from collections.abc import Sequence

import polars as pl

from workbench.store.browse import SELECTION_FROM, BrowseStore, Filter
from workbench.store.database import Database

# A card shows some relatives, not a group of thousands, and not all of a text of millions of characters.
RELATIVES = 8
RELATIVE_CHARACTERS = 20_000

_QUERIES = {
    "scores": 'SELECT example_id, scorer, score, reason, start, "end" FROM scores WHERE example_id IN'
    " (SELECT example_id FROM wanted) AND reason IS NOT NULL ORDER BY score, scorer",
    "duplicates": "SELECT w.example_id, d.group_id, o.example_id AS other_id, o.kind, o.similarity,"
    " left(e.prompt, $characters) AS prompt, left(e.completion, $characters) AS completion,"
    " o.example_id = o.representative_id AS is_representative, count(*) OVER (PARTITION BY w.example_id) AS others"
    " FROM wanted w JOIN duplicates d USING (example_id) JOIN duplicates o USING (group_id) JOIN examples e"
    " ON e.example_id = o.example_id WHERE o.example_id <> w.example_id"
    " AND o.example_id NOT IN (SELECT example_id FROM sealed) QUALIFY row_number() OVER (PARTITION BY w.example_id"
    " ORDER BY o.example_id = o.representative_id DESC, o.similarity DESC, o.example_id) <= $relatives"
    " ORDER BY is_representative DESC, o.similarity DESC, o.example_id",
    "conflicts": "SELECT w.example_id, c.group_id, c.kind, c.detail, o.example_id AS other_id,"
    " left(e.prompt, $characters) AS prompt, left(e.completion, $characters) AS completion,"
    " count(o.example_id) OVER (PARTITION BY w.example_id) AS others"
    " FROM wanted w JOIN conflicts c USING (example_id) LEFT JOIN conflicts o ON o.group_id = c.group_id"
    " AND o.kind = c.kind AND o.example_id <> w.example_id AND o.example_id NOT IN (SELECT example_id FROM sealed)"
    " LEFT JOIN examples e ON e.example_id = o.example_id QUALIFY row_number() OVER (PARTITION BY w.example_id"
    " ORDER BY c.kind, o.example_id) <= $relatives ORDER BY c.kind, o.example_id",
    "parents": "SELECT w.example_id, p.example_id AS other_id, left(p.prompt, $characters) AS prompt,"
    " left(p.completion, $characters) AS completion FROM wanted w JOIN examples e USING (example_id) JOIN examples p"
    " ON p.example_id = e.parent_id WHERE p.example_id NOT IN (SELECT example_id FROM sealed)",
    "personal_data": 'SELECT example_id, kind, message_index, start, "end" FROM personal_data WHERE example_id IN'
    " (SELECT example_id FROM wanted) ORDER BY message_index, start",
    "history": 'SELECT example_id, action, reviewer AS who, decided_at AS "when", note, origin FROM decisions WHERE'
    " example_id IN (SELECT example_id FROM wanted) ORDER BY decision_id",
}
DETAILS = tuple(_QUERIES)
_PLACES = {"example_id": pl.String, "place": pl.Int64}


class CardStore:
    """Questions about a few examples at a time."""

    def __init__(self, database: Database, browse: BrowseStore) -> None:
        self._database = database
        self._browse = browse

    def has_examples(self) -> bool:
        """Tell whether there is any training example."""
        return self._database.value("SELECT 1 FROM occurrences WHERE role = 'train' LIMIT 1") is not None

    def shown(self, ids: Sequence[str]) -> set[str]:
        """Return which of the examples may be shown: training examples that are present and not sealed."""
        where, values, frames = self._browse.selection(Filter(ids=tuple(ids)))
        frame = self._database.frame(f"SELECT e.example_id FROM {SELECTION_FROM} WHERE {where}", values, **frames)
        return set(frame["example_id"])

    def rows(self, ids: Sequence[str]) -> pl.DataFrame:
        """Return what stands at the head of a card, in the order of the ids, all of which may be shown."""
        return self._database.frame(
            "WITH origin AS (SELECT o.example_id, arg_min(source, (import_id, line)) AS source,"
            " arg_min(file, (import_id, line)) AS file, arg_min(line, (import_id, line)) AS line"
            " FROM occurrences o SEMI JOIN wanted USING (example_id) GROUP BY o.example_id)"
            " SELECT e.example_id, e.state, e.quality, e.suggestion, q.reason, o.source, o.file, o.line,"
            " c.title AS cluster, x.messages, x.parent_id FROM wanted w JOIN examples x USING (example_id)"
            f" JOIN {SELECTION_FROM} USING (example_id) LEFT JOIN origin o USING (example_id)"
            " LEFT JOIN quality q USING (example_id) LEFT JOIN clusters c USING (example_id) ORDER BY w.place",
            wanted=pl.DataFrame({"example_id": ids, "place": range(len(ids))}, schema=_PLACES),
        )

    def details(self, name: str, ids: Sequence[str]) -> pl.DataFrame:
        """Return one kind of detail (see `DETAILS`) of the given examples, with the column example_id."""
        query = _QUERIES[name]
        limits = {"relatives": RELATIVES, "characters": RELATIVE_CHARACTERS}
        return self._database.frame(
            query,
            {key: value for key, value in limits.items() if f"${key}" in query},
            wanted=pl.DataFrame({"example_id": ids}, schema={"example_id": pl.String}),
        )
