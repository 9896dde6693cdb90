"""Write the current version's splits to files, with a manifest of what was written and a data card."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.errors import CurationError
from pipelines.progress import Progress, no_progress
from workbench.data_card import data_card
from workbench.files import replaced_folder, write_text
from workbench.store.store import Store
from workbench.store.versions import VersionRecord

SPLITS = ("train", "validation", "test")
MANIFEST = "manifest.json"
CARD = "DATA_CARD.md"


@dataclass(frozen=True)
class FormatInfo:
    """A format that splits can be written in."""

    name: str
    title: str
    description: str


@dataclass(frozen=True)
class ExportReport:
    """What was written: split -> (path, rows, sha256), and how many examples the format could not carry."""

    folder: Path
    files: dict[str, tuple[Path, int, str]]
    left_out: int
    version: str


class Exporting:
    """Writes splits to files."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder

    def formats(self) -> list[FormatInfo]:
        """Return the formats that can be written, the one first that is written where none is named."""
        from pipelines.formats.registry import FORMATS

        found = [FormatInfo(name, entry.title, entry.description) for name, entry in FORMATS.items() if entry.can_write]
        return sorted(found, key=lambda format: format.name != "chat")

    def split_examples(self, split: str, version: VersionRecord | None = None) -> pl.DataFrame:
        """Return the curated examples of a split, by id.

        Raises:
            CurationError: nothing was split yet.
        """
        version = version or self._current()
        members = self._store.versions.members(version.number).filter(pl.col("included") & (pl.col("split") == split))
        return self._store.examples.with_ids(members["example_id"].to_list()).drop("parent_id")

    def _current(self) -> VersionRecord:
        version = self._store.versions.current()
        if version is None:
            raise CurationError("Nothing was split yet.", "Split first: workbench split, or the Split page.")
        return version

    def preview(self, format: str = "chat", split: str = "train", rows: int = 3) -> list[str]:
        """Return the first lines that an export would write, without writing them into the project.

        Raises:
            CurationError: nothing was split yet, the test split was asked for, or the format is unknown.
        """
        import tempfile

        from pipelines.formats.write import write_examples

        if split == "test":
            raise CurationError("The test split is sealed.", "Preview the train or the validation split.")
        examples = self.split_examples(split).head(rows)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"preview{suffix_of(format)}"
            write_examples(examples, path, format)
            if path.suffix == ".parquet":
                return [json.dumps(row, ensure_ascii=False) for row in pl.read_parquet(path).to_dicts()]
            return path.read_text(encoding="utf-8").splitlines()

    def export(self, out: Path, format: str = "chat", progress: Progress = no_progress) -> ExportReport:
        """Write train, validation and test files, `manifest.json` and `DATA_CARD.md` as one folder.

        The folder appears whole: it is written beside its place and put there at the end.

        Args:
            out: a folder that is new, empty, or holds an earlier export of this workbench.
            format: a format's name.
            progress: told how far it is.

        Raises:
            CurationError: nothing was split, an unknown format, or a folder with other files in it.
        """
        from pipelines.formats.write import write_examples

        version = self._current()
        out = out.expanduser().absolute()
        suffix = suffix_of(format)
        _check_folder(out)
        files: dict[str, tuple[Path, int, str]] = {}
        left_out = []
        notes: list[str] = []
        with replaced_folder(out) as draft:
            for place, split in enumerate(SPLITS):
                progress(place / len(SPLITS), f"writing {split}")
                name = f"{split}{suffix}"
                written = write_examples(self.split_examples(split, version), draft / name, format)
                files[split] = (out / name, written.rows, written.sha256)
                notes += [f"{split}: {note}" for note in written.notes]
                left_out += written.left_out.with_columns(split=pl.lit(split)).to_dicts()
            manifest = {
                "version": version.version,
                "format": format,
                "settings": version.settings,
                "files": {
                    split: {"file": path.name, "rows": rows, "sha256": sha256}
                    for split, (path, rows, sha256) in files.items()
                },
                "left_out": left_out,
                "notes": notes,
                "certificate": version.certificate,
                "sources": [
                    {name: row[name] for name in ("source", "role", "format", "file", "lines", "accepted", "rejected")}
                    for row in self._store.examples.sources().to_dicts()
                ],
            }
            write_text(draft / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False, default=str) + "\n")
            write_text(draft / CARD, data_card(self._store, version))
        self._store.versions.add_export(
            version.version, format, str(out), {name: manifest[name] for name in ("files", "format")}, self._store.now()
        )
        progress(1.0, f"exported to {out}")
        return ExportReport(out, files, len(left_out), version.version)

    def exports(self) -> pl.DataFrame:
        """Return what was exported, newest first: version, format, folder, exported_at."""
        return self._store.versions.exports()


def suffix_of(format: str) -> str:
    """Return the ending of a format's files.

    Raises:
        CurationError: the format is unknown or cannot be written.
    """
    from pipelines.formats.registry import FORMATS

    entry = FORMATS.get(format)
    if entry is None or not entry.can_write:
        writable = ", ".join(name for name, entry in FORMATS.items() if entry.can_write)
        raise CurationError(f"Splits cannot be written as '{format}'.", f"Choose one of: {writable}.")
    return entry.extensions[0]


def _check_folder(out: Path) -> None:
    """Refuse a folder with anything in it but an earlier export, which is replaced as a whole."""
    if out.exists() and not out.is_dir():
        raise CurationError(f"{out} is a file, not a folder.", "Choose a folder for the export.")
    there = {path.name for path in out.iterdir()} if out.is_dir() else set()
    others = sorted(there - _files_of_export(out / MANIFEST))
    if others:
        raise CurationError(
            f"The folder {out} holds other files, such as {others[0]}.",
            "Choose a new or an empty folder, or one that holds nothing but an earlier export.",
        )


def _files_of_export(manifest: Path) -> set[str]:
    try:
        files = json.loads(manifest.read_text("utf-8"))["files"]
        return {MANIFEST, CARD, *(str(entry["file"]) for entry in files.values())}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()
