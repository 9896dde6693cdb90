"""Raters one by one: how many votes, how often they agree with the others, whether they favour a side, who stands out.

A rater's agreement is the share of pairs of votes (theirs and another rater's on the same example and pair of variants)
that say the same. A rater stands out whose agreement is lower than that of all other pairs by Fisher's exact test,
one-sided, corrected over raters (Benjamini-Hochberg). Of two raters neither can stand out.

Not covered: how sure a rater is, seconds a vote.
"""

from itertools import combinations
from typing import Any

import polars as pl

from pipelines.evaluation.statistics import benjamini_hochberg
from pipelines.rating.ratings import checked_ratings, with_winner
from pipelines.rating.side_bias import side_bias

RATERS = pl.Schema(
    {
        "rater": pl.String,
        "votes": pl.Int64,
        "shared": pl.Int64,
        "agreement": pl.Float64,
        "others": pl.Float64,
        "q_value": pl.Float64,
        "stands_out": pl.Boolean,
        "share_left": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "note": pl.String,
    }
)


def describe_raters(ratings: pl.DataFrame, *, level: float = 0.05) -> pl.DataFrame:
    """Describe every rater.

    Args:
        ratings: `pipelines.rating.ratings.RATINGS`.
        level: expected share of false findings among those who stand out.

    Returns:
        `RATERS`, sorted by rater; `agreement` is None for a rater who shares no example with another one. No ratings
        give an empty frame.

    Raises:
        CurationError: the ratings are not sound.
    """
    rows = with_winner(checked_ratings(ratings)).with_columns(
        unit=pl.concat_str(
            "example_id", pl.min_horizontal("left", "right"), pl.max_horizontal("left", "right"), separator="\x1f"
        )
    )
    pairs: list[tuple[str, str, bool]] = []
    for _, votes in rows.group_by("unit", maintain_order=True):
        for one, other in combinations(votes.select("rater", "winner").rows(), 2):
            if one[0] != other[0]:
                pairs.append((one[0], other[0], one[1] == other[1]))
    found: list[dict[str, Any]] = []
    for bias in side_bias(ratings).iter_rows(named=True):
        mine = [same for one, other, same in pairs if bias["rater"] in (one, other)]
        rest = [same for one, other, same in pairs if bias["rater"] not in (one, other)]
        found.append(
            {
                "rater": bias["rater"],
                "votes": rows.filter(pl.col("rater") == bias["rater"]).height,
                "shared": len(mine),
                "agreement": sum(mine) / len(mine) if mine else None,
                "others": sum(rest) / len(rest) if rest else None,
                "p_value": _p_value(mine, rest),
                **{name: bias[name] for name in ("share_left", "low", "high", "note")},
            }
        )
    tested = [row for row in found if row["p_value"] is not None]
    for row, q_value in zip(tested, benjamini_hochberg([r["p_value"] for r in tested]) if tested else [], strict=True):
        row["q_value"] = q_value
    for row in found:
        row.pop("p_value")
        row["stands_out"] = row.get("q_value") is not None and row["q_value"] <= level
        if row["stands_out"]:
            row["note"] = (
                f"{row['rater']} stands out: agrees with others {100 * row['agreement']:.0f} % of the time, they among "
                f"themselves {100 * row['others']:.0f} %. {row['note']}"
            )
    return pl.DataFrame(found, schema=RATERS)


def _p_value(mine: list[bool], rest: list[bool]) -> float | None:
    if not mine or not rest:
        return None
    from scipy.stats import fisher_exact

    table = [[sum(mine), len(mine) - sum(mine)], [sum(rest), len(rest) - sum(rest)]]
    return float(fisher_exact(table, alternative="less").pvalue)
