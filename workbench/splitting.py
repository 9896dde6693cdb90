"""Split the kept examples without leaks and store the split as a dataset version with its certificate."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.errors import CurationError
from pipelines.progress import Progress, no_progress, part_of
from workbench.production_shares import production_clusters, production_noise
from workbench.settings import checked_settings
from workbench.split_columns import Columns
from workbench.split_strata import with_strata
from workbench.store.store import Store
from workbench.vectors import chosen_encoder, project_encoder, project_vectors

if TYPE_CHECKING:
    from pipelines.splitting.columns import KeySuggestion
    from pipelines.splitting.settings import SplitSettings


@dataclass(frozen=True)
class SplitReport:
    """What a split did: curated examples of each split, the version, the certificate, and notes for a person."""

    counts: dict[str, int]
    version: str
    certificate: dict[str, Any]
    notes: list[str]


@dataclass(frozen=True)
class SplitView:
    """The current dataset version."""

    version: str
    name: str
    counts: dict[str, int]
    created_at: datetime
    certificate: dict[str, Any]
    settings: dict[str, Any]
    notes: list[str]


class Splitting:
    """Splits and remembers the versions."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder

    def split(
        self, settings: SplitSettings | None = None, *, include_pending: bool = False, progress: Progress = no_progress
    ) -> SplitReport:
        """Split all training examples by duplicate group, so that dropped copies stay on their group's side.

        Only kept examples are part of the curated set (and pending ones where asked for), but every example gets a
        side: so training on the uncurated data cannot leak into the test split either.

        Args:
            settings: ratios and seed; defaults 80/10/10.
            include_pending: take examples that nobody decided about as kept.
            progress: told how far it is.

        Raises:
            CurationError: nothing is kept, or what the stage refuses (ratios, too few examples).
        """
        from pipelines.splitting.components import connect
        from pipelines.splitting.settings import SplitSettings
        from pipelines.splitting.split import split_examples

        settings = settings or SplitSettings()
        examples = self._store.examples.with_role("train")
        columns = Columns(self._store, settings, examples.height)
        production = production_clusters(self._store) if settings.by == "production" else None
        wanted = ["kept", "pending"] if include_pending else ["kept"]
        states = self._store.decisions.states()
        included = states.filter(pl.col("state").is_in(wanted)).select("example_id")
        if included.is_empty():
            raise CurationError(
                "No example is kept yet, so there is nothing to split.",
                "Apply the suggestions on the quality page or keep examples in review; or include pending examples.",
            )
        progress(0.05, "linking what belongs together")
        links, notes = self._links(examples, part_of(progress, 0.05, 0.3))
        groups = connect(examples["example_id"], pl.concat([links, columns.key_links()]))
        curated = examples.join(included, on="example_id", how="semi")
        placed = columns.places(groups.join(included, on="example_id", how="semi"))
        previous = self._previous(settings) if placed is None else placed
        described, told = with_strata(self._store, curated)
        split = split_examples(described, groups, settings, previous=previous, production=production)
        notes = [*columns.notes(), *notes, *told]
        members = _place_all(groups, split.assignments, included)
        noise, said = production_noise(self._store, curated) if settings.noise else (None, [])
        certificate = self._certify(curated, split.assignments, part_of(progress, 0.4, 0.95))
        version = _version_of(members.filter("included"), settings.record)
        notes = [*notes, *split.notes, *said]
        record = self._store.versions.add(
            version,
            members,
            settings=settings.record,
            certificate=certificate,
            notes=notes,
            now=self._store.now(),
            noise=noise,
        )
        progress(1.0, "split")
        return SplitReport(self._store.versions.counts(record.number), version, certificate, notes)

    def _links(self, examples: pl.DataFrame, progress: Progress) -> tuple[pl.DataFrame, list[str]]:
        """Return example_id, group_id for everything that must stay together (several rows an example), and notes."""
        from pipelines.splitting.links import link_examples, links_of_pairs

        pairs = self._store.analysis.duplicate_pairs()
        # Semantic pairs chain; those that a person can act on are in the groups.
        certain = pairs.filter(~pl.col("guarded") & pl.col("kind").is_in(["exact", "near"]))
        found = link_examples(examples, progress=progress)
        columns = ("example_id", "group_id")
        duplicates = self._store.analysis.duplicates().select(
            "example_id", group_id=pl.lit("group:") + pl.col("group_id")
        )
        parts = [duplicates, links_of_pairs(certain).select(columns), found.links.select(columns), self._kin(examples)]
        return pl.concat(parts), found.notes

    def _kin(self, examples: pl.DataFrame) -> pl.DataFrame:
        """Link examples of which one was edited into the other, also by an edit that was undone since."""
        from pipelines.splitting.components import connect

        edits = self._store.edits.links()
        sides = [edits.select(example_id=side, group_id="child_id") for side in ("parent_id", "child_id")]
        texts = pl.concat(sides).unique()
        line = connect(texts["example_id"].unique(maintain_order=True), texts)
        return line.join(examples, on="example_id", how="semi").select(
            "example_id", group_id=pl.lit("edited:") + pl.col("group_id")
        )

    def _previous(self, settings: SplitSettings) -> pl.DataFrame | None:
        """Return where examples stood in the last version of the same settings: they and their kin stay there."""
        current = self._store.versions.current()
        if current is None or current.settings != settings.record:
            return None
        members = self._store.versions.members(current.number).select("example_id", "split")
        return pl.concat([members, self._store.versions.sealed_kin(current.number).with_columns(split=pl.lit("test"))])

    def _certify(self, examples: pl.DataFrame, assignments: pl.DataFrame, progress: Progress) -> dict[str, Any]:
        from pipelines.splitting.certificate import certify_split

        progress(0.0, "embedding prompts for the certificate")
        name = chosen_encoder(self._store)
        vectors = project_vectors(self._folder, examples["prompt"].to_list(), part_of(progress, 0.0, 0.5), name)
        encoder = project_encoder(self._folder, name)
        progress(0.5, "checking pairs across splits")
        part = part_of(progress, 0.5, 1.0)
        certificate = certify_split(examples, assignments, vectors=vectors, encoder=encoder, progress=part)
        return certificate.to_json()

    def columns(self) -> list[str]:
        """Return the further columns of the imported files, any of which may be a source key, a time or a split."""
        return self._store.metadata.columns()

    def suggested_key(self) -> KeySuggestion | None:
        """Return the column that looks like a source key, or None."""
        from pipelines.splitting.settings import SplitSettings

        return Columns(self._store, SplitSettings(), self._store.examples.with_role("train").height).suggested_key()

    def current(self) -> SplitView | None:
        """Return the current version, or None before the first split."""
        record = self._store.versions.current()
        if record is None:
            return None
        return SplitView(
            record.version,
            record.name,
            self._store.versions.counts(record.number),
            record.created_at,
            record.certificate,
            record.settings,
            record.notes,
        )

    def closest_pairs(self) -> pl.DataFrame:
        """Return the most alike pairs across the current splits, without texts of the sealed test split."""
        current = self.current()
        rows = current.certificate.get("closest", []) if current else []
        return pl.DataFrame(rows)

    def versions(self) -> pl.DataFrame:
        """Return all versions, newest first."""
        return self._store.versions.all()


def read_ratios(text: str, seed: int = 0, **chosen: str | bool) -> SplitSettings:
    """Read ratios such as `80/10/10` (percent) or `0.8/0.1/0.1`; `chosen` gives key, by, column and noise.

    Raises:
        CurationError: not three numbers, or they do not sum to 100 (or 1).
    """
    from pipelines.splitting.settings import SplitSettings

    try:
        parts = [float(part) for part in text.split("/")]
    except ValueError:
        parts = []
    total = sum(parts)
    whole = 100.0 if total > 1.5 else 1.0
    if len(parts) != 3 or abs(total - whole) > 1e-6 or min(parts) < 0:
        raise CurationError(
            f"The ratios '{text}' are not three shares that sum to 100.",
            "Write train/validation/test, such as 80/10/10.",
        )
    train, validation, test = (part / whole for part in parts)
    return checked_settings(
        SplitSettings, {"train": train, "validation": validation, "test": test, "seed": seed, **chosen}, "split"
    )


def _place_all(groups: pl.DataFrame, assignments: pl.DataFrame, included: pl.DataFrame) -> pl.DataFrame:
    """Give every example the side of its group; groups without a curated example go to train.

    Args:
        groups: example_id, group_id of all training examples.
        assignments: example_id, split of the curated ones.
        included: example_id of the curated ones.

    Returns:
        example_id, split, group_id, included.
    """
    sides = groups.join(assignments.select("example_id", "split"), on="example_id")
    sides = sides.select("group_id", "split").unique()
    placed = groups.join(sides, on="group_id", how="left").with_columns(pl.col("split").fill_null("train"))
    marked = placed.join(included.with_columns(included=pl.lit(True)), on="example_id", how="left")
    return marked.select("example_id", "split", "group_id", pl.col("included").fill_null(False))


def _version_of(members: pl.DataFrame, settings: dict[str, Any]) -> str:
    """Hash a version: its sorted example ids with their splits, and the settings."""
    rows = members.select("example_id", "split").sort("example_id").rows()
    text = json.dumps([rows, settings], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
