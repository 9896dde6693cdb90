"""Sign the examples of a part, find classes of equal rows over all parts, and hand the rest to the bands.

    part -> keys of equal rows (exact, by words, by characters) and sketches
         -> classes over all parts: pairs within them, and which rows only repeat an earlier one
         -> band keys of the rows that repeat nothing

All row numbers are those of `ordering.py`; what is computed is that of `pipelines/duplicates/near.py` and `exact.py`.
"""

import hashlib
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.duplicates.classes import EVERY_PAIR, classes_of, first_rows, spread_pairs
from pipelines.duplicates.exact import NO_PAIRS, canonical_text
from pipelines.duplicates.minhash import Sketches
from pipelines.duplicates.near import class_keys, compared_text, sketches_of
from pipelines.duplicates.settings import DuplicateSettings
from pipelines.duplicates.shingles import character_shingles, mix, word_shingles
from pipelines.duplicates.sides import compared_side
from pipelines.engine.ordering import Parts
from pipelines.engine.shard_files import Partitions, read_exchange, read_frames, whole_folder, write_exchange
from pipelines.formats.bulk_lines import plain_messages

# By what rows are compared; in the order in which a pair found by several is told.
EXACT, WORDS, CHARACTERS = 0, 1, 2
KINDS = {"words": WORDS, "characters": CHARACTERS}
CLASS_ROWS = pl.Schema({"kind": pl.UInt8, "row": pl.UInt32, "n": pl.Int64, "one": pl.UInt64, "two": pl.UInt64})
FOUND = pl.Schema({"kind": pl.UInt8, "a": pl.UInt32, "b": pl.UInt32, "similarity": pl.Float64})
TWINS = pl.Schema({"kind": pl.UInt8, "row": pl.UInt32})
MEMBERS = pl.Schema({"kind": pl.UInt8, "first": pl.UInt32, "row": pl.UInt32})
BAND_ROWS = pl.Schema({"key": pl.UInt32, "row": pl.UInt32})


def compared_examples(part: Path, settings: DuplicateSettings) -> pl.DataFrame:
    """Read the examples of a part, with what is not compared left empty."""
    examples = read_frames([part])
    if settings.side == "last-turn":
        rows = examples.select("messages", "system", "prompt", "completion").iter_rows()
        whole = [messages if messages is not None else plain_messages(*texts) for messages, *texts in rows]
        examples = examples.with_columns(pl.Series("messages", whole, dtype=pl.String))
    return compared_side(examples, settings)


def hashed(rows: NDArray[np.uint64] | NDArray[np.uint32] | pl.Series, partitions: int) -> Partitions:
    """Return the partition of each row number."""
    numbers = np.asarray(rows).astype(np.uint64)
    return (mix(numbers + np.uint64(1)) % np.uint64(partitions)).astype(np.int64)


def sign_part(part: Path, begin: int, partitions: int, settings: DuplicateSettings, out: Path) -> None:
    """Write a part's sketches by words and by characters, and what is equal in equal rows, by class partition.

    Args:
        part: file of examples.
        begin: number of its first row.
        partitions: of classes.
        settings: shingles and signatures.
        out: folder with `classes.arrow`, and for each kind `KIND-rows.npy`, `KIND-keys.npy` and `KIND-places.npy`.
    """
    examples = compared_examples(part, settings)
    texts = compared_text(examples)
    words, counts = word_shingles(texts, settings.shingle_words)
    short = np.flatnonzero(counts <= settings.short_words)
    characters = character_shingles(texts.gather(short), settings.shingle_characters)
    with whole_folder(out) as draft:
        keys = [_exact_keys(examples, begin)]
        for kind, shingles, rows in (("words", words, np.arange(len(texts))), ("characters", characters, short)):
            own = class_keys(shingles)
            # Of rows that are equal within the part only the first is signed.
            first = first_rows(classes_of(own)).to_numpy()
            sketches = sketches_of(shingles.rows(first), settings)
            np.save(draft / f"{kind}-rows.npy", (rows[first] + begin).astype(np.uint32))
            np.save(draft / f"{kind}-keys.npy", sketches.keys)
            np.save(draft / f"{kind}-places.npy", sketches.places)
            numbers = pl.Series("row", rows[own["row"].to_numpy()] + begin)
            keys.append(own.with_columns(numbers, kind=pl.lit(KINDS[kind])))
        rows_of_classes = pl.concat([frame.select(_cast(CLASS_ROWS)) for frame in keys])
        where = (mix(rows_of_classes["one"].to_numpy()) % np.uint64(partitions)).astype(np.int64)
        write_exchange(draft / "classes.arrow", rows_of_classes, where, partitions)


def _exact_keys(examples: pl.DataFrame, begin: int) -> pl.DataFrame:
    """Hash the canonical texts, 128 bits: equal hashes stand for equal texts."""
    texts = examples.select(canonical_text(pl.col(name)).alias(name) for name in ("system", "prompt", "completion"))
    # With the lengths before them, no text can pass for the end of another.
    joined = (f"{len(system)} {len(prompt)} {system}{prompt}{said}" for system, prompt, said in texts.iter_rows())
    digests = [hashlib.blake2b(text.encode(), digest_size=16).digest() for text in joined]
    halves = np.frombuffer(b"".join(digests), dtype="<u8").reshape(-1, 2)
    columns = {"row": np.arange(begin, begin + len(digests)), "one": halves[:, 0], "two": halves[:, 1]}
    return pl.DataFrame(columns).with_columns(kind=pl.lit(EXACT), n=pl.lit(0))


def _cast(schema: pl.Schema) -> list[pl.Expr]:
    return [pl.col(name).cast(dtype) for name, dtype in schema.items()]


def find_classes(signed: list[Path], partition: int, parts: Parts, pairs: int, out: Path) -> None:
    """Find the classes of a partition.

    Args:
        signed: the folders of `sign_part`.
        partition: of classes.
        parts: who owns which row.
        pairs: number of partitions of pairs.
        out: folder with the exchange files `pairs.arrow` (`FOUND`, the pairs within classes, by the hash of the first
            row), `twins.arrow` (`TWINS`, rows that repeat an earlier one, by owner) and `members.arrow` (`MEMBERS`, the
            rows of small classes, by the owner of their first row).
    """
    rows = read_exchange([folder / "classes.arrow" for folder in signed], partition)
    found, twins, members = [FOUND.to_frame()], [TWINS.to_frame()], [MEMBERS.to_frame()]
    for kind in (EXACT, WORDS, CHARACTERS):
        keyed = rows.filter(pl.col("kind") == kind).drop("kind").cast({"row": pl.Int64})
        classes = classes_of(keyed).filter(pl.col("size") > 1).with_columns(kind=pl.lit(kind))
        within = spread_pairs(classes.drop("kind"), NO_PAIRS).with_columns(kind=pl.lit(kind))
        found.append(within.select(_cast(FOUND)))
        twins.append(classes.filter(pl.col("row") != pl.col("first")).select(_cast(TWINS)))
        members.append(classes.filter(pl.col("size") <= EVERY_PAIR).select(_cast(MEMBERS)))
    count = len(parts.folders)
    with whole_folder(out) as draft:
        for name, frames, column in (("twins", twins, "row"), ("members", members, "first")):
            frame = pl.concat(frames)
            write_exchange(draft / f"{name}.arrow", frame, parts.owner(frame[column].to_numpy()), count)
        frame = pl.concat(found)
        write_exchange(draft / "pairs.arrow", frame, hashed(frame["a"], pairs), pairs)


def read_sketches(signed: Path, kind: str) -> tuple[NDArray[np.uint32], Sketches]:
    """Return the rows that a part signed, rising, and their sketches; read from disk as they are used."""
    rows = np.load(signed / f"{kind}-rows.npy")
    keys, places = (np.load(signed / f"{kind}-{name}.npy", mmap_mode="r") for name in ("keys", "places"))
    return rows, Sketches(keys, places)


def slices_of(band: int, keys: NDArray[np.uint32], slices: int) -> Partitions:
    """Return in which slice of all bands the keys of a band lie; every band is cut into `slices` by its keys."""
    return (band * slices + keys % np.uint32(slices)).astype(np.int64)


def deal_bands(signed: Path, classes: list[Path], part: int, kind: str, slices: int, out: Path) -> None:
    """Write the band keys of a part's rows, but for those that repeat an earlier row, by slice.

    Args:
        signed: the part's folder of `sign_part`.
        classes: the folders of `find_classes`.
        part: its number.
        kind: of shingles, see `KINDS`.
        slices: into which each band is cut.
        out: exchange file of `BAND_ROWS`.
    """
    rows, sketches = read_sketches(signed, kind)
    twins = read_exchange([folder / "twins.arrow" for folder in classes], part).filter(pl.col("kind") == KINDS[kind])
    kept = np.isin(rows, twins["row"].to_numpy(), invert=True)
    keys = sketches.keys[:, kept]
    bands = len(keys)
    frame = pl.DataFrame({"key": keys.reshape(-1), "row": np.tile(rows[kept], bands)}, schema=BAND_ROWS)
    where = np.concatenate([slices_of(band, keys[band], slices) for band in range(bands)])
    write_exchange(out, frame, where, bands * slices)


def members_by_first(classes: list[Path], part: int, kind: str) -> pl.DataFrame:
    """Return `first` and the list of `rows` of each small class of a part's first rows."""
    members = read_exchange([folder / "members.arrow" for folder in classes], part)
    return members.filter(pl.col("kind") == KINDS[kind]).group_by("first").agg(rows=pl.col("row").sort())
