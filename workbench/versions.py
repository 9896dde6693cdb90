"""Dataset versions: list them, name them, compare two, go back to one.

A version is never changed or deleted. Going back makes a new version with the same members, splits and certificate; its
test split is the sealed one from then on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from pipelines.errors import CurationError
from workbench.store.store import Store
from workbench.store.versions import VersionRecord

NAME_LENGTH = 80
SEALED_TEXT = "(sealed test example)"
CHANGES = ("added", "removed", "edited", "moved")


@dataclass(frozen=True)
class VersionView:
    """A version: its number, hash and name, curated examples of each split, and how often each was exported."""

    number: int
    version: str
    name: str
    counts: dict[str, int]
    created_at: datetime
    settings: dict[str, Any]
    current: bool


@dataclass(frozen=True)
class VersionComparison:
    """What differs between the curated examples of two versions.

    `counts` holds added, removed, edited, moved and same. An edited example counts once, as edited; one that is there
    in both but on another side is moved.

    `changes`: change, example_id, before_id (of an edited one), split_before, split_after, source, cluster.
    `by_source` and `by_cluster`: the name and a column for each kind of change, those without a change left out.
    """

    old: VersionView
    new: VersionView
    counts: dict[str, int]
    changes: pl.DataFrame
    by_source: pl.DataFrame
    by_cluster: pl.DataFrame


class Versions:
    """Lists, names, compares and restores dataset versions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> list[VersionView]:
        """Return every version, newest first; none before the first split."""
        return [self._view(record) for record in self._store.versions.all_records()]

    def find(self, wanted: str) -> VersionView:
        """Return the version of a number, name, or the beginning of a hash (at least four characters).

        Raises:
            CurationError: no version is meant, or more than one.
        """
        return self._view(self._record(wanted))

    def _record(self, wanted: str) -> VersionRecord:
        records = self._store.versions.all_records()
        text = wanted.strip()
        found = [record for record in records if text in (str(record.number), record.name, record.version)]
        if not found and len(text) >= 4:
            found = [record for record in records if record.version.startswith(text)]
        if not records:
            raise CurationError("There is no dataset version yet.", "Split first: workbench split, or the Split page.")
        if not found:
            known = ", ".join(f"{record.number} ({record.name})" for record in records[:10])
            raise CurationError(f"There is no version '{wanted}'.", f"Versions of this project: {known}.")
        # One that was restored has the hash of the first: the newest is meant, they hold the same.
        if len({record.version for record in found}) > 1:
            numbers = ", ".join(str(record.number) for record in found)
            raise CurationError(f"'{wanted}' means several versions: {numbers}.", "Give the number of one of them.")
        return found[0]

    def _view(self, record: VersionRecord) -> VersionView:
        current = self._store.versions.current()
        return VersionView(
            record.number,
            record.version,
            record.name,
            self._store.versions.counts(record.number),
            record.created_at,
            record.settings,
            current is not None and current.number == record.number,
        )

    def rename(self, wanted: str, name: str) -> VersionView:
        """Give a version another name.

        Raises:
            CurationError: no such version, or a name that is empty, too long, a number, or another version's.
        """
        record, name = self._record(wanted), name.strip()
        if not name or len(name) > NAME_LENGTH or not name.isprintable():
            raise CurationError(f"'{name}' cannot be a version's name.", f"Write 1 to {NAME_LENGTH} letters or digits.")
        if name.isdigit():
            raise CurationError(f"The name '{name}' reads like a version's number.", "Put a word into it.")
        taken = [other.number for other in self._store.versions.all_records() if other.name == name]
        if taken and taken != [record.number]:
            raise CurationError(f"Version {taken[0]} is named '{name}' already.", "Choose another name.")
        self._store.versions.rename(record.number, name)
        return self.find(str(record.number))

    def restore(self, wanted: str) -> VersionView:
        """Go back to a version: a new one with the same members and splits becomes the current one.

        Raises:
            CurationError: no such version, or it is the current one.
        """
        record = self._record(wanted)
        current = self._store.versions.current()
        if current is not None and current.number == record.number:
            raise CurationError(f"Version {record.number} is the current one.", "Choose an earlier one.")
        notes = [f"Version {record.number} ({record.name}) again."]
        opened = self._store.versions.shown_since(record.number)
        if opened:
            notes.append(
                f"{opened:,} examples of this test split were not sealed in a version between: they may have been seen"
                " in review or trained on since."
            )
        made = self._store.versions.add(
            record.version,
            self._store.versions.members(record.number),
            settings=record.settings,
            certificate=record.certificate,
            notes=[*notes, *record.notes],
            now=self._store.now(),
            noise=record.noise,
        )
        return self._view(made)

    def compare(self, old: str, new: str) -> VersionComparison:
        """Compare the curated examples of two versions.

        Raises:
            CurationError: a version that is not there.
        """
        old_record, new_record = self._record(old), self._record(new)
        before = self._store.versions.members_told(old_record.number)
        after = self._store.versions.members_told(new_record.number)
        changes = _changes(before, after, self._store.edits.links())
        kept = before.join(after, on="example_id", how="inner").filter(pl.col("split") == pl.col("split_right")).height
        counted = dict(changes.group_by("change").len().rows())
        return VersionComparison(
            self._view(old_record),
            self._view(new_record),
            {**{change: counted.get(change, 0) for change in CHANGES}, "same": kept},
            changes,
            _by(changes, "source"),
            _by(changes, "cluster"),
        )

    def texts(self, comparison: VersionComparison, change: str, limit: int = 20) -> pl.DataFrame:
        """Return the first changed examples of a kind with their texts, those of sealed examples hidden.

        Returns:
            split_before, split_after, source, cluster, prompt, completion, prompt_before, completion_before; without
            the columns that say nothing of this kind of change.
        """
        rows = comparison.changes.filter(pl.col("change") == change).head(limit)
        ids = list(dict.fromkeys([*rows["example_id"], *rows["before_id"].drop_nulls()]))
        known = self._store.examples.with_ids(ids).select("example_id", "prompt", "completion")
        hidden = pl.col("example_id").is_in(sorted(self._store.history.sealed(ids)))
        shown = known.with_columns(
            pl.when(hidden).then(pl.lit(SEALED_TEXT)).otherwise(pl.col(name)).alias(name)
            for name in ("prompt", "completion")
        )
        before = shown.rename({"example_id": "before_id", "prompt": "prompt_before", "completion": "completion_before"})
        told = rows.join(shown, on="example_id", how="left", maintain_order="left")
        told = told.join(before, on="before_id", how="left", maintain_order="left")
        told = told.drop("change", "example_id", "before_id")
        return told.select(column.name for column in told if column.null_count() < told.height)


_COLUMNS = ("change", "example_id", "before_id", "split_before", "split_after", "source", "cluster")


def _changes(before: pl.DataFrame, after: pl.DataFrame, edits: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each example that differs, as `VersionComparison.changes` says."""
    sides = before.join(after, on="example_id", how="full", suffix="_after", coalesce=True)
    sides = sides.select(
        "example_id",
        source=pl.coalesce("source_after", "source"),
        cluster=pl.coalesce("cluster_after", "cluster"),
        split_before="split",
        split_after="split_after",
    )
    moved = sides.filter(pl.col("split_before") != pl.col("split_after")).with_columns(
        change=pl.lit("moved"), before_id=pl.lit(None, pl.String)
    )
    gone, come = sides.filter(pl.col("split_after").is_null()), sides.filter(pl.col("split_before").is_null())
    pairs = _edited(gone["example_id"].to_list(), come["example_id"].to_list(), edits)
    edited = (
        come.join(pairs, on="example_id")
        .drop("split_before")
        .join(gone.select(before_id="example_id", split_before="split_before", mapped="cluster"), on="before_id")
        # An edit since the map was made has no place on it; its parent had.
        .with_columns(change=pl.lit("edited"), cluster=pl.coalesce("cluster", "mapped"))
    )
    added = come.join(pairs, on="example_id", how="anti").with_columns(change=pl.lit("added"))
    removed = gone.join(pairs, left_on="example_id", right_on="before_id", how="anti").with_columns(
        change=pl.lit("removed")
    )
    none = pl.lit(None, pl.String)
    parts = [added.with_columns(before_id=none), removed.with_columns(before_id=none), edited, moved]
    return pl.concat([part.select(_COLUMNS) for part in parts]).sort("change", "example_id")


def _edited(gone: list[str], come: list[str], edits: pl.DataFrame) -> pl.DataFrame:
    """Pair examples that went with those that came where edits lead from one to the other, each at most once."""
    root: dict[str, str] = {}

    def find(name: str) -> str:
        while (up := root.setdefault(name, name)) != name:
            root[name] = name = root.setdefault(up, up)
        return name

    for parent, child in edits.rows():
        root[find(parent)] = find(child)
    waiting: dict[str, list[str]] = {}
    for example_id in sorted(gone, reverse=True):
        waiting.setdefault(find(example_id), []).append(example_id)
    pairs = [
        {"example_id": example_id, "before_id": waiting[find(example_id)].pop()}
        for example_id in sorted(come)
        if waiting.get(find(example_id))
    ]
    return pl.DataFrame(pairs, schema={"example_id": pl.String, "before_id": pl.String})


def _by(changes: pl.DataFrame, column: str) -> pl.DataFrame:
    """Count changes of each kind by a column, most changed first."""
    counts = [(pl.col("change") == change).sum().cast(pl.Int64).alias(change) for change in CHANGES]
    grouped = changes.with_columns(pl.col(column).fill_null("(none)")).group_by(column).agg(*counts, pl.len())
    return grouped.sort("len", column, descending=[True, False]).drop("len")
