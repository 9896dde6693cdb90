"""Which JSON objects are of one kind, and what is the rule among them.

Objects are of one kind when their field names, folded (case and separators away), agree for at least half; a kind is
led by the first set of names that no earlier kind took, the most frequent sets first. Within a kind every field has
its most common spelling, the share of objects that have it, and the most common type of its value.

Covered: the fields of the top level and of nested objects, by path ("customer.name"). Not covered: what is inside
lists.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

SAME_KIND = 0.5
# A closed field has no more values than this; a field of another kind pairs with it when so many of its values are
# among them.
MOST_VALUES = 60
# Only so many of the most frequent kinds are compared with another, so that data of very many kinds stays cheap.
MOST_COMPARED = 200
VALUES_KNOWN = 0.9


def folded_name(name: str) -> str:
    """Fold a field's name: what is left differs between fields, not between ways of writing one."""
    return re.sub(r"[\W_]+", "", name).casefold() or name


def fields_of(value: Mapping[str, Any], path: str = "") -> Iterable[tuple[str, str, Any]]:
    """Yield (folded path, name as written, value) of every field, nested ones after their parent."""
    for name, inner in value.items():
        place = f"{path}.{folded_name(name)}" if path else folded_name(name)
        yield place, name, inner
        if isinstance(inner, dict):
            yield from fields_of(inner, place)


def type_name(value: Any) -> str:
    """Name a JSON type as a person would."""
    if value is None:
        return "null"
    for kind, name in ((bool, "true or false"), (str, "text"), (list, "a list"), (dict, "an object")):
        if isinstance(value, kind):
            return name
    return "a number"


@dataclass
class Kind:
    """Objects of one kind, and the counts that say what is usual among them."""

    lead: frozenset[str]
    rows: list[int] = field(default_factory=list)
    spellings: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    types: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    values: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def share(self, place: str) -> float:
        """Return the share of objects that have a field."""
        return self.spellings[place].total() / len(self.rows) if place in self.spellings else 0.0

    def usual_spelling(self, place: str) -> tuple[str, float]:
        """Return the most common spelling of a field and its share."""
        name, count = max(self.spellings[place].items(), key=lambda item: (item[1], item[0]))
        return name, count / self.spellings[place].total()

    def usual_type(self, place: str) -> tuple[str, float]:
        """Return the most common type of a field and its share."""
        name, count = max(self.types[place].items(), key=lambda item: (item[1], item[0]))
        return name, count / self.types[place].total()


def kinds_of(objects: Mapping[int, Mapping[str, Any]]) -> list[Kind]:
    """Sort JSON objects into kinds.

    Args:
        objects: parsed objects by row.

    Returns:
        The kinds, the largest sets of names first; every row is in exactly one.
    """
    names = {row: frozenset(folded_name(name) for name in value) for row, value in objects.items()}
    counts = Counter(names.values())
    kinds: list[Kind] = []
    kind_of: dict[frozenset[str], Kind] = {}
    # Which kinds have a name in their lead: shapes without a common name are never compared.
    having: dict[str, list[int]] = defaultdict(list)
    for shape, _ in sorted(counts.items(), key=lambda item: (-item[1], sorted(item[0]))):
        shared = {number for name in shape for number in having[name][:MOST_COMPARED]}
        near = max(
            (kinds[number] for number in sorted(shared)), key=lambda kind: _overlap(kind.lead, shape), default=None
        )
        if near is None or _overlap(near.lead, shape) < SAME_KIND:
            near = Kind(shape)
            for name in shape:
                having[name].append(len(kinds))
            kinds.append(near)
        kind_of[shape] = near
    for row in sorted(objects):
        kind = kind_of[names[row]]
        kind.rows.append(row)
        for place, name, value in fields_of(objects[row]):
            kind.spellings[place][name] += 1
            kind.types[place][type_name(value)] += 1
            if isinstance(value, str):
                kind.values[place][value.casefold()] += 1
    return kinds


def same_content(one: Kind, other: Kind) -> bool:
    """Say whether two kinds hold the same content under other names.

    They do when at least two fields, and half of the fields of either, can be paired so that the values of the rarer
    kind's field are nearly all values of the other's closed field (few distinct texts, each often).
    """
    small, large = sorted((one, other), key=lambda kind: len(kind.rows))
    closed = {place: values for place, values in large.values.items() if _is_closed(values)}
    paired = 0
    for values in small.values.values():
        fits = [place for place, known in closed.items() if _known_share(values, known) >= VALUES_KNOWN]
        if fits:
            best = max(fits, key=lambda place: (_overlap(frozenset(closed[place]), frozenset(values)), place))
            del closed[best]
            paired += 1
    return paired >= 2 and 2 * paired >= max(len(small.spellings), len(large.lead))


def _is_closed(values: Counter[str]) -> bool:
    return 2 <= len(values) <= MOST_VALUES and values.total() >= 5 * len(values)


def _known_share(values: Counter[str], known: Counter[str]) -> float:
    return sum(count for value, count in values.items() if value in known) / values.total()


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 1.0
