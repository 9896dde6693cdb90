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
        rows: which of the block's lines, as positions.
        speakers: who speaks in each turn; none for forms without turns.
        bodies: the texts of the conversation as they stand between their quotation marks: those of the turns, or those
            of the form's text columns.
        metadata: the values of the other columns, as JSON.
        escapes: of each line: 0 none, 1 short ones, 2 any.
    """

    rows: pl.Series
    speakers: list[pl.Series]
    bodies: list[pl.Series]
    metadata: list[pl.Series]
    escapes: pl.Series


def cut_lines(lines: pl.Series, rows: pl.Series, form: LineForm) -> list[Cut]:
    """Cut lines that match the form's pattern.

    Args:
        lines: texts without line breaks.
        rows: their positions in the block.
        form: whose pattern all of them match.

    Returns:
        one for each number of turns, each with its lines in their order; none of no lines.
    """
    if lines.is_empty():
        return []
    values = _values(lines, form)
    metadata = [values[column] for column in form.metadata]
    # A text column beside the turns (a system text) comes before them.
    beside = [_within(values[column], 1, 1) for column in form.texts]
    escapes = lines.str.contains("\\", literal=True).cast(pl.Int8)
    escapes += (lines.str.contains("\\u", literal=True) | lines.str.contains("\\/", literal=True)).cast(pl.Int8)
    if form.turns is None:
        return [Cut(rows, [], beside, metadata, escapes)]
    first, second = form.key(form.turn_keys[0]), form.key(form.turn_keys[1])
    opening, between, following = f'[{{{first}"', f'"{form.item}{second}"', f'"}}{form.item}{{{first}"'
    inner = _within(values[form.turns], len(opening), 3)
    counts = inner.str.count_matches(following, literal=True) + 1
    cuts = []
    for count in counts.unique(maintain_order=True).to_list():
        chosen = counts == count
        whole = bool(chosen.all())
        rest = inner if whole else inner.filter(chosen)
        speakers, bodies = [], []
        for place in range(count):
            turn, rest = _parted(rest, following) if place < count - 1 else (rest, rest)
            left, right = _parted(turn, between)
            speakers.append(left if form.speaks_first else right)
            bodies.append(right if form.speaks_first else left)
        keep = beside if whole else [text.filter(chosen) for text in beside]
        others = metadata if whole else [value.filter(chosen) for value in metadata]
        cuts.append(Cut(rows.filter(chosen), speakers, keep + bodies, others, escapes.filter(chosen)))
    return cuts


def _values(lines: pl.Series, form: LineForm) -> dict[str, pl.Series]:
    """Return each column's JSON value as text."""
    rest = _within(lines, 1 + len(form.key(form.columns[0])), 1)
    values: dict[str, pl.Series] = {}
    for column, following in zip(form.columns[:-1], form.columns[1:], strict=True):
        values[column], rest = _parted(rest, f"{form.item}{form.key(following)}")
    values[form.columns[-1]] = rest
    return values


def _within(texts: pl.Series, before: int, after: int) -> pl.Series:
    """Take off so many characters before and after."""
    return texts.str.tail(-before).str.head(-after)


def _parted(texts: pl.Series, separator: str) -> tuple[pl.Series, pl.Series]:
    """Return what stands before and after the first separator, which each text holds; nothing is copied."""
    text = pl.col("text")
    at = text.str.find(separator, literal=True).cast(pl.Int64)
    rest = text.str.len_bytes().cast(pl.Int64) - (at + len(separator.encode()))
    parts = pl.DataFrame({"text": texts}).select(
        text.cast(pl.Binary).bin.head(at).cast(pl.String).alias("left"),
        text.cast(pl.Binary).bin.tail(rest).cast(pl.String).alias("right"),
    )
    return parts["left"], parts["right"]
