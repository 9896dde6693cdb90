"""A metric of the registry as an `evaluate.Metric` that needs no hub, no network and no cache folder.

`evaluate.load("bleu")` fetches code from the hub; these modules hold their code themselves. They keep predictions and
references in memory: the library's default writes an Arrow file below the home folder and locks it.

    module = evaluate_module(METRICS["bleu"])
    module.compute(predictions=["on its way"], references=["it is on its way"])
    {"bleu": 0.51…, "corpus_bleu": 0.36…, "scores": [0.51…]}

`evaluate.combine` takes them too. Not covered: several processes (their data would have to pass through files).
"""

from collections.abc import Sequence
from typing import Any

from pipelines.errors import CurationError
from pipelines.evaluation.metric_settings import MetricSettings
from pipelines.evaluation.registry import Metric, MetricContext, TextEncoder
from pipelines.progress import Progress, no_progress


def evaluate_module(metric: Metric) -> Any:
    """Return the metric as an instance of its own subclass of `evaluate.Metric`.

    Its `compute(predictions=, references=)` takes two lists of strings, further `encoder=` where the metric needs one,
    `settings=` and `progress=`; it returns the mean under the metric's name, `corpus_NAME` where there is one, and
    under `scores` a score for every prediction.

    Raises:
        CurationError: from `compute`: nothing to score, or the encoder is missing.
    """
    import datasets
    import evaluate

    class OfflineMetric(evaluate.Metric):  # type: ignore[misc]  # the library has no types
        def __init__(self) -> None:
            super().__init__(keep_in_memory=True, seed=0)

        def _build_data_dir(self) -> str:
            return ""

        def _info(self) -> evaluate.MetricInfo:
            text = datasets.Value("string")
            return evaluate.MetricInfo(
                description=metric.description,
                citation="",
                inputs_description=metric.description,
                features=datasets.Features({"predictions": text, "references": text}),
            )

        def _compute(
            self,
            *,
            predictions: Sequence[str],
            references: Sequence[str],
            encoder: TextEncoder | None = None,
            progress: Progress = no_progress,
            settings: MetricSettings | None = None,
        ) -> dict[str, object]:
            context = MetricContext(encoder, progress, settings or MetricSettings())
            return _summary(metric, list(predictions), list(references), context)

    OfflineMetric.__name__ = OfflineMetric.__qualname__ = "".join(part.title() for part in metric.name.split("_"))
    OfflineMetric.__doc__ = metric.description
    return OfflineMetric()


def _summary(
    metric: Metric, predictions: list[str], references: list[str], context: MetricContext
) -> dict[str, object]:
    if not predictions:
        raise CurationError(f"There is nothing to compute '{metric.name}' on.", "Hand in at least one output.")
    if metric.needs_encoder and context.encoder is None:
        raise CurationError(f"The metric '{metric.name}' needs an encoder.", "Hand one in, or leave the metric out.")
    scores = metric.scores(predictions, references, context)
    summary: dict[str, object] = {metric.name: sum(scores) / len(scores)}
    if metric.corpus is not None:
        summary[f"corpus_{metric.name}"] = metric.corpus(predictions, references)
    summary["scores"] = scores
    return summary
