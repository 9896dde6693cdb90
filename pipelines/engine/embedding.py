"""Embeddings of prompts over shards: every distinct text once, in batches that do not depend on the shards.

A vector depends a little, in its seventh digit, on the texts that share its batch. So texts are dealt out by their own
hash into as many partitions as their number asks for, and each partition is encoded in the order of its texts: the same
batches, and the same bits, whatever the shards. Other processors, or bfloat16 in place of float32, give other bits.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.embedding.cache import text_key
from pipelines.embedding.choose import MADE_ONCE, open_encoder
from pipelines.embedding.embed import embed_texts
from pipelines.embedding.encoder import Encoder
from pipelines.embedding.settings import EmbeddingSettings
from pipelines.engine.ordering import Parts
from pipelines.engine.shard_files import read_exchange, read_frames, write_exchange, write_frame
from pipelines.engine.stages import Stages, numbered

STAGES = 2
# Examples a partition: some minutes of a core, some megabytes of vectors.
PARTITION_ROWS = 4_096


def embed_shards(parts: Parts, settings: EmbeddingSettings, folder: Path, stages: Stages) -> list[Path]:
    """Embed the prompts of all parts.

    Args:
        parts: of `put_in_order`.
        settings: which encoder.
        folder: for the vectors; what lies between is in `folder/work`.
        stages: runs the work.

    Returns:
        Parquet files with `example_id` and `vector`, `(d,)` float32 of length 1, or zeros where the encoder says
        nothing; each example once, ordered by id within a file. The files are the same for any number of parts.

    Raises:
        CurationError: the encoder cannot be loaded.
    """
    partitions = max(-(-parts.rows // PARTITION_ROWS), 1)
    dealt = stages.run(
        "Dealing prompts",
        deal_prompts,
        [
            (path, partitions, numbered(folder / "work" / "prompts", number, ".arrow"))
            for number, path in enumerate(parts.examples)
        ],
    )
    kept = folder / "work" / "encoders"
    if settings.encoder in MADE_ONCE:
        # Here, lest every worker distils or quantises its own.
        open_encoder(settings.encoder, kept)
    return stages.run(
        "Embedding",
        embed_partition,
        [(dealt, number, settings.encoder, kept, numbered(folder, number, ".parquet")) for number in range(partitions)],
    )


def deal_prompts(examples: Path, partitions: int, out: Path) -> None:
    """Write the ids and prompts of a part by the hash of the prompt."""
    rows = read_frames([examples], ["example_id", "prompt"])
    keys = np.frombuffer(b"".join(map(text_key, rows["prompt"])), dtype="<u8")[::2]
    write_exchange(out, rows, (keys % np.uint64(partitions)).astype(np.int64), partitions)


def embed_partition(dealt: list[Path], partition: int, encoder: str, kept: Path, out: Path) -> None:
    """Write the vectors of a partition; `kept` holds what is made of the bundled encoder once."""
    rows = read_exchange(dealt, partition).sort("example_id")
    with _one_thread():
        loaded = _encoder(encoder, kept)
        vectors = embed_texts(rows["prompt"].to_list(), loaded)
    vector = pl.Series("vector", vectors, dtype=pl.Array(pl.Float32, loaded.dimension))
    write_frame(out, rows.select("example_id", vector))


@cache
def _encoder(name: str, kept: Path) -> Encoder:
    """Load an encoder once a process."""
    return open_encoder(name, kept)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch use one thread: sums that several threads share depend on how many there are."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
