"""Read a rule such as `state=pending and suggestion=drop and quality<0.4` as a filter, and ids from a file."""

import re
from pathlib import Path

from pipelines.errors import CurationError
from workbench.store.browse import Filter

_TEXTS = ("state", "suggestion", "source", "scorer", "split", "group", "text")
_FLAGS = ("conflict", "personal")
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_CONDITION = re.compile(r"(?P<field>[a-z]+)\s*(?P<sign><=|>=|<|>|=)\s*(?P<value>.+)")


def read_rule(rule: str) -> Filter:
    """Read conditions joined by `and`.

    Args:
        rule: `field=value`; `quality<value` or `quality>value` (bounds are included); or `conflict`, `personal`.

    Raises:
        CurationError: a condition that cannot be read; names it.
    """
    values: dict[str, object] = {}
    for condition in _AND.split(rule.strip()):
        values |= _read_condition(condition.strip())
    return Filter(**values)  # type: ignore[arg-type]


def _read_condition(condition: str) -> dict[str, object]:
    if condition in _FLAGS:
        return {condition: True}
    match = _CONDITION.fullmatch(condition)
    if match:
        field, sign, value = match["field"], match["sign"], match["value"].strip().strip("'\"")
        if field == "quality" and sign != "=":
            return {"quality_low" if sign.startswith(">") else "quality_high": _number(value, condition)}
        if field == "cluster" and sign == "=":
            return {"cluster": _whole(value, condition)}
        if field in _TEXTS and sign == "=":
            return {field: value}
    raise CurationError(
        f"The condition '{condition}' cannot be read.",
        f"Write field=value with a field of {', '.join(_TEXTS)}, cluster; quality<0.4; or {' or '.join(_FLAGS)};"
        " join conditions by 'and'.",
    )


def _number(text: str, condition: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise CurationError(f"In '{condition}', '{text}' is no number.", "Write a number, such as 0.4.") from None


def _whole(text: str, condition: str) -> int:
    number = _number(text, condition)
    if not number.is_integer():
        raise CurationError(f"In '{condition}', '{text}' is no cluster.", "Write a cluster's number, such as 3.")
    return int(number)


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
