"""Dataset versions: which example stands on which side, and what was exported."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from workbench.store.database import Database

# What a test example was edited from, or once was edited into, reads almost like it.
_SEAL_KIN = (
    "INSERT INTO sealed_kin WITH RECURSIVE edits AS (SELECT example_id AS a, replacement_id AS b FROM decisions"
    " WHERE action = 'edit'), links AS (SELECT a, b FROM edits UNION SELECT b AS a, a AS b FROM edits),"
    " kin AS (SELECT example_id FROM version_members WHERE number = $number AND split = 'test'"
    " UNION SELECT l.b FROM kin JOIN links l ON l.a = kin.example_id)"
    " SELECT $number, example_id FROM kin"
    " WHERE example_id NOT IN (SELECT example_id FROM version_members WHERE number = $number)"
)


@dataclass(frozen=True)
class VersionRecord:
    """One dataset version, without its members."""

    number: int
    version: str
    name: str
    settings: dict[str, Any]
    certificate: dict[str, Any]
    notes: list[str]
    created_at: datetime
    noise: dict[str, Any] | None = None


class VersionStore:
    """Questions about dataset versions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        version: str,
        members: pl.DataFrame,
        *,
        settings: Mapping[str, object],
        certificate: Mapping[str, object],
        notes: list[str],
        now: datetime,
        noise: Mapping[str, object] | None = None,
    ) -> VersionRecord:
        """Store a version; it becomes the current one, whose test split is sealed.

        Args:
            version: hash of the sorted example ids, the split map and the settings.
            members: example_id, split, group_id, included (part of the curated set).
            settings: of the split.
            certificate: what was checked between the splits.
            notes: what a person should know.
            now: time, UTC.
            noise: of production, where there is to be a second test set with it.
        """
        with self._database.transaction() as transaction:
            number = 1 + int(transaction.value("SELECT coalesce(max(number), 0) FROM versions"))
            record = VersionRecord(
                number,
                version,
                f"version {number}",
                dict(settings),
                dict(certificate),
                list(notes),
                now,
                None if noise is None else dict(noise),
            )
            transaction.execute(
                "INSERT INTO versions (number, version, name, settings, certificate, notes, created_at, noise)"
                " VALUES ($number, $version, $name, $settings, $certificate, $notes, $now, $noise)",
                {
                    "number": number,
                    "version": version,
                    "name": record.name,
                    "settings": json.dumps(record.settings),
                    "certificate": json.dumps(record.certificate),
                    "notes": json.dumps(record.notes),
                    "now": now,
                    "noise": None if record.noise is None else json.dumps(record.noise),
                },
            )
            transaction.insert("version_members", members.with_columns(number=pl.lit(number, pl.Int32)))
            transaction.execute(_SEAL_KIN, {"number": number})
        return record

    def current(self) -> VersionRecord | None:
        """Return the newest version, or None before the first split."""
        versions = self._records("WHERE number = (SELECT max(number) FROM versions)")
        return versions[0] if versions else None

    def all_records(self) -> list[VersionRecord]:
        """Return every version, newest first."""
        return self._records("ORDER BY number DESC")

    def rename(self, number: int, name: str) -> None:
        """Give a version another name; its members and its hash stay."""
        with self._database.transaction() as transaction:
            transaction.execute(
                "UPDATE versions SET name = $name WHERE number = $number", {"number": number, "name": name}
            )

    def members_told(self, number: int) -> pl.DataFrame:
        """Return the curated members of a version with what a comparison tells of them.

        Returns:
            example_id, split, source (of its first line), cluster (title; None before the coverage stage).
        """
        return self._database.frame(
            "SELECT m.example_id, m.split, o.source, c.title AS cluster FROM version_members m"
            " LEFT JOIN (SELECT example_id, arg_min(source, (import_id, line)) AS source FROM occurrences"
            " GROUP BY example_id) o USING (example_id)"
            " LEFT JOIN (SELECT example_id, any_value(title) AS title FROM clusters GROUP BY example_id) c"
            " USING (example_id) WHERE m.number = $number AND m.included ORDER BY m.example_id",
            {"number": number},
        )

    def shown_since(self, number: int) -> int:
        """Count the test examples of a version that some later version did not seal: they were open to review."""
        return int(
            self._database.value(
                "SELECT count(DISTINCT example_id) FROM (SELECT m.example_id, v.number FROM version_members m"
                " JOIN versions v ON v.number > m.number WHERE m.number = $number AND m.split = 'test') open"
                " WHERE NOT EXISTS (SELECT 1 FROM version_members s WHERE s.number = open.number"
                " AND s.example_id = open.example_id AND s.split = 'test')",
                {"number": number},
            )
        )

    def with_version(self, version: str) -> VersionRecord | None:
        """Return the newest version of that hash, or None."""
        versions = self._records("WHERE version = $version ORDER BY number DESC", {"version": version})
        return versions[0] if versions else None

    def _records(self, where: str, values: Mapping[str, object] | None = None) -> list[VersionRecord]:
        rows = self._database.frame(f"SELECT * FROM versions {where}", values).to_dicts()
        parsed = ("settings", "certificate", "notes", "noise")
        return [VersionRecord(**{**row, **{name: json.loads(row[name] or "null") for name in parsed}}) for row in rows]

    def members(self, number: int) -> pl.DataFrame:
        """Return example_id, split, group_id, included of a version."""
        return self._database.frame(
            "SELECT example_id, split, group_id, included FROM version_members WHERE number = $number"
            " ORDER BY example_id",
            {"number": number},
        )

    def texts(self, number: int, split: str, *, apart: bool = False) -> pl.DataFrame:
        """Return example_id and messages of the curated members of a split, by id; `apart` adds prompt and completion.

        Polars sorts, by moving references; DuckDB would move the texts.
        """
        columns = "e.example_id, e.messages, e.prompt, e.completion" if apart else "e.example_id, e.messages"
        return self._database.frame(
            f"SELECT {columns} FROM version_members m"
            " JOIN examples e USING (example_id) WHERE m.number = $number AND m.included AND m.split = $split",
            {"number": number, "split": split},
        ).sort("example_id")

    def member_sizes(self, number: int) -> pl.DataFrame:
        """Return example_id, split, tokens, turns of the curated members of a version, by id."""
        return self._database.frame(
            "SELECT m.example_id, m.split, e.tokens, e.turns FROM version_members m JOIN examples e USING (example_id)"
            " WHERE m.number = $number AND m.included ORDER BY m.example_id",
            {"number": number},
        )

    def sealed_kin(self, number: int) -> pl.DataFrame:
        """Return what is sealed with a version though no member of it: other texts of its test examples."""
        return self._database.frame(
            "SELECT DISTINCT example_id FROM sealed_kin WHERE number = $number ORDER BY example_id", {"number": number}
        )

    def counts(self, number: int) -> dict[str, int]:
        """Count the curated examples of each split."""
        rows = self._database.frame(
            "SELECT split, count(*) AS n FROM version_members WHERE number = $number AND included GROUP BY split",
            {"number": number},
        ).to_dicts()
        return {"train": 0, "validation": 0, "test": 0} | {row["split"]: row["n"] for row in rows}

    def all(self) -> pl.DataFrame:
        """Return every version with its counts, newest first."""
        return self._database.frame(
            "SELECT v.version, v.name, v.created_at, count(*) FILTER (m.included AND m.split = 'train') AS train,"
            " count(*) FILTER (m.included AND m.split = 'validation') AS validation,"
            " count(*) FILTER (m.included AND m.split = 'test') AS test FROM versions v"
            " LEFT JOIN version_members m USING (number) GROUP BY v.number, v.version, v.name, v.created_at"
            " ORDER BY v.number DESC"
        )

    def add_export(self, version: str, format: str, folder: str, manifest: Mapping[str, object], now: datetime) -> None:
        """Record that a version was written to a folder."""
        with self._database.transaction() as transaction:
            transaction.execute(
                "INSERT INTO exports VALUES ($version, $format, $folder, $manifest, $now)",
                {
                    "version": version,
                    "format": format,
                    "folder": folder,
                    "manifest": json.dumps(dict(manifest)),
                    "now": now,
                },
            )

    def exports(self) -> pl.DataFrame:
        """Return what was exported, newest first."""
        return self._database.frame(
            "SELECT version, format, folder, exported_at FROM exports ORDER BY exported_at DESC"
        )
