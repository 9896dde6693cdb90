"""Edits that leave a text saying the same, planted to measure what a check for leaks finds.

Each kind is one thing that happens to copies in the wild. None is a free rephrasing: how many of those a check finds
is not measured here.
"""

from collections.abc import Callable

import numpy as np

_KINDS: dict[str, Callable[[list[str], np.random.Generator], list[str]]] = {}
_OPENINGS = ("Please,", "Hello,", "Quick question:", "Could you help:")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def edit_kinds() -> tuple[str, ...]:
    """Name the kinds of edits."""
    return tuple(_KINDS)


def edit(text: str, kind: str, random: np.random.Generator) -> str:
    """Edit a text in one way; a text without words stays as it is."""
    words = text.split()
    return " ".join(_KINDS[kind](words, random)) if words else text


def _kind(
    name: str,
) -> Callable[[Callable[[list[str], np.random.Generator], list[str]]], Callable[..., list[str]]]:
    def register(function: Callable[[list[str], np.random.Generator], list[str]]) -> Callable[..., list[str]]:
        _KINDS[name] = function
        return function

    return register


@_kind("case and white space")
def _case(words: list[str], random: np.random.Generator) -> list[str]:
    return [word.upper() if random.random() < 0.3 else f"{word.lower()} " for word in words]


@_kind("punctuation")
def _punctuation(words: list[str], random: np.random.Generator) -> list[str]:
    return [word.rstrip(".,;:!?") or word for word in words[:-1]] + [words[-1].rstrip(".,;:!?") + "!!"]


@_kind("typo")
def _typo(words: list[str], random: np.random.Generator) -> list[str]:
    """Change one letter in one word of ten, at least in one."""
    changed = list(words)
    for place in random.choice(len(words), max(1, len(words) // 10), replace=False):
        word = changed[place]
        at = int(random.integers(len(word)))
        others = _LETTERS.replace(word[at].lower(), "")
        changed[place] = word[:at] + others[int(random.integers(len(others)))] + word[at + 1 :]
    return changed


@_kind("word left out")
def _left_out(words: list[str], random: np.random.Generator) -> list[str]:
    place = int(random.integers(len(words)))
    return words[:place] + words[place + 1 :] if len(words) > 1 else words


@_kind("opening added")
def _opening(words: list[str], random: np.random.Generator) -> list[str]:
    return [_OPENINGS[int(random.integers(len(_OPENINGS)))], *words]


@_kind("two words swapped")
def _swapped(words: list[str], random: np.random.Generator) -> list[str]:
    if len(words) < 2:
        return words
    place = int(random.integers(len(words) - 1))
    return [*words[:place], words[place + 1], words[place], *words[place + 2 :]]
