"""Reading JSON strictly: what trainers and standard parsers would trip over is refused with its place.

Refused: NaN and Infinity (also as 1e999), a key that occurs twice in one object, more than `MAX_DEPTH` levels, halves
of surrogate pairs (no UTF-8 file can hold them), integers beyond Python's limit of digits. RFC 8259 leaves all of these
open, so readers differ on them, silently.
"""

import json
from typing import Any

from pipelines.formats.registry import Unfit

# Far above any real example, far below Python's own recursion limit: what is accepted here is read everywhere.
MAX_DEPTH = 64


class _DuplicateKeyError(ValueError):
    pass


class _NotFiniteError(ValueError):
    pass


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _DuplicateKeyError(key)
            seen.add(key)
    return unique


def _refuse_constant(name: str) -> Any:
    raise _NotFiniteError(name)


_DECODER = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)

_LENIENT = json.JSONDecoder(parse_int=len)  # ends only: a number's digits are not turned into a number


def parse_json(text: str) -> Any:
    """Parse one JSON value that is all of the text.

    Raises:
        Unfit: reason, remedy and the column where the parser stopped.
    """
    value, end = parse_json_at(text, _skip_blanks(text, 0))
    end = _skip_blanks(text, end)
    if end != len(text):
        raise Unfit("More text follows the JSON value.", "Write one JSON object a line.", end + 1)
    return value


def parse_json_at(text: str, start: int) -> tuple[Any, int]:
    """Parse the JSON value that begins at an offset.

    Returns:
        the value and the offset after it.

    Raises:
        Unfit: with the 1-based column, counted from the start of the text.
    """
    try:
        value, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise _explain(error, text) from None
    except _DuplicateKeyError as error:
        key = str(error)[:100].encode("ascii", "backslashreplace").decode()
        raise Unfit(
            f"The key '{key}' occurs twice in one object.", "Keep one of the two: readers differ on which they take."
        ) from None
    except _NotFiniteError as error:
        raise Unfit(
            f"{error} is no JSON value.", "Write null, a number or a text instead.", text.find(str(error), start) + 1
        ) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # the interpreter's limit of digits
        raise Unfit("A number has more digits than can be read.", "Write the number as a text, in quotes.") from None
    # Counting brackets is quick and can only overcount; the walk decides.
    if text.count("[", start, end) + text.count("{", start, end) > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise _too_deep()
    if (place := _lone_surrogate(text, value, start, end)) is not None:
        raise Unfit(
            "The text holds half of a surrogate pair, which no UTF-8 file can hold.",
            "Write the whole character, or remove the half.",
            place,
        )
    return value, end


def end_of_json(text: str, start: int) -> int | None:
    """Return the offset after the value that begins at an offset, whatever is wrong with it; None if it is no JSON."""
    try:
        return _LENIENT.raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        return None


def _too_deep() -> Unfit:
    return Unfit(f"The value is nested deeper than {MAX_DEPTH} levels.", "Flatten it, or store it as a JSON text.")


def _skip_blanks(text: str, start: int) -> int:
    while start < len(text) and text[start] in " \t\r\n":
        start += 1
    return start


def _explain(error: json.JSONDecodeError, text: str) -> Unfit:
    column = error.pos + 1
    if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
        return Unfit(
            "The JSON ends in the middle of a value: the line is cut off.", "Export this line again, whole.", column
        )
    if error.msg.startswith("Invalid control character"):
        code = f"U+{ord(text[error.pos]):04X}"
        return Unfit(
            f"A text holds the raw control character {code}.", "Escape it (as in \\n or \\u0000) or remove it.", column
        )
    return Unfit(f"This is not JSON: {error.msg}.", "Write one valid JSON object a line.", column)


def _depth(value: Any) -> int:
    """Measure the nesting without recursion."""
    deepest = 0
    stack = [(value, 1)]
    while stack:
        item, level = stack.pop()
        deepest = max(deepest, level)
        if isinstance(item, dict):
            stack.extend((child, level + 1) for child in item.values() if isinstance(child, dict | list))
        elif isinstance(item, list):
            stack.extend((child, level + 1) for child in item if isinstance(child, dict | list))
    return deepest


def _lone_surrogate(text: str, value: Any, start: int, end: int) -> int | None:
    """Return the column of the first half pair (1 if unknown); only texts with such escapes are looked at twice."""
    place = text.find("\\ud", start, end)
    if place < 0:
        place = text.find("\\uD", start, end)
    if place < 0:
        return None
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            try:
                item.encode()
            except UnicodeEncodeError:
                return place + 1
        elif isinstance(item, dict):
            stack.extend(item.keys())
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return None
