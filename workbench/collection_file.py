"""The list of what to collect as a file for writers: CSV that no spreadsheet runs, or JSON Lines."""

import csv
import io
import json
from pathlib import Path

import polars as pl

from pipelines.errors import CurationError
from pipelines.formats.containers.delimited import FORMULA_STARTS
from workbench.files import write_text

_COLUMNS = ("place", "kind", "dimension", "slice", "collect", "description")


def write_collection(rows: pl.DataFrame, out: Path) -> None:
    """Write the tasks, one a line; production queries stand in a column each (CSV) or as a list (JSON Lines).

    Raises:
        CurationError: another ending than .csv and .jsonl.
    """
    if out.suffix == ".jsonl":
        lines = [json.dumps({name: row[name] for name in (*_COLUMNS, "queries")}) for row in rows.iter_rows(named=True)]
        write_text(out, "".join(f"{line}\n" for line in lines))
    elif out.suffix == ".csv":
        write_text(out, collection_csv(rows))
    else:
        raise CurationError(f"The list cannot be written to {out.name}.", "Give a name that ends in .csv or .jsonl.")


def collection_csv(rows: pl.DataFrame) -> str:
    """Return the tasks as CSV; a cell that would be a formula begins with an apostrophe."""
    most = max((len(queries) for queries in rows["queries"]), default=0)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_COLUMNS, *(f"query_{number}" for number in range(1, most + 1))])
    for row in rows.iter_rows(named=True):
        queries = [*row["queries"], *[""] * (most - len(row["queries"]))]
        writer.writerow([safe_cell(value) for value in [*(row[name] for name in _COLUMNS), *queries]])
    return text.getvalue()


def safe_cell(value: object) -> object:
    """Return a value as a spreadsheet may hold it: text that begins a formula gets an apostrophe in front."""
    if isinstance(value, str) and value.lstrip(" \n").startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
