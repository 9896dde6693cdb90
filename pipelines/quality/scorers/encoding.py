"""Encoding damage: text that was read in the wrong encoding, or lost characters on the way.

1: clean. 0: UTF-8 that was read as Windows-1252 or Latin-1 ("fÃ¼r", "donâ€™t"), replacement characters, or control
characters. A run of non-ASCII characters is damage only if it can be written back in the wrong encoding and then reads
as UTF-8, which ordinary text practically never does (the test of ftfy, here without its heuristics for mixed
encodings). 0.3: a question mark inside a word, where a letter probably was.
"""

import re

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, rows_matching, scorer

_RUN = re.compile(r"[^\x00-\x7f]+")
# Lead bytes of UTF-8 as Windows-1252 shows them, before what their continuation bytes become.
SUSPECT = (
    r"[\x{C2}-\x{F4}][\x{80}-\x{BF}"
    r"\x{20AC}\x{201A}\x{0192}\x{201E}\x{2026}\x{2020}\x{2021}\x{02C6}\x{2030}\x{0160}\x{2039}\x{0152}"
    r"\x{017D}\x{2018}\x{2019}"
    r"\x{201C}\x{201D}\x{2022}\x{2013}\x{2014}\x{02DC}\x{2122}\x{0161}\x{203A}\x{0153}\x{017E}\x{0178}]"
)
LOST = r"\x{FFFD}|[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]|\x{C3} [a-z]|\x{E2}\x{20AC}"
QUESTION = r"(?i)\b[a-zà-ÿ]{1,15}\?[a-zà-ÿ]{2,15}\b"
_LOST = re.compile("\ufffd|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\u00c3 [a-z]|\u00e2\u20ac")
_QUESTION = re.compile(QUESTION)


@scorer(
    name="encoding",
    title="Damaged characters",
    dimension="format",
    suggests="drop",
    alone=True,
    description="Characters were damaged by a wrong encoding (Ã¼ for ü), or were lost.",
)
def score_encoding(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find damaged characters in prompts and answers; only those of the answer are highlighted."""
    findings: list[Finding] = []
    for column in ("prompt", "completion"):
        texts = examples[column]
        inside = column == "completion"
        where = "answer" if inside else "prompt"
        for row in rows_matching(texts, f"{SUSPECT}|{LOST}"):
            found = damage_in(texts[row])
            if found is not None:
                start, end, reason = found
                span = (start, end) if inside else (None, None)
                findings.append(Finding(row, 0.0, f"The {where} {reason}.", *span))
        for row in rows_matching(texts, QUESTION):
            found_mark = _QUESTION.search(
                re.sub(r"\S*(://|www\.|\?\w*=)\S*", lambda url: " " * len(url.group()), texts[row])
            )
            if found_mark is not None:
                span = found_mark.span() if inside else (None, None)
                reason = f"The {where} has a question mark inside a word: '{found_mark.group()}'."
                findings.append(Finding(row, 0.3, reason, *span))
    return judged(examples, findings)


def damage_in(text: str) -> tuple[int, int, str] | None:
    """Return the first damage as (start, end, what it is); None for clean text."""
    for run in _RUN.finditer(text):
        for start, end in _windows(run):
            repaired = repaired_text(text[start:end])
            if repaired is not None:
                return start, end, f"reads '{text[start:end]}' where '{repaired}' was meant"
    lost = _LOST.search(text)
    if lost is not None:
        return lost.start(), lost.end(), "has characters that were lost or are not text"
    return None


def _windows(run: re.Match[str]) -> list[tuple[int, int]]:
    """Return the run, then its parts from each possible lead character on (an intact character may stand beside)."""
    windows = [run.span()]
    for start in range(run.start(), run.end()):
        if "\u00c2" <= run.string[start] <= "\u00f4":
            windows.extend((start, start + size) for size in (2, 3, 4) if start + size <= run.end())
    return windows


def repaired_text(damaged: str) -> str | None:
    """Undo UTF-8 read as Windows-1252 (Latin-1 for the bytes that it leaves out); None where that is not possible."""
    raw = bytearray()
    for character in damaged:
        try:
            raw += character.encode("cp1252")
        except UnicodeEncodeError:
            if ord(character) > 0xFF:
                return None
            raw.append(ord(character))
    try:
        repaired = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return repaired if len(repaired) < len(damaged) and repaired.isprintable() else None
