"""No repetition: 1 less the mean is the share of outputs that go in circles.

What counts is what the quality scorer of that name finds (`pipelines.quality.scorers.repetition`, with its default
settings); the reference is not looked at.
"""

from collections.abc import Sequence

from pipelines.evaluation.registry import MetricContext, metric


@metric(
    name="no_repetition",
    title="No repetition",
    description="1 where the output does not repeat the same words, line or character over and over, else 0.",
    applies="text",
    default=False,
)
def no_repetition(predictions: Sequence[str], references: Sequence[str], context: MetricContext) -> list[float]:
    """Score 1 where the scorer finds nothing, else 0."""
    from pipelines.evaluation.scored import found_by

    return [float(not found) for found in found_by("repetition", predictions)]
