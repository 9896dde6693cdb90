"""Planted near-duplicates: turns with one edit of seven kinds, and turns in which every number is another one.

The strength of the edits is this benchmark's own choice.
"""

import random
import re
from collections.abc import Sequence

NUMBER = re.compile(r"\d+")
SENTENCE = re.compile(r"(?<=[.!?])\s+")
SYNONYMS = dict(
    pair.split(":")
    for pair in [
        "big:large",
        "small:little",
        "important:crucial",
        "use:employ",
        "help:assist",
        "show:display",
        "make:create",
        "begin:start",
        "many:numerous",
        "good:fine",
        "quick:fast",
        "different:distinct",
        "also:additionally",
        "provide:give",
        "ensure:guarantee",
    ]
)


Turn = tuple[str, str]
NUMBERS_ONLY = "numbers only"


def _typo(turn: Turn, draw: random.Random) -> Turn | None:
    words = turn[1].split(" ")
    long = [place for place, word in enumerate(words) if len(word) > 4 and word.isalpha()]
    if len(words) < 20 or not long:
        return None
    place = draw.choice(long)
    at = draw.randrange(1, len(words[place]) - 2)
    word = words[place]
    words[place] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return turn[0], " ".join(words)


def _swap(turn: Turn, draw: random.Random) -> Turn | None:
    words = turn[1].split(" ")
    if len(words) < 20:
        return None
    at = draw.randrange(len(words) - 1)
    words[at], words[at + 1] = words[at + 1], words[at]
    return turn[0], " ".join(words)


def _synonym(turn: Turn, draw: random.Random) -> Turn | None:
    words = turn[1].split(" ")
    known = [place for place, word in enumerate(words) if word in SYNONYMS]
    if len(words) < 20 or not known:
        return None
    place = draw.choice(known)
    words[place] = SYNONYMS[words[place]]
    return turn[0], " ".join(words)


def _append(turn: Turn, draw: random.Random) -> Turn | None:
    return (turn[0], turn[1].rstrip() + " I hope that this helps.") if len(turn[1].split()) >= 30 else None


def _truncate(turn: Turn, draw: random.Random) -> Turn | None:
    words = turn[1].split(" ")
    return (turn[0], " ".join(words[: int(0.9 * len(words))])) if len(words) >= 20 else None


def _reorder(turn: Turn, draw: random.Random) -> Turn | None:
    sentences = SENTENCE.split(turn[1])
    if len(sentences) < 3 or "\n" in turn[1]:
        return None
    at = draw.randrange(len(sentences) - 1)
    sentences[at], sentences[at + 1] = sentences[at + 1], sentences[at]
    return turn[0], " ".join(sentences)


def _case(turn: Turn, draw: random.Random) -> Turn | None:
    return (turn[0].upper(), turn[1].replace(",", "").replace(".", " !")) if len(turn[1].split()) >= 5 else None


def _numbers(turn: Turn) -> Turn | None:
    if not NUMBER.search(turn[0]) or not NUMBER.search(turn[1]):
        return None
    prompt, answer = (NUMBER.sub(lambda found: str(int(found[0][:12]) + 37), text) for text in turn)
    return prompt, answer


def plant(turns: Sequence[Turn], seed: int) -> tuple[list[Turn], list[tuple[int, str]]]:
    """Return edited copies of a third of the turns, and for each the place of its turn and the kind of edit."""
    draw = random.Random(seed)
    planted: list[tuple[int, str]] = []
    copies: list[Turn] = []
    for place, turn in enumerate(turns):
        kind = draw.choice([*EDITS, NUMBERS_ONLY]) if draw.random() < 0.35 else None
        edited = None if kind is None else _numbers(turn) if kind == NUMBERS_ONLY else EDITS[kind](turn, draw)
        if kind is not None and edited is not None and edited != turn:
            planted.append((place, kind))
            copies.append(edited)
    return copies, planted


EDITS = {
    "typo": _typo,
    "two words swapped": _swap,
    "synonym": _synonym,
    "sentence appended": _append,
    "truncation": _truncate,
    "sentences reordered": _reorder,
    "case and punctuation": _case,
}
