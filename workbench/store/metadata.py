"""The further columns of imported files, kept with each occurrence as a JSON object: which there are, who has which."""

import json
from collections import OrderedDict

import polars as pl

from workbench.store.catalog import CATALOG
from workbench.store.database import Database

# Columns are named by the first so many lines that have any.
_LOOKED_AT = 5_000
_REMEMBERED = 12


class MetadataStore:
    """Questions about further columns."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: OrderedDict[tuple[object, ...], pl.Series] = OrderedDict()

    def numbers(self, key: str, value: str) -> pl.Series:
        """Return the row numbers of the examples that have a value in a column; of a list, one value is enough.

        Args:
            key: name of the column.
            value: its value as text; numbers as they are written, true and false as such.
        """
        count = self._database.frame("SELECT count(*), (SELECT count(*) FROM examples) FROM occurrences").row(0)
        name = (count, key, value)
        if name not in self._known:
            # A JSON pointer: nothing in a column's name can end it.
            pointer = "/" + key.replace("~", "~0").replace("/", "~1")
            self._known[name] = self._database.frame(
                f"SELECT DISTINCT c.number FROM occurrences o JOIN {CATALOG} c USING (example_id)"
                " WHERE contains(o.metadata, $probe) AND (json_extract_string(o.metadata, $pointer) = $value"
                " OR list_contains(json_extract_string(json_extract(o.metadata, $pointer), '$[*]'), $value))",
                {"pointer": pointer, "value": value, "probe": _probe(value)},
            )["number"]
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return self._known[name]

    def columns(self) -> list[str]:
        """Return the names of further columns."""
        frame = self._database.frame(
            "SELECT DISTINCT unnest(json_keys(metadata)) AS name FROM (SELECT metadata FROM occurrences"
            " WHERE metadata <> '{}' LIMIT $looked_at) ORDER BY name",
            {"looked_at": _LOOKED_AT},
        )
        return frame["name"].to_list()

    def of_examples(self, key: str, role: str = "train") -> pl.DataFrame:
        """Return example_id, value as text: what examples have in a column; several rows where they differ."""
        pointer = "/" + key.replace("~", "~0").replace("/", "~1")
        return self._database.frame(
            "SELECT DISTINCT example_id, json_extract_string(metadata, $pointer) AS value FROM occurrences"
            " WHERE role = $role AND json_extract_string(metadata, $pointer) IS NOT NULL ORDER BY example_id, value",
            {"pointer": pointer, "role": role},
        )

    def values(self, key: str) -> list[str]:
        """Return the most frequent values of a column, by the first lines, most frequent first."""
        pointer = "/" + key.replace("~", "~0").replace("/", "~1")
        frame = self._database.frame(
            "WITH met AS (SELECT metadata FROM occurrences WHERE metadata <> '{}' LIMIT $looked_at),"
            " told AS (SELECT unnest(CASE json_type(metadata, $pointer) WHEN 'ARRAY'"
            " THEN json_extract_string(json_extract(metadata, $pointer), '$[*]')"
            " ELSE [json_extract_string(metadata, $pointer)] END) AS value FROM met)"
            " SELECT value FROM told WHERE value IS NOT NULL AND length(value) <= 100 GROUP BY value"
            " ORDER BY count(*) DESC, value LIMIT 100",
            {"looked_at": _LOOKED_AT, "pointer": pointer},
        )
        return frame["value"].to_list()


def _probe(value: str) -> str:
    """Return what every JSON text that holds the value holds too: a quick first look, '' where there is no telling."""
    return value if value.isascii() and json.dumps(value) == f'"{value}"' and "/" not in value else ""
