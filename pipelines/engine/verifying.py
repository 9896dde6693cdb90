"""Verify candidate pairs by their texts, join the pairs of all kinds, and say which a guard holds apart."""

from pathlib import Path

import numpy as np
import polars as pl

from pipelines.duplicates.classes import CLASSES, spread_pairs
from pipelines.duplicates.find import PAIRS, guarded_pairs
from pipelines.duplicates.near import jaccard, larger_similarity
from pipelines.duplicates.settings import DuplicateSettings
from pipelines.duplicates.shingles import character_shingles, word_shingles
from pipelines.engine.asking import write_ask
from pipelines.engine.ordering import Parts
from pipelines.engine.shard_files import read_exchange, whole_folder, write_exchange, write_frame
from pipelines.engine.signing import EXACT, FOUND, KINDS, hashed

ROWS_AND_PAIRS = pl.Schema([("row_a", pl.UInt32), ("row_b", pl.UInt32), *PAIRS.items()])


def verify_pairs(
    kept: Path, answers: list[Path], partition: int, kind: str, settings: DuplicateSettings, pairs: int, out: Path
) -> None:
    """Count the true similarity of a partition's candidates, and carry it over to the rows of their classes.

    Args:
        kept: the partition's folder of `keep_pairs`.
        answers: of `answer_texts`.
        partition: of pairs.
        kind: of shingles.
        settings: threshold and shingles.
        pairs: number of partitions of pairs.
        out: exchange file of `FOUND`, by the hash of the first row.
    """
    candidates = np.load(kept / "pairs.npy")
    known = read_exchange(answers, partition).sort("row")
    local = np.searchsorted(known["row"].to_numpy(), candidates).astype(np.int64)
    if kind == "words":
        shingles, _ = word_shingles(known["text"], settings.shingle_words)
    else:
        shingles = character_shingles(known["text"], settings.shingle_characters)
    verified = pl.DataFrame(
        {"left": local[:, 0], "right": local[:, 1], "similarity": jaccard(shingles, local)},
        schema={"left": pl.Int64, "right": pl.Int64, "similarity": pl.Float64},
    ).filter(pl.col("similarity") >= settings.near_threshold)
    classes = (
        known.with_row_index("group")
        .select("group", pl.col("row").alias("first"), pl.col("rows").alias("row"), size=pl.col("rows").list.len())
        .explode("row")
        .select(pl.col(name).cast(dtype) for name, dtype in CLASSES.items())
    )
    found = spread_pairs(classes, verified).with_columns(kind=pl.lit(KINDS[kind]))
    found = found.select(pl.col(name).cast(dtype) for name, dtype in FOUND.items())
    write_exchange(out, found, hashed(found["a"], pairs), pairs)


def join_kinds(files: list[Path], partition: int, parts: Parts, out: Path) -> None:
    """Join the pairs of a partition, each under its first kind, and ask for their texts.

    Args:
        files: exchange files of `FOUND`.
        partition: of pairs.
        parts: who owns which row.
        out: folder with `pairs.parquet` (`a`, `b`, `similarity`, `kind`) and the ask.
    """
    found = read_exchange(files, partition)
    exact = found.filter(pl.col("kind") == EXACT).select("a", "b", "similarity", kind=pl.lit("exact"))
    near = larger_similarity(found.filter(pl.col("kind") != EXACT)).with_columns(kind=pl.lit("near"))
    joined = pl.concat([exact, near]).unique(["a", "b"], keep="first", maintain_order=True).sort("a", "b")
    with whole_folder(out) as draft:
        write_frame(draft / "pairs.parquet", joined)
        write_ask(draft / "ask.arrow", np.concatenate([joined["a"].to_numpy(), joined["b"].to_numpy()]), parts)


def guard_pairs(joined: Path, answers: list[Path], partition: int, settings: DuplicateSettings, out: Path) -> None:
    """Write a partition's pairs with what the guards say.

    Args:
        joined: the partition's folder of `join_kinds`.
        answers: of `answer_sides`.
        partition: of pairs.
        settings: which guards are on.
        out: Parquet file of `ROWS_AND_PAIRS`, sorted by ids, the smaller id first.
    """
    pairs = pl.read_parquet(joined / "pairs.parquet", glob=False)
    examples = read_exchange(answers, partition)
    ids = examples.select("row", "example_id")
    named = pairs.join(ids.rename({"row": "a", "example_id": "id_a"}), on="a").join(
        ids.rename({"row": "b", "example_id": "id_b"}), on="b"
    )
    straight = pl.col("id_a") < pl.col("id_b")
    named = named.select(
        "kind",
        "similarity",
        row_a=pl.when(straight).then("a").otherwise("b"),
        row_b=pl.when(straight).then("b").otherwise("a"),
        example_a=pl.min_horizontal("id_a", "id_b"),
        example_b=pl.max_horizontal("id_a", "id_b"),
    ).sort("example_a", "example_b")
    guarded = guarded_pairs(named.drop("row_a", "row_b"), examples, settings)
    write_frame(out, guarded.with_columns(named["row_a"], named["row_b"]).select(ROWS_AND_PAIRS.names()))
