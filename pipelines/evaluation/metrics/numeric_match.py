"""Numeric match: the last number of the output equals the last number of the reference.

What a number is: `pipelines.evaluation.numbers`. Equal means within `numeric_tolerance` of the larger one. Without a
number in the reference an output without one scores 1.
"""

import math
from collections.abc import Sequence

from pipelines.evaluation.numbers import last_number
from pipelines.evaluation.registry import MetricContext, metric


@metric(
    name="numeric_match",
    title="Numeric match",
    description="1 where the last number of the output is the last number of the reference, else 0.",
    applies="number",
    default=False,
)
def numeric_match(predictions: Sequence[str], references: Sequence[str], context: MetricContext) -> list[float]:
    """Score 1 where both last numbers are equal, else 0."""
    tolerance = context.settings.numeric_tolerance
    return [
        _same(last_number(given), last_number(wanted), tolerance)
        for given, wanted in zip(predictions, references, strict=True)
    ]


def _same(given: float | None, wanted: float | None, tolerance: float) -> float:
    if given is None or wanted is None:
        return float(given is wanted)
    return float(math.isclose(given, wanted, rel_tol=tolerance))
