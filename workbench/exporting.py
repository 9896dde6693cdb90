"""Write the current version's splits to files, with a manifest of what was written and a data card."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from pipelines.errors import CurationError
from pipelines.progress import Progress, no_progress
from workbench.data_card import data_card
from workbench.files import replaced_folder, sha256_of, write_text
from workbench.held_out import noisy_examples
from workbench.store.store import Store
from workbench.store.versions import VersionRecord

if TYPE_CHECKING:
    from pipelines.exports.registry import Handed, Layout
    from pipelines.exports.write import Exported

MANIFEST = "manifest.json"
CARD = "DATA_CARD.md"
PROVENANCE = "provenance.jsonl"
# The second test set: the test split's prompts with production's noise.
NOISY = "test_noisy"
# A preview looks at so many examples for some that the format can carry.
_PREVIEWED = 200


@dataclass(frozen=True)
class FormatInfo:
    """A format that splits can be written in; `not_carried` says what examples are left out for."""

    name: str
    title: str
    description: str
    not_carried: tuple[str, ...]
    for_trainer: bool


@dataclass(frozen=True)
class ExportReport:
    """What was written: split -> (path, rows, sha256), how many examples the format could not carry, and why."""

    folder: Path
    files: dict[str, tuple[Path, int, str]]
    left_out: int
    version: str
    reasons: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    side_files: list[str] = field(default_factory=list)


class Exporting:
    """Writes splits to files."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder

    def formats(self) -> list[FormatInfo]:
        """Return the formats that can be written, the one first that is written where none is named."""
        from pipelines.exports.registry import layouts

        return [
            FormatInfo(layout.name, layout.title, layout.description, layout.not_carried, layout.for_trainer)
            for layout in layouts().values()
        ]

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

    def _splits(self, layout: Layout, version: VersionRecord) -> dict[str, pl.DataFrame]:
        """Return what a layout hands over: its splits, with the further columns of the imported files."""
        further = self._store.examples.further_columns()
        splits = {
            split: self._store.versions.texts(version.number, split, apart=layout.check is not None).join(
                further, on="example_id", how="left", maintain_order="left"
            )
            for split in layout.files
            if split != NOISY
        }
        if NOISY in layout.files:
            splits[NOISY] = noisy_examples(splits["test"], version)
        return splits

    def preview(self, format: str = "chat", split: str = "train", rows: int = 3) -> list[str]:
        """Return the first lines that an export would write, without writing them into the project.

        Raises:
            CurationError: nothing was split yet, the test split was asked for, the format is unknown, or it can carry
                none of the training examples.
        """
        from pipelines.exports.registry import layout_named
        from pipelines.exports.write import check_export, write_export

        if split == "test":
            raise CurationError("The test split is sealed.", "Preview the train or the validation split.")
        layout = layout_named(format)
        splits = self._splits(layout, self._current())
        check_export(splits, layout)
        if layout.needs:
            splits = {name: frame.filter(pl.col("metadata").str.contains("rejected")) for name, frame in splits.items()}
        first = {name: frame.head(_PREVIEWED if name in ("train", split) else 0) for name, frame in splits.items()}
        with tempfile.TemporaryDirectory() as folder:
            write_export(first, Path(folder), replace(layout, minimum={}, maximum={}, check=None))
            path = Path(folder) / layout.files[split]
            if path.suffix == ".parquet":
                return [json.dumps(row, ensure_ascii=False) for row in pl.read_parquet(path, n_rows=rows).to_dicts()]
            with path.open(encoding="utf-8") as file:
                return [line.rstrip("\n") for line, _ in zip(file, range(rows), strict=False)]

    def export(self, out: Path, format: str = "chat", progress: Progress = no_progress) -> ExportReport:
        """Write the split files, what the tool needs beside them, `manifest.json`, provenance and `DATA_CARD.md`.

        The folder appears whole: it is written beside its place and put there at the end. A format for a trainer or a
        service gets train and validation only: the test split stays sealed.

        Args:
            out: a folder that is new, empty, or holds an earlier export of this workbench.
            format: a format's name.
            progress: told how far it is.

        Raises:
            CurationError: nothing was split, an unknown format, one that cannot carry these examples, counts that the
                tool refuses, or a folder with other files in it.
        """
        from pipelines.exports.registry import layout_named
        from pipelines.exports.write import check_export, write_export

        version = self._current()
        layout = _with_noisy_test(layout_named(format), version)
        out = out.expanduser().absolute()
        _check_folder(out)
        splits = self._splits(layout, version)
        check_export(splits, layout)
        with replaced_folder(out) as draft:
            written = write_export(splits, draft, layout, progress=progress)
            card = data_card(self._store, version)
            side = self._side_files(draft, layout, written, card)
            written.provenance.write_ndjson(draft / PROVENANCE)
            write_text(draft / CARD, card)
            manifest = {
                "version": version.version,
                "format": format,
                "settings": version.settings,
                "files": {
                    split: {"file": file, "rows": written.rows[split], "sha256": written.hashes[file]}
                    for split, file in layout.files.items()
                },
                "side_files": {name: sha256_of(draft / name) for name in (*side, PROVENANCE, CARD)},
                "left_out": written.left_out.select("example_id", "reason", "split").to_dicts(),
                "not_carried": list(layout.not_carried),
                "notes": written.notes,
                "tool": layout.source,
                "test_split": "sealed: not handed over" if layout.for_trainer else "in its own file",
                "certificate": version.certificate,
                "noise": version.noise,
                "sources": [
                    {name: row[name] for name in ("source", "role", "format", "file", "lines", "accepted", "rejected")}
                    for row in self._store.examples.sources().to_dicts()
                ],
            }
            write_text(draft / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False, default=str) + "\n")
        self._store.versions.add_export(
            version.version, format, str(out), {name: manifest[name] for name in ("files", "format")}, self._store.now()
        )
        progress(1.0, f"exported to {out}")
        return ExportReport(
            folder=out,
            files={
                split: (out / file, written.rows[split], written.hashes[file]) for split, file in layout.files.items()
            },
            left_out=written.left_out.height,
            version=version.version,
            reasons=dict(Counter(written.left_out["reason"]).most_common()),
            notes=written.notes,
            side_files=sorted(side),
        )

    def _side_files(self, draft: Path, layout: Layout, written: Exported, card: str) -> list[str]:
        """Write what a tool needs beside the data, and the embedded base model where it is the one to be trained."""
        if layout.side_files is None:
            return []
        from pipelines.training.base_name import base_folder

        handed = self._handed(layout, written, card)
        files = layout.side_files(handed)
        for name, text in files.items():
            write_text(draft / name, text)
            if name.endswith(".sh"):
                (draft / name).chmod(0o755)
        found = list(files)
        folder = base_folder(handed.settings.base)
        if "run.sh" in files and handed.settings.base == "default" and folder is not None:
            shutil.copytree(folder, draft / "base_model")
            found += [f"base_model/{path.name}" for path in (draft / "base_model").iterdir()]
        return found

    def _handed(self, layout: Layout, written: Exported, card: str) -> Handed:
        from pipelines.exports.registry import Handed
        from pipelines.exports.trainer_files import portable_base
        from pipelines.training.settings import TrainSettings, default_settings

        # A trainer's files carry the settings of training on examples, or on pairs where they hold pairs.
        pairs = layout.needs == "rejected"
        runs = [run for run in self._store.runs.runs() if (run.method == "dpo") == pairs]
        settings = (
            TrainSettings(**runs[0].settings) if runs else default_settings("default", written.rows.get("train", 0))
        )
        return Handed(
            rows=written.rows,
            files=layout.files,
            with_system=written.with_system,
            with_tools=written.with_tools,
            base=portable_base(settings.base),
            settings=settings,
            card=card,
        )

    def exports(self) -> pl.DataFrame:
        """Return what was exported, newest first: version, format, folder, exported_at."""
        return self._store.versions.exports()


def files_of_export(manifest: Mapping[str, object]) -> dict[str, str]:
    """Return the files that a manifest names with their hashes, relative to its folder.

    Raises:
        KeyError, TypeError, AttributeError: it is no manifest of an export.
    """
    files = manifest["files"]
    side = manifest.get("side_files", {})
    assert isinstance(files, dict)
    assert isinstance(side, dict)
    return {str(entry["file"]): str(entry["sha256"]) for entry in files.values()} | side


def _with_noisy_test(layout: Layout, version: VersionRecord) -> Layout:
    """Add the second test set where the version has one and the layout hands over the test split."""
    if version.noise is None or layout.for_trainer:
        return layout
    test = Path(layout.files["test"])
    return replace(layout, files={**layout.files, NOISY: test.with_name(f"test_noisy{test.suffix}").as_posix()})


def _check_folder(out: Path) -> None:
    """Refuse a folder with anything in it but an earlier export, which is replaced as a whole."""
    if out.exists() and not out.is_dir():
        raise CurationError(f"{out} is a file, not a folder.", "Choose a folder for the export.")
    there = {path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir()} if out.is_dir() else ()
    others = sorted(set(there) - _own_files(out / MANIFEST))
    if others:
        raise CurationError(
            f"The folder {out} holds other files, such as {others[0]}.",
            "Choose a new or an empty folder, or one that holds nothing but an earlier export.",
        )


def _own_files(manifest: Path) -> set[str]:
    try:
        return {MANIFEST, CARD, *files_of_export(json.loads(manifest.read_text("utf-8")))}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, AssertionError):
        return set()
