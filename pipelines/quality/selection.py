"""Leave out a share of the examples: the worst by quality, and beside it what other ways of the same size would take.

Most published ways to select training data do not beat a random choice, or keeping the longest answers, of the same
size. So what "the worst" would remove is never shown alone.

    worst     lowest quality first
    random    any, by a seed
    shortest  fewest tokens first, which keeps the longest

Source: METHODS 1.1 ("Rethinking Data Selection at Scale", 2410.09335; "Long Is More for Alignment", ICML 2024).
Not covered: whether a model tuned on what is left is better; only a run can tell.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.errors import CurationError

POOL = pl.Schema(
    {
        "example_id": pl.String,
        "quality": pl.Float64,
        "tokens": pl.Int64,
        "source": pl.String,
        "cluster": pl.String,
        "suggestion": pl.String,
    }
)
EFFECTS = pl.Schema(
    {
        "by": pl.String,
        "group": pl.String,
        "examples": pl.Int64,
        "worst": pl.Int64,
        "random": pl.Int64,
        "shortest": pl.Int64,
    }
)
WAYS = ("worst", "random", "shortest")
GROUPS = ("source", "cluster", "suggestion")


@dataclass(frozen=True)
class Selection:
    """What each way would remove.

    Attributes:
        pool: number of examples that were chosen from.
        removed: for each of `WAYS` the ids that it would remove, first to go first; all of one length.
        effects: columns of `EFFECTS`: for each source, cluster and suggestion how many examples there are and how many
            each way would remove, largest first.
        means: for each way the mean quality and the mean tokens of what it would remove.
    """

    pool: int
    removed: dict[str, list[str]]
    effects: pl.DataFrame
    means: dict[str, dict[str, float]]


def select_worst(pool: pl.DataFrame, share: float, seed: int = 0) -> Selection:
    """Choose what to leave out.

    Args:
        pool: columns of `POOL`, each id once; without a quality, an example is not chosen as worst before all others.
        share: of the pool, 0 to 1; rounded down to whole examples.
        seed: of the random choice.

    Returns:
        The choice of each way, whatever the order of the rows; nothing of an empty pool.

    Raises:
        CurationError: the share is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise CurationError(f"A share of {share:g} cannot be left out.", "Choose more than 0 % and less than 100 %.")
    ordered = pool.sort("example_id")
    count = int(ordered.height * share + 1e-9)
    random = np.random.default_rng(seed).permutation(ordered.height)[:count]
    chosen = {
        "worst": ordered.sort("quality", "example_id", nulls_last=True).head(count),
        "random": ordered[random],
        "shortest": ordered.sort("tokens", "example_id").head(count),
    }
    removed = {way: chosen[way]["example_id"].to_list() for way in WAYS}
    means = {
        way: {
            name: float(chosen[way].select(pl.col(name).mean().fill_null(0.0)).item()) for name in ("quality", "tokens")
        }
        for way in WAYS
        if count
    }
    return Selection(ordered.height, removed, pl.concat([_effects(ordered, removed, by) for by in GROUPS]), means)


def _effects(pool: pl.DataFrame, removed: dict[str, list[str]], by: str) -> pl.DataFrame:
    return (
        pool.select(
            pl.lit(by).alias("by"),
            pl.col(by).fill_null("none").alias("group"),
            *(
                pl.col("example_id").is_in(pl.Series(removed[way], dtype=pl.String).implode()).alias(way)
                for way in WAYS
            ),
        )
        .group_by("by", "group")
        .agg(pl.len().cast(pl.Int64).alias("examples"), *(pl.col(way).sum().cast(pl.Int64) for way in WAYS))
        .sort(["examples", "group"], descending=[True, False])
        .match_to_schema(EFFECTS)
    )
