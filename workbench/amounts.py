"""Amounts as a person would say them."""

import re

GIB = 1 << 30
_HASH = re.compile("[0-9a-f]{32,}")


def duration(seconds: float) -> str:
    """Write seconds as a person would: 45 s, 12 min, 3.4 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def short(value: object) -> str:
    """Write a value for a table: numbers to four digits, a long hash by its beginning, None as a dash."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if value is None:
        return "–"
    words = str(value)
    return words[:16] if _HASH.fullmatch(words) else words
