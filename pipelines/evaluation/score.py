"""Score the outputs of several variants against the same references, one value an example.

Which metric is computed on which example follows from the reference: JSON metrics where the whole reference is a JSON
object, text metrics where it is not, numbers where such a text holds one, labels where the same few short answers recur
(`pipelines.evaluation.labels`), exact match on all. An example whose reference is empty is scored by none. So the
number of examples differs from metric to metric, and every table states it.

Not covered: several references an example; several outputs of one variant for an example.
"""

from collections.abc import Sequence

import polars as pl

from pipelines.errors import CurationError
from pipelines.evaluation.json_objects import read_object
from pipelines.evaluation.labels import label_of, labels_among
from pipelines.evaluation.metric_settings import MetricSettings
from pipelines.evaluation.metrics import METRICS, Metric, metric_named
from pipelines.evaluation.module import evaluate_module
from pipelines.evaluation.numbers import last_number
from pipelines.evaluation.output_rules import OutputRule, rule_metric
from pipelines.evaluation.registry import TextEncoder
from pipelines.examples import check_columns
from pipelines.progress import Progress, no_progress, part_of

OUTPUTS = pl.Schema({"variant": pl.String, "example_id": pl.String, "text": pl.String})
REFERENCES = pl.Schema({"example_id": pl.String, "completion": pl.String})
SCORES = pl.Schema({"variant": pl.String, "example_id": pl.String, "metric": pl.String, "value": pl.Float64})
CORPUS_VALUES = pl.Schema({"variant": pl.String, "metric": pl.String, "value": pl.Float64, "n": pl.Int64})


def score_outputs(
    outputs: pl.DataFrame,
    references: pl.DataFrame,
    *,
    encoder: TextEncoder | None = None,
    metrics: Sequence[str] | None = None,
    rules: Sequence[OutputRule] = (),
    settings: MetricSettings | None = None,
    progress: Progress = no_progress,
) -> pl.DataFrame:
    """Score every output by every metric that is meant for its example.

    Args:
        outputs: one row a variant and example: `OUTPUTS`.
        references: one row an example: `REFERENCES`; references that no variant answered are left aside.
        encoder: for embedding similarity, which is left out where this is None.
        metrics: names of the metrics; None for the default ones.
        rules: the project's own, each a metric beside those.
        settings: what metrics can be told: a JSON schema, a tolerance.
        progress: told before each metric.

    Returns:
        `SCORES`, sorted by metric in the registry's order (rules behind it), variant, example.
        Empty outputs give an empty frame.

    Raises:
        CurationError: an unknown metric, a schema that is missing, an output for an unknown example or without a text,
            two rows for one.
    """
    settings = settings or MetricSettings()
    chosen = [*_chosen(metrics, encoder, settings), *map(rule_metric, rules)]
    pairs = _pairs(outputs, references)
    frames = [pl.DataFrame(schema=SCORES)]
    for index, metric in enumerate(chosen):
        part = part_of(progress, index / len(chosen), (index + 1) / len(chosen))
        part(0.0, f"Computing {metric.title}")
        rows = _rows_for(pairs, metric)
        if rows.is_empty():
            continue
        extra: dict[str, object] = {"settings": settings}
        if metric.needs_encoder:
            extra |= {"encoder": encoder, "progress": part}
        summary = evaluate_module(metric).compute(
            predictions=rows["text"].to_list(), references=rows["completion"].to_list(), **extra
        )
        frames.append(
            rows.select(
                "variant", "example_id", pl.lit(metric.name).alias("metric"), pl.Series("value", summary["scores"])
            ).match_to_schema(SCORES)
        )
    progress(1.0, "Metrics are computed")
    return pl.concat(frames)


def corpus_values(
    outputs: pl.DataFrame, references: pl.DataFrame, *, metrics: Sequence[str] | None = None
) -> pl.DataFrame:
    """Compute the corpus figures (corpus BLEU and chrF) of every variant, to state beside the means.

    Returns:
        `CORPUS_VALUES`; metric is `corpus_bleu`, `corpus_chrf`; sorted by metric and variant.

    Raises:
        CurationError: as `score_outputs`.
    """
    names = [name for name, entry in METRICS.items() if entry.default] if metrics is None else list(metrics)
    pairs = _pairs(outputs, references)
    found: list[dict[str, object]] = []
    for metric in (metric_named(name) for name in names):
        if metric.corpus is None:
            continue
        for (variant,), rows in _rows_for(pairs, metric).group_by("variant", maintain_order=True):
            value = metric.corpus(rows["text"].to_list(), rows["completion"].to_list())
            found.append({"variant": variant, "metric": f"corpus_{metric.name}", "value": value, "n": rows.height})
    return pl.DataFrame(found, schema=CORPUS_VALUES)


def _chosen(metrics: Sequence[str] | None, encoder: TextEncoder | None, settings: MetricSettings) -> list[Metric]:
    if metrics is None:
        default = [metric for metric in METRICS.values() if metric.default]
        return [metric for metric in default if encoder is not None or not metric.needs_encoder]
    chosen = [metric_named(name) for name in dict.fromkeys(metrics)]
    for metric in chosen:
        if metric.needs_encoder and encoder is None:
            raise CurationError(f"The metric '{metric.name}' needs an encoder.", "Hand one in, or leave it out.")
        if metric.needs_schema and settings.json_schema is None:
            raise CurationError(f"The metric '{metric.name}' needs a JSON schema.", "Hand one in, or leave it out.")
    return chosen


def _pairs(outputs: pl.DataFrame, references: pl.DataFrame) -> pl.DataFrame:
    """Join outputs with references: variant, example_id, text, completion, json, number, label; sorted, checked."""
    check_columns(outputs, OUTPUTS, "outputs")
    check_columns(references, REFERENCES, "references")
    _refuse(
        references.filter(pl.col("example_id").is_duplicated() | pl.col("example_id").is_null()),
        "have more than one reference, or no id",
        "Hand in one reference an example.",
    )
    _refuse(
        outputs.filter(pl.struct("variant", "example_id").is_duplicated()),
        "have more than one output of the same variant",
        "Keep one output a variant and example.",
    )
    _refuse(
        outputs.filter(pl.any_horizontal(pl.col("variant", "text").is_null())),
        "have an output without a text or a variant",
        "An empty answer is the empty text; leave examples out that were not answered.",
    )
    _refuse(
        outputs.join(references, on="example_id", how="anti"),
        "have outputs but no reference",
        "Hand in the references that these outputs answer; perhaps they belong to another version of the data.",
    )
    _refuse(
        references.join(outputs, on="example_id", how="semi").filter(pl.col("completion").is_null()),
        "have no reference text",
        "Give every held-out example a completion.",
    )
    wanted = references.select("example_id", "completion").filter(pl.col("completion").str.strip_chars() != "")
    labels = labels_among(wanted["completion"].to_list())
    kinds = [
        (read_object(text) is not None, last_number(text) is not None, label_of(text) in labels)
        for text in wanted["completion"]
    ]
    kind = pl.DataFrame(kinds, schema={name: pl.Boolean for name in ("json", "number", "label")}, orient="row")
    return (
        outputs.select("variant", "example_id", "text")
        .join(pl.concat([wanted, kind], how="horizontal"), on="example_id", how="inner")
        .sort("variant", "example_id")
    )


def _rows_for(pairs: pl.DataFrame, metric: Metric) -> pl.DataFrame:
    if metric.applies == "all":
        return pairs
    if metric.applies == "json":
        return pairs.filter("json")
    return pairs.filter(~pl.col("json") & (pl.col(metric.applies) if metric.applies != "text" else True))


def _refuse(bad: pl.DataFrame, what: str, remedy: str) -> None:
    if not bad.is_empty():
        named = ", ".join(str(example) for example in bad["example_id"].unique().sort().head(3))
        raise CurationError(f"{bad['example_id'].n_unique()} examples {what}, the first: {named}.", remedy)
