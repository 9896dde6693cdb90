"""What is written in the place of personal data: the name of its kind, or the value's own stand-in.

`[e-mail]` says only what stood there. A stand-in, `[e-mail-qkzjwyfp]`, also keeps apart who is who: it is taken from
HMAC-SHA256 of the kind and the value under a key of the project, so that nobody without the key can try values out.
Values that differ only in how they are written (case, blanks, dashes) get one stand-in. Stand-ins hold no digit and no
@, so that no pattern finds them again.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable

# 26^8 are 2 * 10^11 stand-ins: among 100,000 values, two share one with a chance of about 2 per cent.
LETTERS = 8

Spans = Iterable[tuple[str, int, int]]


def label(kind: str, value: str) -> str:
    """Return what redaction writes: the kind, whatever the value."""
    return f"[{kind}]"


def stand_in(kind: str, value: str, key: bytes) -> str:
    """Return the stand-in of a value.

    Args:
        kind: a name of `KINDS`.
        value: as it stands in the text.
        key: the project's secret.
    """
    number = int.from_bytes(hmac.new(key, f"{kind}\n{folded(kind, value)}".encode(), hashlib.sha256).digest())
    letters = []
    for _ in range(LETTERS):
        number, letter = divmod(number, 26)
        letters.append(chr(ord("a") + letter))
    return f"[{kind}-{''.join(letters)}]"


def folded(kind: str, value: str) -> str:
    """Return a value without what may differ between two ways of writing it."""
    if kind in ("phone", "card", "social security number"):
        return re.sub(r"\D", "", value).removeprefix("00" if kind == "phone" else "")
    if kind == "iban":
        return re.sub(r"[\s-]", "", value).upper()
    return value if kind in ("key", "password") else value.casefold()


def replace_spans(text: str, spans: Spans, written: Callable[[str, str], str]) -> str:
    """Return a text with spans replaced.

    Args:
        text: any text.
        spans: (kind, start, end), not overlapping; what lies outside the text is passed over.
        written: what takes the place of (kind, value).
    """
    parts, place = [], 0
    for kind, start, end in sorted(spans, key=lambda span: span[1]):
        if place <= start < end <= len(text):
            parts += [text[place:start], written(kind, text[start:end])]
            place = end
    return "".join([*parts, text[place:]])
