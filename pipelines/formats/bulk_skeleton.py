"""Cutting plain lines at their quotation marks: many at once, and with no pattern to match.

A skeleton is what all lines of a form with the same number of turns have in common: the literal text between their
values. Where the quotation marks of a line stand (`bulk_marks.py`) says where its values would begin and end; when all
that is between them is, byte for byte, the skeleton's literal text, the line matches its form's pattern
(`bulk_grammar.py`) and the cut is exact. Nothing is copied: what is returned are views into the block.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from pipelines.formats.bulk_cut import Cut
from pipelines.formats.bulk_grammar import SPEAKERS, LineForm, value_pattern
from pipelines.formats.bulk_marks import Marks

# Kinds of values: who speaks, a text of the conversation, and what else a column holds: a text, or anything unquoted.
_SPEAKER, _TEXT, _QUOTED, _LOOSE = "speaker", "text", "quoted", "loose"


@dataclass(frozen=True)
class Skeleton:
    """Lines of a form with one number of turns.

    Attributes:
        form: of the lines.
        kinds: of the values, in the line's order.
        columns: the column of each value; that of the turns for theirs.
        literals: what stands before each value, and after the last.
    """

    form: LineForm
    kinds: tuple[str, ...]
    columns: tuple[str, ...]
    literals: tuple[str, ...]

    @property
    def quotes(self) -> int:
        """Number of quotation marks of a line."""
        return sum(literal.count('"') for literal in self.literals) + 2 * self.kinds.count(_QUOTED)

    def cut(self, data: bytes, marks: Marks, rows: np.ndarray) -> Cut | None:
        """Cut the lines that have this skeleton.

        Args:
            data: the block's bytes, which are UTF-8 text.
            marks: its marks.
            rows: positions of plain lines with as many quotation marks as the skeleton, rising.

        Returns:
            those of the lines that have it; None when it is none of them.
        """
        bounds = self._bounds(marks, rows)
        ordered = (np.diff(bounds, axis=1) >= 0).all(axis=1)
        if not ordered.all():
            rows, bounds = rows[ordered], bounds[ordered]
        if not len(rows):
            return None
        pieces = _pieces(data, bounds)
        places = range(len(self.kinds))
        frame = pl.DataFrame(
            {
                "row": pl.Series(rows, dtype=pl.Int64),
                **{f"literal{place}": pieces[2 * place] for place in range(len(self.literals))},
                **{f"value{place}": pieces[2 * place + 1] for place in places},
            }
        )
        fits = [pl.col(f"literal{place}") == literal for place, literal in enumerate(self.literals)]
        for place, kind in enumerate(self.kinds):
            value = pl.col(f"value{place}")
            if kind == _SPEAKER:
                fits.append(value.is_in(SPEAKERS))
            elif kind == _LOOSE:
                fits.append(value.str.contains(self._loose))
        mask = frame.select(pl.all_horizontal(fits)).to_series()
        if not mask.all():
            frame = frame.filter(mask)
        if frame.is_empty():
            return None
        values = {place: frame[f"value{place}"] for place in places}
        return Cut(
            frame["row"],
            [values[place] for place in places if self.kinds[place] == _SPEAKER],
            [values[place] for place in self._texts()],
            [values[self.columns.index(column)] for column in self.form.metadata],
            pl.Series(marks.escaped[frame["row"].to_numpy()]).cast(pl.Int8),
        )

    @property
    def _loose(self) -> str:
        return f"^{value_pattern(self.form.item)}$"

    def _texts(self) -> list[int]:
        """Return the places of the conversation's texts: the text columns in their order, then the turns."""
        texts = [place for place, kind in enumerate(self.kinds) if kind == _TEXT]
        beside = {self.columns[place]: place for place in texts if self.columns[place] != self.form.turns}
        turns = [place for place in texts if self.columns[place] == self.form.turns]
        return [*(beside[column] for column in self.form.texts), *turns]

    def _bounds(self, marks: Marks, rows: np.ndarray) -> np.ndarray:
        """Return where the pieces of each line begin, and where it ends."""
        marked = marks.quotes[marks.first[rows][:, None] + np.arange(self.quotes)]
        bounds = [marks.begins[rows]]
        passed = 0
        for place, kind in enumerate(self.kinds):
            before, after = self.literals[place].encode(), self.literals[place + 1].encode()
            passed += before.count(b'"')
            if kind == _QUOTED:
                bounds += [marked[:, passed], marked[:, passed + 1] + 1]
                passed += 2
                continue
            bounds.append(marked[:, passed - 1] + len(before) - before.rfind(b'"'))
            has_mark = b'"' in after
            bounds.append(marked[:, passed] - after.find(b'"') if has_mark else marks.ends[rows] - len(after))
        bounds.append(marks.ends[rows])
        return np.stack(bounds, axis=1)


def skeleton_of(form: LineForm, row: dict[str, Any]) -> Skeleton | None:
    """Return the skeleton of a line.

    Args:
        form: whose pattern it matches.
        row: what it holds.

    Returns:
        None where quotation marks would not tell its values apart: lists of texts, and keys with escapes.
    """
    kinds: list[str] = []
    columns: list[str] = []
    literals = ["{"]

    def add(kind: str, column: str) -> None:
        mark = '"' if kind in (_SPEAKER, _TEXT) else ""
        literals[-1] += mark
        literals.append(mark)
        kinds.append(kind)
        columns.append(column)

    for number, column in enumerate(form.columns):
        literals[-1] += (form.item if number else "") + form.key(column)
        value = row[column]
        if column in form.texts:
            add(_TEXT, column)
        elif column == form.turns:
            literals[-1] += "["
            for place in range(len(value)):
                literals[-1] += (form.item if place else "") + "{" + form.key(form.turn_keys[0])
                add(_SPEAKER if form.speaks_first else _TEXT, column)
                literals[-1] += form.item + form.key(form.turn_keys[1])
                add(_TEXT if form.speaks_first else _SPEAKER, column)
                literals[-1] += "}"
            literals[-1] += "]"
        elif isinstance(value, str):
            add(_QUOTED, column)
        elif isinstance(value, list) and any(isinstance(item, str) for item in value):
            return None
        else:
            add(_LOOSE, column)
    literals[-1] += "}"
    if any("\\" in literal for literal in literals):
        return None
    return Skeleton(form, tuple(kinds), tuple(columns), tuple(literals))


def _pieces(data: bytes, bounds: np.ndarray) -> list[pl.Series]:
    """Return columns of what stands between bounds; `data` is known to be UTF-8 text."""
    import pyarrow as pa

    each = bounds.shape[1]
    # What is between the end of a line and the next one's begin is a piece too.
    offsets = np.append(bounds.ravel(), bounds[-1, -1])
    whole = pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(data))
    pieces = pl.Series(whole)
    return [pieces.gather_every(each, place) for place in range(each - 1)]
