"""Writing one file's lines: block by block, in one transaction, so that the file is there whole or not at all.

No text is stored twice. An example of one question and its answer keeps no messages: the table computes them from
system, prompt and completion. A line that is written canonically keeps no raw text: `line_forms` holds what all lines
of its kind have in common, and gives it back byte for byte (`raw_lines`).
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from pipelines.examples import EXAMPLES
from workbench.store.database import Database, Transaction

_STORED = [name for name in EXAMPLES if name != "messages"]
# Rows that are gathered before they are written: about one row group of the database.
_AT_ONCE = 60_000


@dataclass(frozen=True)
class ImportRecord:
    """One file that was read: what, as what, and how many of its lines became examples.

    `reading` names the settings and the version of the reading; equal bytes read so again give equal lines.
    """

    role: str
    source: str
    format: str
    file: str
    file_hash: str
    lines: int
    accepted: int
    rejected: int
    mapping: str
    reading: str = ""


class ImportWriter:
    """Adds the lines of one file within a transaction; what is there already is not added again."""

    def __init__(self, transaction: Transaction, role: str, source: str, file: str, now: datetime) -> None:
        self._transaction = transaction
        self._place = {"role": role, "source": source, "file": file}
        self._now = now
        self._import_id = 1 + int(transaction.value("SELECT coalesce(max(import_id), 0) FROM imports"))
        self._again = bool(
            transaction.value(
                "SELECT count(*) FROM imports WHERE role = $role AND source = $source AND file = $file", self._place
            )
        )
        self._forms: dict[str, int] = {
            form: form_id for form_id, form in transaction.frame("SELECT form_id, form FROM line_forms").iter_rows()
        }
        self._waiting: list[pl.DataFrame] = []
        self.new = 0
        self.unseen = 0

    def add(self, accepted: pl.DataFrame, rejected: pl.DataFrame) -> None:
        """Add some lines.

        Args:
            accepted: columns of `EXAMPLES` plus line, raw, metadata and, where a line can be rebuilt, form; messages
                are null where system, prompt and completion say the same.
            rejected: line, column, reason, remedy, raw.
        """
        if accepted.height:
            form = [] if "form" in accepted.columns else [pl.lit(None, pl.String).alias("form")]
            self._waiting.append(accepted.with_columns(form))
        if sum(frame.height for frame in self._waiting) >= _AT_ONCE:
            self._write()
        if rejected.height:
            self._add_rejected(rejected)

    def finish(self, record: ImportRecord) -> bool:
        """Write what is left and note the import; False when all of it was there already."""
        self._write()
        values = {"import_id": self._import_id, "now": self._now, **record.__dict__}
        if not self.new and self._again:
            same = {name: values[name] for name in ("file_hash", "role", "source", "file")}
            where = "file_hash = $file_hash AND role = $role AND source = $source AND file = $file"
            if self._transaction.value(f"SELECT count(*) FROM imports WHERE {where}", same):
                reading = {**same, "reading": record.reading}
                self._transaction.execute(f"UPDATE imports SET reading = $reading WHERE {where}", reading)
                return False
        self._transaction.execute(
            "INSERT INTO imports BY NAME SELECT $import_id AS import_id, $role AS role, $source AS source,"
            " $format AS format, $file AS file, $file_hash AS file_hash, $lines AS lines, $accepted AS accepted,"
            " $rejected AS rejected, $mapping AS mapping, $reading AS reading, $now AS imported_at",
            values,
        )
        return True

    def _write(self) -> None:
        if not self._waiting:
            return
        lines = pl.concat(self._waiting)
        self._waiting = []
        if self._again:
            lines = self._without_known(lines)
        self.new += lines.height
        unseen = lines.unique("example_id", keep="first", maintain_order=True)
        known = self._known(unseen.select("example_id"))
        if len(known):
            unseen = unseen.filter(~pl.col("example_id").is_in(known.implode()))
        self.unseen += unseen.height
        self._transaction.insert(
            "examples", unseen.select(*_STORED, full_messages="messages", added_at=pl.lit(self._now))
        )
        self._transaction.insert(
            "occurrences",
            lines.select(
                "example_id", "line", "raw", "metadata", form_id=self._form_ids(lines["form"]), **self._columns()
            ),
        )

    def _known(self, ids: pl.DataFrame) -> pl.Series:
        with self._transaction.lookup("ids_read", ids):
            known = self._transaction.frame(
                "SELECT example_id FROM ids_read WHERE example_id IN (SELECT example_id FROM examples)"
            )
        return known["example_id"]

    def _without_known(self, lines: pl.DataFrame) -> pl.DataFrame:
        with self._transaction.lookup("lines_read", lines.select("example_id", "line")):
            known = self._transaction.frame(
                "SELECT DISTINCT o.example_id, o.line FROM occurrences o JOIN lines_read l ON o.example_id ="
                " l.example_id AND o.line = l.line WHERE o.role = $role AND o.source = $source AND o.file = $file",
                self._place,
            )
        return lines.join(known, on=["example_id", "line"], how="anti", maintain_order="left")

    def _add_rejected(self, rejected: pl.DataFrame) -> None:
        if self._again:
            with self._transaction.lookup("lines_rejected", rejected):
                rejected = self._transaction.frame(
                    "SELECT * FROM lines_rejected l WHERE NOT EXISTS (SELECT 1 FROM rejected r WHERE r.line = l.line"
                    " AND r.raw IS NOT DISTINCT FROM l.raw AND r.role = $role AND r.source = $source"
                    " AND r.file = $file) ORDER BY line",
                    self._place,
                )
        self._transaction.insert("rejected", rejected.with_columns(**self._columns()))

    def _columns(self) -> dict[str, pl.Expr]:
        return {name: pl.lit(value) for name, value in {"import_id": self._import_id, **self._place}.items()}

    def _form_ids(self, forms: pl.Series) -> pl.Series:
        for form in forms.drop_nulls().unique(maintain_order=True):
            if form not in self._forms:
                self._forms[form] = 1 + max(self._forms.values(), default=0)
                self._transaction.execute(
                    "INSERT INTO line_forms VALUES ($form_id, $form)", {"form_id": self._forms[form], "form": form}
                )
        return forms.replace_strict(self._forms, default=None, return_dtype=pl.Int32)


def raw_lines(database: Database, example_id: str) -> list[dict[str, Any]]:
    """Return an example's lines as they stood in their files: source, file, line, raw, oldest first.

    An edit's line is its parent's; its raw is None.
    """
    from pipelines.formats.bulk_lines import raw_line

    rows = database.frame(
        "SELECT o.source, o.file, o.line, o.raw, o.metadata, f.form, e.messages FROM occurrences o JOIN examples e"
        " USING (example_id) LEFT JOIN line_forms f USING (form_id) WHERE o.example_id = $example_id"
        " ORDER BY o.import_id, o.line",
        {"example_id": example_id},
    )
    found = []
    for row in rows.to_dicts():
        messages, metadata, form = row.pop("messages"), row.pop("metadata"), row.pop("form")
        if row["raw"] is None and form is not None:
            row["raw"] = raw_line(form, json.loads(messages), json.loads(metadata))
        found.append(row)
    return found
