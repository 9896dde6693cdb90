"""What the further columns of the imported files say about a split: a source key, times, names of splits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from pipelines.errors import CurationError
from workbench.store.store import Store

if TYPE_CHECKING:
    from pipelines.splitting.columns import KeySuggestion
    from pipelines.splitting.settings import SplitSettings

_MEMBERS = {"example_id": pl.String, "group_id": pl.String}


class Columns:
    """The columns that a split's settings name, read and checked before any work."""

    def __init__(self, store: Store, settings: SplitSettings, examples: int) -> None:
        """Read the columns.

        Raises:
            CurationError: a column that no example has, that is no time, that names no split, or that holds together
                more than half of the examples.
        """
        from pipelines.splitting.columns import check_key, read_splits, read_times, suggest_time

        self._store = store
        self._settings = settings
        self._examples = examples
        self._key = pl.DataFrame(schema={"example_id": pl.String, "value": pl.String})
        self._times: pl.DataFrame | None = None
        self._splits: pl.DataFrame | None = None
        if settings.key:
            self._key = self._values(settings.key)
            check_key(self._key, settings.key, examples)
        if settings.by == "time":
            column = settings.column or suggest_time(self._store.metadata.columns())
            if column is None:
                raise CurationError(
                    "No column looks like a time.", f"Name one: --by time --column NAME. Columns: {self._known()}."
                )
            self._times = read_times(self._values(column), column)
        if settings.by == "split":
            if not settings.column:
                raise CurationError("No column is named that holds the split.", f"Choose one: {self._known()}.")
            self._splits = read_splits(self._values(settings.column), settings.column)

    def _values(self, name: str) -> pl.DataFrame:
        frame = self._store.metadata.of_examples(name)
        if frame.is_empty():
            raise CurationError(
                f"No training example has a value in the column '{name}'.", f"Choose one of: {self._known()}."
            )
        return frame

    def _known(self) -> str:
        return ", ".join(self._store.metadata.columns()) or "the imported files have no further columns"

    def key_links(self) -> pl.DataFrame:
        """Return example_id, group_id: what shares a key."""
        links = self._key.select("example_id", group_id=pl.lit("key:") + pl.col("value"))
        return links.cast(pl.Schema(_MEMBERS))

    def places(self, members: pl.DataFrame) -> pl.DataFrame | None:
        """Return example_id, split where the time or a column decides; None where groups are placed by their hash.

        Args:
            members: example_id, group_id of the curated examples.
        """
        from pipelines.splitting.columns import place_by_time

        if self._times is not None:
            return place_by_time(members, self._times, self._settings.shares)
        return self._splits

    def suggested_key(self) -> KeySuggestion | None:
        """Return the column that looks like a source key, or None."""
        from pipelines.splitting.columns import suggest_key

        metadata = self._store.metadata
        return suggest_key({name: metadata.of_examples(name) for name in metadata.columns()}, self._examples)

    def notes(self) -> list[str]:
        """Return what a person should know about the columns."""
        if self._times is not None:
            lacking = self._examples - self._times.height
            missing = f" {lacking:,} examples have no time and are in train." if lacking else ""
            return [f"By time: groups whose earliest example is latest are the test split.{missing}"]
        if self._splits is not None:
            return [
                f"By the column '{self._settings.column}': groups that it parts go to the split nearer to training."
            ]
        if self._settings.key:
            return []
        found = self.suggested_key()
        if found is None:
            return []
        return [
            f"The column '{found.column}' looks like a source key ({found.values:,} values; {found.shared:.0%} of the"
            f" examples share theirs): split with it, so that one source stays on one side (--key {found.column})."
        ]
