"""The frame of ratings, and what every reading of it checks first.

A row: comparison_id "9c1e…", example_id "5f0c…", rater "ada", left "tuned", right "base", choice "left". The choice is
`left`, `right`, `tie` or `both_bad`.
"""

import polars as pl

from pipelines.errors import CurationError
from pipelines.examples import check_columns

RATINGS = pl.Schema(
    {
        "comparison_id": pl.String,
        "example_id": pl.String,
        "rater": pl.String,
        "left": pl.String,
        "right": pl.String,
        "choice": pl.String,
    }
)
CHOICES = ("left", "right", "tie", "both_bad")


def checked_ratings(ratings: pl.DataFrame) -> pl.DataFrame:
    """Return the ratings in a fixed order, or refuse them.

    Raises:
        CurationError: a missing column or value, an unknown choice, a variant against itself or named
            like a choice, a comparison that one
            rater rated twice.
    """
    check_columns(ratings, RATINGS, "ratings")
    rows = ratings.select(list(RATINGS))
    for bad, what, remedy in (
        (pl.any_horizontal(pl.all().is_null()), "lacks a value", "Fill every column, or leave the rating out."),
        (~pl.col("choice").is_in(CHOICES), "has an unknown choice", f"A choice is one of: {', '.join(CHOICES)}."),
        (
            pl.any_horizontal(pl.col("left", "right").is_in(["tie", "both_bad"])),
            "names a variant like a choice",
            "Give the variant another name.",
        ),
        (pl.col("left") == pl.col("right"), "compares a variant with itself", "Leave these ratings out."),
        (
            pl.struct("comparison_id", "rater").is_duplicated(),
            "was given twice by one rater",
            "Keep the last choice of a rater for a comparison.",
        ),
    ):
        found = rows.filter(bad)
        if not found.is_empty():
            row = found.row(0, named=True)
            raise CurationError(
                f"A rating {what}: comparison {row['comparison_id']}, rater '{row['rater']}', choice '{row['choice']}' "
                f"({found.height} such).",
                remedy,
            )
    return rows.sort("example_id", "rater", "comparison_id")


def ratings_of_pair(ratings: pl.DataFrame, variant: str, against: str) -> pl.DataFrame:
    """Return the checked ratings of these two variants, with `winner`: a variant, "tie" or "both_bad".

    Raises:
        CurationError: as `checked_ratings`; the two are one; nobody rated these two against each other.
    """
    rows = checked_ratings(ratings)
    if variant == against:
        raise CurationError(f"'{variant}' cannot be compared with itself.", "Choose two variants.")
    pair = rows.filter(pl.col("left").is_in([variant, against]) & pl.col("right").is_in([variant, against]))
    if pair.is_empty():
        rated = rows.select(
            pl.concat_str(pl.min_horizontal("left", "right"), pl.lit(" and "), pl.max_horizontal("left", "right"))
        )
        known = "; ".join(rated.to_series().unique().sort().to_list()) or "nothing so far"
        raise CurationError(f"There are no ratings of '{variant}' against '{against}'.", f"Rated were: {known}.")
    return with_winner(pair)


def with_winner(ratings: pl.DataFrame) -> pl.DataFrame:
    """Add `winner`: the name of the variant that was chosen, or the choice itself ("tie", "both_bad")."""
    chosen = pl.when(pl.col("choice") == "left").then("left").when(pl.col("choice") == "right").then("right")
    return ratings.with_columns(chosen.otherwise("choice").alias("winner"))
