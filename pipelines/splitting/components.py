"""Which examples hang together: the connected components of a graph whose nodes are examples and groups."""

import numpy as np
import polars as pl

MEMBERS = pl.Schema({"example_id": pl.String, "group_id": pl.String})


def connect(example_ids: pl.Series, links: pl.DataFrame) -> pl.DataFrame:
    """Unite everything that any group links.

    Args:
        example_ids: all examples; those without a link are groups of one.
        links: `MEMBERS`; an example may be in several groups, which then are one. Unknown examples play no part, so
            that two groups whose only bond is an example that is not handed in stay two.

    Returns:
        `MEMBERS`, one row an example, sorted by example_id; the group's id is its smallest example_id.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    ids = example_ids.unique().sort().alias("example_id")
    nodes = ids.to_frame().with_row_index("node")
    edges = links.select("example_id", "group_id").drop_nulls().unique().join(nodes, on="example_id")
    edges = edges.with_columns(group=pl.col("group_id").rank("dense").cast(pl.Int64) - 1)
    groups = edges["group"].n_unique()
    size = ids.len() + groups
    row, column = edges["node"].to_numpy(), edges["group"].to_numpy() + ids.len()
    graph = coo_matrix((np.ones(edges.height, np.int8), (row, column)), shape=(size, size))
    _, component = connected_components(graph, directed=False)
    frame = pl.DataFrame({"example_id": ids, "component": component[: ids.len()]})
    return frame.select("example_id", group_id=pl.col("example_id").min().over("component")).sort("example_id")
