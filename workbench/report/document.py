"""What a report is made of: sections of paragraphs, tables and charts, without a word on how they look."""

from collections.abc import Sequence
from dataclasses import dataclass, field

Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Paragraph:
    """A sentence or more, as plain text."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows under column titles; without rows it says so."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Interval:
    """One value with its interval, on a scale from 0 to 1; `low` and `high` may be missing."""

    label: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class IntervalChart:
    """Values with intervals under one another; the axis goes from the first tick to the last."""

    title: str
    intervals: Sequence[Interval]
    ticks: tuple[float, ...] = (0, 0.25, 0.5, 0.75, 1)


@dataclass(frozen=True)
class BarChart:
    """Counts under one another."""

    title: str
    bars: Sequence[tuple[str, int]]


@dataclass(frozen=True)
class LineChart:
    """Named lines of (x, y) points."""

    title: str
    x: str
    y: str
    lines: Sequence[tuple[str, Sequence[tuple[float, float]]]]


Block = Paragraph | Table | IntervalChart | BarChart | LineChart


@dataclass(frozen=True)
class Section:
    """A heading with what stands under it."""

    title: str
    blocks: Sequence[Block] = field(default_factory=list)


@dataclass(frozen=True)
class Report:
    """A whole report."""

    title: str
    subtitle: str
    sections: Sequence[Section]


def shown(value: Cell) -> str:
    """Write a cell: numbers with thousands' commas or four figures, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
