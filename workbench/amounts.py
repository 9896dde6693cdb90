"""Amounts as a person would say them."""

GIB = 1 << 30


def duration(seconds: float) -> str:
    """Write seconds as a person would: 45 s, 12 min, 3.4 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
