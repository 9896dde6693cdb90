"""No refusal: 1 less the mean is the refusal rate.

What counts is what the quality scorer of that name finds (`pipelines.quality.scorers.refusal`, with its default
settings); the reference is not looked at.
"""

from collections.abc import Sequence

from pipelines.evaluation.registry import MetricContext, metric


@metric(
    name="no_refusal",
    title="No refusal",
    description="1 where the output does not decline to answer or speak of itself as a model, else 0.",
    applies="text",
    default=False,
)
def no_refusal(predictions: Sequence[str], references: Sequence[str], context: MetricContext) -> list[float]:
    """Score 1 where the scorer finds nothing, else 0."""
    from pipelines.evaluation.scored import found_by

    return [float(not found) for found in found_by("refusal", predictions)]
