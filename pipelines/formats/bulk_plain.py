"""The plain lines of a block, read many at a time; how they are written is learned on the way.

Most are cut at their quotation marks (`bulk_skeleton.py`). Those that this does not fit (escapes by number, lists of
texts) are matched with the pattern of their form (`bulk_grammar.py`). What is left is read line by line.
"""

import json
import threading
from collections.abc import Iterator

import numpy as np
import polars as pl

from pipelines.formats.bulk_blocks import Block
from pipelines.formats.bulk_cut import cut_lines
from pipelines.formats.bulk_grammar import LineForm, learn_form
from pipelines.formats.bulk_lines import FEWEST, Bulk, read_cuts
from pipelines.formats.bulk_marks import Marks, marks_of
from pipelines.formats.bulk_skeleton import Skeleton, skeleton_of
from pipelines.formats.containers.json_lines import record_of
from pipelines.formats.read import ReadSettings, Sorter
from pipelines.formats.source import Line

# The first lines are read one by one: from them the columns are told, and the file's most frequent shape.
_FIRST_LINES = 200
# A file that is written in more ways than these is not of one program.
_MOST_FORMS = 12
_TRIED_A_BLOCK = 8
# Ways to write lines with equally many quotation marks that are looked for in one block.
_TRIED_A_COUNT = 3


class Forms:
    """What was learned so far of how lines are written; several threads add to it."""

    def __init__(self, settings: ReadSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._known: dict[LineForm, str] = {}
        self._skeletons: dict[int, list[Skeleton]] = {}

    def known(self) -> list[tuple[LineForm, str]]:
        """Return the forms and their patterns."""
        with self._lock:
            return list(self._known.items())

    def skeletons(self, quotes: int) -> list[Skeleton]:
        """Return the skeletons with so many quotation marks."""
        with self._lock:
            return list(self._skeletons.get(quotes, ()))

    def learn(self, line: str) -> tuple[LineForm, str] | None:
        """Learn from a line; None when it is not plain, or there are too many forms already."""
        record = record_of(Line(1, line))
        if record is None or record.row is None:
            return None
        plan = Sorter(self._settings).plan(tuple(record.row))
        if plan.shape is None:
            return None
        form = learn_form(line, record.row, plan.shape, list(plan.fields.values()))
        with self._lock:
            if form is None or (form not in self._known and len(self._known) >= _MOST_FORMS):
                return None
            return form, self._known.setdefault(form, form.pattern())

    def learn_skeleton(self, line: str) -> Skeleton | None:
        """Learn the skeleton of a line; None when it is not plain, or cannot be cut at its quotation marks."""
        learned = self.learn(line)
        if learned is None or not pl.Series([line]).str.contains(learned[1]).all():
            return None
        skeleton = skeleton_of(learned[0], json.loads(line))
        if skeleton is None:
            return None
        with self._lock:
            alike = self._skeletons.setdefault(skeleton.quotes, [])
            if skeleton not in alike:
                alike.append(skeleton)
        return skeleton


class PlainLines:
    """Reads the plain lines of one block."""

    def __init__(self, sorter: Sorter, forms: Forms) -> None:
        self.frames: list[pl.DataFrame] = []
        self.shapes: dict[str, int] = {}
        self._sorter = sorter
        self._forms = forms

    def read(self, block: Block, max_line_bytes: int) -> list[int] | None:
        """Read what can be read so.

        Args:
            block: of whole lines.
            max_line_bytes: longer lines are left.

        Returns:
            the positions of the lines that are left, rising; None for all, when some of the block is no UTF-8 text.
        """
        if not block.is_text:
            return None
        marks = marks_of(block)
        places = np.arange(len(marks.begins))
        fits = (block.number + places > _FIRST_LINES) & (marks.ends - marks.begins < max_line_bytes)
        left = [places[~fits]]
        rest = self._at_quotes(block, marks, places[fits], left)
        rest = self._by_pattern(block, rest, left)
        return [int(place) for place in np.sort(np.concatenate([*left, rest]))]

    def _at_quotes(self, block: Block, marks: Marks, rest: np.ndarray, left: list[np.ndarray]) -> np.ndarray:
        """Read lines that are cut at their quotation marks; returns those that are not."""
        plain = rest[marks.plain[rest]]
        counts = marks.counts[plain]
        read = np.zeros(len(marks.begins), bool)
        for count in np.unique(counts):
            some = plain[counts == count]
            for skeleton in self._skeletons(block, int(count), some, read):
                cut = skeleton.cut(block.data, marks, some[~read[some]])
                if cut is None:
                    continue
                read[cut.rows.to_numpy()] = True
                bulk = read_cuts([cut], block.chosen, block.number, skeleton.form, self._sorter.read_row)
                left += [rows.to_numpy() for rows in self._took(bulk)]
        unread: np.ndarray = rest[~read[rest]]
        return unread

    def _skeletons(self, block: Block, count: int, some: np.ndarray, read: np.ndarray) -> Iterator[Skeleton]:
        """Yield the skeletons that are known, then those that the lines still unread teach."""
        known = self._forms.skeletons(count) if len(some) >= FEWEST else []
        yield from known
        for tried in range(_TRIED_A_COUNT):
            unread = some[~read[some]]
            if len(unread) < FEWEST or count == 0:
                return
            learned = self._forms.learn_skeleton(block.line(int(unread[tried * len(unread) // _TRIED_A_COUNT])))
            if learned is not None and learned not in known:
                known.append(learned)
                yield learned

    def _by_pattern(self, block: Block, unread: np.ndarray, left: list[np.ndarray]) -> np.ndarray:
        """Read lines that match the pattern of a form; returns those that match none."""
        rest = pl.Series(unread, dtype=pl.Int64)
        for form, pattern in self._forms.known():
            rest = self._read_form(form, pattern, block, rest, left)
        for tried in range(_TRIED_A_BLOCK):
            if rest.is_empty():
                break
            learned = self._forms.learn(block.line(int(rest[tried * len(rest) // _TRIED_A_BLOCK])))
            if learned is not None:
                rest = self._read_form(*learned, block, rest, left)
        return rest.to_numpy()

    def _read_form(
        self, form: LineForm, pattern: str, block: Block, rest: pl.Series, left: list[np.ndarray]
    ) -> pl.Series:
        if rest.is_empty():
            return rest
        candidates = block.chosen(rest)
        matches = candidates.str.contains(pattern)
        if not matches.any():
            return rest
        matched = rest.filter(matches)
        cuts = cut_lines(candidates.filter(matches), matched, form)
        bulk = read_cuts(cuts, block.chosen, block.number, form, self._sorter.read_row)
        left += [rows.to_numpy() for rows in self._took(bulk)]
        return rest.filter(~matches)

    def _took(self, bulk: Bulk) -> list[pl.Series]:
        """Keep what was read; returns what was left of it."""
        self.frames += bulk.accepted
        for name, count in bulk.shapes.items():
            self.shapes[name] = self.shapes.get(name, 0) + count
        return bulk.left
