"""Groups of duplicates over all parts: one small union, then the groups of each component by itself.

Pairs lie in many files. One task joins the rows that pairs connect; it holds a few numbers for each row that has a
duplicate, and none for the others. No group reaches beyond a component, so that the components are dealt out and each
task forms the groups of its own (`pipelines/duplicates/groups.py`).

Not covered: a single component that does not fit into memory.
"""

from pathlib import Path

import numpy as np
import polars as pl

from pipelines.duplicates.groups import star_groups
from pipelines.engine.ordering import Parts
from pipelines.engine.shard_files import read_exchange, read_frames, whole_folder, write_exchange, write_frame
from pipelines.engine.signing import hashed

# Every line that holds an example: is it kept, or for which example is it left out, and why.
LINES = pl.Schema(
    {
        "file": pl.String,
        "line": pl.Int64,
        "example_id": pl.String,
        "keep": pl.Boolean,
        "representative_id": pl.String,
        "kind": pl.String,
        "similarity": pl.Float64,
    }
)
EDGE_COLUMNS = ["row_a", "row_b", "example_a", "example_b", "kind", "similarity"]


def unite(pairs: list[Path], out: Path) -> None:
    """Join the rows that pairs connect.

    Args:
        pairs: the files of `guard_pairs`; guarded pairs connect nothing.
        out: folder with `rows.npy`, rising, and `components.npy`, a number for each of them.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = [np.empty((0, 2), np.uint32)]
    for path in pairs:
        edges = read_frames([path], ["row_a", "row_b", "guarded"]).filter(~pl.col("guarded"))
        ends.append(edges.select("row_a", "row_b").to_numpy().astype(np.uint32).reshape(-1, 2))
    joined = np.concatenate(ends)
    rows, places = np.unique(joined, return_inverse=True)
    places = places.reshape(-1, 2)
    graph = coo_array((np.ones(len(places), bool), (places[:, 0], places[:, 1])), shape=(len(rows), len(rows)))
    components = connected_components(graph, directed=False)[1] if len(rows) else np.empty(0, np.int32)
    with whole_folder(out) as draft:
        np.save(draft / "rows.npy", rows)
        np.save(draft / "components.npy", components.astype(np.uint32))


def deal_components(pairs: Path, united: Path, partitions: int, out: Path) -> None:
    """Write the pairs of a file that are not guarded by the hash of their component."""
    edges = read_frames([pairs]).filter(~pl.col("guarded")).select(EDGE_COLUMNS)
    rows, components = (np.load(united / f"{name}.npy", mmap_mode="r") for name in ("rows", "components"))
    own = components[np.searchsorted(rows, edges["row_a"].to_numpy())]
    write_exchange(out, edges, hashed(own, partitions), partitions)


def group_components(dealt: list[Path], partition: int, out: Path) -> None:
    """Write the groups of a partition's components: Parquet with the columns of `GROUPS`, and `row`."""
    edges = read_exchange(dealt, partition)
    members = pl.concat([edges.select(row=f"row_{side}", example_id=f"example_{side}") for side in ("a", "b")]).unique(
        "row"
    )
    groups = star_groups(members.sort("row")["example_id"], edges)
    write_frame(out, groups.join(members, on="example_id", how="left", maintain_order="left"))


def deal_members(groups: Path, parts: Parts, out: Path) -> None:
    """Write the members of groups by the part that owns them."""
    members = read_frames([groups])
    write_exchange(out, members, parts.owner(members["row"].to_numpy()), len(parts.folders))


def tell_lines(part: Path, members: list[Path], number: int, out: Path) -> None:
    """Write what became of each line whose example lies in a part.

    Args:
        part: folder with `occurrences.parquet`.
        members: the files of `deal_members`.
        number: of the part.
        out: Parquet file of `LINES`, ordered by file and line.
    """
    own = read_exchange(members, number).select("example_id", "representative_id", "kind", "similarity")
    lines = read_frames([part / "occurrences.parquet"]).join(own, on="example_id", how="left", maintain_order="left")
    copy = pl.int_range(pl.len()).over("example_id") > 0  # the files' lines are in order
    alone = pl.col("representative_id").is_null() | (pl.col("representative_id") == pl.col("example_id"))
    told = lines.with_columns(
        pl.col("representative_id").fill_null(pl.col("example_id")),
        keep=alone & ~copy,
        kind=pl.when(copy).then(pl.lit("exact")).when(~alone).then("kind"),
        similarity=pl.when(copy).then(1.0).when(~alone).then("similarity"),
    )
    write_frame(out, told.select(LINES.names()).sort("file", "line"))
