"""Every split in proportion: the shares of clusters, tasks, sources and languages alike in train, validation and test.

Crossed, the four dimensions would make strata of a handful of examples, in which no share can be met. So each value of
each dimension is looked at on its own: of every cluster, of every task, and so on, each split should hold its share,
within 1 % of the value's examples or one example, whichever is more.

`assign.py` places the groups so that this holds for clusters; the other dimensions then hold by chance, which for a
value with 1,000 examples misses a share of 10 % by 1 % in one case of three. `even_out` mends that: groups, in the
order of their hash, move to another split as long as that brings the values that are off nearer. What is within the
bounds moves nothing, earlier groups never move, and what groups do not allow is said.

Source: iterative stratification for several labels (Sechidis, Tsoumakas, Vlahavas 2011), here as a repair, so that
adding data moves little.
"""

from collections import Counter
from collections.abc import Mapping

import polars as pl

from pipelines.splitting.assign import Group, hash_of
from pipelines.splitting.settings import SPLITS, SplitSettings

DIMENSIONS = ("cluster", "task", "source", "language")
MISSED = pl.Schema(
    {
        "dimension": pl.String,
        "value": pl.String,
        "split": pl.String,
        "examples": pl.Int64,
        "share": pl.Float64,
        "wanted": pl.Float64,
    }
)
_TOLERANCE = 0.01
# The sizes of the splits themselves are kept closer, so that evening out one value costs no ratio.
_TOTAL_TOLERANCE = 0.0025
_PASSES = 6
_ALL = ("", "")
_NAMED, _SHOWN = 3, 40

Value = tuple[str, str]
Parts = tuple[tuple[str, str, int], ...]


def group_parts(examples: pl.DataFrame, members: pl.DataFrame) -> dict[str, Parts]:
    """Return for each group how many of its examples have which value of which dimension.

    Args:
        examples: example_id, and any of `DIMENSIONS` as columns; null stands for no value.
        members: example_id, group_id.

    Returns:
        {group_id: ((dimension, value, count), ...)} in a fixed order; empty without such a column.
    """
    counted = []
    for dimension in DIMENSIONS:
        if dimension not in examples.columns:
            continue
        values = examples.select("example_id", value=pl.col(dimension).cast(pl.String).fill_null(""))
        found = members.join(values.unique("example_id"), on="example_id").group_by("group_id", "value").len()
        counted.append(found.with_columns(dimension=pl.lit(dimension)))
    if not counted:
        return {}
    table = pl.concat(counted).sort("group_id", "dimension", "value")
    lists = table.group_by("group_id", maintain_order=True).agg("dimension", "value", "len")
    return {group_id: tuple(zip(*columns, strict=True)) for group_id, *columns in lists.iter_rows()}


def even_out(groups: list[Group], place: dict[str, str], settings: SplitSettings) -> None:
    """Move free groups until every value's shares are within their bounds, or no single move helps.

    Args:
        groups: all that count; those with an earlier place stay.
        place: split of each group; changed in place.
        settings: shares and seed.
    """
    table = _Table(groups, place, settings)
    free = [group for group in groups if group.previous is None and group.parts]
    free.sort(key=lambda group: (hash_of(group.group_id, settings.seed), group.group_id))
    left = Counter(place[group.group_id] for group in groups)
    for _ in range(_PASSES):
        moved = False
        for group in free:
            here = place[group.group_id]
            if left[here] == 1 or not table.is_off(group):
                continue
            target = table.better(group, here)
            if target is not None:
                table.move(group, here, target)
                left.subtract([here])
                left.update([target])
                place[group.group_id] = target
                moved = True
        if not moved:
            break


def missed_strata(groups: list[Group], place: Mapping[str, str], settings: SplitSettings) -> pl.DataFrame:
    """Return the values whose share of a split is out of its bounds.

    Returns:
        `MISSED`: examples of the value, its share in the split and the one that was wanted; the farthest off, counted
        in examples, first.
    """
    return _Table(groups, place, settings).missed()


def strata_note(missed: pl.DataFrame) -> list[str]:
    """Say which values are out of their bounds; nothing where all are within."""
    if missed.is_empty():
        return []
    told = ", ".join(
        f"{row['split']} holds {row['share']:.1%} of {row['dimension']} '{row['value'][:_SHOWN]}'"
        f" instead of {row['wanted']:.1%}"
        for row in missed.head(_NAMED).to_dicts()
    )
    more = f", and {missed.height - _NAMED:,} more" if missed.height > _NAMED else ""
    return [f"Not every share could be kept within 1 %, because groups are not cut: {told}{more}."]


class _Table:
    """How many examples of each value each split holds, and how far that is from what it should be."""

    def __init__(self, groups: list[Group], place: Mapping[str, str], settings: SplitSettings) -> None:
        self._shares = settings.shares
        self._held: dict[Value, dict[str, int]] = {}
        for group in groups:
            for value, count in _values(group):
                self._held.setdefault(value, dict.fromkeys(SPLITS, 0))[place[group.group_id]] += count
        self._total = {value: sum(held.values()) for value, held in self._held.items()}
        self._off = {value for value in self._held if self._is_off(value)}

    def _allowed(self, value: Value) -> float:
        return max((_TOTAL_TOLERANCE if value == _ALL else _TOLERANCE) * self._total[value], 1.0)

    def _beyond(self, value: Value, split: str, count: int) -> float:
        """Return by how many examples a count is out of its bounds."""
        wanted = self._shares[split] * self._total[value]
        return max(abs(count - wanted) - self._allowed(value) - 1e-9, 0.0)

    def _is_off(self, value: Value) -> bool:
        return any(self._beyond(value, split, count) > 0 for split, count in self._held[value].items())

    def is_off(self, group: Group) -> bool:
        """Whether any value of the group, the number of examples aside, is out of its bounds."""
        return any((dimension, value) in self._off for dimension, value, _ in group.parts)

    def better(self, group: Group, here: str) -> str | None:
        """Return the split in which the group leaves the least amiss, None where that is the one it is in."""
        best, least = None, -1e-9
        for there in SPLITS:
            if there == here or self._shares[there] == 0:
                continue
            change = 0.0
            for value, count in _values(group):
                for split, now in ((here, -count), (there, count)):
                    held = self._held[value][split]
                    change += self._beyond(value, split, held + now) ** 2 - self._beyond(value, split, held) ** 2
            if change < least:
                best, least = there, change
        return best

    def move(self, group: Group, here: str, there: str) -> None:
        """Count a group in another split."""
        for value, count in _values(group):
            self._held[value][here] -= count
            self._held[value][there] += count
            self._off.discard(value)
            if self._is_off(value):
                self._off.add(value)

    def missed(self) -> pl.DataFrame:
        """Return the counts out of their bounds; see `missed_strata`."""
        rows = [
            (*value, split, self._total[value], count / self._total[value], self._shares[split], beyond)
            for value in self._off - {_ALL}
            for split, count in self._held[value].items()
            if (beyond := self._beyond(value, split, count)) > 0
        ]
        frame = pl.DataFrame(rows, schema={**MISSED, "beyond": pl.Float64}, orient="row")
        order = ["beyond", "dimension", "value", "split"]
        return frame.sort(order, descending=[True, False, False, False]).drop("beyond")


def _values(group: Group) -> list[tuple[Value, int]]:
    """Return the values of a group with its number of examples; all examples are one value too."""
    return [(_ALL, group.size), *(((dimension, value), count) for dimension, value, count in group.parts)]
