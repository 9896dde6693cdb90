"""Which texts resemble each other: every pair above a Jaccard similarity, exactly, without comparing all pairs.

A text is the set of its word pairs ("where is", "is my", …); short texts also the set of their character 4-grams, since
there one changed word changes most word pairs, and so are texts without blanks between words. A pair's similarity is
the larger of the two.

Method: prefix filter. If two sets have a Jaccard similarity of at least t and each is ordered from the rarest element
to the most frequent, then their first |A| - ceil(t|A|) + 1 elements share one. Only pairs that do are compared, so the
frequent elements, which cost the most and tell the least, are never looked up. No pair is missed, unless a limit is
set for crowds: where more texts than that share an element of their beginnings (a template with a few words of its own
in each), each is compared with the texts next to it in alphabetical order and with the first ones only. Ten thousand
prompts of one template would else make fifty million pairs.

Source: Chaudhuri, Ganti, Kaushik 2006; Bayardo, Ma, Srikant 2007 (the bound). Not covered: other wordings of the same
meaning, for which vectors are needed.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"\w+")
_CHARACTERS = 4
_CANDIDATES = 2_000_000  # pairs that are compared in one go
_EXAMPLE_ROWS = 2_048
# In a crowd each text is compared with so many next to it, and with so many first ones.
_NEXT_ROWS = 16
_FIRST_ROWS = 8


@dataclass(frozen=True)
class Similar:
    """Pairs (left, right) of row numbers with their similarity, each pair once, in the order of left, then right."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    similarity: NDArray[np.float64]


def folded(text: str) -> str:
    """Fold compatibility forms, case and white space: what two people would call the same text."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def similar_texts(
    left: Sequence[str], right: Sequence[str] | None, *, threshold: float, short_words: int, crowd: int | None = None
) -> Similar:
    """Find all pairs whose similarity is at least the threshold.

    Args:
        left: n texts.
        right: m texts to compare them with; None compares the left ones among themselves, each pair once.
        threshold: Jaccard similarity, above 0.
        short_words: texts of at most so many words are compared by their characters too.
        crowd: most texts that share an element of their beginnings and are all compared; None for no limit. Only
            where texts are compared among themselves.

    Returns:
        the pairs; texts without a word or character are like nothing.
    """
    texts = [folded(text) for text in (left if right is None else [*left, *right])]
    words = [_WORD.findall(text) for text in texts]
    order = np.argsort(np.argsort(np.array(texts, dtype=object), kind="stable"), kind="stable")
    limit = _Crowd(crowd, order) if crowd is not None and right is None else None
    by_words = _pairs([_word_pairs(found) for found in words], len(left), right is None, threshold, limit)
    short = [
        _character_grams(text) if len(found) <= short_words else set() for text, found in zip(texts, words, strict=True)
    ]
    by_characters = _pairs(short, len(left), right is None, threshold, limit)
    return _larger(by_words, by_characters, max(len(texts), 1))


def word_pairs(text: str) -> set[str]:
    """Return the pairs of successive words of a text, folded; the word of a text that has only one."""
    return _word_pairs(_WORD.findall(folded(text)))


def words_of(text: str) -> list[str]:
    """Return the words of a text in their order, folded."""
    return _WORD.findall(folded(text))


def _word_pairs(words: list[str]) -> set[str]:
    return set(map(" ".join, pairwise(words))) if len(words) > 1 else set(words)


def _character_grams(text: str) -> set[str]:
    padded = f" {text} "
    return {padded[start : start + _CHARACTERS] for start in range(len(padded) - _CHARACTERS + 1)} if text else set()


@dataclass(frozen=True)
class _Crowd:
    """How many texts may share an element and all be compared, and the place of each text in alphabetical order."""

    limit: int
    place: NDArray[np.int64]


def _pairs(sets: Sequence[set[str]], lefts: int, among: bool, threshold: float, crowd: _Crowd | None = None) -> Similar:
    matrix, prefix = _matrices(sets, threshold)
    crowded = np.empty(0, np.int64)
    if crowd is not None:
        holders = np.bincount(prefix.indices, minlength=prefix.shape[1])
        crowded = _crowded_pairs(prefix, holders, crowd)
        prefix = prefix[:, np.flatnonzero(holders <= crowd.limit)]
    sizes = np.asarray(matrix.sum(axis=1)).ravel()
    others = prefix if among else prefix[lefts:]
    others_t = others.T.tocsr()
    offset = 0 if among else lefts
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    for cut in range(0, len(crowded), _CANDIDATES):
        rows, columns = np.divmod(crowded[cut : cut + _CANDIDATES], len(sets))
        found.append(_compared(matrix, sizes, rows, columns, threshold))
    for start in range(0, lefts, _EXAMPLE_ROWS):
        shared = (prefix[start : min(start + _EXAMPLE_ROWS, lefts)] @ others_t).tocoo()
        rows = shared.row.astype(np.int64) + start
        columns = shared.col.astype(np.int64) + offset
        if among:
            keep = rows < columns
            rows, columns = rows[keep], columns[keep]
        # The smaller set must hold at least t of the larger: most candidates end here.
        keep = np.minimum(sizes[rows], sizes[columns]) >= threshold * np.maximum(sizes[rows], sizes[columns]) - 1e-9
        rows, columns = rows[keep], columns[keep]
        for cut in range(0, len(rows), _CANDIDATES):
            found.append(
                _compared(matrix, sizes, rows[cut : cut + _CANDIDATES], columns[cut : cut + _CANDIDATES], threshold)
            )
    if not found:
        empty = np.empty(0, np.int64)
        return Similar(empty, empty, np.empty(0, np.float64))
    rows, columns, values = (np.concatenate(part) for part in zip(*found, strict=True))
    return Similar(rows, columns - offset, values)


def _crowded_pairs(prefix: Any, holders: NDArray[np.int64], crowd: _Crowd) -> NDArray[np.int64]:
    """Pair the texts that share a crowded element with their neighbours and the first ones: row * rows + column."""
    rows = prefix.shape[0]
    by_element = prefix.tocsc()
    found = np.empty(0, np.int64)
    for element in np.flatnonzero(holders > crowd.limit):
        members = by_element.indices[by_element.indptr[element] : by_element.indptr[element + 1]].astype(np.int64)
        members = members[np.argsort(crowd.place[members], kind="stable")]
        parts = [members[:-apart] * rows + members[apart:] for apart in range(1, _NEXT_ROWS + 1)]
        parts += [np.full(len(members), first) * rows + members for first in members[:_FIRST_ROWS]]
        keys = np.concatenate(parts)
        one, other = np.divmod(keys, rows)
        keys = np.minimum(one, other) * rows + np.maximum(one, other)
        found = np.unique(np.concatenate([found, keys[one != other]]))
    return found


def _matrices(sets: Sequence[set[str]], threshold: float) -> tuple[Any, Any]:
    """Return the sets as 0/1 rows, columns ordered from rare to frequent, and the rows cut to their prefixes."""
    from scipy.sparse import csr_matrix

    codes: dict[str, int] = {}
    indices = np.fromiter(
        (codes.setdefault(element, len(codes)) for elements in sets for element in elements), np.int64
    )
    lengths = np.fromiter(map(len, sets), np.int64, len(sets))
    frequency = np.bincount(indices, minlength=len(codes))
    order = np.empty(len(codes), np.int64)
    order[np.argsort(frequency, kind="stable")] = np.arange(len(codes))
    rows = np.repeat(np.arange(len(sets)), lengths)
    columns = order[indices]
    sorting = np.lexsort((columns, rows))
    columns = columns[sorting]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    shape = (len(sets), max(len(codes), 1))
    matrix = csr_matrix((np.ones(len(columns), np.int32), columns, starts), shape=shape)
    kept = lengths - np.ceil(threshold * lengths - 1e-9).astype(np.int64) + 1
    in_prefix = np.arange(len(columns)) - starts[rows] < kept[rows]
    prefix_starts = np.concatenate([[0], np.cumsum(np.minimum(kept, lengths))])
    prefix = csr_matrix((np.ones(int(in_prefix.sum()), np.int32), columns[in_prefix], prefix_starts), shape=shape)
    return matrix, prefix


def _compared(
    matrix: Any, sizes: NDArray[Any], rows: NDArray[np.int64], columns: NDArray[np.int64], threshold: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    shared = np.asarray(matrix[rows].multiply(matrix[columns]).sum(axis=1)).ravel()
    value = shared / (sizes[rows] + sizes[columns] - shared)
    keep = value >= threshold - 1e-12
    return rows[keep], columns[keep], value[keep].astype(np.float64)


def _larger(one: Similar, other: Similar, width: int) -> Similar:
    """Merge two lists of pairs, each pair with its larger similarity."""
    left = np.concatenate([one.left, other.left])
    right = np.concatenate([one.right, other.right])
    value = np.concatenate([one.similarity, other.similarity])
    order = np.lexsort((-value, right, left))
    left, right, value = left[order], right[order], value[order]
    key = left * width + right
    first = np.ones(len(key), bool)
    first[1:] = key[1:] != key[:-1]
    return Similar(left[first], right[first], value[first])
