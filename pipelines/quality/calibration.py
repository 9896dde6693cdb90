"""How good predicted probabilities are: ranking with its interval, and whether what is said to be 70 % is 70 %.

Source: AUC and its variance, DeLong et al. 1988 (by placements); interval of a share, Wilson 1927; expected calibration
error, Naeini et al. 2015, ten bands of equal width.
"""

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]

BANDS = 10
RELIABILITY = pl.Schema(
    {
        "low": pl.Float64,
        "high": pl.Float64,
        "examples": pl.Int64,
        "predicted": pl.Float64,
        "observed": pl.Float64,
        "observed_low": pl.Float64,
        "observed_high": pl.Float64,
    }
)
_NORMAL_95 = 1.959963984540054


def auc_interval(scores: Floats, truths: Truths) -> tuple[float, float, float]:
    """Return the chance that a true row scores above a false one, with its 95 % interval.

    Args:
        scores: (n,) any numbers; ties count half.
        truths: (n,) which rows are true.

    Returns:
        AUC, low and high, each 0 to 1; 0.5, 0 and 1 where one of the two kinds has no row.
    """
    from scipy.stats import rankdata

    true, false = scores[truths], scores[~truths]
    if not len(true) or not len(false):
        return 0.5, 0.0, 1.0
    ranks = rankdata(np.concatenate([true, false]))
    above = (ranks[: len(true)] - rankdata(true)) / len(false)
    below = 1.0 - (ranks[len(true) :] - rankdata(false)) / len(true)
    auc = float(above.mean())
    variance = sum(float(part.var(ddof=1)) / len(part) if len(part) > 1 else 0.25 for part in (above, below))
    reach = _NORMAL_95 * math.sqrt(variance)
    return auc, max(auc - reach, 0.0), min(auc + reach, 1.0)


def share_interval(hits: int, count: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share; 0 and 1 of nothing."""
    if not count:
        return 0.0, 1.0
    z = _NORMAL_95
    centre = (hits + z * z / 2) / (count + z * z)
    reach = z / (count + z * z) * math.sqrt(hits * (count - hits) / count + z * z / 4)
    return max(centre - reach, 0.0), min(centre + reach, 1.0)


def reliability_table(predicted: Floats, truths: Truths) -> pl.DataFrame:
    """Compare in each band of predicted probability what was predicted with what is so.

    Args:
        predicted: (n,) probabilities.
        truths: (n,) what is so.

    Returns:
        Columns of `RELIABILITY`, one row for each of ten bands that holds any row, lowest first: its bounds, its number
        of examples, the mean prediction, the share that is true and Wilson's interval of that.
    """
    bands = np.minimum((predicted * BANDS).astype(int), BANDS - 1)
    rows: list[tuple[float | int, ...]] = []
    for band in np.unique(bands).tolist():
        inside = bands == band
        count, hits = int(inside.sum()), int(truths[inside].sum())
        low, high = share_interval(hits, count)
        rows.append((band / BANDS, (band + 1) / BANDS, count, float(predicted[inside].mean()), hits / count, low, high))
    return pl.DataFrame(rows, schema=RELIABILITY, orient="row")


def calibration_error(table: pl.DataFrame) -> float:
    """Return the expected calibration error of a reliability table; 0 where it has no rows."""
    total = int(table["examples"].sum())
    gaps = (table["predicted"] - table["observed"]).abs() * table["examples"]
    return float(gaps.sum()) / total if total else 0.0
