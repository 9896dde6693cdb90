"""Imports, examples and where they occur, and lines that could not be read."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from typing import Any

import polars as pl

from pipelines.examples import EXAMPLES
from workbench.store.database import Database
from workbench.store.imports import ImportRecord, ImportWriter, raw_lines
from workbench.store.rejected_answers import as_they_read

__all__ = ["ExampleStore", "ImportRecord"]

# What an edit made stands on its parent's line, which is counted once.
_LINES_BY_ROLE = "SELECT role, count(DISTINCT (import_id, line)) AS n FROM occurrences GROUP BY role"
# Rejected lines that no later import of the same file accepted, with a mapping or after they were mended.
_UNREAD = (
    "SELECT * FROM rejected r WHERE NOT EXISTS (SELECT 1 FROM occurrences o WHERE o.role = r.role"
    " AND o.source = r.source AND o.file = r.file AND o.line = r.line AND o.import_id > r.import_id)"
)
_ONCE = {"examples": ("example_id",), "occurrences": ("example_id", "role", "source", "file", "line")}
_COLUMNS = ", ".join(f"e.{name}" for name in EXAMPLES)


class ExampleStore:
    """Questions about examples and their occurrences."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_import(
        self, record: ImportRecord, accepted: pl.DataFrame, rejected: pl.DataFrame, now: datetime
    ) -> tuple[int, int]:
        """Add a file's examples, occurrences and rejected lines in one transaction.

        Args:
            record: the file.
            accepted: columns of `EXAMPLES` plus line, raw, metadata.
            rejected: line, column, reason, remedy, raw.
            now: time of the import, UTC.

        Returns:
            How many of the accepted lines were new occurrences, and how many examples nobody had seen before.
        """
        with self.importing(record.role, record.source, record.file, now) as writer:
            writer.add(accepted, rejected)
            writer.finish(record)
        return writer.new, writer.unseen

    @contextmanager
    def importing(self, role: str, source: str, file: str, now: datetime) -> Iterator[ImportWriter]:
        """Write a file's lines block by block; all of them are there at the end, or none when it fails.

        Decisions and edits go on meanwhile; an edit may make the very example that the file brings.
        """
        with self._database.appending(_ONCE) as transaction:
            yield ImportWriter(transaction, role, source, file, now)

    def was_imported(self, role: str, source: str, file: str) -> bool:
        """Whether a file of this name was imported as the same before."""
        return bool(
            self._database.value(
                "SELECT count(*) FROM imports WHERE role = $role AND source = $source AND file = $file",
                {"role": role, "source": source, "file": file},
            )
        )

    def import_like(self, role: str, source: str, file: str, file_hash: str, reading: str) -> ImportRecord | None:
        """Return the earlier import of the same bytes, read in the same way, as the same; None when there is none."""
        names = ", ".join(field.name for field in fields(ImportRecord))
        rows = self._database.frame(
            f"SELECT {names} FROM imports WHERE file_hash = $file_hash AND role = $role AND source = $source"
            " AND file = $file AND reading = $reading ORDER BY import_id DESC LIMIT 1",
            {"role": role, "source": source, "file": file, "file_hash": file_hash, "reading": reading},
        ).to_dicts()
        return ImportRecord(**rows[0]) if rows else None

    def raw_lines(self, example_id: str) -> list[dict[str, Any]]:
        """Return an example's lines as they stood in their files: source, file, line, raw, oldest first."""
        return raw_lines(self._database, example_id)

    def with_role(self, role: str) -> pl.DataFrame:
        """Return the examples of a role that no edit has replaced, by id: the columns of `EXAMPLES`."""
        return self._database.frame(
            f"SELECT {_COLUMNS} FROM examples e WHERE e.example_id IN (SELECT example_id FROM roles WHERE role = $role)"
            " AND e.example_id IN (SELECT example_id FROM present)"
            " ORDER BY e.example_id",
            {"role": role},
        )

    def with_ids(self, ids: list[str]) -> pl.DataFrame:
        """Return examples by id, in the order of the ids; unknown ids are left out."""
        wanted = pl.DataFrame({"example_id": ids, "place": range(len(ids))}, schema_overrides={"place": pl.Int64})
        return self._database.frame(
            f"SELECT {_COLUMNS}, e.parent_id FROM examples e JOIN wanted w USING (example_id) ORDER BY w.place",
            wanted=wanted,
        )

    def occurrence_counts(self, role: str) -> pl.DataFrame:
        """Return how often each example of a role occurs: example_id, occurrences."""
        return self._database.frame(
            "SELECT example_id, count(*)::BIGINT AS occurrences FROM occurrences WHERE role = $role"
            " GROUP BY example_id ORDER BY example_id",
            {"role": role},
        )

    def first_sources(self, role: str) -> pl.DataFrame:
        """Return where each example was first seen: example_id, source, file, line."""
        return self._database.frame(
            "SELECT example_id, arg_min(source, (import_id, line)) AS source, arg_min(file, (import_id, line)) AS file,"
            " arg_min(line, (import_id, line)) AS line FROM occurrences WHERE role = $role GROUP BY example_id"
            " ORDER BY example_id",
            {"role": role},
        )

    def further_columns(self) -> pl.DataFrame:
        """Return example_id and metadata (a JSON object) of the examples whose file had further columns.

        Where an example occurs several times, its first line that has any counts. Rejected answers read as they were
        last changed.
        """
        lines = self._database.frame(
            "SELECT example_id, arg_min(metadata, (import_id, line)) AS metadata FROM occurrences"
            " WHERE metadata <> '{}' GROUP BY example_id"
        )
        return as_they_read(self._database, lines)

    def lines_with_columns(self, names: Sequence[str]) -> pl.DataFrame:
        """Return example_id and metadata (a JSON object) of every line of training data that has one of some columns.

        Lines that say the same of an example count once. Rejected answers read as they were last changed.
        """
        lines = self._database.frame(
            "SELECT DISTINCT example_id, metadata FROM occurrences WHERE role = 'train' AND metadata <> '{}'"
            " AND list_has_any(json_keys(metadata), $names) ORDER BY example_id, metadata",
            {"names": list(names)},
        )
        return as_they_read(self._database, lines)

    def licences(self) -> pl.DataFrame:
        """Return what files say of their licence: source, licence (null where a line says nothing), examples."""
        return self._database.frame(
            "SELECT source, coalesce(metadata->>'license', metadata->>'licence') AS licence,"
            " count(DISTINCT example_id)::BIGINT AS examples FROM occurrences WHERE role = 'train'"
            " GROUP BY ALL ORDER BY source, examples DESC, licence LIMIT 200"
        )

    def sources(self) -> pl.DataFrame:
        """Return the imported files, newest first."""
        return self._database.frame(
            "SELECT source, role, format, file, lines, accepted, rejected, imported_at FROM imports"
            " ORDER BY import_id DESC"
        )

    def rejected(self, limit: int, offset: int) -> pl.DataFrame:
        """Return lines that could not be read, nor were read later, in file order."""
        return self._database.frame(
            f'SELECT file, line, "column", reason, remedy, raw FROM ({_UNREAD}) ORDER BY import_id, line'
            " LIMIT $limit OFFSET $offset",
            {"limit": limit, "offset": offset},
        )

    def rejected_count(self) -> int:
        """Count lines that could not be read, nor were read later."""
        return int(self._database.value(f"SELECT count(*) FROM ({_UNREAD})"))

    def rejected_reasons(self) -> pl.DataFrame:
        """Return unread lines by file and reason, most frequent first: file, reason, remedy, lines, first_line."""
        return self._database.frame(
            "SELECT file, reason, remedy, count(*)::BIGINT AS lines, min(line) AS first_line"
            f" FROM ({_UNREAD}) GROUP BY file, reason, remedy ORDER BY lines DESC, file, first_line"
        )

    def mapping_of(self, source: str, role: str) -> str | None:
        """Return the mapping of the last import of a source in a role as a JSON object; None where there is none."""
        found = self._database.value(
            "SELECT max_by(mapping, import_id) FROM imports WHERE source = $source AND role = $role",
            {"source": source, "role": role},
        )
        return None if found is None else str(found)

    def counts(self) -> dict[str, int]:
        """Count lines by role, and rejected lines."""
        counts = {f"{row['role']}_lines": row["n"] for row in self._database.frame(_LINES_BY_ROLE).to_dicts()}
        return counts | {"rejected": self.rejected_count()}
