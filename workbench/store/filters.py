"""The filter: which examples are meant, and how a filter is written into a page's address and read back.

An address is typed by anybody. What it names must be a filter, and each value must be one that the filter could have;
values are only ever compared with what is stored.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from pipelines.errors import CurationError

STATES = ("pending", "kept", "dropped", "flagged")
SUGGESTIONS = ("keep", "drop", "review")
# A held-out file must not be looked at by way of an address.
ROLES_IN_ADDRESSES = ("train", "production", "general")
# Longer texts and lists make no address that programs pass on whole (2,000 characters are safe everywhere).
LONGEST_TEXT, MOST_VALUES, MOST_IDS = 500, 40, 40

Values = str | tuple[str, ...] | None
Reader = Callable[[str, Sequence[str]], object]


@dataclass(frozen=True)
class Filter:
    """Which examples are meant; fields that are None or empty say nothing, the others all hold.

    Where a field takes several values, one of them is enough. `text` ignores case; `regex` is in RE2's syntax, as
    written (begin with `(?i)` to ignore case); both look at prompt and completion.
    """

    state: Values = None
    suggestion: Values = None
    source: Values = None
    role: str = "train"
    cluster: int | tuple[int, ...] | None = None
    scorer: Values = None
    conflict: bool = False
    personal: bool = False
    group: str | None = None
    text: str = ""
    quality_low: float | None = None
    quality_high: float | None = None
    split: str | None = None
    ids: tuple[str, ...] | None = None
    regex: str = ""
    decided: bool | None = None
    noted: bool = False
    reviewer: str | None = None
    tag: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()

    def to_query(self) -> dict[str, list[str]]:
        """Return the filter as the parameters of an address; an empty filter gives none.

        Ids beyond `MOST_IDS` are left out: `fits_address` tells.
        """
        query: dict[str, list[str]] = {}
        for name in _MANY:
            query[name] = [str(value) for value in several(getattr(self, name))]
        for name, field in _TEXTS.items():
            query[name] = [str(getattr(self, field))] if getattr(self, field) not in (None, "") else []
        for name in _FLAGS:
            query[name] = ["yes"] if getattr(self, name) else []
        query["decided"] = [] if self.decided is None else ["yes" if self.decided else "no"]
        query["role"] = [] if self.role == "train" else [self.role]
        query["id"] = list(self.ids or ()) if self.fits_address else []
        query |= {f"{_METADATA}{key}": [value] for key, value in self.metadata}
        return {name: values for name, values in query.items() if values}

    @property
    def fits_address(self) -> bool:
        """Whether an address can hold all that the filter says."""
        return self.ids is None or 0 < len(self.ids) <= MOST_IDS

    @classmethod
    def from_query(cls, query: Mapping[str, Sequence[str]]) -> "Filter":
        """Read the filter in an address; no parameters give the filter without conditions.

        Raises:
            CurationError: a name that is no filter, or a value that the filter cannot have.
        """
        values: dict[str, object] = {}
        for name, given in query.items():
            if not given:
                continue
            for value in given:
                _check_text(name, value)
            if name.startswith(_METADATA) and len(name) > len(_METADATA):
                values["metadata"] = (*_pairs(values), (name.removeprefix(_METADATA), given[-1]))
            elif name in _READERS:
                field, read = _READERS[name]
                values[field] = read(name, given)
            else:
                raise CurationError(
                    f"The address names '{name[:60]}', which is no filter.",
                    f"Use the filters above the table; an address may name {', '.join(_READERS)}, {_METADATA}COLUMN.",
                )
        return replace(cls(), **values)  # type: ignore[arg-type]


def several(value: object) -> tuple[object, ...]:
    """Return the values that a field allows; none when it says nothing."""
    if value is None or value == "":
        return ()
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def check_filter(chosen: Filter) -> None:
    """Refuse texts that nothing stored can hold.

    Raises:
        CurationError: half a character, as broken file names and terminals make them.
    """
    texts = [getattr(chosen, field.name) for field in fields(chosen)]
    for text in (part for value in [*texts, *(pair for pair in chosen.metadata)] for part in several(value)):
        if isinstance(text, str):
            _check_encodable(text)


def _check_encodable(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise CurationError(
            f"The text {text[:60]!a} holds half a character.", "Write the character again as a whole."
        ) from None


_METADATA = "meta."
_MANY = ("state", "suggestion", "source", "cluster", "scorer")
_FLAGS = ("conflict", "personal", "noted")
# The name in the address -> the filter's field.
_TEXTS = {
    "q": "text",
    "regex": "regex",
    "group": "group",
    "split": "split",
    "reviewer": "reviewer",
    "tag": "tag",
    "quality_from": "quality_low",
    "quality_to": "quality_high",
}


def _check_text(name: str, value: str) -> None:
    _check_encodable(value)
    if len(value) > LONGEST_TEXT or len(name) > LONGEST_TEXT:
        raise CurationError(
            f"The filter '{name[:60]}' is given a value of {len(value):,} characters.",
            f"Search for {LONGEST_TEXT} characters at most.",
        )


def _pairs(values: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    pairs = values.get("metadata", ())
    return pairs if isinstance(pairs, tuple) else ()


def _wrong(name: str, value: str, allowed: str) -> CurationError:
    return CurationError(f"The filter '{name}' is given the value '{value[:60]}'.", f"It can be {allowed}.")


def _any_of(allowed: Iterable[str] | None = None) -> Reader:
    def read(name: str, given: Sequence[str]) -> object:
        if len(given) > MOST_VALUES:
            raise _wrong(name, f"{len(given)} values", f"{MOST_VALUES} values at most")
        for value in given:
            if allowed is not None and value not in allowed:
                raise _wrong(name, value, f"one of {', '.join(allowed)}")
        return given[0] if len(given) == 1 else tuple(dict.fromkeys(given))

    return read


def _clusters(name: str, given: Sequence[str]) -> object:
    # Clusters are numbered from 0; -1 is what belongs to none.
    numbers = [int(value) for value in given if re.fullmatch(r"-?[0-9]{1,9}", value, re.ASCII)]
    if len(numbers) < len(given) or len(numbers) > MOST_VALUES:
        raise _wrong(name, given[0], "a cluster's number")
    return numbers[0] if len(numbers) == 1 else tuple(dict.fromkeys(numbers))


def _last(name: str, given: Sequence[str]) -> object:
    return given[-1]


def _one_of(*allowed: str) -> Reader:
    def read(name: str, given: Sequence[str]) -> object:
        if given[-1] not in allowed:
            raise _wrong(name, given[-1], f"one of {', '.join(allowed)}")
        return given[-1]

    return read


def _yes(name: str, given: Sequence[str]) -> object:
    return _one_of("yes", "no")(name, given) == "yes"


def _share(name: str, given: Sequence[str]) -> object:
    if not re.fullmatch(r"0|1|[01]?\.[0-9]{1,17}", given[-1], re.ASCII) or not 0 <= float(given[-1]) <= 1:
        raise _wrong(name, given[-1], "a number from 0 to 1")
    return float(given[-1])


def _ids(name: str, given: Sequence[str]) -> object:
    if len(given) > MOST_IDS or not all(re.fullmatch("[0-9a-f]{32}", value) for value in given):
        raise _wrong(name, given[0], f"up to {MOST_IDS} example ids, as the tables show them")
    return tuple(dict.fromkeys(given))


_READERS = {
    "state": ("state", _any_of(STATES)),
    "suggestion": ("suggestion", _any_of(SUGGESTIONS)),
    "source": ("source", _any_of()),
    "cluster": ("cluster", _clusters),
    "scorer": ("scorer", _any_of()),
    "split": ("split", _one_of("train", "validation")),
    "role": ("role", _one_of(*ROLES_IN_ADDRESSES)),
    "decided": ("decided", _yes),
    "id": ("ids", _ids),
    "quality_from": ("quality_low", _share),
    "quality_to": ("quality_high", _share),
    **{name: (name, _yes) for name in _FLAGS},
    **{name: (_TEXTS[name], _last) for name in ("q", "regex", "group", "reviewer", "tag")},
}
