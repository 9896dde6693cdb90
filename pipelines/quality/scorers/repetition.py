"""Repetition: the same words, lines or characters over and over.

1: no repetition. 0: the longest repeated run makes up at least `repetition_share` of the answer. A run is a group of
one to twelve words that comes at least four times on end (of up to forty characters in text without blanks between
words), a line that comes at least four times, or one character written twenty times. The idea of repeated lines and
word groups is Gopher's (Rae et al. 2021, table A1), whose thresholds are meant for web pages; consecutive runs are used
here because lists and code repeat words with good cause.
"""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, scorer

_CHARACTER = re.compile(r"([^\s\-=_*#.~|+])\1{19,}")
_WORD = re.compile(r"\S+")
FEWEST_WORDS = 8
LONGEST = 6000
TIMES = 4
LONGEST_UNIT = {"words": 12, "characters": 40}
# Words of more characters than this on average are no words: the script has no blanks between them.
LONGEST_MEAN_WORD = 20


@scorer(
    name="repetition",
    title="Repetition",
    dimension="tone",
    suggests="review",
    alone=True,
    description="The answer repeats the same words, line or character over and over.",
)
def score_repetition(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find runs of repeated words, lines and characters."""
    completions = examples["completion"]
    # A loop has few distinct words for its length: this leaves the slow search a few rows in a hundred.
    words = examples.select(
        many=pl.col("completion").str.count_matches(r"\S+"),
        distinct=pl.col("completion").str.slice(0, LONGEST).str.split(" ").list.n_unique(),
    )
    rows = (
        ((words["many"] >= FEWEST_WORDS) & (words["distinct"] <= 0.6 * words["many"]))
        | completions.str.contains(r"\S{30}")
    ).arg_true()
    findings = []
    for row in rows.to_list():
        found = _longest_run(completions[row][:LONGEST])
        if found is not None:
            start, end, what = found
            share = (end - start) / max(len(completions[row][:LONGEST].strip()), 1)
            if share >= context.settings.repetition_share:
                findings.append(Finding(row, 0.0, f"{what} over and over.", start, end))
    return judged(examples, findings)


def _longest_run(text: str) -> tuple[int, int, str] | None:
    """Return the longest run as (start, end, what is repeated); None where there is none."""
    words = [(found.start(), found.end()) for found in _WORD.finditer(text)]
    unit = "words"
    if len(text) > LONGEST_MEAN_WORD * max(len(words), 1):
        words, unit = [(place, place + 1) for place in range(len(text))], "characters"
    runs = []
    for first, last, size in periodic_runs([text[start:end] for start, end in words], LONGEST_UNIT[unit]):
        repeated = text[words[first][0] : words[first + size - 1][1]]
        runs.append((words[first][0], words[last][1], f"Repeats '{_short(repeated)}'"))
    runs += [(found.start(), found.end(), f"Repeats '{found.group(1)}'") for found in _CHARACTER.finditer(text)]
    lines = [line.strip() for line in text.splitlines() if len(line.strip()) > 3]
    if lines:
        line, times = Counter(lines).most_common(1)[0]
        if times >= 4:
            start = text.find(line)
            runs.append((start, min(start + times * (len(line) + 1), len(text)), f"Repeats the line '{_short(line)}'"))
    return max(runs, key=lambda run: run[1] - run[0]) if runs else None


def periodic_runs(tokens: Sequence[str], longest: int) -> list[tuple[int, int, int]]:
    """Return the runs of one group of tokens that comes at least `TIMES` times on end.

    Args:
        tokens: words or characters.
        longest: most tokens a group.

    Returns:
        (first token, last token, size of the group), for each size of the group the longest run only.
    """
    numbers = (
        np.unique(np.array(tokens, dtype=object), return_inverse=True)[1] if len(tokens) else np.empty(0, np.int64)
    )
    runs = []
    for size in range(1, min(longest, len(numbers) // TIMES) + 1):
        same = np.concatenate([[False], numbers[size:] == numbers[:-size], [False]])
        begins = np.flatnonzero(same[1:] & ~same[:-1])
        lengths = np.flatnonzero(same[:-1] & ~same[1:]) - begins
        if len(lengths) and lengths.max() >= (TIMES - 1) * size:
            first = int(begins[lengths.argmax()])
            whole = int(lengths.max()) // size * size
            runs.append((first, first + whole + size - 1, size))
    return runs


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 40 else text[:39] + "…"
