"""The win rate that would be, if both variants' answers were as long: raters prefer longer answers.

Method: a logistic regression of a prompt's value (win 1, tie or both bad 1/2, loss 0, averaged over its votes) on
tanh(d / s), where d is the length of the variant's answer less that of the other in characters and s the standard
deviation of d over the rated prompts; the win rate is what the model says at d = 0. The interval is a percentile
bootstrap over prompts, with s kept: the error of the coefficients counts, which the standard error of AlpacaEval's
predictions leaves out. A ridge of 0.01 keeps a variant that always wins finite.

Under 100 prompts nothing is said: two coefficients from fewer choices swing too far. Source: Dubois et al. 2024,
"Length-Controlled AlpacaEval", arXiv 2404.04475; its term for the difficulty of an instruction is left out, as it needs
other systems' results on the same prompts. Not covered: style other than length (lists, headers).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.rating.ratings import ratings_of_pair
from pipelines.rating.units import count_of, unit_numbers

LEAST_PROMPTS = 100
RIDGE = 0.01
_STEPS = 30
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LengthControlled:
    """The win rate at equal length, with interval; None under 100 prompts.

    `longer` is the share of prompts on which the variant's answer is longer, `plain` the win rate as it is.
    """

    variant: str
    against: str
    win_rate: float | None
    low: float | None
    high: float | None
    plain: float
    longer: float
    n: int
    note: str


def length_controlled(
    ratings: pl.DataFrame,
    outputs: pl.DataFrame,
    variant: str,
    against: str,
    *,
    groups: pl.DataFrame | None = None,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> LengthControlled:
    """Compute the length-controlled win rate of `variant` against `against`.

    Args:
        ratings: `pipelines.rating.ratings.RATINGS`.
        outputs: variant, example_id, text of both; a rated prompt without both texts is left aside.
        variant: whose wins count 1.
        against: the other one.
        groups: `pipelines.evaluation.compare.GROUPS`: prompts that are alike are drawn together, and count as one for
            "too few".
        resamples: bootstrap draws.
        confidence: of the interval.
        seed: of the draws.

    Raises:
        CurationError: nobody rated these two against each other, or the ratings are not sound.
    """
    rows = ratings_of_pair(ratings, variant, against)
    value = pl.when(pl.col("winner") == variant).then(1.0).when(pl.col("winner") == against).then(0.0).otherwise(0.5)
    lengths = outputs.select("variant", "example_id", pl.col("text").str.len_chars().cast(pl.Float64).alias("length"))
    prompts = (
        rows.group_by("example_id")
        .agg(value.mean().alias("value"))
        .join(lengths.filter(pl.col("variant") == variant), on="example_id")
        .join(lengths.filter(pl.col("variant") == against), on="example_id", suffix="_other")
        .sort("example_id")
    )
    y = prompts["value"].to_numpy()
    difference = (prompts["length"] - prompts["length_other"]).to_numpy()
    n = len(y)
    plain, longer = (float(y.mean()), float((difference > 0).mean())) if n else (0.5, 0.0)
    pair = f"{variant} against {against}"
    numbers = unit_numbers(prompts["example_id"], groups)
    units = count_of(numbers, n)
    if units < LEAST_PROMPTS:
        note = f"Length-controlled win rate of {pair}: too few, {units} of the {LEAST_PROMPTS} prompts needed."
        return LengthControlled(variant, against, None, None, None, plain, longer, n, note)
    spread = float(difference.std())
    x = np.tanh(difference / spread) if spread > 0 else np.zeros(n)
    generator = np.random.default_rng(seed)
    drawn_units = (np.bincount(generator.integers(0, units, units), minlength=units) for _ in range(resamples))
    weights = np.stack([times if numbers is None else times[numbers] for times in drawn_units])
    rate = float(_sigmoid(fit_logistic(x, y, np.ones((1, n)))[0, 0]))
    drawn = _sigmoid(fit_logistic(x, y, weights.astype(np.float64))[:, 0])
    tail = (1 - confidence) / 2
    low, high = (float(end) for end in np.quantile(drawn, [tail, 1 - tail]))
    note = (
        f"Length-controlled win rate of {pair}: {100 * rate:.1f} % ({100 * low:.1f} to {100 * high:.1f}) on {n} prompts"
        f"; {100 * plain:.1f} % as it is, and {variant} answers at greater length on {100 * longer:.0f} %."
    )
    return LengthControlled(variant, against, rate, low, high, plain, longer, n, note)


def fit_logistic(x: Floats, y: Floats, weights: Floats, ridge: float = RIDGE) -> Floats:
    """Fit y on an intercept and x by Newton's method, once for every row of weights.

    Args:
        x: (n,).
        y: (n,), 0 to 1.
        weights: (draws, n), how often each row counts.
        ridge: L2 penalty on both coefficients.

    Returns:
        Intercept and slope of each draw: (draws, 2).
    """
    design = np.stack([np.ones_like(x), x], axis=1)
    found = np.zeros((len(weights), 2))
    for _ in range(_STEPS):
        p = _sigmoid(found @ design.T)
        gradient = (weights * (y - p)) @ design - ridge * found
        inner = weights * p * (1 - p)
        hessian = np.einsum("bn,ni,nj->bij", inner, design, design, optimize=True) + ridge * np.eye(2)
        step = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
        # A Newton step far out on the flat part of the curve would overshoot.
        found += np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-10:
            break
    return found


def _sigmoid(value: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-value)), dtype=np.float64)
