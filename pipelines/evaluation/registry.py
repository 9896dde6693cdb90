"""What a metric is, and the one decorator that registers it.

A metric gives every output a score against its reference: 1 the best, 0 the worst (embedding similarity may fall to
-1). The mean of these scores is the metric's value, so that every value has an interval and can be paired with another
variant's on the same examples. A metric that is also defined over a whole corpus (BLEU, chrF) states that figure as an
extra; it is not the mean of the scores and has no interval here.

A metric that is not `default` is computed only where somebody asks for it: every further metric makes the correction
for many comparisons stricter for all of them.

A new metric is one file in `pipelines/evaluation/metrics/`:

    @metric(name="same_length", title="Same length", applies="text", description="1 where both are as long.")
    def same_length(predictions, references, context):
        return [float(len(p) == len(r)) for p, r in zip(predictions, references, strict=True)]

As an `evaluate.Metric` it is had from `pipelines.evaluation.module.evaluate_module`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from pipelines.errors import CurationError
from pipelines.evaluation.metric_settings import MetricSettings
from pipelines.progress import Progress, no_progress

Applies = Literal["all", "json", "text", "number", "label"]


class TextEncoder(Protocol):
    """Whatever turns texts into unit rows; `pipelines.embedding` has one."""

    def encode(self, texts: Sequence[str], *, progress: Progress) -> npt.NDArray[np.float32]:
        """Return one unit row a text: (n, d) float32."""


@dataclass(frozen=True)
class MetricContext:
    """What a metric may use beside the texts."""

    encoder: TextEncoder | None = None
    progress: Progress = no_progress
    settings: MetricSettings = field(default_factory=MetricSettings)


Scores = Callable[[Sequence[str], Sequence[str], MetricContext], list[float]]
CorpusValue = Callable[[Sequence[str], Sequence[str]], float]


@dataclass(frozen=True)
class Metric:
    """One metric: how it is called, which examples it is for, and how it scores.

    `applies` says for which references: "json" where the reference is a JSON object, "text" where it is not, "number"
    where such a text holds a number, "label" where it is one of a few short answers that recur, "all".
    """

    name: str
    title: str
    description: str
    applies: Applies
    scores: Scores
    corpus: CorpusValue | None = None
    needs_encoder: bool = False
    needs_schema: bool = False
    default: bool = True


METRICS: dict[str, Metric] = {}
_ORDER: dict[Applies, int] = {"all": 0, "json": 1, "text": 2, "number": 3, "label": 4}


def metric(
    *,
    name: str,
    title: str,
    description: str,
    applies: Applies,
    corpus: CorpusValue | None = None,
    needs_encoder: bool = False,
    needs_schema: bool = False,
    default: bool = True,
) -> Callable[[Scores], Scores]:
    """Register the decorated function as a metric.

    Args:
        name: what tables and commands call it: lower case with underscores.
        title: what people read.
        description: one sentence: what 1 and 0 mean.
        applies: for which references it is meant (see `Metric`).
        corpus: the same metric over all outputs at once, where that is another figure than the mean.
        needs_encoder: whether it can only be computed with an encoder.
        needs_schema: whether it can only be computed with a JSON schema in the settings.
        default: whether it is computed where nobody chose.

    Raises:
        ValueError: two metrics of one name.
    """

    def register(scores: Scores) -> Scores:
        if name in METRICS:
            raise ValueError(f"two metrics are called {name!r}")
        METRICS[name] = Metric(name, title, description, applies, scores, corpus, needs_encoder, needs_schema, default)
        ordered = sorted(METRICS.values(), key=lambda entry: (_ORDER[entry.applies], entry.name))
        METRICS.clear()
        METRICS.update((entry.name, entry) for entry in ordered)
        return scores

    return register


def metric_named(name: str) -> Metric:
    """Return the metric of this name.

    Raises:
        CurationError: there is none.
    """
    if name not in METRICS:
        raise CurationError(f"There is no metric '{name}'.", f"Choose among: {', '.join(METRICS)}.")
    return METRICS[name]
