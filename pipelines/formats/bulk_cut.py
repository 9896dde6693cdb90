"""Cutting plain lines into their values, a column at a time.

Every line given here matches its form's pattern, so that each cut is exact (`bulk_grammar.py` says why).
"""

from dataclasses import dataclass

import polars as pl

from pipelines.formats.bulk_grammar import LineForm


@dataclass(frozen=True)
class Cut:
    """Lines of one number of turns, cut.

    Attributes:
        rows: which of the lines, as positions.
        speakers: who speaks in each turn; none for forms without turns.
        bodies: the texts of the conversation as they stand between their quotation marks: those of the turns, or those
            of the form's text columns.
        metadata: the values of the other columns, as JSON.
    """

    rows: pl.Series
    speakers: list[pl.Series]
    bodies: list[pl.Series]
    metadata: list[pl.Series]


def cut_lines(lines: pl.Series, form: LineForm) -> list[Cut]:
    """Cut lines that match the form's pattern.

    Args:
        lines: texts without line breaks.
        form: whose pattern all of them match.

    Returns:
        one for each number of turns, each with its lines in their order; none of no lines.
    """
    if lines.is_empty():
        return []
    values = _values(lines, form)
    rows = pl.Series("rows", range(len(lines)), dtype=pl.Int64)
    metadata = [values[column] for column in form.metadata]
    if form.turns is None:
        return [Cut(rows, [], [_within(values[column], 1, 1) for column in form.texts], metadata)]
    first, second = form.key(form.turn_keys[0]), form.key(form.turn_keys[1])
    opening, between = f'[{{{first}"', f'"{form.item}{second}"'
    inner = _within(values[form.turns], len(opening.encode()), 3)
    turns = inner.str.split(f'"}}{form.item}{{{first}"')
    counts = turns.list.len()
    cuts = []
    for count in counts.unique(maintain_order=True).to_list():
        chosen = counts == count
        whole = bool(chosen.all())
        these = turns if whole else turns.filter(chosen)
        speakers, bodies = [], []
        for place in range(count):
            parts = these.list.get(place).str.splitn(between, 2).struct
            left, right = parts.field("field_0"), parts.field("field_1")
            speakers.append(left if form.speaks_first else right)
            bodies.append(right if form.speaks_first else left)
        # A text column beside the turns (a system text) comes before them.
        beside = [_within(values[column], 1, 1) for column in form.texts]
        keep = beside if whole else [text.filter(chosen) for text in beside]
        rest = metadata if whole else [value.filter(chosen) for value in metadata]
        cuts.append(Cut(rows.filter(chosen), speakers, keep + bodies, rest))
    return cuts


def _values(lines: pl.Series, form: LineForm) -> dict[str, pl.Series]:
    """Return each column's JSON value as text."""
    rest = _within(lines, 1 + len(form.key(form.columns[0]).encode()), 1)
    values: dict[str, pl.Series] = {}
    for column, following in zip(form.columns[:-1], form.columns[1:], strict=True):
        parts = rest.str.splitn(f"{form.item}{form.key(following)}", 2).struct
        values[column], rest = parts.field("field_0"), parts.field("field_1")
    values[form.columns[-1]] = rest
    return values


def _within(texts: pl.Series, before: int, after: int) -> pl.Series:
    """Take off so many bytes before and after; they are ASCII or whole characters."""
    column = pl.col("text")
    length = column.str.len_bytes().cast(pl.Int64) - (before + after)
    return pl.DataFrame({"text": texts}).select(column.cast(pl.Binary).bin.slice(before, length).cast(pl.String))[
        "text"
    ]
