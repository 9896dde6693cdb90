"""Groups of duplicates around a representative, and who that is.

Examples are visited from the most preferred to the least. One that no group has taken yet opens a group and takes all
its duplicates that are still free. So every member is a verified duplicate of the row that is kept: a chain of one-word
changes falls into several groups where connected components would melt it into one. Exactly one example a group stays,
and the order of rows does not matter.

Preference: larger rank (given by the caller: edited, rated, kept), then a completion that is complete (it ends as a
sentence, list or object does), then the longer completion, then the smaller id.

Source: star clustering, Aslam, Pelekhov and Rus 2004, with a fixed order of centres in place of the degree.
"""

import polars as pl

GROUPS = pl.Schema(
    {
        "group_id": pl.String,
        "example_id": pl.String,
        "representative_id": pl.String,
        "kind": pl.String,
        "similarity": pl.Float64,
    }
)
KINDS = ("exact", "near", "semantic")
ENDING = r"""[.!?…。！？｡।؟}\])"'”’»`>*][\s]*$"""
# Of two examples of one rank: the complete one is kept, then the longer one, then the one of the smaller id.
PREFERENCE = {
    "complete": pl.col("completion").str.contains(ENDING),
    "length": pl.col("completion").str.len_chars(),
}


def order_by_preference(examples: pl.DataFrame, rank: pl.DataFrame | None) -> pl.DataFrame:
    """Sort examples so that of any two duplicates the one to keep comes first.

    Args:
        examples: with `example_id` and `completion`.
        rank: `example_id` and `rank`, larger is kept before smaller; 0 where an example has none.
    """
    ranked = (
        examples.with_columns(rank=pl.lit(0.0))
        if rank is None
        else examples.join(rank.select("example_id", pl.col("rank").cast(pl.Float64)), on="example_id", how="left")
    )
    return (
        ranked.with_columns(pl.col("rank").fill_null(0.0).fill_nan(0.0), **PREFERENCE)
        .sort("rank", "complete", "length", "example_id", descending=[True, True, True, False])
        .drop("rank", "complete", "length")
    )


def star_groups(order: pl.Series, pairs: pl.DataFrame) -> pl.DataFrame:
    """Group duplicates around representatives.

    Args:
        order: example ids, the most preferred first.
        pairs: `example_a`, `example_b`, `kind`, `similarity` of the pairs that count as duplicates, each once.

    Returns:
        Columns of `GROUPS`, one row a member, the representative's own among them (similarity 1, the first of the
        kinds in its group); groups by id, representatives first. A group's id is its representative's.
    """
    place = {example: index for index, example in enumerate(order)}
    neighbours: dict[str, list[tuple[str, str, float]]] = {}
    for one, other, kind, similarity in pairs.select("example_a", "example_b", "kind", "similarity").iter_rows():
        neighbours.setdefault(one, []).append((other, kind, similarity))
        neighbours.setdefault(other, []).append((one, kind, similarity))
    taken: set[str] = set()
    rows: list[tuple[str, str, str, str, float]] = []
    for centre in sorted(neighbours, key=place.__getitem__):
        if centre in taken:
            continue
        members = [entry for entry in neighbours[centre] if entry[0] not in taken]
        if not members:
            continue
        taken.update((centre, *(member for member, _, _ in members)))
        kind = min((kind for _, kind, _ in members), key=KINDS.index)
        rows.append((centre, centre, centre, kind, 1.0))
        rows += [(centre, member, centre, kind, similarity) for member, kind, similarity in members]
    frame = pl.DataFrame(rows, schema=GROUPS, orient="row")
    return frame.sort("group_id", pl.col("example_id") != pl.col("representative_id"), "example_id")
