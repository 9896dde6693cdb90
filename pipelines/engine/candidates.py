"""Candidate pairs over all parts: buckets of each band, crowds, and what each row keeps of its pairs.

    slice of a band -> pairs of its buckets, by the hash of the later row; rows of crowds are asked for
    crowds          -> pairs of rows that stand together by their next bands
    pairs of a row  -> those that it keeps, by the agreement of signatures

The functions are those of `pipelines/duplicates/bands.py`, which say what a crowd is and why.
"""

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.duplicates.bands import HALF, ROW, buckets_of, crowd_neighbours, distinct_codes, kept_pairs
from pipelines.duplicates.minhash import Sketches
from pipelines.duplicates.near import likely_pairs
from pipelines.duplicates.settings import DuplicateSettings
from pipelines.engine.asking import write_ask
from pipelines.engine.ordering import Parts
from pipelines.engine.shard_files import read_exchange, whole_folder, write_exchange, write_frame
from pipelines.engine.signing import hashed

# How a pair was met; see `bands.Buckets`.
WHOLE, FIRST, NEAR = 0, 1, 2
CODES = pl.Schema({"how": pl.UInt8, "code": pl.UInt64})
CROWDS = pl.Schema({"crowd": pl.UInt32, "row": pl.UInt32})


def find_buckets(bands: list[Path], number: int, parts: Parts, pairs: int, out: Path) -> None:
    """Find the buckets of a slice.

    Args:
        bands: the exchange files of `deal_bands`.
        number: of the slice.
        parts: who owns which row.
        pairs: number of partitions of pairs.
        out: folder with `codes.arrow` (`CODES`, by the hash of the later row), `crowds.parquet` (`CROWDS`) and the ask
            for their rows.
    """
    rows = read_exchange(bands, number)
    found = buckets_of(rows["key"].to_numpy(), rows["row"].to_numpy().astype(np.uint64))
    crowd = np.repeat(np.arange(len(found.crowds)), [len(crowd) for crowd in found.crowds])
    crowded = np.concatenate([np.empty(0, np.uint64), *found.crowds])
    with whole_folder(out) as draft:
        _write_codes(draft / "codes.arrow", {WHOLE: found.whole, FIRST: found.first}, pairs)
        write_frame(draft / "crowds.parquet", pl.DataFrame({"crowd": crowd, "row": crowded}, schema=CROWDS))
        write_ask(draft / "ask.arrow", crowded, parts)


def pair_crowds(bucket: Path, answers: list[Path], number: int, pairs: int, out: Path) -> None:
    """Pair the rows of a slice's crowds.

    Args:
        bucket: the slice's folder of `find_buckets`.
        answers: of `answer_keys`.
        number: of the slice.
        pairs: number of partitions of pairs.
        out: exchange file of `CODES`, by the hash of the later row.
    """
    crowds = pl.read_parquet(bucket / "crowds.parquet", glob=False)
    keys = read_exchange(answers, number)
    found: list[NDArray[np.uint64]] = []
    for (_,), crowd in crowds.join(keys, on="row").sort("crowd", "row").group_by("crowd", maintain_order=True):
        found += crowd_neighbours(crowd["row"].to_numpy().astype(np.uint64), list(crowd["keys"].to_numpy().T))
    _write_codes(out, {NEAR: found}, pairs)


def gather_codes(files: list[Path], partition: int, parts: Parts, out: Path) -> None:
    """Gather the pairs of a partition, each once, and ask for their rows' signatures.

    Args:
        files: exchange files of `CODES`; at least one.
        partition: of pairs.
        parts: who owns which row.
        out: folder with `codes.parquet` and the ask.
    """
    codes = read_exchange(files, partition).unique().sort("how", "code")
    numbers = codes["code"].to_numpy()
    with whole_folder(out) as draft:
        write_frame(draft / "codes.parquet", codes)
        write_ask(draft / "ask.arrow", np.concatenate([numbers >> HALF, numbers & ROW]), parts)


def keep_pairs(
    gathered: Path, answers: list[Path], partition: int, parts: Parts, settings: DuplicateSettings, out: Path
) -> None:
    """Keep of a partition's pairs what is worth counting, and ask for the texts.

    Args:
        gathered: the partition's folder of `gather_codes`.
        answers: of `answer_places`.
        partition: of pairs.
        parts: who owns which row.
        settings: the threshold.
        out: folder with `pairs.npy`, `(m, 2)` rows, and the ask.
    """
    codes = pl.read_parquet(gathered / "codes.parquet", glob=False)
    known = read_exchange(answers, partition).sort("row")
    rows = known["row"].to_numpy().astype(np.uint64)
    # Numbers of the rows that take part here, in their order: that is all that is asked of row numbers.
    numbers = codes["code"].to_numpy()
    local = (np.searchsorted(rows, numbers >> HALF).astype(np.uint64) << HALF) | np.searchsorted(
        rows, numbers & ROW
    ).astype(np.uint64)
    how = codes["how"].to_numpy()
    sketches = Sketches(np.empty((0, len(rows)), np.uint32), known["places"].to_numpy())
    kept = kept_pairs(local[how == WHOLE], local[how == FIRST], local[how == NEAR], sketches)
    pairs = rows[likely_pairs(kept, sketches, settings)]
    with whole_folder(out) as draft:
        np.save(draft / "pairs.npy", pairs.astype(np.uint32))
        write_ask(draft / "ask.arrow", pairs.reshape(-1), parts)


def _write_codes(path: Path, codes: dict[int, list[NDArray[np.uint64]]], pairs: int) -> None:
    """Write distinct numbers of pairs by the hash of their later row."""
    distinct = {how: distinct_codes(parts) for how, parts in codes.items()}
    frame = pl.DataFrame(
        {
            "how": np.repeat(np.array(list(distinct), np.uint8), [len(found) for found in distinct.values()]),
            "code": np.concatenate(list(distinct.values())),
        },
        schema=CODES,
    )
    write_exchange(path, frame, hashed(frame["code"].to_numpy() & ROW, pairs), pairs)
