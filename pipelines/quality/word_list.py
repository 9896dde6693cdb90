"""Find entries of a list in texts, as whole words and in any case."""

import re
from collections.abc import Iterator, Sequence

import polars as pl


def first_listed(texts: pl.Series, entries: Sequence[str]) -> Iterator[tuple[int, int, int, str]]:
    """Yield (row, start, end, as written) of the first entry in each text that holds one; none for an empty list.

    Args:
        texts: strings.
        entries: words or phrases; blanks inside one stand for any blanks, empty entries for nothing.
    """
    listed = sorted({" ".join(entry.split()) for entry in entries} - {""}, key=lambda entry: (-len(entry), entry))
    if not listed:
        return
    said = "|".join(r"\s+".join(re.escape(word) for word in entry.split(" ")) for entry in listed)
    search = re.compile(rf"(?<!\w)(?:{said})(?!\w)", re.IGNORECASE)
    for row, text in enumerate(texts):
        found = search.search(text)
        if found is not None:
            yield row, *found.span(), found.group()
