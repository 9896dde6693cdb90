"""Shingles: what is compared when two texts are called near-duplicates.

Two kinds, both over lower-case text without punctuation:

    word shingles       "where is my order" -> {where is, is my, my order}; in scripts without spaces (Chinese,
                        Japanese, Thai, Lao, Khmer, Burmese) each character counts as a word
    character shingles  "my order" -> {"my o", "y or", " ord", "orde", "rder"}, for short texts, where one changed word
                        would change every word shingle

A text with fewer tokens than a shingle is one shingle; a text without any token has none.

Words are never made into strings. The texts' bytes lie in one buffer, cut into pieces that stay in the processor's
cache; a word's hash is the difference of two prefix sums of a polynomial over its bytes, modulo 2^64. Only texts with a
byte beyond ASCII, where a table of 256 bytes cannot tell words, pass through a regular expression first.

Not covered: stemming, stop words, Unicode compatibility forms.

Source: Karp and Rabin 1987, "Efficient randomized pattern-matching algorithms".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Offsets = NDArray[np.int64]

SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
# Odd 64-bit constants of the MurmurHash3 finaliser, and of the golden ratio for the weights of successive tokens.
MIX_1, MIX_2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
GOLDEN = 0x9E3779B97F4A7C15
SHIFT = np.uint64(33)
# Base of the polynomial over a word's bytes; 3 modulo 8, so that powers of it differ as much as they can.
BASE = 0xD1342543DE82EF93
INVERSE = pow(BASE, -1, 1 << 64)
# Bytes a piece: with its five working copies of 64-bit numbers it stays in the second-level cache.
PIECE = 32_768
# Texts and bytes that are joined into one buffer.
BUFFER_TEXTS, BUFFER_BYTES = 65_536, 1 << 24
LINE = "\n"


@dataclass(frozen=True)
class Shingles:
    """The shingles of n texts: those of row i are `hashes[offsets[i]:offsets[i + 1]]`, with repeats."""

    hashes: Hashes
    offsets: Offsets

    @cached_property
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
    words = np.zeros(len(texts), dtype=np.int64)
    windows = np.zeros(len(texts), dtype=np.int64)
    # A word and the gap behind it take two bytes, so there are at most half as many as bytes. In scripts without spaces
    # blanks are added, but a character takes three bytes there. Pages that nothing is written to take no memory.
    room = int(texts.str.len_bytes().sum() or 0) // 2 + len(texts)
    hashes = np.empty(room, dtype=np.uint64)
    filled = row = 0
    for piece, is_word, lengths in _pieces(texts):
        tokens, counts = _hashed_words(piece, is_word, lengths)
        found = n_grams(tokens, _offsets(counts), size)
        words[row : row + len(counts)] = counts
        windows[row : row + len(counts)] = found.counts
        hashes[filled : filled + len(found.hashes)] = found.hashes
        row, filled = row + len(counts), filled + len(found.hashes)
    return Shingles(hashes[:filled], _offsets(windows)), words


def character_shingles(texts: pl.Series, size: int) -> Shingles:
    """Return shingles of `size` successive characters of the lower-case text with single blanks between words."""
    plain = texts.str.to_lowercase().str.replace_all(r"\W+", " ").str.strip_chars(" ")
    counts = plain.str.len_chars().to_numpy().astype(np.int64)
    points = np.frombuffer("".join(plain.to_list()).encode("utf-32-le"), dtype=np.uint32)
    return n_grams(mix(points.astype(np.uint64) + np.uint64(1)), _offsets(counts), size)


def n_grams(tokens: Hashes, offsets: Offsets, size: int) -> Shingles:
    """Hash every window of `size` tokens that lies within one row.

    Args:
        tokens: hashed tokens of all rows, one row after the other.
        offsets: `(n + 1,)` where each row begins.
        size: tokens a window; a row with fewer, but at least one, is one window.
    """
    counts = np.diff(offsets)
    total = np.zeros(len(tokens), dtype=np.uint64)
    inside = np.ones(len(tokens), dtype=bool)
    for step in range(min(size, len(tokens))):
        weight = np.uint64(pow(GOLDEN, step + 1, 1 << 64))
        total[: len(tokens) - step] += tokens[step:] * weight
        if step:  # no window of this row begins so near to its end
            inside[offsets[1:][counts >= step] - step] = False
    short = np.flatnonzero((counts > 0) & (counts < size))
    if len(short):
        begins = offsets[short]
        inside[begins] = True
        total[begins] = 0
        for step in range(int(counts[short].max())):
            here = counts[short] > step
            total[begins[here]] += tokens[begins[here] + step] * np.uint64(pow(GOLDEN, step + 1, 1 << 64))
    windows = np.where(counts > 0, np.maximum(counts - size + 1, 1), 0)
    return Shingles(mix(total[inside]), _offsets(windows))


def mix(values: Hashes) -> Hashes:
    """Apply the 64-bit MurmurHash3 finaliser, a bijection that spreads every bit."""
    values = (values ^ (values >> SHIFT)) * MIX_1
    values ^= values >> SHIFT
    values *= MIX_2
    values ^= values >> SHIFT
    return values


def _pieces(texts: pl.Series) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]]:
    """Yield the bytes of successive texts, which of them are of words, and the texts' lengths.

    A line feed stands before each text, and one after the last.
    """
    sizes = texts.str.len_bytes().to_numpy().astype(np.int64)
    for start, end in _spans(sizes, BUFFER_BYTES, BUFFER_TEXTS):
        part = _readable(texts[start:end])
        lengths = part.str.len_bytes().to_numpy().astype(np.int64)
        joined = f"\n{part.str.join(LINE)[0]}\n".encode()
        buffer, is_word = (np.frombuffer(text, dtype=np.uint8) for text in (joined, joined.translate(IS_WORD)))
        begins = _offsets(lengths + 1)
        for first, last in _spans(lengths, PIECE, PIECE):
            piece = slice(begins[first], begins[last] + 1)
            yield buffer[piece], is_word[piece], lengths[first:last]


def _spans(sizes: NDArray[np.int64], most: int, rows: int) -> Iterator[tuple[int, int]]:
    """Cut rows into spans of at most so much size and so many rows; a larger row is a span of its own."""
    ends = np.cumsum(sizes)
    start = 0
    while start < len(sizes):
        before = ends[start] - sizes[start]
        end = min(max(int(np.searchsorted(ends, before + most, side="right")), start + 1), start + rows)
        yield start, end
        start = end


def _readable(texts: pl.Series) -> pl.Series:
    """Prepare texts with a byte beyond ASCII: lower case, blanks for what is no word and around spaceless letters."""
    beyond = (texts.str.len_bytes() != texts.str.len_chars()).arg_true()
    if not len(beyond):
        return texts
    plain = texts.gather(beyond).str.to_lowercase().str.replace_all(r"\W+", " ")
    return texts.clone().scatter(beyond, plain.str.replace_all(rf"([{SPACELESS}])", " $1 "))


def _hashed_words(
    text: NDArray[np.uint8], is_word: NDArray[np.uint8], lengths: NDArray[np.int64]
) -> tuple[Hashes, NDArray[np.int64]]:
    """Return the hashes of the words of a piece and how many each of its texts has."""
    edges = np.flatnonzero(is_word[1:] != is_word[:-1]) + 1  # the piece begins and ends outside a word
    starts, ends = edges[0::2], edges[1::2]
    powers, inverses = POWERS if len(text) <= len(POWERS[0]) else _powers(len(text))
    sums = np.cumsum(BYTES[text] * powers[: len(text)], dtype=np.uint64)
    hashes = (sums[ends - 1] - sums[starts - 1]) * inverses[starts]
    hashes ^= hashes >> SHIFT
    return hashes, np.diff(np.searchsorted(starts, _offsets(lengths + 1)))


def _powers(count: int) -> tuple[Hashes, Hashes]:
    def powers(base: int) -> Hashes:
        factors = np.full(count, base, dtype=np.uint64)
        factors[0] = 1
        return np.multiply.accumulate(factors)

    return powers(BASE), powers(INVERSE)


def _offsets(counts: NDArray[np.int64]) -> Offsets:
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def _byte_values() -> Hashes:
    values = mix(np.arange(1, 257, dtype=np.uint64) * np.uint64(GOLDEN))
    values[ord("A") : ord("Z") + 1] = values[ord("a") : ord("z") + 1]
    return values


IS_WORD = bytes(byte >= 128 or chr(byte).isalnum() or chr(byte) == "_" for byte in range(256))
BYTES = _byte_values()
POWERS = _powers(PIECE + 65_536)
