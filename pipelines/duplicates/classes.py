"""Classes of equal rows: collapsed before pairs are looked for, and spread out again afterwards.

A thousand identical rows hold half a million pairs that say nothing new. All pairs of a class of up to ten rows are
listed; of a larger one those with its first row, and only its first row stands in pairs with other classes.
"""

import polars as pl

EVERY_PAIR = 10
CLASSES = pl.Schema({"row": pl.Int64, "group": pl.Int64, "size": pl.Int64, "first": pl.Int64})
ROW_PAIRS = pl.Schema({"a": pl.Int64, "b": pl.Int64, "similarity": pl.Float64})


def classes_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Group rows that are equal in every column but `row`.

    Returns:
        Columns of `CLASSES`, sorted by row; groups are numbered from 0 by their first row.
    """
    key = [name for name in rows.columns if name != "row"]
    first = pl.col("row").min().over(key)
    return (
        rows.with_columns(first=first, size=pl.len().over(key))
        .with_columns(group=pl.col("first").rank("dense") - 1)
        .sort("row")
        .select(pl.col(name).cast(dtype) for name, dtype in CLASSES.items())
    )


def first_rows(classes: pl.DataFrame) -> pl.Series:
    """Return the first row of each group, by group."""
    return classes.filter(pl.col("row") == pl.col("first")).sort("group")["row"]


def spread_pairs(classes: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Carry pairs of groups over to pairs of rows, and add the pairs within each group with similarity 1.

    Args:
        classes: columns of `CLASSES`.
        pairs: `left`, `right` (group numbers) and `similarity`.

    Returns:
        Columns of `ROW_PAIRS` with a < b, sorted.
    """
    listed = classes.filter((pl.col("size") <= EVERY_PAIR) | (pl.col("row") == pl.col("first")))
    small = classes.filter((pl.col("size") > 1) & (pl.col("size") <= EVERY_PAIR))
    large = classes.filter((pl.col("size") > EVERY_PAIR) & (pl.col("row") > pl.col("first")))
    across = pairs.join(listed.select(left="group", one="row"), on="left").join(
        listed.select(right="group", other="row"), on="right"
    )
    within = small.select("group", one="row").join(small.select("group", other="row"), on="group")
    certain = pl.lit(1.0).alias("similarity")
    return (
        pl.concat(
            [
                across.select("one", "other", "similarity"),
                within.filter(pl.col("one") < pl.col("other")).select("one", "other", certain),
                large.select(pl.col("first").alias("one"), pl.col("row").alias("other"), certain),
            ]
        )
        .select(a=pl.min_horizontal("one", "other"), b=pl.max_horizontal("one", "other"), similarity="similarity")
        .sort("a", "b")
        .match_to_schema(ROW_PAIRS)
    )
