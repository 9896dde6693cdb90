"""How rows with certain columns are read: the shape that recognises them, where its fields are, and what remains."""

from collections.abc import Mapping
from typing import Any

from pipelines.formats.names import apply_mapping
from pipelines.formats.registry import Format, Row, Unfit, shapes


class Way:
    """One way to read rows with certain columns: the shape, where its fields are, and what remains."""

    def __init__(self, shape: Format, fields: dict[str, str], named: Mapping[str, str]) -> None:
        used = set(fields.values())
        self.shape = shape
        self.fields = fields
        # What remains keeps its own name; only the rejected answer is looked for later under the name of its field.
        self.rest = {
            name if name.startswith("rejected") else column: column
            for name, column in named.items()
            if column not in used
        }

    def take(self, row: Row) -> dict[str, Any]:
        """Return the fields of a row."""
        return {field: row[column] for field, column in self.fields.items()}


class Plan:
    """How rows with certain columns are read, by their columns and where those do not tell by what they hold.

    Attributes:
        told: ways that are taken only for rows that hold what the shape expects, asked first.
        shape: the shape of all other rows, None when there is none, with its fields in the same sense as `Way`.
    """

    def __init__(self, columns: tuple[str, ...], mapping: Mapping[str, str], forced: Format | None) -> None:
        named = apply_mapping(columns, mapping)
        names = list(named)
        self.told: list[Way] = []
        self.shape: Format | None = None
        self.fields: dict[str, str] = {}
        self._way: Way | None = None
        for shape in [forced] if forced is not None else shapes():
            found = shape.recognise(names) if shape.recognise is not None else None
            if not found:
                continue
            way = Way(shape, {field: named[name] for field, name in found.items()}, named)
            if shape.holds is not None and forced is None:
                self.told.append(way)
                continue
            self._way, self.shape, self.fields = way, shape, way.fields
            break
        shown = ", ".join(columns[:8]) or "none"
        wanted = f"the format {forced.title}" if forced is not None else "any known format"
        self._problem = Unfit(
            f"The columns ({shown:.200}) are not those of {wanted}.",
            "Say which column holds what, as in prompt=COLUMN and completion=COLUMN.",
        )

    def way(self, row: Row) -> Way:
        """Return how a row is read.

        Raises:
            Unfit: no shape has such columns.
        """
        for way in self.told:
            if way.shape.holds is not None and way.shape.holds(way.take(row)):
                return way
        if self._way is None:
            raise self._problem
        return self._way
