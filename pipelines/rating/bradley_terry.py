"""Strengths of several variants from pairwise votes: Bradley-Terry, with ties by Davidson's model.

P(i beats j) is proportional to exp((s_i - s_j) / 2), P(j beats i) to exp((s_j - s_i) / 2), P(tie) to nu. Without ties
this is the Bradley-Terry model. Fitted by L-BFGS with a small ridge, without which a variant that always wins would
have no finite strength. Strengths sum to 0.

Sources: Bradley and Terry 1952, Biometrika 39:324; Davidson 1970, JASA 65:317. Not covered: intervals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.errors import CurationError

RIDGE = 0.01


@dataclass(frozen=True)
class Strengths:
    """Log strengths by variant, strongest first, and readiness to tie `nu` (0: no ties)."""

    strengths: dict[str, float]
    nu: float


def bradley_terry(votes: Sequence[tuple[str, str, float]], *, ridge: float = RIDGE) -> Strengths:
    """Fit strengths to votes.

    Args:
        votes: (first, second, outcome): 1 where the first won, 0 where the second did, 0.5 a tie.
        ridge: weight of the squared strengths; 0 gives the plain maximum of the likelihood, where there is one.

    Raises:
        CurationError: no votes, another outcome, a variant against itself, or the fit does not converge.
    """
    from scipy.optimize import minimize

    if not votes:
        raise CurationError("There are no votes to fit strengths to.", "Rate some comparisons first.")
    for first, second, result in votes:
        if first == second or result not in (0.0, 0.5, 1.0):
            raise CurationError(
                f"'{first}' against '{second}' with outcome {result} is no vote.", "An outcome is 0, 0.5 or 1."
            )
    names = sorted({name for first, second, _ in votes for name in (first, second)})
    place = {name: number for number, name in enumerate(names)}
    one = np.array([place[first] for first, _, _ in votes])
    two = np.array([place[second] for _, second, _ in votes])
    outcome = np.array([result for _, _, result in votes])
    ties = bool((outcome == 0.5).any())

    def loss(x: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        half = (x[one] - x[two]) / 2
        parts = np.stack([half, -half, np.full_like(half, x[-1] if ties else -np.inf)])
        total = np.logaddexp.reduce(parts, axis=0)
        chosen = np.select([outcome == 1, outcome == 0], [parts[0], parts[1]], parts[2])
        share = np.exp(parts - total)
        slope = (share[0] - share[1] - np.select([outcome == 1, outcome == 0], [1.0, -1.0], 0.0)) / 2
        gradient = np.zeros(len(names) + 1)
        np.add.at(gradient, one, slope)
        np.add.at(gradient, two, -slope)
        gradient[-1] = (share[2] - (outcome == 0.5)).sum() if ties else 0.0
        gradient[:-1] += ridge * x[:-1]
        return float((total - chosen).sum() + ridge / 2 * (x[:-1] ** 2).sum()), gradient

    options = {"maxiter": 5000, "ftol": 1e-15, "gtol": 1e-9}
    fit: Any = minimize(loss, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B", options=options)
    if not np.isfinite(fit.x).all() or np.abs(fit.jac).max() > 1e-4:
        raise CurationError("The strengths do not converge.", "Fit with a ridge above 0, or collect more votes.")
    centred = fit.x[:-1] - fit.x[:-1].mean()
    ordered = sorted(zip(names, centred.tolist(), strict=True), key=lambda entry: (-entry[1], entry[0]))
    return Strengths(dict(ordered), float(np.exp(fit.x[-1])) if ties else 0.0)
