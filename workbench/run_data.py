"""What a run is trained and validated on: the curated split, or everything that was imported, for comparison."""

from __future__ import annotations

from typing import Literal

import polars as pl

from workbench.store.store import Store
from workbench.store.versions import VersionRecord

Data = Literal["curated", "raw"]

# An id is a hash, so its first eight digits are uniform.
_DIGITS = 8


def run_rows(store: Store, version: VersionRecord, split: str, data: Data) -> pl.DataFrame:
    """Return example_id and canonical messages, one row a line to train or validate on, in the order of their ids.

    Args:
        store: of the project.
        version: whose split it is.
        split: train or validation; nothing of the test split, nor what is linked to it, is ever among them.
        data: `curated`, what was kept; or `raw`, everything that was imported, copies included. Whoever has not
            curated has no clean validation examples either, by which a run would keep the adapter that is right by
            curated data: so as large a share of the raw lines is held out as of the curated ones, beside what is linked
            to the curated validation examples.
    """
    members = store.versions.members(version.number)
    members = members.filter("included") if data == "curated" else members.with_columns(split=raw_split(members))
    examples = store.examples.with_ids(members.filter(pl.col("split") == split)["example_id"].to_list())
    if data == "raw":
        counts = store.examples.occurrence_counts("train")
        examples = examples.join(counts, on="example_id", how="left", maintain_order="left").select(
            pl.col("example_id", "messages").repeat_by(pl.col("occurrences").fill_null(1)).explode()
        )
    return examples.select("example_id", "messages")


def raw_split(members: pl.DataFrame) -> pl.Series:
    """Return the split of each member in raw data: some of what was not kept is held out too.

    It is drawn by id, as large a share of it as of the curated examples; where none of these is held out, none is.

    Args:
        members: example_id (hexadecimal), split, included.
    """
    kept = members.filter(pl.col("included") & pl.col("split").is_in(["train", "validation"]))["split"]
    share = (kept == "validation").mean() if len(kept) else 0.0
    place = pl.col("example_id").str.slice(0, _DIGITS).str.to_integer(base=16) / 16**_DIGITS
    drawn = ~pl.col("included") & (pl.col("split") == "train") & (place < share)
    return members.select(pl.when(drawn).then(pl.lit("validation")).otherwise("split").alias("split"))["split"]
