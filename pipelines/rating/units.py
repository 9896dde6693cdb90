"""What counts as one piece of evidence: an example, or a group of duplicates, whose members tell the same story.

examples a, b, c with a and b in one group  ->  numbers 0, 0, 1
"""

import numpy as np
import polars as pl

from pipelines.errors import CurationError
from pipelines.evaluation.compare import GROUPS
from pipelines.evaluation.statistics import Floats, Groups
from pipelines.examples import check_columns


def unit_names(examples: pl.Series, groups: pl.DataFrame | None) -> pl.Series:
    """Return the name of each example's unit; an example that is in no group is one by itself.

    Args:
        examples: ids.
        groups: `pipelines.evaluation.compare.GROUPS`, at most one group an example; None for none.

    Raises:
        CurationError: an example in two groups.
    """
    alone = pl.format("example {}", "example_id")
    frame = pl.DataFrame({"example_id": examples})
    if groups is None:
        return frame.select(alone.alias("unit"))["unit"]
    check_columns(groups, GROUPS, "groups")
    known = groups.select(list(GROUPS)).unique().drop_nulls()
    twice = known.filter(pl.col("example_id").is_duplicated())
    if not twice.is_empty():
        raise CurationError(
            f"The example {twice['example_id'].sort()[0]} belongs to more than one group.",
            "Hand in one group an example.",
        )
    joined = frame.join(known, on="example_id", how="left", maintain_order="left")
    return joined.select(pl.coalesce(pl.format("group {}", "group_id"), alone).alias("unit"))["unit"]


def unit_numbers(examples: pl.Series, groups: pl.DataFrame | None) -> Groups | None:
    """Return the number of each example's unit, or None where every example stands alone (`examples` has none twice).

    Raises:
        CurationError: as `unit_names`.
    """
    names = unit_names(examples, groups)
    if names.n_unique() == names.len():
        return None
    return np.unique(names.to_numpy(), return_inverse=True)[1].astype(np.int64)


def count_of(numbers: Groups | None, examples: int) -> int:
    """Return how many units there are."""
    return examples if numbers is None else len(np.unique(numbers))


def worth_of(numbers: Groups | None, examples: int) -> float:
    """Return how many examples that stand alone the units are worth at least: n^2 / sum of squared sizes.

    Source: Kish 1965, "Survey Sampling", the design effect where all members of a group say the same.
    """
    if numbers is None:
        return float(examples)
    sizes: Floats = np.bincount(np.unique(numbers, return_inverse=True)[1]).astype(np.float64)
    return float(examples**2 / (sizes**2).sum())
