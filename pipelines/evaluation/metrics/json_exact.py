"""JSON exact: the output is an object with the reference's names, no more and no fewer, and equal values.

Order of names and white space between them do not count. Equal values: see `pipelines.evaluation.json_objects`.
"""

from collections.abc import Sequence

from pipelines.evaluation.json_objects import equal_values, read_object
from pipelines.evaluation.registry import MetricContext, metric


@metric(
    name="json_exact",
    title="JSON exact",
    description="1 where the output is an object with exactly the reference's fields and values, else 0.",
    applies="json",
)
def json_exact(predictions: Sequence[str], references: Sequence[str], context: MetricContext) -> list[float]:
    """Score 1 where both texts are objects with the same names and equal values, else 0."""
    return [
        _same(read_object(given), read_object(wanted)) for given, wanted in zip(predictions, references, strict=True)
    ]


def _same(given: dict[str, object] | None, wanted: dict[str, object] | None) -> float:
    return float(given is not None and wanted is not None and equal_values(given, wanted))
