"""Examples of any shards, put into the order of preference and numbered: a sort over many files.

    shards -> keys of some rows -> cuts -> rows dealt by the cuts -> parts, each sorted and without repeats

Row numbers run through all parts, the most preferred example first (`groups.py` says which that is), so that they mean
what row numbers mean in the stage in memory. Equal examples have equal keys and meet in one part, where one is left.
The cuts come from samples; wherever they fall, the rows' order and numbers are the same.

Source: sample sort, Frazer and McKellar 1970.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.duplicates.groups import PREFERENCE
from pipelines.engine.shard_files import read_exchange, read_frames, whole_folder, write_exchange, write_frame
from pipelines.engine.stages import Stages, numbered
from pipelines.errors import CurationError
from pipelines.examples import EXAMPLES, check_columns

# What a shard holds: examples, `messages` null where system, prompt and completion say all, and where each stood.
SHARD = pl.Schema([*EXAMPLES.items(), ("file", pl.String), ("line", pl.Int64)])
OCCURRENCES = ["example_id", "file", "line"]
STAGES = 4
KEY = ["complete", "length", "example_id"]
DESCENDING = [True, True, False]
# Keys to choose the cuts by, from all shards together, for each part; every shard gives as many at least.
SAMPLED = 64
MOST_ROWS = 1 << 32


@dataclass(frozen=True)
class Parts:
    """Examples in order.

    Attributes:
        folders: each with `examples.parquet` (columns of `EXAMPLES`, rows in order) and `occurrences.parquet`.
        offsets: `(parts + 1,)` int64, the number of each part's first row, and of all rows.
    """

    folders: list[Path]
    offsets: NDArray[np.int64]

    @property
    def examples(self) -> list[Path]:
        """The files of examples, in order."""
        return [folder / "examples.parquet" for folder in self.folders]

    @property
    def rows(self) -> int:
        """How many examples there are."""
        return int(self.offsets[-1])

    def owner(self, rows: NDArray[np.unsignedinteger[Any]] | NDArray[np.int64]) -> NDArray[np.int64]:
        """Return in which part each row lies."""
        return np.searchsorted(self.offsets, rows.astype(np.int64), side="right") - 1


def put_in_order(shards: list[Path], parts: int, folder: Path, stages: Stages) -> Parts:
    """Sort the examples of all shards by preference, each example once, into about equal parts.

    Args:
        shards: Parquet files with the columns of `SHARD`; at least one.
        parts: how many, 1 or more.
        folder: for the parts; what lies between is in `folder/work`.
        stages: runs the work.

    Raises:
        CurationError: a shard lacks a column, or there are more than 2^32 examples.
    """
    work = folder / "work"
    sampled = SAMPLED * -(-parts // len(shards))
    jobs = [(path, sampled, numbered(work / "keys", number, ".parquet")) for number, path in enumerate(shards)]
    keys = stages.run("Sampling", sample_keys, jobs)
    [cuts] = stages.run("Choosing cuts", choose_cuts, [(keys, parts, work / "cuts.parquet")])
    dealt = stages.run(
        "Dealing examples",
        deal,
        [(path, cuts, parts, numbered(work / "dealt", number, ".arrow")) for number, path in enumerate(shards)],
    )
    folders = stages.run(
        "Sorting examples", sort_part, [(dealt, part, numbered(folder / "parts", part)) for part in range(parts)]
    )
    counts = [pl.scan_parquet(path / "examples.parquet").select(pl.len()).collect().item() for path in folders]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    if offsets[-1] >= MOST_ROWS:
        raise CurationError(f"There are {offsets[-1]:,} examples; at most 2^32 can be compared.", "Split the data.")
    return Parts(folders, offsets)


def sample_keys(shard: Path, most: int, out: Path) -> None:
    """Write the keys of at most so many rows of a shard, evenly spread over its order."""
    examples = read_frames([shard])
    check_columns(examples, SHARD, f"rows of {shard.name}")
    keys = examples.select("example_id", **PREFERENCE).select(KEY).sort(KEY, descending=DESCENDING)
    count = min(len(keys), most)
    write_frame(out, keys[np.linspace(0, max(len(keys) - 1, 0), count).astype(np.int64)])


def choose_cuts(samples: list[Path], parts: int, out: Path) -> None:
    """Write the first key of each part but the first; fewer where there are few keys."""
    keys = read_frames(samples).unique().sort(KEY, descending=DESCENDING)
    places = (np.arange(1, parts) * len(keys)) // parts
    write_frame(out, keys[np.unique(places[places < len(keys)])])


def deal(shard: Path, cuts: Path, parts: int, out: Path) -> None:
    """Write a shard's rows to the parts that the cuts put them into."""
    rows = read_frames([shard], list(SHARD)).with_row_index("place")
    keyed = rows.select("place", "example_id", **PREFERENCE, cut=pl.lit(0, pl.Int64))
    marks = read_frames([cuts]).with_columns(place=pl.lit(0, pl.UInt32), cut=pl.lit(1, pl.Int64))
    # A cut stands before the rows of its key.
    both = pl.concat([keyed.select("place", *KEY, "cut"), marks.select("place", *KEY, "cut")])
    both = both.sort(*KEY, "cut", descending=[*DESCENDING, True]).with_columns(part=pl.col("cut").cum_sum())
    part = both.filter(pl.col("cut") == 0).sort("place")["part"].to_numpy()
    write_exchange(out, rows.drop("place"), part, parts)


def sort_part(dealt: list[Path], part: int, out: Path) -> None:
    """Write a part: its examples in order, each once, and every place where they stood."""
    rows = read_exchange(dealt, part)
    examples = (
        rows.select(EXAMPLES.names())
        .unique("example_id", keep="any")
        .with_columns(**PREFERENCE)
        .sort(KEY, descending=DESCENDING)
    )
    with whole_folder(out) as draft:
        examples.select(EXAMPLES.names()).write_parquet(draft / "examples.parquet")
        rows.select(OCCURRENCES).sort("file", "line").write_parquet(draft / "occurrences.parquet")
