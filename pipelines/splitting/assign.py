"""Which split a group goes to.

balanced: groups above 1 % of the examples first, largest first, each to the split that lacks most; then, stratum by
stratum, the others in the order of their hash, filled into train, validation and test up to the shares of the stratum.
What rounding leaves over in one stratum is made up for in the next, so ratios hold to within about half a group.

hash: a group's hash, a number from 0 to 1, falls below the share of train, of train and validation, or above.

The two wishes, a fixed place and exact ratios, pull at each other. A place that depends on nothing but the hash never
moves, but meets ratios only by chance (at 2,000 groups a share of 10 % comes out as 10 % ± 0.7); a place that meets
ratios depends on what else is there. So balanced takes the earlier split as an input: groups that were placed stay, and
only new ones are distributed. Without it, the cuts in the order of hashes shift a little when data comes in, and groups
beside the cuts may move.

Source: METHODS of group splitting: largest first, hash as tie-break, whole groups; systematic sampling along the hash.
"""

import hashlib
from dataclasses import dataclass

from pipelines.splitting.settings import SPLITS, SplitSettings

_LARGE = 0.01


@dataclass(frozen=True)
class Group:
    """A group to place.

    Attributes:
        group_id: smallest id of its examples.
        size: number of examples.
        stratum: the one that most of its examples are in.
        previous: the split it was in before, if any.
        parts: (dimension, value, number of examples) for every value of every dimension; see `strata.py`.
    """

    group_id: str
    size: int
    stratum: str
    previous: str | None = None
    parts: tuple[tuple[str, str, int], ...] = ()


def assign_groups(groups: list[Group], settings: SplitSettings) -> dict[str, str]:
    """Place every group.

    Args:
        groups: in any order; ids are distinct.
        settings: shares, method, seed.

    Returns:
        {group_id: split}; every split with a share above 0 gets a group where there are enough free ones.
    """
    place = {group.group_id: group.previous for group in groups if group.previous is not None}
    free = [group for group in groups if group.previous is None]
    if settings.method == "hash":
        place.update({group.group_id: _by_hash(group, settings) for group in free})
        return place
    total = sum(group.size for group in groups)
    taken = dict.fromkeys(SPLITS, 0.0)
    for group in groups:
        if group.previous is not None:
            taken[group.previous] += group.size
    wanted = {split: share * total for split, share in settings.shares.items()}
    large = [group for group in free if group.size > max(_LARGE * total, 1)]
    for group in sorted(large, key=lambda group: (-group.size, hash_of(group.group_id, settings.seed))):
        split = max((split for split in SPLITS if wanted[split] > 0), key=lambda split: wanted[split] - taken[split])
        place[group.group_id] = split
        taken[split] += group.size
    _place_small(groups, place, settings)
    _fill_empty(free, place, settings)
    return place


def hash_of(group_id: str, seed: int) -> float:
    """Hash a group's id to a number from 0 up to, not including, 1."""
    digest = hashlib.blake2b(f"{seed}:{group_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def _by_hash(group: Group, settings: SplitSettings) -> str:
    point = hash_of(group.group_id, settings.seed)
    bound = 0.0
    chosen = "train"
    for split, share in settings.shares.items():
        if share > 0:
            chosen = split
            bound += share
            if point < bound:
                break
    return chosen


def _place_small(groups: list[Group], place: dict[str, str], settings: SplitSettings) -> None:
    """Fill what is not placed yet into the shares of its stratum, in the order of hashes."""
    strata: dict[str, list[Group]] = {}
    for group in groups:
        strata.setdefault(group.stratum, []).append(group)
    owed = dict.fromkeys(SPLITS, 0.0)
    for _, members in sorted(strata.items()):
        size = sum(group.size for group in members)
        for split, share in settings.shares.items():
            owed[split] += share * size
        for group in members:
            if group.group_id in place:
                owed[place[group.group_id]] -= group.size
        waiting = [group for group in members if group.group_id not in place]
        waiting.sort(key=lambda group: (hash_of(group.group_id, settings.seed), group.group_id))
        room = _room(owed, sum(group.size for group in waiting), settings)
        for group in waiting:
            split = next((name for name in SPLITS if room[name] >= group.size / 2), "")
            split = split or max((name for name in SPLITS if settings.shares[name] > 0), key=lambda name: room[name])
            room[split] -= group.size
            owed[split] -= group.size
            place[group.group_id] = split


def _room(owed: dict[str, float], size: int, settings: SplitSettings) -> dict[str, float]:
    """Scale what is owed to the size of what can still be placed."""
    positive = {split: max(amount, 0.0) if settings.shares[split] > 0 else 0.0 for split, amount in owed.items()}
    total = sum(positive.values())
    if total <= 0:
        return {split: share * size for split, share in settings.shares.items()}
    return {split: amount * size / total for split, amount in positive.items()}


def _fill_empty(free: list[Group], place: dict[str, str], settings: SplitSettings) -> None:
    """Give every split that should have examples at least one group: the smallest free one of the richest split."""
    for split in SPLITS:
        if settings.shares[split] == 0 or split in place.values():
            continue
        held = {name: [group for group in free if place[group.group_id] == name] for name in SPLITS}
        counts = {name: list(place.values()).count(name) for name in SPLITS}
        donors = [name for name in SPLITS if counts[name] > 1 and held[name]]
        if not donors:
            continue
        donor = max(donors, key=lambda name: counts[name])
        moved = min(held[donor], key=lambda group: (group.size, -hash_of(group.group_id, settings.seed)))
        place[moved.group_id] = split
