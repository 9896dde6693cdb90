"""Balance: how evenly the examples lie over groups, and a proposal that caps or shares them out.

The effective number of groups is the number of equally large ones that would be as mixed: exp of the entropy of the
shares. A group is thin when it has less than a quarter of what each of so many equal groups would have.

A cap is the most that a group keeps. A quota is the share of what is left that a group gets: the result is the largest
one in which every quota holds, the other groups share the rest in the proportion in which they stand. Nothing is made
up: to give a thin group more weight, others shrink. In each group what has the lowest quality goes first.

Source: Hill 1973, doi:10.2307/1934352 (number of order one).
Not covered: weights instead of removal; several examples of one duplicate group (their own stage says who stays).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.errors import CurationError
from pipelines.examples import check_columns

POOL = pl.Schema({"example_id": pl.String, "group": pl.String, "quality": pl.Float64, "fixed": pl.Boolean})
EFFECTS = pl.Schema(
    {
        "group": pl.String,
        "examples": pl.Int64,
        "share": pl.Float64,
        "removed": pl.Int64,
        "left": pl.Int64,
        "share_left": pl.Float64,
        "thin": pl.Boolean,
    }
)
THIN = 0.25


@dataclass(frozen=True)
class Balance:
    """What a proposal would do.

    Attributes:
        removed: ids that would go, by id.
        effects: columns of `EFFECTS`, one row a group, largest first; `thin` is about the groups as they stand.
        effective: effective number of groups as they stand.
        effective_left: the same of what would be left.
    """

    removed: list[str]
    effects: pl.DataFrame
    effective: float
    effective_left: float


def propose_balance(
    pool: pl.DataFrame, *, cap: int | None = None, quotas: Mapping[str, float] | None = None
) -> Balance:
    """Say what a cap and quotas would remove; with neither, how the groups stand.

    Args:
        pool: columns of `POOL`, each id once; `fixed` examples count but are never removed; a missing group is "none".
        cap: most examples a group keeps, 1 or more.
        quotas: share of what is left by group, above 0, at most 1 in all.

    Returns:
        The proposal, whatever the order of the rows. Where more examples are fixed than a cap or quota allows, the
        group keeps them all, and the effects say so. Nothing for an empty pool.

    Raises:
        CurationError: a cap below 1, a quota out of bounds, quotas above 1 in all, or one of a missing group.
    """
    check_columns(pool, POOL, "examples to balance")
    rows = pool.with_columns(pl.col("group").fill_null("none"))
    sizes = {str(group): int(count) for group, count in rows.group_by("group").len().sort("group").rows()}
    _check(cap, quotas or {}, sizes)
    wanted = _wanted(sizes, cap, quotas or {})
    limits = pl.DataFrame(
        {"group": list(wanted), "wanted": list(wanted.values())}, schema={"group": pl.String, "wanted": pl.Int64}
    )
    ranked = rows.sort(
        ["group", "fixed", "quality", "example_id"],
        descending=[False, True, True, False],
        nulls_last=[False, True, False, False],
    ).with_columns(place=pl.int_range(pl.len()).over("group"))
    gone = ranked.join(limits, on="group").filter(~pl.col("fixed") & (pl.col("place") >= pl.col("wanted")))
    removed = sorted(gone["example_id"])
    effects = _effects(sizes, dict(gone.group_by("group").len().rows()))
    return Balance(
        removed,
        effects,
        effective_number(effects["examples"].to_numpy()),
        effective_number(effects["left"].to_numpy()),
    )


def effective_number(counts: NDArray[np.int64]) -> float:
    """Return the number of equally large groups that would be as mixed: 0 for none, 1 for one, n for n equal ones."""
    shares = counts[counts > 0] / max(int(counts.sum()), 1)
    return float(np.exp(-(shares * np.log(shares)).sum())) if len(shares) else 0.0


def _check(cap: int | None, quotas: Mapping[str, float], sizes: Mapping[str, int]) -> None:
    if cap is not None and cap < 1:
        raise CurationError(f"A cap of {cap} leaves nothing.", "Choose 1 or more.")
    for group, share in quotas.items():
        if group not in sizes:
            raise CurationError(
                f"There is no group '{group}'.", f"Choose among: {', '.join(list(sizes)[:12]) or 'none'}."
            )
        if not 0 < share <= 1:
            raise CurationError(
                f"A quota of {share:.0%} for '{group}' cannot be met.", "Choose above 0 and at most 100 %."
            )
    if sum(quotas.values()) > 1 + 1e-9:
        raise CurationError(f"The quotas add up to {sum(quotas.values()):.0%}.", "Let them add up to 100 % at most.")


def _wanted(sizes: Mapping[str, int], cap: int | None, quotas: Mapping[str, float]) -> dict[str, int]:
    """Return how many examples each group keeps, fixed ones aside."""
    wanted = {group: min(size, cap or size) for group, size in sizes.items()}
    if not quotas:
        return wanted
    rest = sum(size for group, size in wanted.items() if group not in quotas)
    left_over = max(0.0, 1 - sum(quotas.values()))
    totals = [wanted[group] / share for group, share in quotas.items()]
    if rest and left_over > 1e-9:
        totals.append(rest / left_over)
    total = min(totals)
    scale = left_over * total / rest if rest and left_over > 1e-9 else 0.0
    # Rounded half up: a share is met as closely as whole examples allow.
    return {
        group: min(size, int(quotas[group] * total + 0.5) if group in quotas else int(size * scale + 0.5))
        for group, size in wanted.items()
    }


def _effects(sizes: Mapping[str, int], removed: Mapping[str, int]) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "group": list(sizes),
            "examples": list(sizes.values()),
            "removed": [removed.get(group, 0) for group in sizes],
        },
        schema={"group": pl.String, "examples": pl.Int64, "removed": pl.Int64},
    ).with_columns(left=pl.col("examples") - pl.col("removed"))
    even = max(effective_number(frame["examples"].to_numpy()), 1.0)
    total, left = max(int(frame["examples"].sum()), 1), max(int(frame["left"].sum()), 1)
    return (
        frame.with_columns(share=pl.col("examples") / total, share_left=pl.col("left") / left)
        .with_columns(thin=pl.col("share") < THIN / even)
        .sort(["examples", "group"], descending=[True, False])
        .select(EFFECTS.names())
        .match_to_schema(EFFECTS)
    )
