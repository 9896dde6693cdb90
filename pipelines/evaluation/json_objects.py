"""JSON objects in texts: reading one strictly, and when two values are equal.

A text counts as an object when the whole of it, but for white space around it, is one: no code fence, no sentence
before it, no NaN or Infinity (RFC 8259 has neither). Of a name that occurs twice the last value counts, as in Python's
own reader.
"""

import json
from typing import Any


def read_object(text: str) -> dict[str, Any] | None:
    """Return the object that the text is, or None where it is none."""
    try:
        value = json.loads(text.strip(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def equal_values(left: object, right: object) -> bool:
    """Tell whether two JSON values are equal.

    Numbers are equal by value (1 and 1.0), `true` is not 1, arrays are equal in order, objects whatever the order of
    their names, strings character by character.
    """
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal_values(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal_values, left, right))
    return left == right


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
