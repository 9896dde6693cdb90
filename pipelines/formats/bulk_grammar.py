r"""The grammar of plain lines: what a whole line of JSON looks like whose texts need not be parsed one by one.

    {"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}], "source": "wiki"}

A file is written by one program, so nearly all its lines have the same columns, key order and blanks; only the texts
differ. `learn_form` takes these from one line that was read in full. The pattern of a form is a regular expression for
the whole line: a line that matches is valid JSON with exactly these keys in this order, roles that are known, and
texts that JSON readers agree on (no raw control character, no half surrogate pair). So it has no key twice, no NaN, no
number as content, and can be cut at its separators: a quotation mark within a JSON text stands after a backslash, and
every separator here holds one that does not.

Not covered, and so read line by line: messages with further keys or content parts, numbers with exponents, nested
objects, other blanks than Python's or JavaScript's writers make.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.formats.registry import Format
from pipelines.formats.roles import ROLES

_PAIR = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_UNIT = r"\\u(?:[0-9abcefABCEF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2})"
TEXT = rf'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|{_UNIT}|{_PAIR})*"'
# Integers that every reader holds exactly and writes as they stand; decimals are written anew by `json`.
_INTEGER = r"(?:0|-?[1-9][0-9]{0,17})"
_DECIMAL = r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,17}"
_SCALAR = rf"(?:{TEXT}|{_DECIMAL}|{_INTEGER}|true|false|null)"


# What the marks in the place of texts begin with (`bulk_lines.py`): a private-use character that no key may hold.
MARK_BEGIN = "\ue000"
# What stands between items and after keys: as `json.dumps` writes by default, and without blanks.
_STYLES = ((", ", ": "), (",", ":"))
# Shapes that take their texts as they are, whatever stands in them.
_PLAIN_SHAPES = frozenset({"chat", "sharegpt", "prompt-completion", "alpaca"})
_TURN_KEYS = (("role", "content"), ("content", "role"), ("from", "value"), ("value", "from"))
SPEAKERS = ROLES | {"human", "gpt", "chatgpt", "bot", "model", "observation"}


def value_pattern(item: str) -> str:
    """Return the pattern of a value that is no part of the conversation, or of a list of such."""
    return rf"(?:{_SCALAR}|\[(?:{_SCALAR}(?:{item}{_SCALAR})*)?\])"


@dataclass(frozen=True)
class LineForm:
    """How lines of one kind are written.

    Attributes:
        columns: the keys of the object, in their order.
        texts: columns that hold a text of the conversation.
        turns: the column that holds a list of turns, or None.
        turn_keys: the two keys of a turn, in their order.
        item: what stands between two items.
        colon: what stands after a key.
        ascii_keys: whether keys are written with ASCII escapes.
    """

    columns: tuple[str, ...]
    texts: tuple[str, ...]
    turns: str | None
    turn_keys: tuple[str, str]
    item: str
    colon: str
    ascii_keys: bool

    @property
    def speaks_first(self) -> bool:
        """Whether a turn names its speaker before its text."""
        return self.turn_keys[0] in ("role", "from")

    @property
    def metadata(self) -> tuple[str, ...]:
        """Columns that are no part of the conversation."""
        return tuple(column for column in self.columns if column not in self.texts and column != self.turns)

    def key(self, name: str) -> str:
        """Return a key as it is written, with what follows it."""
        return f"{json.dumps(name, ensure_ascii=self.ascii_keys)}{self.colon}"

    def pattern(self) -> str:
        """Return the regular expression of a whole line."""
        fields = (re.escape(self.key(column)) + self._value(column) for column in self.columns)
        return rf"^\{{{self.item.join(fields)}\}}$"

    def write(self, row: dict[str, Any]) -> str:
        """Write a row as its line was written."""
        return json.dumps(row, ensure_ascii=False, separators=(self.item, self.colon))

    def _value(self, column: str) -> str:
        if column in self.texts:
            return TEXT
        if column != self.turns:
            return value_pattern(self.item)
        speaker = f'"(?:{"|".join(sorted(SPEAKERS))})"'
        values = (speaker, TEXT) if self.speaks_first else (TEXT, speaker)
        pairs = (re.escape(self.key(key)) + value for key, value in zip(self.turn_keys, values, strict=True))
        turn = rf"\{{{self.item.join(pairs)}\}}"
        return rf"\[{turn}(?:{self.item}{turn})*\]"


def learn_form(line: str, row: dict[str, Any], shape: Format, fields: Sequence[str]) -> LineForm | None:
    """Learn how lines are written from one of them.

    Args:
        line: its text.
        row: what it holds.
        shape: the shape that recognises its columns.
        fields: columns that the shape takes.

    Returns:
        the form, or None when the line is not plain.
    """
    if shape.name not in _PLAIN_SHAPES or any(not isinstance(key, str) or MARK_BEGIN in key for key in row):
        return None
    style = _style_of(line, row)
    if style is None:
        return None
    turns = [column for column in fields if isinstance(row[column], list)]
    texts = tuple(column for column in fields if isinstance(row[column], str))
    if len(turns) + len(texts) != len(fields) or len(turns) != (shape.name in ("chat", "sharegpt")):
        return None
    turn_keys = _TURN_KEYS[0]
    if turns:
        kinds = {tuple(turn) if isinstance(turn, dict) else () for turn in row[turns[0]]}
        found = next(iter(kinds)) if len(kinds) == 1 else ()
        # A column named like a turn's key could not be told from one when a line is cut.
        if found not in _TURN_KEYS or set(found) & row.keys():
            return None
        turn_keys = (found[0], found[1])
    item, colon, ascii_only = style
    return LineForm(tuple(row), texts, turns[0] if turns else None, turn_keys, item, colon, ascii_only)


def _style_of(line: str, row: dict[str, Any]) -> tuple[str, str, bool] | None:
    for item, colon in _STYLES:
        for ascii_only in (False, True):
            if json.dumps(row, ensure_ascii=ascii_only, separators=(item, colon)) == line:
                return item, colon, ascii_only
    return None
