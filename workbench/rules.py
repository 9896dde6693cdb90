"""Read a rule such as `state=pending and suggestion=drop and quality<0.4` as a filter, and ids from a file.

A rule can say all that the pages' filters can; `FIELDS` says what each field means, for the command's help.
"""

import re
from pathlib import Path

from pipelines.errors import CurationError
from workbench.store.filters import Filter

# What can stand in a rule: a field, and what it means.
FIELDS = {
    "state": "pending, kept, dropped or flagged",
    "suggestion": "keep, drop or review, as the quality stage suggests",
    "source": "where the example is from",
    "role": "train (when nothing is said), production or general",
    "cluster": "a cluster's number; -1 is none",
    "scorer": "a scorer that finds fault with it",
    "group": "a duplicate group",
    "split": "train or validation",
    "text": "words in prompt or answer, in upper or lower case",
    "regex": "a regular expression in RE2's syntax, in prompt or answer",
    "reviewer": "who has decided about it",
    "tag": "one of its tags",
    "meta.COLUMN": "a value of a further column of its file",
    "id": "an example's id",
    "quality": "with < or >, from 0 to 1; the bound itself is included",
    "decided": "alone or =yes: somebody has decided; =no: nobody has",
    "conflict": "alone: it is in conflict with another example",
    "personal": "alone: it holds personal data",
    "noted": "alone: it has a note",
}
# Of these, one of several values is enough.
_MANY = ("state", "suggestion", "source", "cluster", "scorer", "id")
_FLAGS = ("conflict", "personal", "noted", "decided")
_IN_ADDRESSES = {"text": "q"}
_META = "meta."
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
# A value in quotation marks may hold anything but the mark, ` and ` too.
_CONDITION = re.compile(
    r"(?P<field>meta\.[^=<>]*[^=<>\s]|[a-z]+)\s*"
    r"(?:(?P<sign><=|>=|<|>|=)\s*(?P<value>'[^']*'|\"[^\"]*\"|\S.*?))??(?=\s+and\s|\s*$)",
    re.IGNORECASE | re.DOTALL,
)


def read_rule(rule: str) -> Filter:
    """Read conditions joined by `and`.

    Args:
        rule: conditions on `FIELDS`: `field=value`, `field=one|another` (either), `quality<value` or `quality>value`
            (bounds are included), or a field alone that is yes or no. Quotation marks keep `and` and `|` in a value.

    Raises:
        CurationError: a condition that cannot be read, or a field that is named twice; names it.
    """
    query: dict[str, list[str]] = {}
    rest = rule.strip()
    while True:
        match = _CONDITION.match(rest)
        if match is None:
            raise _unread(_AND.split(rest)[0])
        name, values = _read_condition(match)
        if name in query:
            raise CurationError(
                f"The rule names '{match['field']}' twice.",
                "Write several values as field=one|another; bounds of quality once each.",
            )
        query[name] = values
        rest = rest[match.end() :].strip()
        if not rest:
            return Filter.from_query(query)
        rest = re.sub(r"^and\s+", "", rest, flags=re.IGNORECASE)


def _read_condition(match: re.Match[str]) -> tuple[str, list[str]]:
    """Return a condition as a parameter of an address, which has the same names but for the texts."""
    field, sign, value = match["field"], match["sign"], match["value"]
    known = field in FIELDS or field.startswith(_META)
    if value is None and field in _FLAGS:
        return field, ["yes"]
    if value is None or not known or (sign != "=") != (field == "quality"):
        raise _unread(match[0])
    if field == "quality":
        return "quality_from" if sign.startswith(">") else "quality_to", [value]
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    plain = value[1:-1] if quoted else value.strip("'\"")
    return _IN_ADDRESSES.get(field, field), plain.split("|") if field in _MANY and not quoted else [plain]


def _unread(condition: str) -> CurationError:
    return CurationError(
        f"The condition '{condition[:80]}' cannot be read.",
        f"Write field=value with a field of {', '.join(name for name in FIELDS if name not in (*_FLAGS, 'quality'))};"
        f" quality<0.4; or {', '.join(_FLAGS)}; join conditions by 'and'.",
    )


def ids_in_file(path: Path) -> list[str]:
    """Read example ids, one a line; blank lines are skipped, repeated ids count once.

    Raises:
        CurationError: the file cannot be read, or a line is no id; names the line.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CurationError(
            f"{path} cannot be read: {error}.", "Give a text file with one example id a line."
        ) from None
    ids: dict[str, None] = {}
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if text and not re.fullmatch(r"[0-9a-f]{32}", text):
            raise CurationError(
                f"{path.name}, line {number}: '{text[:40]}' is no example id.",
                "Give ids as the tables show them: 32 hexadecimal digits, one a line.",
            )
        if text:
            ids[text] = None
    return list(ids)
