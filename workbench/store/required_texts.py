r"""Which texts every match of a regular expression holds, so that a plain comparison can leave out the rest.

RE2 looks quickly for what an expression begins with, but reads every sign of every text where it begins with something
open (`\d+ apples`). A plain search for `apples` takes a sixth of that time, and what does not hold it needs
no expression. The expression is read by Python's own parser; where its syntax and RE2's say different things nothing is
required, and the expression alone decides as before.
"""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# Each comparison costs as much as a tenth of the expression; a shorter text leaves hardly anything out.
MOST_TEXTS = 3
SHORTEST_TEXT = 3
# Signs beyond ASCII match these whatever the case, the Kelvin sign and the long s, and lower() may leave them apart.
_FOLDED_FROM_BEYOND = frozenset("ks")
# A class by name, which Python takes for signs in brackets.
_NOT_IN_PYTHON = "[:"


@dataclass(frozen=True)
class RequiredTexts:
    """Texts that a match holds, the longest first; `any_case`: in lower case, to be compared with the lower case."""

    texts: tuple[str, ...] = ()
    any_case: bool = False


def required_texts(pattern: str) -> RequiredTexts:
    """Return what a text must hold for an expression in RE2's syntax to match it.

    Returns:
        No text where none is known to be required, where Python cannot read the expression, and where case is ignored
        and RE2 looks quickly for what the expression begins with (one letter of which is neither k nor s).
    """
    if _NOT_IN_PYTHON in pattern:
        return RequiredTexts()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed: Any = re._parser.parse(pattern)  # type: ignore[attr-defined]
    except (re.error, OverflowError, RecursionError):
        return RequiredTexts()
    any_case = bool(parsed.state.flags & re.IGNORECASE)
    if any_case and _begins_quickly(list(parsed)):
        return RequiredTexts()
    runs = set(_runs(list(parsed), any_case))
    texts = sorted((run for run in runs if len(run) >= SHORTEST_TEXT), key=lambda run: (-len(run), run))
    return RequiredTexts(tuple(texts[:MOST_TEXTS]), any_case)


def _begins_quickly(parts: list[Any]) -> bool:
    return bool(parts) and str(parts[0][0]) == "LITERAL" and chr(parts[0][1]).lower() not in _FOLDED_FROM_BEYOND


def _runs(parts: list[Any], any_case: bool) -> Iterator[str]:
    """Yield the texts that stand in a row in what has to match in any case."""
    run = ""
    for name, value in parts:
        kind = str(name)
        sign = chr(value) if kind == "LITERAL" else ""
        if any_case:
            sign = sign.lower() if sign.isascii() and sign.lower() not in _FOLDED_FROM_BEYOND else ""
        if sign:
            run += sign
            continue
        if kind == "AT":
            # A place between two signs, which takes none itself.
            continue
        yield run
        run = ""
        if kind == "SUBPATTERN":
            added, taken = value[1], value[2]
            if not added and not taken:
                yield from _runs(list(value[3]), any_case)
        elif kind in ("MAX_REPEAT", "MIN_REPEAT") and value[0] >= 1:
            yield from _runs(list(value[2]), any_case)
    yield run
