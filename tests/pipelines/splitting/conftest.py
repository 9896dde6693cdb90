"""Examples to split, as short as can be, and similarities by brute force."""

import itertools
import re
import unicodedata
from collections.abc import Callable

import polars as pl
import pytest

from pipelines.examples import examples_frame


@pytest.fixture
def examples_of() -> Callable[[list[tuple[str, str]]], pl.DataFrame]:
    """Build examples from pairs of prompt and completion."""

    def build(pairs: list[tuple[str, str]]) -> pl.DataFrame:
        return examples_frame(
            [{"role": "user", "content": prompt}, {"role": "assistant", "content": completion}]
            for prompt, completion in pairs
        )

    return build


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _bigrams(text: str) -> set:
    words = re.findall(r"\w+", _fold(text))
    return {(a, b) for a, b in itertools.pairwise(words)} if len(words) > 1 else set(words)


def _grams(text: str) -> set:
    padded = f" {_fold(text)} "
    return {padded[i : i + 4] for i in range(len(padded) - 3)} if _fold(text) else set()


def _jaccard(a: set, b: set) -> float:
    return len(a & b) / len(a | b) if a and b else 0.0


def _brute_force(a: str, b: str) -> float:
    value = _jaccard(_bigrams(a), _bigrams(b))
    if max(len(re.findall(r"\w+", _fold(text))) for text in (a, b)) <= 4:
        value = max(value, _jaccard(_grams(a), _grams(b)))
    return value


@pytest.fixture(scope="session")
def fold() -> Callable[[str], str]:
    """Fold case, compatibility forms and blanks."""
    return _fold


@pytest.fixture(scope="session")
def bigrams() -> Callable[[str], set]:
    """Return the pairs of successive words."""
    return _bigrams


@pytest.fixture(scope="session")
def brute_force() -> Callable[[str, str], float]:
    """Compare two texts by word pairs, and by characters where both have at most four words."""
    return _brute_force
