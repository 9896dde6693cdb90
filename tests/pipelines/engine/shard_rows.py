"""Examples to cut into shards, and what the engine finds in them."""

import random
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from pipelines.duplicates.find import PAIRS
from pipelines.duplicates.groups import GROUPS
from pipelines.duplicates.settings import DuplicateSettings
from pipelines.engine.duplicates import DuplicateShards, find_duplicate_shards
from pipelines.engine.executor import Executor, LocalExecutor
from pipelines.engine.ordering import SHARD, Parts, put_in_order
from pipelines.engine.shard_files import read_frames, write_frame
from pipelines.engine.stages import Stages
from pipelines.examples import examples_frame, messages_of
from pipelines.formats.read import read_file

SAMPLE = Path(__file__).parents[3] / "sample_data" / "train.jsonl"


def sample_examples(rows: int) -> pl.DataFrame:
    """Return the first examples of the sample data, repeated lines too, with their file and line."""
    read = read_file(SAMPLE).accepted.head(rows)
    return examples_frame(messages_of(text) for text in read["messages"]).with_columns(
        pl.lit("train.jsonl").alias("file"), read["line"]
    )


def pairs_frame(texts: Sequence[tuple[str, str]]) -> pl.DataFrame:
    """Return examples of one question and its answer each, on the lines of one file."""
    frame = examples_frame(
        [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}] for prompt, answer in texts
    )
    lines = pl.int_range(1, frame.height + 1, dtype=pl.Int64, eager=True)
    return frame.with_columns(file=pl.lit("a.jsonl"), line=lines)


def into_shards(examples: pl.DataFrame, shards: int, folder: Path, seed: int = 0) -> list[Path]:
    """Deal examples out to shards by chance; some may be empty."""
    draw = random.Random(seed)
    where = pl.Series([draw.randrange(shards) for _ in range(examples.height)], dtype=pl.Int64)
    paths = [folder / f"shard-{number}.parquet" for number in range(shards)]
    for number, path in enumerate(paths):
        own = examples.filter(where == number).sample(fraction=1.0, shuffle=True, seed=seed)
        write_frame(path, own.select(pl.col(name).cast(dtype) for name, dtype in SHARD.items()))
    draw.shuffle(paths)
    return paths


def ordered(
    examples: pl.DataFrame, folder: Path, shards: int, parts: int, executor: Executor | None = None, seed: int = 0
) -> tuple[Parts, Stages]:
    """Put examples in order by way of shards."""
    stages = Stages(executor or LocalExecutor(), 50)
    paths = into_shards(examples, shards, folder / "shards", seed)
    return put_in_order(paths, parts, folder / "examples", stages), stages


def found_in_shards(
    examples: pl.DataFrame,
    folder: Path,
    settings: DuplicateSettings,
    shards: int,
    parts: int,
    executor: Executor | None = None,
    seed: int = 0,
) -> DuplicateShards:
    """Find duplicates by way of shards."""
    order, stages = ordered(examples, folder, shards, parts, executor, seed)
    return find_duplicate_shards(order, settings, folder / "duplicates", stages)


def as_in_memory(found: DuplicateShards) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return groups and pairs in the order of the stage in memory."""
    groups = read_frames(found.groups).select(GROUPS.names())
    pairs = read_frames(found.pairs).select(PAIRS.names())
    return (
        groups.sort("group_id", pl.col("example_id") != pl.col("representative_id"), "example_id"),
        pairs.sort("example_a", "example_b"),
    )
