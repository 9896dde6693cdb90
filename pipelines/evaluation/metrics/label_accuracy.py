"""Label accuracy: the output is the right label.

Only where answers are labels: the same few short answers recur (`pipelines.evaluation.labels`, which also has
precision, recall and F1 of each label and over all: these are no means of scores, and so stand beside the metrics).
"""

from collections.abc import Sequence

from pipelines.evaluation.labels import label_of
from pipelines.evaluation.registry import MetricContext, metric


@metric(
    name="label_accuracy",
    title="Label accuracy",
    description="1 where the output is the right label; precision, recall and F1 (macro, per label) are told with it.",
    applies="label",
    default=False,
)
def label_accuracy(predictions: Sequence[str], references: Sequence[str], context: MetricContext) -> list[float]:
    """Score 1 where the labels are the same, else 0."""
    return [float(label_of(given) == label_of(wanted)) for given, wanted in zip(predictions, references, strict=True)]
