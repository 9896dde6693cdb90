"""Field accuracy: the share of the reference's top-level fields that the output has with an equal value.

Fields that the output adds do not lower it (`json_exact` sees those). Nested objects count as one field each. An output
that is no JSON object scores 0; against a reference without fields only an empty object scores 1.
"""

from collections.abc import Sequence

from pipelines.evaluation.json_objects import equal_values, read_object
from pipelines.evaluation.registry import MetricContext, metric


@metric(
    name="field_accuracy",
    title="Field accuracy",
    description="Share of the reference's fields that the output has with an equal value; 0 where it is no object.",
    applies="json",
)
def field_accuracy(predictions: Sequence[str], references: Sequence[str], context: MetricContext) -> list[float]:
    """Score the share of fields that are right, 0 to 1."""
    return [
        _share(read_object(given), read_object(wanted)) for given, wanted in zip(predictions, references, strict=True)
    ]


def _share(given: dict[str, object] | None, wanted: dict[str, object] | None) -> float:
    if given is None or wanted is None:
        return 0.0
    if not wanted:
        return float(not given)
    return sum(name in given and equal_values(given[name], value) for name, value in wanted.items()) / len(wanted)
