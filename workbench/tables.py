"""Hand out any result table, as a frame or as a file."""

from pathlib import Path

import polars as pl

from pipelines.errors import CurationError
from workbench.files import replaced_file
from workbench.store.store import Store
from workbench.store.tables import TABLES


class Tables:
    """The result tables of a project."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def names(self) -> list[str]:
        """Return the names of the tables."""
        return list(TABLES)

    def sizes(self) -> pl.DataFrame:
        """Return table, rows, columns."""
        return self._store.tables.sizes()

    def table(self, name: str) -> pl.DataFrame:
        """Return a table.

        Raises:
            CurationError: there is no table of that name.
        """
        return self._store.tables.table(name)

    def write(self, name: str, out: Path) -> int:
        """Write a table as JSON lines (`.jsonl`) or Parquet (`.parquet`) and return its number of rows.

        Raises:
            CurationError: another ending.
        """
        frame = self.table(name)
        if out.suffix not in {".jsonl", ".parquet"}:
            raise CurationError(
                f"A table cannot be written to {out.name}.", "Give a file name that ends in .jsonl or .parquet."
            )
        with replaced_file(out) as draft:
            if out.suffix == ".parquet":
                frame.write_parquet(draft)
            else:
                frame.write_ndjson(draft)
        return frame.height
