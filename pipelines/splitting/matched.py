"""A test split as production is: whole groups drawn so that the test split's shares of the clusters are production's.

Each cluster should give production's share of the test split, but at most half of its training examples, so that what
is tested is also learned; what a cluster cannot give the others give, in proportion. Groups come in the order of their
hash, first those that fit whole into what their clusters still lack, then those that bring the test split nearer to
production although they overshoot. What is left is for train and validation.

How far the test split is from production is told as the total-variation distance of their shares of the clusters: half
the sum of the absolute differences, from 0 (the same) to 1 (nothing in common).

What was in the test split before stays there, and what was not never comes in: adding data moves nothing. So the
promise is weaker in what it meets: when production or the clusters change, only new groups bring the shares nearer.

Not covered: what production asks within a cluster; `noise.py` is about how it asks.
Source: largest remainders (Hamilton) for whole numbers; the groups' order as in `assign.py`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from pipelines.errors import CurationError
from pipelines.splitting.assign import Group, hash_of
from pipelines.splitting.settings import SplitSettings

PRODUCTION = pl.Schema({"cluster": pl.String, "title": pl.String, "weight": pl.Float64})
# So much of a cluster may be held out.
_MOST = 0.5
_NAMED = 5
_ROUNDS = 3


@dataclass(frozen=True)
class Matched:
    """Which groups are the test split.

    Attributes:
        test: ids of the groups, earlier ones among them.
        distance: of the test split's shares of the clusters from production's, 0 to 1.
        notes: how near it is, and what could not be matched.
    """

    test: set[str]
    distance: float
    notes: list[str]


def draw_matched(groups: list[Group], production: pl.DataFrame, settings: SplitSettings) -> Matched:
    """Draw the test split.

    Args:
        groups: all groups, with their examples of each cluster and their earlier place.
        production: `PRODUCTION`: weight is how often production asks about the cluster, above 0.
        settings: the test split's share, the seed.

    Returns:
        the groups of the test split. No test share gives none.

    Raises:
        CurationError: no production query, no cluster in common, or every cluster too small to be parted.
    """
    total = float(production["weight"].sum())
    if not total > 0:
        raise CurationError(
            "There is no production query in any cluster.",
            "Import queries (workbench import PROJECT FILE --as production) and run the stage coverage.",
        )
    shares = {cluster: weight / total for cluster, weight in production.select("cluster", "weight").iter_rows()}
    held = _counts(groups)
    wanted = _wanted(shares, held, settings.test * sum(group.size for group in groups))
    test = {group.group_id for group in groups if group.previous == "test"}
    lacking = Counter(wanted)
    lacking.subtract(_counts([group for group in groups if group.group_id in test]))
    free = [group for group in groups if group.previous is None]
    free.sort(key=lambda group: (hash_of(group.group_id, settings.seed), group.group_id))
    _draw(free, test, lacking)
    if settings.test > 0 and not test:
        raise CurationError(
            "No training example can be held out of the clusters that production asks about.",
            "Keep more examples of these clusters (Coverage shows them), or split by group.",
        )
    drawn = _counts([group for group in groups if group.group_id in test])
    distance = share_distance(drawn, shares)
    notes = [
        f"By production: the test split's shares of the clusters differ from production's by {distance:.1%}; those of"
        f" all examples by {share_distance(held, shares):.1%}.",
        *_unmatched(dict(production.select("cluster", "title").iter_rows()), shares, held, wanted, drawn),
    ]
    return Matched(test, distance, notes)


def _draw(free: list[Group], test: set[str], lacking: Counter[str]) -> None:
    """Add groups to the test split, first those that fit whole; give back those without which less is amiss."""
    for _ in range(_ROUNDS):
        changed = False
        for whole in (True, False):
            for group in free:
                if group.group_id not in test and _helps(group, lacking, whole):
                    test.add(group.group_id)
                    lacking.subtract(dict(_clusters(group)))
                    changed = True
        for group in free:
            if group.group_id in test and _amiss(group, lacking, 1) < _amiss(group, lacking, 0):
                test.remove(group.group_id)
                lacking.update(dict(_clusters(group)))
                changed = True
        if not changed:
            return


def share_distance(counts: Mapping[str, float], shares: Mapping[str, float]) -> float:
    """Return the total-variation distance of counts from shares, 0 to 1; 1 for no counts."""
    total = sum(counts.values())
    if not total:
        return 1.0
    return sum(abs(counts.get(name, 0) / total - shares.get(name, 0.0)) for name in {*counts, *shares}) / 2


def _clusters(group: Group) -> list[tuple[str, int]]:
    """Return how many examples of each cluster a group has; '' stands for those in none."""
    return [(value, count) for dimension, value, count in group.parts if dimension == "cluster"]


def _counts(groups: list[Group]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for group in groups:
        for cluster, count in _clusters(group):
            counts[cluster] += count
    return counts


def _wanted(shares: Mapping[str, float], held: Mapping[str, int], size: float) -> dict[str, int]:
    """Return how many examples each cluster should give: its share of the size, half of its examples at most."""
    limits = {cluster: _MOST * held.get(cluster, 0) for cluster in shares}
    given = {cluster: limit for cluster, limit in limits.items() if limit == 0}
    while True:
        # The others give what the full ones cannot; that may fill further ones.
        rest = {cluster: share for cluster, share in shares.items() if cluster not in given}
        scale = max(size - sum(given.values()), 0.0) / max(sum(rest.values()), 1e-12)
        full = {cluster: limits[cluster] for cluster, share in rest.items() if share * scale > limits[cluster]}
        if not full:
            return _whole(given | {cluster: share * scale for cluster, share in rest.items()})
        given |= full


def _whole(amounts: Mapping[str, float]) -> dict[str, int]:
    """Round to whole numbers that keep the sum: the largest remainders are rounded up."""
    down = {name: int(amount + 1e-9) for name, amount in amounts.items()}
    up = round(sum(amounts.values())) - sum(down.values())
    for name in sorted(amounts, key=lambda name: (down[name] - amounts[name], name))[: max(up, 0)]:
        down[name] += 1
    return down


def _helps(group: Group, lacking: Mapping[str, int], whole: bool) -> bool:
    """Whether a group fits into what is lacking or, where it need not fit whole, leaves less amiss than there was."""
    if whole:
        return all(count <= lacking.get(cluster, 0) for cluster, count in _clusters(group))
    return _amiss(group, lacking, -1) < _amiss(group, lacking, 0)


def _amiss(group: Group, lacking: Mapping[str, int], times: int) -> int:
    """Return by how much the group's clusters are off when its examples are lacking so many times more."""
    return sum(abs(lacking.get(cluster, 0) + times * count) for cluster, count in _clusters(group))


def _unmatched(
    titles: Mapping[str, str],
    shares: Mapping[str, float],
    held: Mapping[str, int],
    wanted: Mapping[str, int],
    drawn: Mapping[str, int],
) -> list[str]:
    """Say which clusters of production the test split lacks, and why."""
    notes = []
    absent = [cluster for cluster in shares if not held.get(cluster)]
    if absent:
        share = sum(shares[cluster] for cluster in absent)
        notes.append(
            f"{share:.1%} of production is in clusters without training examples, which cannot be tested; they are"
            f" gaps: {_listed(absent, titles, shares)}."
        )
    size = sum(drawn.values())
    full = [
        cluster
        for cluster in shares
        if held.get(cluster) and wanted[cluster] < shares[cluster] * size - 1 and wanted[cluster] >= held[cluster] // 2
    ]
    if full:
        notes.append(
            "Production asks more about some clusters than half of their training examples could test:"
            f" {_listed(full, titles, shares)}."
        )
    missed = [
        cluster
        for cluster in shares
        if cluster not in absent and abs(wanted[cluster] - drawn.get(cluster, 0)) > max(1, 0.01 * size)
    ]
    if missed:
        notes.append(
            "Groups are not cut and earlier examples stay, so these clusters' shares of the test split are off:"
            f" {_listed(missed, titles, shares)}."
        )
    return notes


def _listed(clusters: list[str], titles: Mapping[str, str], shares: Mapping[str, float]) -> str:
    first = sorted(clusters, key=lambda cluster: (-shares[cluster], cluster))
    named = ", ".join(f"{titles[cluster]} ({shares[cluster]:.1%} of production)" for cluster in first[:_NAMED])
    return named + (f" and {len(first) - _NAMED} more" if len(first) > _NAMED else "")
