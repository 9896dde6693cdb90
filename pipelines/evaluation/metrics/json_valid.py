"""JSON validity: the whole output is one JSON object, whatever stands in it."""

from collections.abc import Sequence

from pipelines.evaluation.json_objects import read_object
from pipelines.evaluation.registry import MetricContext, metric


@metric(
    name="json_valid",
    title="Valid JSON",
    description="1 where the whole output is one JSON object, else 0.",
    applies="json",
)
def json_valid(predictions: Sequence[str], references: Sequence[str], context: MetricContext) -> list[float]:
    """Score 1 where the output reads as a JSON object, else 0; the reference is not looked at."""
    return [float(read_object(given) is not None) for given in predictions]
