"""Splitting examples into train, validation and test, whole groups at a time.

Everything that any group links is one group and goes to one split. How groups are placed, and how that holds when data
is added, is told in `assign.py`. The result does not depend on the order of rows.
"""

from dataclasses import dataclass

import polars as pl

from pipelines.errors import CurationError
from pipelines.examples import EXAMPLES, check_columns
from pipelines.progress import Progress, no_progress
from pipelines.splitting.assign import Group, assign_groups
from pipelines.splitting.components import MEMBERS, connect
from pipelines.splitting.matched import PRODUCTION, draw_matched
from pipelines.splitting.settings import SPLITS, SplitSettings
from pipelines.splitting.strata import even_out, group_parts, missed_strata, strata_note

ASSIGNMENTS = pl.Schema({"example_id": pl.String, "split": pl.String, "group_id": pl.String})
_TOLERANCE = 0.01
_CHAINED = 0.05


@dataclass(frozen=True)
class Split:
    """Which example is in which split.

    Attributes:
        assignments: `ASSIGNMENTS`, one row an example, sorted by example_id; a group's id is its smallest example_id.
        ratios: the achieved share of the examples of every split.
        notes: what a person should know: ratios missed and why, chained groups, groups that moved.
        settings: the settings used.
    """

    assignments: pl.DataFrame
    ratios: dict[str, float]
    notes: list[str]
    settings: SplitSettings


def split_examples(
    examples: pl.DataFrame,
    groups: pl.DataFrame,
    settings: SplitSettings | None = None,
    *,
    previous: pl.DataFrame | None = None,
    production: pl.DataFrame | None = None,
    progress: Progress = no_progress,
) -> Split:
    """Assign every example to a split.

    Args:
        examples: `EXAMPLES`; the optional columns cluster, task, source and language (text) keep the shares of their
            values alike in all splits (see `strata.py`).
        groups: example_id, group_id: what belongs together (duplicates, `link_examples`); an example may be in several
            groups, and in none.
        settings: shares, method, seed.
        previous: example_id, split of an earlier split: its examples stay where they were, whatever was added. Where
            new links join groups of two splits, the group goes to the one seen most: train, then validation.
        production: `PRODUCTION`; the test split is drawn to have its shares of the clusters (see `matched.py`).
        progress: told the share of the work.

    Returns:
        the assignments, the achieved ratios and notes.

    Raises:
        CurationError: fewer groups than splits, or production and the examples have no cluster in common.
    """
    settings = settings or SplitSettings()
    check_columns(examples, EXAMPLES, "examples")
    check_columns(groups, MEMBERS, "groups")
    if production is not None:
        check_columns(production, PRODUCTION, "production queries")
    progress(0.0, "Uniting what belongs together")
    members = connect(examples["example_id"], groups)
    sizes = members.group_by("group_id").len().sort("group_id")
    needed = sum(share > 0 for share in settings.shares.values())
    if sizes.height < needed:
        raise CurationError(
            f"{members.height} examples in {sizes.height} groups of like ones cannot fill {needed} splits.",
            "Keep more examples, or give a split the share 0.",
        )
    progress(0.4, "Placing the groups")
    notes: list[str] = []
    found = _groups(examples, members, sizes, _kept_places(members, previous, notes))
    if production is None:
        placed = _place_evenly(found, settings, notes)
    else:
        placed = _place_matched(found, production, settings, notes)
    split_of = pl.DataFrame({"group_id": list(placed), "split": list(placed.values())}, schema_overrides=MEMBERS)
    assignments = members.join(split_of, on="group_id").select(list(ASSIGNMENTS)).sort("example_id")
    counts = dict(assignments["split"].value_counts().iter_rows())
    ratios = {split: counts.get(split, 0) / members.height for split in SPLITS}
    notes += _notes(ratios, sizes, settings)
    progress(1.0, "Split the examples")
    return Split(assignments, ratios, notes, settings)


def _groups(
    examples: pl.DataFrame, members: pl.DataFrame, sizes: pl.DataFrame, previous: dict[str, str]
) -> list[Group]:
    strata: dict[str, str] = {}
    main = next((name for name in ("stratum", "cluster") if name in examples.columns), None)
    if main is not None:
        named = examples.select("example_id", stratum=pl.col(main).cast(pl.String).fill_null("")).unique("example_id")
        common = members.join(named, on="example_id").group_by("group_id", "stratum").len()
        common = common.sort(["len", "stratum"], descending=[True, False]).unique("group_id", keep="first")
        strata = dict(common.select("group_id", "stratum").iter_rows())
    parts = group_parts(examples, members)
    return [
        Group(group_id, size, strata.get(group_id, ""), previous.get(group_id), parts.get(group_id, ()))
        for group_id, size in sizes.iter_rows()
    ]


def _place_evenly(groups: list[Group], settings: SplitSettings, notes: list[str]) -> dict[str, str]:
    placed = assign_groups(groups, settings)
    if settings.method == "balanced":
        even_out(groups, placed, settings)
        if settings.by == "group":
            notes += strata_note(missed_strata(groups, placed, settings))
    return placed


def _place_matched(
    groups: list[Group], production: pl.DataFrame, settings: SplitSettings, notes: list[str]
) -> dict[str, str]:
    """Draw the test split as production is, and share out the rest between train and validation."""
    matched = draw_matched(groups, production, settings)
    notes += matched.notes
    rest = [group for group in groups if group.group_id not in matched.test]
    left = settings.train + settings.validation
    shares = {"train": settings.train / left, "validation": settings.validation / left, "test": 0.0}
    placed = _place_evenly(rest, settings.model_copy(update=shares), notes)
    return placed | dict.fromkeys(matched.test, "test")


def _kept_places(members: pl.DataFrame, previous: pl.DataFrame | None, notes: list[str]) -> dict[str, str]:
    """Return the split that each group was in; of several, the one whose examples were seen most."""
    if previous is None:
        return {}
    unknown = sorted(set(previous["split"].drop_nulls().unique()) - set(SPLITS))
    if unknown:
        raise CurationError(f"The earlier split has a split named '{unknown[0]}'.", f"Name them {', '.join(SPLITS)}.")
    order = pl.col("split").replace_strict({name: rank for rank, name in enumerate(SPLITS)}, return_dtype=pl.Int8)
    held = members.join(previous.select("example_id", "split").drop_nulls().unique("example_id"), on="example_id")
    held = held.with_columns(first=order.min().over("group_id"), rank=order)
    moved = held.filter(pl.col("rank") != pl.col("first"))
    if moved.height:
        notes.append(
            f"{moved.height:,} examples had to move to another split, because new examples link them to groups there."
        )
    kept = held.filter(pl.col("rank") == pl.col("first")).unique("group_id").select("group_id", "split")
    return dict(kept.iter_rows())


def _notes(ratios: dict[str, float], sizes: pl.DataFrame, settings: SplitSettings) -> list[str]:
    notes = []
    examples = int(sizes["len"].sum())
    largest = int(sizes["len"].max())  # type: ignore[arg-type]
    for split, share in settings.shares.items():
        if abs(ratios[split] - share) > _TOLERANCE:
            why = _why_missed(examples, largest, sizes.height, settings)
            notes.append(f"{split} holds {ratios[split]:.1%} of the examples instead of {share:.1%}: {why}.")
        if share > 0 and ratios[split] == 0:
            notes.append(f"{split} is empty.")
    if largest > max(_CHAINED * examples, 2):
        notes.append(f"One group holds {largest:,} of {examples:,} examples: look whether they belong together.")
    return notes


def _why_missed(examples: int, largest: int, groups: int, settings: SplitSettings) -> str:
    if settings.method == "hash" and settings.by == "group":
        return "the method places groups by their hash alone"
    if largest > _TOLERANCE * examples:
        return f"groups are not cut, and the largest of {groups:,} holds {largest:,} examples"
    if settings.by == "production":
        return "the clusters that production asks about hold no more, or earlier examples stay where they were"
    return "earlier examples stay where they were" if examples * _TOLERANCE >= 1 else "there are too few examples"
