"""Read completions that are JSON, or were meant to be.

A completion counts as meant to be JSON when it opens with `{` or `[` the way JSON does, when it is a fenced block of
JSON, or when it holds at least two `"key":` pairs and ends in `}`. For those that do not parse, the reader says why
and where, and whether the text simply stops (a cut answer) or is wrong in itself. Keys given twice and the constants
NaN and Infinity, which Python lets pass, are refused.

Not covered: JSON inside prose; JSON lines.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

import polars as pl

OPENING = r'^\s*(\{\s*(["\'}]|\w+["\']?\s*:)|\[\s*[\[{"])'
FENCE = r"(?s)^\s*```(?:json|JSON)?[ \t]*\r?\n(\s*[\[{].*?)(?:\r?\n\s*```\s*|\s*)$"
PAIR = re.compile(r'"[^"\n]{1,60}"\s*:')

# A name and a colon, in whatever quotes, or none; or a list whose first entry is a text.
_ANY_PAIR = re.compile(r"""["']?\w[\w -]{0,60}["']?\s*:""")
_LIST = re.compile(r'\s*\[\s*"')
_OPENING = re.compile(OPENING)
_FENCE = re.compile(FENCE)


@dataclass(frozen=True)
class JsonText:
    """A completion that is or was meant to be JSON.

    Attributes:
        value: what was parsed, None where it does not parse.
        error: why it does not parse, None where it does.
        position: the character of the completion where reading failed.
        cut: whether the text stops before the JSON does.
        fenced: whether it stands in a code fence.
    """

    value: Any = None
    error: str | None = None
    position: int = 0
    cut: bool = False
    fenced: bool = False


def read_json_texts(completions: pl.Series) -> list[JsonText | None]:
    """Read every completion; None where it was never meant to be JSON."""
    found: list[JsonText | None] = [None] * len(completions)
    likely = completions.str.contains(r"^\s*(\{|\[|```)|\}\s*$").fill_null(False).arg_true().to_list()
    for row in likely:
        found[row] = read_json_text(completions[row])
    return found


def read_json_text(completion: str) -> JsonText | None:
    """Read one completion; None where it was never meant to be JSON."""
    fence = _FENCE.match(completion)
    if fence is not None:
        return _parse(fence.group(1), fence.start(1), fenced=True)
    opened = _OPENING.match(completion) is not None and (_ANY_PAIR.search(completion) or _LIST.match(completion))
    if not opened and not _ends_like_an_object(completion):
        return None
    return _parse(completion, 0, fenced=False)


def _ends_like_an_object(completion: str) -> bool:
    """Say whether an opening brace seems to be missing: pairs of keys and values, then a closing brace."""
    if not completion.rstrip().endswith("}") or "{" in completion[:200]:
        return False
    return len(PAIR.findall(completion)) >= 2


def _parse(text: str, offset: int, *, fenced: bool) -> JsonText:
    try:
        value = json.loads(text, object_pairs_hook=_distinct, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        cut = error.msg.startswith("Unterminated string") or error.pos >= len(text.rstrip()) or _half_word(text, error)
        return JsonText(None, error.msg, offset + error.pos, cut, fenced)
    except RecursionError:
        return JsonText(None, "nested too deeply", offset, False, fenced)
    except ValueError as error:
        return JsonText(None, str(error), offset, False, fenced)
    return JsonText(value, fenced=fenced)


def _half_word(text: str, error: json.JSONDecodeError) -> bool:
    """Say whether what could not be read is the beginning of true, false or null at the very end."""
    rest = text[error.pos :].strip()
    return bool(rest) and any(word.startswith(rest) for word in ("true", "false", "null"))


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key is given twice")
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
