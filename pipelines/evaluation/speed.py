"""How long a variant takes to answer, and how many tokens a second it gives: figures beside the metrics.

    seconds             mean over the examples that were timed, with its interval; median and 95th percentile beside it
    tokens a second     all tokens over all seconds (a ratio, so that long answers weigh as they cost)

Intervals are bootstraps over units (duplicate groups, else examples). Seconds differ between machines and with what
else these did, and an answer of a batch counts the batch's seconds over its answers: variants compare only where they
answered in one go on one machine, and what a user waits for is longer. A variant without a time for any answer
(imported ones) has no row; tokens a second need answers with both.

Not covered: time to the first token.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.examples import check_columns

TIMED = pl.Schema({"variant": pl.String, "example_id": pl.String, "seconds": pl.Float64, "tokens": pl.Int64})
SPEEDS = pl.Schema(
    {
        "variant": pl.String,
        "seconds": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "median": pl.Float64,
        "p95": pl.Float64,
        "tokens_per_second": pl.Float64,
        "tokens_low": pl.Float64,
        "tokens_high": pl.Float64,
        "tokens": pl.Float64,
        "n": pl.Int64,
        "sentence": pl.String,
    }
)
Floats = npt.NDArray[np.float64]


def speeds_of(
    timed: pl.DataFrame,
    groups: pl.DataFrame | None = None,
    *,
    resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> pl.DataFrame:
    """Return how fast each variant answered: `SPEEDS`, sorted by variant.

    Args:
        timed: `TIMED`, one row an answer; rows without seconds are left aside, tokens may be missing.
        groups: example_id, group_id: what is drawn together; examples without a row stand alone.
        resamples: bootstrap draws.
        confidence: of the intervals.
        seed: of the draws.

    Returns:
        `tokens` is the mean of an answer. Intervals are None for one unit. No timed answers give an empty frame.

    Raises:
        CurationError: a missing column.
    """
    check_columns(timed, TIMED, "timed answers")
    rows = timed.filter(pl.col("seconds").is_finite() & (pl.col("seconds") >= 0)).sort("variant", "example_id")
    unit = pl.col("example_id")
    if groups is not None:
        known = groups.select("example_id", "group_id").unique("example_id")
        rows = rows.join(known, on="example_id", how="left", maintain_order="left")
        unit = pl.coalesce(pl.format("group {}", "group_id"), pl.format("example {}", "example_id"))
    rows = rows.with_columns(unit=unit)
    found = [
        _speed(str(variant), mine, (resamples, confidence, seed))
        for (variant,), mine in rows.group_by("variant", maintain_order=True)
    ]
    return pl.DataFrame(found, schema=SPEEDS)


def _speed(variant: str, rows: pl.DataFrame, draws: tuple[int, float, int]) -> dict[str, object]:
    seconds = rows["seconds"].to_numpy()
    counted = rows.drop_nulls("tokens")
    low, high = _ratio_interval(rows, seconds, np.ones(len(seconds)), draws)
    found: dict[str, object] = {
        "variant": variant,
        "seconds": float(seconds.mean()),
        "low": low,
        "high": high,
        "median": float(np.median(seconds)),
        "p95": float(np.quantile(seconds, 0.95)),
        "n": rows.height,
    }
    total = float(counted["seconds"].sum())
    if counted.height and total > 0:
        tokens = counted["tokens"].to_numpy().astype(np.float64)
        found |= {"tokens_per_second": float(tokens.sum()) / total, "tokens": float(tokens.mean())}
        interval = _ratio_interval(counted, tokens, counted["seconds"].to_numpy(), draws)
        found["tokens_low"], found["tokens_high"] = interval
    return found | {"sentence": _sentence(found)}


def _ratio_interval(
    rows: pl.DataFrame, above: Floats, below: Floats, draws: tuple[int, float, int]
) -> tuple[float | None, float | None]:
    """Return the percentile bootstrap interval of sum(above) / sum(below); whole units are drawn."""
    resamples, confidence, seed = draws
    places = np.unique(rows["unit"].to_numpy(), return_inverse=True)[1]
    sums = [np.bincount(places, weights=values) for values in (above, below)]
    units = len(sums[0])
    if units < 2:
        return None, None
    generator = np.random.default_rng(seed)
    weights = generator.multinomial(units, np.full(units, 1 / units), size=resamples)
    ratios = (weights @ sums[0]) / np.maximum(weights @ sums[1], 1e-12)
    tail = (1 - confidence) / 2
    low, high = np.quantile(ratios, [tail, 1 - tail])
    return float(low), float(high)


def _sentence(found: dict[str, object]) -> str:
    told = f"{found['variant']}: {_rounded(found['seconds'])} seconds an answer"
    if found["low"] is not None:
        told += f" ({_rounded(found['low'])} to {_rounded(found['high'])})"
    told += f", half of them under {_rounded(found['median'])} and 95 % under {_rounded(found['p95'])}"
    if found.get("tokens_per_second") is not None:
        told += f"; {_rounded(found['tokens_per_second'])} tokens a second, {_rounded(found['tokens'])} an answer"
    return f"{told}; {found['n']} answers."


def _rounded(value: object) -> str:
    number = float(value)  # type: ignore[arg-type]  # figures of a row
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def timed_rows(rows: Sequence[tuple[str, str, float | None, int | None]]) -> pl.DataFrame:
    """Return answers with their times as `TIMED`."""
    return pl.DataFrame(rows, schema=TIMED, orient="row")
