"""The mean of people's values, helped by a judge's values of many more pairs: the prediction-powered mean.

With n pairs that people rated (Y) and the judge judged (f), and N further pairs that only the judge judged (f'):

    estimate = w * mean(f') + mean(Y - w * f)
    variance = w^2 * var(f') / N + (sum of (Y - w * f - its mean)^2 + 1) / (n * (n - 1))
    w        = cov(Y, f) / ((1 + n / N) * var(f, f' together)), kept within 0 to 1

The second term takes away whatever the judge gets wrong on average, so the estimate aims at what people would say
however bad the judge is; a useless judge gets the weight 0 and leaves the people's mean with its own interval. With
w = 1 it is the estimate of Angelopoulos et al. 2023 ("Prediction-Powered Inference", Science 382:669); the weight is
that of Angelopoulos, Duchi and Zrnic 2023 ("PPI++", arXiv 2311.01453, section 6).

Interval: Student's t with n - 1 degrees of freedom. The + 1 stands for one pair more on which the judge errs as far as
it can; it is not in the papers, whose interval is for large n. A good judge errs on one rated pair of thirty or none,
mostly to one side, and the weight was chosen on the same pairs: without the + 1 the t interval of nominal 0.95 covered
0.89 to 0.95 at n = 30 and 0.92 to 0.94 at 50 (simulated, judges right on 50 to 97 %), with it 0.95 or more at both. A
judge who adds little can so make the interval a little wider than that of people alone; taking the shorter of the two
would cover too little.

Pairs of one duplicate group hang together. With c(g) the sum over the pairs of group g of what each adds to the
estimate, less its mean (rated ones over n, the others w / N), and G groups, R of them with rated pairs,

    variance = (sum of c(g)^2 + 1 / R^2) * G / (G - 1)      the + 1 / R^2 is one group more, as above; t with R - 1

which without groups is nearly the formula above (cluster-robust; Miller 2024, arXiv 2411.00640, section 2.2).

What it rests on: the rated pairs are a random draw from all of them (as `draw_comparisons` draws). Not covered: ratings
chosen by what the judge said.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.errors import CurationError
from pipelines.evaluation.statistics import Groups, standard_error

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PredictionPowered:
    """The combined mean with its interval, and that of people alone on the same rated pairs.

    `weight` is w, `rated` n, `judged_only` N; `standard_error` and `people_error` are of the two means.
    """

    value: float
    low: float
    high: float
    standard_error: float
    weight: float
    rated: int
    judged_only: int
    people: float
    people_low: float
    people_high: float
    people_error: float


def prediction_powered_mean(
    people: Floats,
    judge: Floats,
    judge_only: Floats,
    *,
    groups: Groups | None = None,
    weight: float | None = None,
    confidence: float = 0.95,
) -> PredictionPowered:
    """Combine people's values with a judge's.

    Args:
        people: (n,), each 0 to 1, n at least 2: what people said of the rated pairs.
        judge: (n,), what the judge said of the same pairs, in the same order.
        judge_only: (N,), what the judge said of the others; none gives the people's mean.
        groups: (n + N,), the number of the group of each pair, rated ones first; None where each stands alone.
        weight: w; chosen from the data where it is not given.
        confidence: of the intervals.

    Raises:
        CurationError: fewer than two rated pairs, or not one value of the judge for each.
    """
    n, more = len(people), len(judge_only)
    if n < 2 or len(judge) != n:
        raise CurationError(
            f"{n} rated and {len(judge)} judged pairs cannot be combined.", "Hand in two pairs or more, judged by both."
        )
    w = tuned_weight(people, judge, judge_only) if weight is None else weight
    rated = n if groups is None else len(np.unique(groups[:n]))
    if rated < 2:
        raise CurationError("All rated pairs are of one duplicate group.", "Rate pairs of other groups too.")
    mean, alone = float(people.mean()), float(people.std(ddof=1) / np.sqrt(n))
    if groups is not None:
        alone = standard_error(people, groups[:n])
    people_low, people_high = _interval(mean, alone, rated, confidence)
    if more == 0:
        w = 0.0
    rectified = people - w * judge
    value = float(rectified.mean() + (w * judge_only.mean() if more else 0.0))
    if groups is not None:
        parts = np.concatenate(
            [(rectified - rectified.mean()) / n, w * (judge_only - judge_only.mean()) / max(more, 1)]
        )
        sums = np.bincount(np.unique(groups, return_inverse=True)[1], weights=parts)
        error = float(np.sqrt(((sums**2).sum() + 1 / rated**2) * len(sums) / (len(sums) - 1)))
        return _found(value, error, w, (n, more, rated), (mean, alone, people_low, people_high), confidence)
    between = w * w * float(judge_only.var(ddof=1)) / more if more > 1 else 0.0
    error = float(np.sqrt((((rectified - rectified.mean()) ** 2).sum() + 1.0) / (n * (n - 1)) + between))
    return _found(value, error, w, (n, more, rated), (mean, alone, people_low, people_high), confidence)


def _found(
    value: float,
    error: float,
    w: float,
    counts: tuple[int, int, int],
    people: tuple[float, float, float, float],
    confidence: float,
) -> PredictionPowered:
    """Put the result together; a judge of weight 0 leaves people's own mean and error."""
    n, more, rated = counts
    mean, alone, people_low, people_high = people
    if w == 0.0:
        value, error = mean, alone
    low, high = _interval(value, error, rated, confidence)
    return PredictionPowered(value, low, high, error, w, n, more, mean, people_low, people_high, alone)


def tuned_weight(people: Floats, judge: Floats, judge_only: Floats) -> float:
    """Return the weight of the judge that makes the variance smallest, 0 to 1; 0 for a judge who says one thing only.

    Args:
        people: (n,).
        judge: (n,).
        judge_only: (N,).
    """
    n, more = len(people), len(judge_only)
    together = float(np.concatenate([judge, judge_only]).var(ddof=1))
    if more == 0 or together <= 1e-12:
        return 0.0
    shared = float(np.cov(people, judge, ddof=0)[0, 1])
    return float(np.clip(shared / ((1 + n / more) * together), 0.0, 1.0))


def _interval(value: float, error: float, n: int, confidence: float) -> tuple[float, float]:
    from scipy.stats import t

    half = float(t.ppf((1 + confidence) / 2, n - 1)) * error
    return max(0.0, value - half), min(1.0, value + half)
