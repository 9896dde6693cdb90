"""Read files into the project: every line ends as an example's occurrence or as a rejected line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.errors import CurationError
from pipelines.examples import messages_of
from pipelines.progress import Progress, no_progress, part_of
from workbench.files import sha256_of
from workbench.settings import checked_settings
from workbench.store.imports import ImportRecord
from workbench.store.store import Store

if TYPE_CHECKING:
    from pipelines.formats.read import ReadResult, ReadSettings

ROLES = ("train", "production", "test", "general")
PREVIEW_ROWS = 5
# Enough lines to judge a file's shape by, few enough for a preview to come at once.
PREVIEW_LINES = 200


@dataclass(frozen=True)
class Preview:
    """The first rows of a file as they would be imported.

    A row has line, messages and metadata; one that would be rejected has reason, remedy and raw instead.
    """

    format: str
    columns: list[str]
    rows: list[dict[str, Any]]
    warnings: list[str]


@dataclass(frozen=True)
class FileReport:
    """What became of one file.

    `new` accepted lines were not in the project from this file before, `known` ones were; `examples` counts what no
    line of any file had said yet.
    """

    file: str
    source: str
    format: str
    lines: int
    accepted: int
    new: int
    known: int
    rejected: int
    warnings: list[str]
    mapping: dict[str, str] = field(default_factory=dict)
    examples: int = 0


@dataclass(frozen=True)
class ImportReport:
    """What became of the files of one import; `passed_over` names what a folder holds besides, with the reason."""

    files: list[FileReport]
    passed_over: list[tuple[str, str]] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        """Lines that are examples."""
        return sum(file.accepted for file in self.files)

    @property
    def new(self) -> int:
        """Lines that were not in the project before."""
        return sum(file.new for file in self.files)

    @property
    def rejected(self) -> int:
        """Lines that could not be read; they are kept with the reason."""
        return sum(file.rejected for file in self.files)


class Importing:
    """Reads files in."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def preview(
        self,
        path: Path,
        format: str = "auto",
        mapping: Mapping[str, str] | None = None,
        role: str = "train",
        normalise: Sequence[str] = (),
    ) -> Preview:
        """Read a file, or the first of a folder or an archive, without storing anything and return its first rows.

        Raises:
            CurationError: the file cannot be read at all.
        """
        from pipelines.formats.archive import opened_files

        with opened_files(path) as (_, found):
            values = {"format": format, "role": role, "mapping": dict(mapping or {}), "normalise": list(normalise)}
            result = _read(found.files[0], {**values, "limit": PREVIEW_LINES})
        rows: list[dict[str, Any]] = [
            {
                "line": row["line"],
                "messages": messages_of(row["messages"]),
                "metadata": json.loads(row["metadata"]),
                "reason": None,
            }
            for row in islice(result.accepted.iter_rows(named=True), PREVIEW_ROWS)
        ]
        rows += [
            {
                "line": row["line"],
                "messages": [],
                "metadata": {},
                "reason": row["reason"],
                "remedy": row["remedy"],
                "raw": row["raw"],
            }
            for row in islice(result.rejected.iter_rows(named=True), PREVIEW_ROWS - len(rows))
        ]
        return Preview(result.format, list(result.columns), rows, list(result.warnings))

    def import_files(
        self,
        paths: Sequence[Path],
        role: str = "train",
        format: str = "auto",
        source: str | None = None,
        mapping: Mapping[str, str] | None = None,
        progress: Progress = no_progress,
        normalise: Sequence[str] = (),
        limits: Mapping[str, int] | None = None,
    ) -> ImportReport:
        """Import files; each is stored whole or not at all, and lines that are there already are not added again.

        Args:
            paths: files, or folders and archives, of which every file that ends as data does is read.
            role: train, production, test (held-out file to check against) or general.
            format: a format's name, or auto.
            source: name for where the data is from; the file's or folder's name when not given.
            mapping: our field name -> the file's column, such as {"prompt": "question"}; None takes what the last
                import of the same source and role was given.
            progress: told how far it is.
            normalise: what to even out in the messages: unicode, white-space, keys.
            limits: other limits than those of `ReadSettings` and `FolderLimits`, by name.

        Raises:
            CurationError: an unknown role, or a file that cannot be read at all.
        """
        if role not in ROLES:
            raise CurationError(f"'{role}' is no role of data.", f"Choose one of: {', '.join(ROLES)}.")
        from pipelines.formats.archive import opened_files
        from pipelines.formats.folder import FolderLimits, shown_name

        given = dict(limits or {})
        of_folders = {name: given.pop(name) for name in list(given) if name in FolderLimits.model_fields}
        folder_limits = checked_settings(FolderLimits, of_folders, "import")
        report = ImportReport([])
        for place, path in enumerate(paths):
            part = part_of(progress, place / len(paths), (place + 1) / len(paths))
            named = source or (path.resolve().name if path.is_dir() else path.stem)
            columns = self.mapping_of(named, role) if mapping is None else mapping
            with opened_files(path, folder_limits) as (folder, found):
                report.passed_over.extend(found.passed_over)
                for number, file in enumerate(found.files):
                    inner = part_of(part, number / len(found.files), (number + 1) / len(found.files))
                    shown = shown_name(file, folder)
                    values: dict[str, Any] = {"format": format, "role": role, "mapping": dict(columns)}
                    values |= {"normalise": list(normalise), **given}
                    # Of several files, or by what was said another time, some may have other columns.
                    strict = mapping is not None and len(found.files) == 1
                    report.files.append(self._import_file(file, shown, named, values, inner, strict))
        return report

    def _import_file(
        self,
        path: Path,
        shown: str,
        source: str,
        values: Mapping[str, Any],
        progress: Progress,
        strict: bool,
    ) -> FileReport:
        from pipelines.formats.bulk_reading import READING, Reading
        from pipelines.formats.read import ReadSettings

        settings = checked_settings(ReadSettings, values, "import")
        role, mapping = settings.role, settings.mapping
        way = json.dumps([READING, settings.model_dump()], sort_keys=True)
        with ThreadPoolExecutor(1, "hashing") as hashing:
            hashed = hashing.submit(_hash_of, path)
            if self._store.examples.was_imported(role, source, shown):
                earlier = self._store.examples.import_like(role, source, shown, hashed.result(), way)
                if earlier is not None:
                    progress(1.0, f"{path.name} is in the project already")
                    return _known_report(earlier, mapping)
            missing = _missing_columns(path, settings, strict)
            reading = Reading(path, settings)
            with self._store.examples.importing(role, source, shown, self._store.now()) as writer:
                for block in reading.blocks(part_of(progress, 0.0, 0.97)):
                    writer.add(block.accepted, block.rejected)
                progress(0.98, f"storing {path.name}")
                record = ImportRecord(
                    role=role,
                    source=source,
                    format=reading.format,
                    file=shown,
                    file_hash=hashed.result(),
                    lines=reading.lines,
                    accepted=reading.accepted,
                    rejected=reading.rejected,
                    mapping=json.dumps(dict(mapping), sort_keys=True),
                    reading=way,
                )
                writer.finish(record)
        progress(1.0, f"imported {path.name}")
        return FileReport(
            shown,
            source,
            record.format,
            record.lines,
            record.accepted,
            writer.new,
            record.accepted - writer.new,
            record.rejected,
            [*missing, *_other_split(shown, role), *reading.warnings],
            dict(mapping),
            writer.unseen,
        )

    def mapping_of(self, source: str, role: str = "train") -> dict[str, str]:
        """Return which columns the last import of a source was given for what; empty when it was given none."""
        return dict(json.loads(self._store.examples.mapping_of(source, role) or "{}"))

    def rejected_reasons(self) -> pl.DataFrame:
        """Return why lines could not be read, most frequent first: file, reason, remedy, lines, first_line."""
        return self._store.examples.rejected_reasons()

    def rejected(self, limit: int = 200, offset: int = 0) -> pl.DataFrame:
        """Return lines that could not be read, nor were read later: file, line, column, reason, remedy, raw."""
        return self._store.examples.rejected(limit, offset)

    def rejected_count(self) -> int:
        """Count lines that could not be read."""
        return self._store.examples.rejected_count()


def _read(path: Path, values: Mapping[str, Any]) -> ReadResult:
    from pipelines.formats.read import ReadSettings, read_file

    return read_file(path, checked_settings(ReadSettings, values, "import"))


def _missing_columns(path: Path, settings: ReadSettings, strict: bool) -> list[str]:
    """Warn of columns that were mapped and that no row at the file's beginning has.

    Raises:
        CurationError: it has none of them, and `strict`: the mapping was meant for something else.
    """
    if not settings.mapping:
        return []
    from pipelines.formats.read import read_file

    columns = read_file(path, settings.model_copy(update={"limit": PREVIEW_LINES})).columns
    missing = [column for column in settings.mapping.values() if column not in columns]
    named = ", ".join(f"'{column}'" for column in missing)
    if strict and columns and len(missing) == len(settings.mapping):
        raise CurationError(
            f"{path.name} has no column {named}; it has: {', '.join(columns[:12])[:300]}.",
            "Map columns that are there.",
        )
    return [f"No row at the beginning has the mapped column {named}."] if missing and columns else []


def _other_split(shown: str, role: str) -> list[str]:
    """Warn of a file that is named as one to test or validate on, and is imported to train on."""
    parts = {part for part in re.split(r"[^a-z]+", shown.casefold()) if part}
    named = sorted(parts & {"test", "validation", "valid", "dev", "eval"})
    if role != "train" or not named:
        return []
    return [f"Its name says '{named[0]}', but it was imported to train on; a held-out file is imported as test."]


def _hash_of(path: Path) -> str:
    """Hash a file; '' where it cannot be read, which the reading tells in full; a pipe would be waited for."""
    try:
        return sha256_of(path) if path.is_file() else ""
    except (OSError, ValueError):
        return ""


def _known_report(earlier: ImportRecord, mapping: Mapping[str, str]) -> FileReport:
    return FileReport(
        earlier.file,
        earlier.source,
        earlier.format,
        earlier.lines,
        earlier.accepted,
        0,
        earlier.accepted,
        earlier.rejected,
        ["The same file was imported before: nothing was added."],
        dict(mapping),
    )
