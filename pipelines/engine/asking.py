"""Bring what rows hold from the parts that own them to the tasks that ask for it.

    a task of one stage      writes an *ask*: the row numbers that it needs, by owner
    a task for each part     answers all asks for its rows, by asker
    a task of the next stage reads its answers

Both ways are exchange files: read once, from beginning to end, where many small looks into other parts' files would be
slow on a shared disk.
"""

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.duplicates.bands import next_bands
from pipelines.duplicates.near import compared_text
from pipelines.duplicates.settings import DuplicateSettings
from pipelines.engine.ordering import Parts
from pipelines.engine.shard_files import read_exchange, write_exchange
from pipelines.engine.signing import compared_examples, members_by_first, read_sketches

Rows = NDArray[np.uint32]


def write_ask(path: Path, rows: NDArray[np.uint64] | Rows, parts: Parts) -> None:
    """Write which rows are needed, each once."""
    distinct = np.unique(rows).astype(np.uint32)
    frame = pl.DataFrame({"row": distinct}, schema={"row": pl.UInt32})
    write_exchange(path, frame, parts.owner(distinct), len(parts.folders))


def _asked(asks: list[Path], part: int) -> tuple[Rows, NDArray[np.int64]]:
    """Return the rows of a part that are asked for, and by which ask."""
    rows = [read_exchange([ask], part)["row"].to_numpy() for ask in asks]
    askers = np.repeat(np.arange(len(asks)), [len(asked) for asked in rows])
    return np.concatenate(rows), askers


def answer_keys(asks: list[Path], part: int, signed: Path, kind: str, slices: int, out: Path) -> None:
    """Answer the asks of all slices with `row` and `keys`, the row's keys in the bands that follow the slice's band."""
    rows, askers = _asked(asks, part)
    known, sketches = read_sketches(signed, kind)
    places = np.searchsorted(known, rows)
    bands = len(sketches.keys)
    keys = np.empty((len(rows), 3), dtype=np.uint32)
    for band in np.unique(askers // slices):
        here = askers // slices == band
        for column, other in enumerate(next_bands(int(band), bands)):
            keys[here, column] = sketches.keys[other][places[here]]
    frame = pl.DataFrame({"row": rows, "keys": keys}, schema={"row": pl.UInt32, "keys": pl.Array(pl.UInt32, 3)})
    write_exchange(out, frame, askers, len(asks))


def answer_places(asks: list[Path], part: int, signed: Path, kind: str, out: Path) -> None:
    """Answer with `row` and `places`, the excerpt of the row's signature."""
    rows, askers = _asked(asks, part)
    known, sketches = read_sketches(signed, kind)
    width = sketches.places.shape[1]
    places = sketches.places[np.searchsorted(known, rows)]
    frame = pl.DataFrame(
        {"row": rows, "places": places}, schema={"row": pl.UInt32, "places": pl.Array(pl.UInt8, width)}
    )
    write_exchange(out, frame, askers, len(asks))


def answer_texts(
    asks: list[Path],
    part: int,
    examples: Path,
    begin: int,
    classes: list[Path],
    kind: str,
    settings: DuplicateSettings,
    out: Path,
) -> None:
    """Answer with `row`, `text` as it is compared, and `rows`, those of the row's class (itself alone in most)."""
    rows, askers = _asked(asks, part)
    texts = compared_text(compared_examples(examples, settings)).gather(rows.astype(np.int64) - begin)
    frame = pl.DataFrame({"row": rows, "text": texts}, schema={"row": pl.UInt32, "text": pl.String})
    members = members_by_first(classes, part, kind)
    frame = frame.join(members, left_on="row", right_on="first", how="left", maintain_order="left")
    alone = pl.concat_list("row").cast(pl.List(pl.UInt32))
    write_exchange(out, frame.with_columns(rows=pl.coalesce("rows", alone)), askers, len(asks))


def answer_sides(
    asks: list[Path], part: int, examples: Path, begin: int, settings: DuplicateSettings, out: Path
) -> None:
    """Answer with `row`, `example_id`, and `prompt` and `completion` as they are compared."""
    rows, askers = _asked(asks, part)
    found = compared_examples(examples, settings).select("example_id", "prompt", "completion")
    found = found[rows.astype(np.int64) - begin]
    write_exchange(out, found.select(pl.Series("row", rows, dtype=pl.UInt32), pl.all()), askers, len(asks))
