"""Hand out any result table, as a frame or as a file."""

import errno
import os
from pathlib import Path
from typing import BinaryIO

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
        with replaced_file(out) as draft, draft.open("wb") as file:
            if out.suffix == ".parquet":
                _write_parquet(frame, file)
            else:
                frame.write_ndjson(file)
        return frame.height


def _write_parquet(frame: pl.DataFrame, file: BinaryIO) -> None:
    """Write Parquet; Polars tells of a full disk in an error of its own."""
    try:
        frame.write_parquet(file)
    except pl.exceptions.ComputeError as error:
        if "No space left" in str(error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        raise
