"""What must hold after a kill, read from the files by DuckDB and the standard library alone."""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

from tests.workbench.conftest import WordEncoder

Line = dict[str, Any]


@dataclass
class Journal:
    """What all workers until now have told to have begun and to be done."""

    begun: list[Line] = field(default_factory=list)
    done: list[Line] = field(default_factory=list)
    unfinished: list[Line] = field(default_factory=list)
    opened: list[Line] = field(default_factory=list)

    def read(self, lines: list[Line]) -> None:
        """Add what the last worker told."""
        self.opened = [line for line in lines if line["event"] == "opened"]
        begun = [line for line in lines if line["event"] == "begin"]
        done = [line for line in lines if line["event"] == "done"]
        self.begun += begun
        self.done += done
        last = next((line for line in reversed(lines) if line["event"] in ("begin", "done")), None)
        self.unfinished = [last] if last is not None and last["event"] == "begin" else []

    def of(self, kind: str) -> Iterator[tuple[Line, Line | None]]:
        """Yield what was begun of a kind, with what was acknowledged of it."""
        key = "sequence" if kind == "decide" else "token"
        done = {(line.get("session"), line[key]): line for line in self.done if line["kind"] == kind}
        for line in self.begun:
            if line["kind"] == kind:
                yield line, done.get((line.get("session"), line[key]))


def problems_of(folder: Path, journal: Journal) -> list[str]:
    """Return every breach; an empty list when the project is whole."""
    with duckdb.connect(str(folder / "workbench.duckdb"), read_only=True) as connection:
        found = [
            *_unreadable(connection),
            *_decisions(connection, journal),
            *_imports(connection, journal),
            *_edits(connection),
            *_stages(connection),
            *_versions(connection, journal),
            *_exports(connection, folder / "exports", journal),
        ]
    left = [f"left behind after opening: {line['left_behind']}" for line in journal.opened if line["left_behind"]]
    return [*found, *left, *_cache(folder / "cache"), *_backups(folder.parent, journal)]


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, *values: object) -> list[tuple[Any, ...]]:
    return connection.execute(sql, list(values)).fetchall()


def _unreadable(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Read every value of every table once."""
    for (table,) in _rows(connection, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'"):
        try:
            connection.execute(f'SELECT sum(hash(t)) FROM "{table}" t').fetchall()
        except duckdb.Error as error:
            yield f"{table} cannot be read: {error}"


def _decisions(connection: duckdb.DuckDBPyConnection, journal: Journal) -> Iterator[str]:
    count, low, high, distinct = _rows(
        connection, "SELECT count(*), min(decision_id), max(decision_id), count(DISTINCT decision_id) FROM decisions"
    )[0]
    if count and not (low == 1 and high == count == distinct):
        yield f"decisions are not numbered 1 to {count}: {low} to {high}, {distinct} distinct"
    stored = dict(
        _rows(connection, "SELECT session || ' ' || sequence, count(*) FROM decisions WHERE sequence > 0 GROUP BY 1")
    )
    for begun, done in journal.of("decide"):
        name = f"{begun['session']} {begun['sequence']}"
        there = stored.pop(name, 0)
        if done is not None and there != 1:
            yield f"the acknowledged event {name} ({begun['action']}) is there {there} times"
        if there > 1:
            yield f"the event {name} is there {there} times"
    if stored:
        yield f"events that nobody sent: {sorted(stored)}"
    batches = dict(_rows(connection, "SELECT note, count(*) FROM decisions WHERE reviewer = 'bulk' GROUP BY note"))
    for begun, done in journal.of("bulk"):
        there = batches.get(begun["token"], 0)
        if there not in ((begun["rows"],) if done else (0, begun["rows"])):
            yield f"the bulk decision {begun['token']} has {there} of {begun['rows']} rows"
    chosen = dict(_rows(connection, "SELECT reviewer, count(*) FROM decisions WHERE reviewer <> 'bulk' GROUP BY 1"))
    for begun, done in journal.of("represent"):
        there = chosen.get(begun["token"], 0)
        if there not in ((begun["rows"],) if done else (0, begun["rows"])):
            yield f"the choice of a representative {begun['token']} has {there} of {begun['rows']} rows"
    undone = {batch for (batch,) in _rows(connection, "SELECT undoes FROM decisions WHERE action = 'undo'")}
    for line in journal.done:
        if line["kind"] == "undo" and line["batch"] not in undone:
            yield f"the acknowledged undo of {line['batch']} is lost"


def _imports(connection: duckdb.DuckDBPyConnection, journal: Journal) -> Iterator[str]:
    for begun, done in journal.of("import"):
        token, good, bad = begun["token"], begun["good"], begun["lines"] - begun["good"]
        imports = _rows(connection, "SELECT lines, accepted, rejected FROM imports WHERE source = ?", token)
        lines = _rows(
            connection,
            "SELECT count(DISTINCT o.line), count(*) FILTER (e.example_id IS NULL) FROM occurrences o"
            " LEFT JOIN examples e USING (example_id) WHERE o.source = ?",
            token,
        )[0]
        rejected = _rows(connection, "SELECT count(*) FROM rejected WHERE source = ?", token)[0][0]
        whole = imports == [(begun["lines"], good, bad)] and lines == (good, 0) and rejected == bad
        absent = imports == [] and lines == (0, 0) and rejected == 0
        if not (whole or (absent and done is None)):
            yield f"the import {token} of {good} + {bad} lines is torn or lost: {imports}, {lines}, {rejected} rejected"
    without = _rows(
        connection, "SELECT count(*) FROM examples WHERE example_id NOT IN (SELECT example_id FROM occurrences)"
    )
    if without != [(0,)]:
        yield f"{without[0][0]} examples occur nowhere"


def _edits(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    torn = _rows(
        connection,
        "SELECT d.batch FROM decisions d WHERE d.action = 'edit' AND (NOT EXISTS (SELECT 1 FROM examples e WHERE"
        " e.example_id = d.replacement_id) OR NOT EXISTS (SELECT 1 FROM occurrences o WHERE o.example_id ="
        " d.replacement_id) OR 3 <> (SELECT count(*) FROM decisions x WHERE x.batch = d.batch))",
    )
    if torn:
        yield f"torn edits: {torn}"
    orphans = _rows(
        connection,
        "SELECT example_id FROM examples WHERE parent_id IS NOT NULL AND example_id NOT IN"
        " (SELECT replacement_id FROM decisions WHERE action = 'edit')",
    )
    if orphans:
        yield f"edited texts without their decision: {orphans}"
    twice = _rows(
        connection,
        "SELECT o.source, o.line FROM occurrences o JOIN present USING (example_id) GROUP BY ALL HAVING count(*) <> 1",
    )
    if twice:
        yield f"lines with more than one text present: {twice}"


def _stages(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Compare each stage's figures, which are written with its tables, with those tables."""
    counts = {
        "duplicates": "SELECT {'groups': count(DISTINCT group_id), 'pairs': (SELECT count(*) FROM duplicate_pairs)}"
        " FROM duplicates",
        "personal-data": "SELECT {'spans': count(*), 'examples': count(DISTINCT example_id)} FROM personal_data",
        "quality": "SELECT {'keep': count(*) FILTER (suggestion = 'keep'), 'drop': count(*) FILTER (suggestion ="
        " 'drop'), 'review': count(*) FILTER (suggestion = 'review')} FROM quality",
    }
    for stage, text in _rows(connection, "SELECT stage, figures FROM stages"):
        figures = json.loads(text)
        there = _rows(connection, counts[stage])[0][0] if stage in counts else {}
        wrong = {name: (value, figures.get(name, 0)) for name, value in there.items() if value != figures.get(name, 0)}
        if wrong:
            yield f"the tables of {stage} are not those of its last run: {wrong}"
    empty = _rows(connection, "SELECT count(*) FROM stages WHERE stage = 'quality'")[0][0]
    if not empty and _rows(connection, "SELECT count(*) FROM quality")[0][0]:
        yield "quality without its stage"


def _versions(connection: duckdb.DuckDBPyConnection, journal: Journal) -> Iterator[str]:
    numbers = _rows(connection, "SELECT number, version, settings FROM versions ORDER BY number")
    for number, version, settings in numbers:
        rows = _rows(
            connection,
            "SELECT example_id, split FROM version_members WHERE number = ? AND included ORDER BY example_id",
            number,
        )
        text = json.dumps([rows, json.loads(settings)], sort_keys=True)
        if hashlib.blake2b(text.encode(), digest_size=8).hexdigest() != version:
            yield f"version {number} has other members than its hash says"
    strays = _rows(
        connection, "SELECT DISTINCT number FROM version_members WHERE number NOT IN (SELECT number FROM versions)"
    )
    if strays:
        yield f"members of versions that are not there: {strays}"
    known = [version for _, version, _ in numbers]
    for line in journal.done:
        if line["kind"] in ("split", "go back") and line["version"] not in known:
            yield f"the acknowledged version {line['version']} is lost"


def _exports(connection: duckdb.DuckDBPyConnection, exports: Path, journal: Journal) -> Iterator[str]:
    known = {version for (version,) in _rows(connection, "SELECT version FROM versions")}
    for folder in sorted(exports.iterdir()):
        if folder.name.startswith("."):
            continue
        try:
            manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        except (OSError, ValueError) as error:
            yield f"the export {folder.name} has no whole manifest: {error}"
            continue
        side = manifest["side_files"]
        listed = {entry["file"] for entry in manifest["files"].values()} | {"manifest.json", *side}
        there = {path.name for path in folder.iterdir()}
        if there != listed:
            yield f"the export {folder.name} holds {sorted(there)}, not {sorted(listed)}"
        if manifest["version"] not in known:
            yield f"the export {folder.name} is of an unknown version"
        for entry in manifest["files"].values():
            data = (folder / entry["file"]).read_bytes()
            if hashlib.sha256(data).hexdigest() != entry["sha256"] or _count(entry["file"], data) != entry["rows"]:
                yield f"the export {folder.name} is torn: {entry['file']}"
        for name, digest in side.items():
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
                yield f"the export {folder.name} is torn: {name}"
    recorded = [
        (Path(folder).name, version) for folder, version in _rows(connection, "SELECT folder, version FROM exports")
    ]
    for line in journal.done:
        if line["kind"] == "export" and (line["folder"], line["version"]) not in recorded:
            yield f"the acknowledged export {line['folder']} is not recorded"
    aside = {path.name.split(".")[1] for path in exports.glob(".*.aside")}
    for line in journal.done:
        if line["kind"] == "export" and not (exports / line["folder"]).is_dir() and line["folder"] not in aside:
            yield f"the acknowledged export {line['folder']} is gone"


def _count(name: str, data: bytes) -> int:
    if name.endswith(".parquet"):
        return pl.read_parquet(io.BytesIO(data)).height
    text = data.decode("utf-8-sig")
    return len(list(csv.reader(io.StringIO(text)))) - 1 if name.endswith(".csv") else text.count("\n")


def _cache(cache: Path) -> Iterator[str]:
    """Load every shard of the embedding cache; its rows must be unit vectors."""
    for path in cache.rglob("*.npy"):
        try:
            vectors = np.load(path, allow_pickle=False)["vector"]
        except (ValueError, OSError, EOFError) as error:
            yield f"the cache {path.name} cannot be read: {error}"
            continue
        if vectors.shape[1] != WordEncoder.dimension or not np.allclose(
            np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5
        ):
            yield f"the cache {path.name} holds other things than unit vectors"


def _backups(folder: Path, journal: Journal) -> Iterator[str]:
    """Read every file of the backup, which must be there once one was acknowledged."""
    path = folder / "backup.zip"
    if not path.exists():
        if any(line["kind"] == "backup" for line in journal.done):
            yield "the acknowledged backup is gone"
        return
    try:
        with zipfile.ZipFile(path) as archive:
            files = json.loads(archive.read("backup.json"))["files"]
            for name, entry in files.items():
                if hashlib.sha256(archive.read(name)).hexdigest() != entry["sha256"]:
                    yield f"the backup's {name} is torn"
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        yield f"the backup is torn: {error}"
