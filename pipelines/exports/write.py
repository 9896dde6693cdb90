"""Write the splits in one layout into a folder: the data files, what was left out and why, and where each row is from.

Before an example is written it is read back in memory where the layout's rows can be: what would not come back the same
is left out with its reason. Counts that the tool refuses are errors; the caller writes into a draft, so nothing of a
refused export is ever seen.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import polars as pl

from pipelines.errors import CurationError
from pipelines.examples import canonical_messages, messages_of
from pipelines.exports.registry import Conversation, Layout
from pipelines.formats.containers.json_lines import json_line
from pipelines.formats.registry import Row, Unfit
from pipelines.formats.write import read_back
from pipelines.progress import Progress, no_progress

LEFT_OUT = pl.Schema({"example_id": pl.String, "split": pl.String, "reason": pl.String})
PROVENANCE = pl.Schema({"file": pl.String, "row": pl.Int64, "example_id": pl.String})
_TOLD_EVERY = 5_000
_SYSTEM = '"role":"system"'


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        rows: rows by split.
        hashes: SHA-256 by file, 64 hex digits.
        left_out: `LEFT_OUT`: examples that the layout cannot carry, and why.
        provenance: `PROVENANCE`: which example each row is; rows count from 1.
        notes: what a person should know, such as cells made safe against formulas or too few validation rows.
        with_system: some example has a system message.
        with_tools: some row has a column `tools`.
    """

    rows: dict[str, int]
    hashes: dict[str, str]
    left_out: pl.DataFrame
    provenance: pl.DataFrame
    notes: list[str]
    with_system: bool
    with_tools: bool


def check_export(splits: Mapping[str, pl.DataFrame], layout: Layout) -> None:
    """Refuse before any work what the layout could never take.

    Raises:
        CurationError: nothing to export, too few or too many examples, or none with what the layout needs.
    """
    train = splits["train"]
    if train.is_empty():
        raise CurationError("The training split is empty.", "Keep some examples and split again.")
    _check_counts({split: frame.height for split, frame in splits.items()}, layout, "")
    if layout.needs and not train["metadata"].str.contains("rejected", literal=True).any():
        raise CurationError(
            f"No training example has a rejected answer, and {layout.title} consists of pairs.",
            "Import preference pairs (columns chosen and rejected), or choose a format without pairs.",
        )
    if layout.check is not None:
        layout.check(train)


def write_export(
    splits: Mapping[str, pl.DataFrame], folder: Path, layout: Layout, *, progress: Progress = no_progress
) -> Exported:
    """Write the splits' examples.

    Args:
        splits: by name, columns example_id, messages and metadata (a JSON object: the further columns of the imported
            file); prompt and completion too where the layout has a check. Splits that the layout does not hand over
            are not read.
        folder: an empty folder.
        layout: of the files.
        progress: told how far it is.

    Returns:
        what was written; a split without examples gives an empty file.

    Raises:
        CurationError: what `check_export` refuses, or too few rows were left.
        OSError: the folder cannot be written.
    """
    splits = {split: splits[split] for split in layout.files}
    check_export(splits, layout)
    rows = _Rows(splits, layout, progress)
    hashes: dict[str, str] = {}
    notes: list[str] = []
    for file in dict.fromkeys(layout.files.values()):
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        together = [split for split, name in layout.files.items() if name == file]
        with path.open("wb") as target:
            if layout.plain_line is not None:
                rows.write_lines(together, file, target, layout.plain_line)
            else:
                notes += [f"{file}: {note}" for note in layout.write_rows(rows.of(together, file), target)]
        with path.open("rb") as written:
            hashes[file] = hashlib.file_digest(written, "sha256").hexdigest()
    left_out = pl.DataFrame(rows.left_out, schema=LEFT_OUT, orient="row")
    if not rows.written["train"]:
        reason, count = Counter(left_out["reason"]).most_common(1)[0]
        raise CurationError(
            f"{layout.title} can carry none of the training examples: {count:,} times, the example {reason}.",
            "Choose a format that carries them; chat carries everything.",
        )
    notes += _check_counts(rows.written, layout, " after leaving out what the format cannot carry")
    notes += [f"{count:,} times, an example {what}." for what, count in rows.warned.most_common()]
    provenance = pl.concat([*rows.blocks, pl.DataFrame(rows.places, schema=PROVENANCE, orient="row")])
    return Exported(rows.written, hashes, left_out, provenance, notes, rows.with_system, rows.with_tools)


def _check_counts(rows: Mapping[str, int], layout: Layout, when: str) -> list[str]:
    """Refuse counts that the tool refuses; too few held-out rows are a note."""
    notes = []
    for split, least in layout.minimum.items():
        if rows.get(split, 0) >= least:
            continue
        text = f"{layout.title} wants {least:,} {split} examples at least; there are {rows.get(split, 0):,}{when}."
        if split == "train":
            raise CurationError(text, "Keep more examples, or choose another format.")
        notes.append(f"{text} Leave the {split} file away when you upload.")
    for split, most in layout.maximum.items():
        if rows.get(split, 0) > most:
            raise CurationError(
                f"{layout.title} takes {most:,} {split} examples at most; there are {rows[split]:,}{when}.",
                "Keep fewer examples, change the ratios, or choose another format.",
            )
    return notes


class _Rows:
    """The rows of the examples that the layout can carry; what happened to the others gathers beside them."""

    def __init__(self, splits: Mapping[str, pl.DataFrame], layout: Layout, progress: Progress) -> None:
        self._splits = splits
        self._layout = layout
        self._progress = progress
        self._total = max(1, sum(frame.height for frame in splits.values()))
        self._done = 0
        # One set of keys: the system column is there for all rows or for none.
        self.with_system = any(
            bool(frame["messages"].str.contains(_SYSTEM, literal=True).any()) for frame in splits.values()
        )
        self.with_tools = False
        self.left_out: list[tuple[str, str, str]] = []
        self.places: list[tuple[str, int, str]] = []
        self.blocks: list[pl.DataFrame] = []
        self.written = dict.fromkeys(splits, 0)
        self.warned: Counter[str] = Counter()

    def of(self, together: Sequence[str], file: str) -> Iterator[Row]:
        number = 0
        for split in together:
            columns = self._splits[split].select("example_id", "messages", "metadata")
            for example_id, canonical, metadata in columns.iter_rows():
                self._done += 1
                if self._done % _TOLD_EVERY == 0:
                    self._tell()
                row = self._fitting(example_id, canonical, metadata, split)
                if row is None:
                    continue
                number += 1
                self.written[split] += 1
                self.places.append((file, number, example_id))
                yield row

    def write_lines(
        self, together: Sequence[str], file: str, target: BinaryIO, plain_line: Callable[[str], str | None]
    ) -> None:
        """Write JSON lines block by block; only what is not plain is taken apart."""
        number = 0
        for split in together:
            columns = self._splits[split].select("example_id", "messages", "metadata")
            for block in columns.iter_slices(_TOLD_EVERY):
                self._done += block.height
                lines = [plain_line(canonical) for canonical in block["messages"]]
                if None in lines:
                    lines = self._filled(lines, block, split)
                    block = block.filter(pl.Series([line is not None for line in lines], dtype=pl.Boolean))
                written = [line for line in lines if line is not None]
                target.write("".join([f"{line}\n" for line in written]).encode("ascii"))
                places = block.select(pl.lit(file).alias("file"), pl.lit(0, pl.Int64).alias("row"), "example_id")
                numbers = pl.int_range(number + 1, number + block.height + 1, dtype=pl.Int64, eager=True)
                self.blocks.append(places.with_columns(row=numbers))
                number += block.height
                self.written[split] += block.height
                self._tell()

    def _filled(self, lines: list[str | None], block: pl.DataFrame, split: str) -> list[str | None]:
        """Write what is None row by row; it stays None where the layout cannot carry it."""
        filled = list(lines)
        for place, (example_id, canonical, metadata) in enumerate(block.iter_rows()):
            if filled[place] is None and (row := self._fitting(example_id, canonical, metadata, split)) is not None:
                filled[place] = json_line(row)
        return filled

    def _tell(self) -> None:
        self._progress(min(self._done / self._total, 1.0), f"wrote {self._done:,} of {self._total:,} examples")

    def _fitting(self, example_id: str, canonical: str, metadata: str | None, split: str) -> Row | None:
        """Return the row of an example; None where the layout cannot carry it, which is remembered."""
        try:
            return self._row(canonical, metadata, split)
        except Unfit as problem:
            self.left_out.append((example_id, split, problem.reason))
            return None

    def _row(self, canonical: str, metadata: str | None, split: str) -> Row:
        messages = messages_of(canonical)
        extra = json.loads(metadata) if metadata and metadata != "{}" else {}
        row = self._layout.write_row(Conversation(messages, extra, split, self.with_system))
        if self._layout.reads_back:
            # A call without the key content and one whose content is null say the same.
            carried = [{**message, "content": message.get("content")} for message in self._layout.carried(messages)]
            if read_back(row) not in (canonical, canonical_messages(carried)):
                raise Unfit("would not read back the same from this format", "Export it as chat.")
        if self._layout.warn_row is not None and (warning := self._layout.warn_row(row)):
            self.warned[warning] += 1
        self.with_tools = self.with_tools or "tools" in row
        return row
