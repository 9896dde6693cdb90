"""Shingles: what is compared when two texts are called near-duplicates.

Two kinds, both over lower-case text without punctuation:

    word shingles       "where is my order" -> {where is, is my, my order}; in scripts without spaces (Chinese,
                        Japanese, Thai, Lao, Khmer, Burmese) each character counts as a word
    character shingles  "my order" -> {"my o", "y or", " ord", "orde", "rder"}, for short texts, where one changed word
                        would change every word shingle

A text with fewer tokens than a shingle is one shingle; a text without any token has none.

Not covered: stemming, stop words, Unicode compatibility forms.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Offsets = NDArray[np.int64]

SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
WORD = rf"[{SPACELESS}]|[\w--[{SPACELESS}]]+"
# Odd 64-bit constants of the MurmurHash3 finaliser, and of the golden ratio for the weights of successive tokens.
MIX_1, MIX_2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
GOLDEN = 0x9E3779B97F4A7C15
SHIFT = np.uint64(33)


@dataclass(frozen=True)
class Shingles:
    """The shingles of n texts: those of row i are `hashes[offsets[i]:offsets[i + 1]]`, with repeats."""

    hashes: Hashes
    offsets: Offsets

    @property
    def counts(self) -> NDArray[np.int64]:
        """Number of shingles of each row, repeats counted."""
        return np.diff(self.offsets)

    def rows(self, rows: NDArray[np.int64]) -> "Shingles":
        """Return the shingles of some rows, in their order."""
        counts = self.counts[rows]
        offsets = _offsets(counts)
        positions = np.repeat(self.offsets[rows] - offsets[:-1], counts) + np.arange(offsets[-1])
        return Shingles(self.hashes[positions], offsets)


def word_shingles(texts: pl.Series, size: int) -> tuple[Shingles, NDArray[np.int64]]:
    """Return shingles of `size` successive words, and how many words each text has."""
    words = texts.str.to_lowercase().str.extract_all(WORD)
    counts = words.list.len().to_numpy().astype(np.int64)
    tokens = words.explode(empty_as_null=False, keep_nulls=False).hash(seed=0).to_numpy().astype(np.uint64)
    return n_grams(tokens, _offsets(counts), size), counts


def character_shingles(texts: pl.Series, size: int) -> Shingles:
    """Return shingles of `size` successive characters of the lower-case text with single blanks between words."""
    plain = texts.str.to_lowercase().str.replace_all(r"\W+", " ").str.strip_chars(" ")
    encoded = [text.encode("utf-32-le", "surrogatepass") for text in plain.to_list()]
    counts = np.array([len(text) // 4 for text in encoded], dtype=np.int64)
    tokens = np.frombuffer(b"".join(encoded), dtype=np.uint32).astype(np.uint64)
    return n_grams(mix(tokens + np.uint64(1)), _offsets(counts), size)


def n_grams(tokens: Hashes, offsets: Offsets, size: int) -> Shingles:
    """Hash every window of `size` tokens that lies within one row.

    Args:
        tokens: hashed tokens of all rows, one row after the other.
        offsets: `(n + 1,)` where each row begins.
        size: tokens a window; a row with fewer, but at least one, is one window.
    """
    counts = np.diff(offsets)
    windows = np.where(counts > 0, np.maximum(counts - size + 1, 1), 0)
    starts = _offsets(windows)
    row_of = np.repeat(np.arange(len(counts)), windows)
    first = np.arange(starts[-1]) - starts[row_of] + offsets[row_of]
    end = offsets[row_of + 1]
    total = np.zeros(len(first), dtype=np.uint64)
    for step in range(size):
        position = first + step
        inside = position < end
        weight = np.uint64(pow(GOLDEN, step + 1, 1 << 64))
        token = tokens[np.where(inside, position, 0)] if len(tokens) else np.zeros(len(first), np.uint64)
        total += np.where(inside, token * weight, np.uint64(0))
    return Shingles(mix(total), starts)


def mix(values: Hashes) -> Hashes:
    """Apply the 64-bit MurmurHash3 finaliser, a bijection that spreads every bit."""
    values = (values ^ (values >> SHIFT)) * MIX_1
    values = (values ^ (values >> SHIFT)) * MIX_2
    return values ^ (values >> SHIFT)


def _offsets(counts: NDArray[np.int64]) -> Offsets:
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets
