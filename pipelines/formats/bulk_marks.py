"""Where the quotation marks of a block's lines stand, and which of its lines are plain enough to be cut at them.

A quotation mark after an odd number of backslashes is part of a text; every other one begins or ends a text. Between
the two of a text stands anything but control characters and wrong escapes, so a line in which neither occurs and whose
quotation marks stand as its form has them needs no further look (`bulk_skeleton.py`).
"""

from dataclasses import dataclass

import numpy as np

from pipelines.formats.bulk_blocks import Block

_QUOTE, _BACKSLASH, _LINE_BREAK, _RETURN, _FIRST_PRINTABLE = 34, 92, 10, 13, 32
# Bytes that are looked at together: few enough to stay in the processor's cache.
_AT_ONCE = 1 << 17
_SHORT_ESCAPES = np.zeros(256, bool)
_SHORT_ESCAPES[list(b'"\\bfnrt')] = True


@dataclass(frozen=True)
class Marks:
    """What was found of each line of a block.

    Attributes:
        begins: offset of its first byte.
        ends: offset after its last byte, without the line break and a carriage return before it.
        quotes: offsets of all quotation marks of the block that begin or end a text, rising.
        first: position in `quotes` of the line's first one.
        counts: number of the line's quotation marks.
        escaped: whether it holds a backslash.
        plain: whether it holds no control character, and no escape but the short ones that JSON writes of itself.
    """

    begins: np.ndarray
    ends: np.ndarray
    quotes: np.ndarray
    first: np.ndarray
    counts: np.ndarray
    escaped: np.ndarray
    plain: np.ndarray


def marks_of(block: Block) -> Marks:
    """Find the marks of a block's lines; a block of no lines has none."""
    data = np.frombuffer(block.data, np.uint8)
    special = _special(data)
    kinds = data[special]
    breaks = special[kinds == _LINE_BREAK]
    ends = breaks if len(breaks) and breaks[-1] == len(data) - 1 else np.append(breaks, len(data))
    if not len(data):
        ends = ends[:0]
    begins = np.concatenate(([0], ends[:-1] + 1))[: len(ends)].astype(np.int64)
    returned = (ends > begins) & (data[ends - 1] == _RETURN) if len(ends) else np.zeros(0, bool)
    quotes = special[kinds == _QUOTE]
    escapes = special[kinds == _BACKSLASH]
    last, odd = _runs(escapes)
    # The byte that the last backslash of an odd run escapes; there is none after the block's last byte.
    last = last[odd]
    after = np.minimum(last + 1, max(len(data) - 1, 0))
    quotes = _without(quotes, after[data[after] == _QUOTE])
    plain = np.ones(len(ends), bool)
    escaped = np.zeros(len(ends), bool)
    controls = special[(kinds < _FIRST_PRINTABLE) & (kinds != _LINE_BREAK)]
    controls = _without(controls, (ends - 1)[returned])
    plain[_lines(ends, controls)] = False
    plain[_lines(ends, last[~_SHORT_ESCAPES[data[after]] | (after == last)])] = False
    escaped[_lines(ends, escapes)] = True
    first = np.searchsorted(quotes, begins)
    counts = np.diff(np.append(first, len(quotes)))
    return Marks(begins, ends - returned, quotes, first, counts, escaped, plain)


def _special(data: np.ndarray) -> np.ndarray:
    """Return the offsets of quotation marks, backslashes and control characters."""
    found = [np.zeros(0, np.int64)]
    for begin in range(0, len(data), _AT_ONCE):
        part = data[begin : begin + _AT_ONCE]
        special = part < _FIRST_PRINTABLE
        special |= part == _QUOTE
        special |= part == _BACKSLASH
        found.append(np.flatnonzero(special) + begin)
    return np.concatenate(found)


def _runs(escapes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the last backslash of each run of them, and whether the run's length is odd."""
    if not len(escapes):
        return escapes, np.zeros(0, bool)
    closing = np.append(np.flatnonzero(np.diff(escapes) != 1), len(escapes) - 1)
    return escapes[closing], np.diff(closing, prepend=-1) % 2 == 1


def _without(offsets: np.ndarray, left_out: np.ndarray) -> np.ndarray:
    """Leave some out of rising offsets that hold all of them."""
    keep = np.ones(len(offsets), bool)
    keep[np.searchsorted(offsets, left_out)] = False
    return offsets[keep]


def _lines(ends: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Return in which lines some offsets are."""
    return np.searchsorted(ends, offsets)
