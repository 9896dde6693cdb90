"""What an evaluation found: metrics with intervals, paired differences, a verdict, and the answers side by side.

The metrics are computed once, when all variants have answered; the first time on a test split is a look at it and goes
into the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.progress import Progress, part_of
from workbench.held_out import as_evaluated, is_sealed, version_of
from workbench.store.runs import EvaluationRecord
from workbench.store.store import Store

if TYPE_CHECKING:
    from pipelines.evaluation.labels import LabelReport


@dataclass(frozen=True)
class Results:
    """What an evaluation found.

    `verdict` tells the differences that matter most, `summary` on how many metrics each variant is better. `looks`
    counts the evaluations that have used this test split, `look` is the number of this one among them (0 on
    validation), `corrected` holds each test figure with the optimism and the interval of its look, and `ledger` all
    looks: evaluation, who, why, looked_at, runs, data.
    """

    evaluation: str
    metrics: pl.DataFrame
    differences: pl.DataFrame
    verdict: list[str]
    summary: list[str]
    examples: int
    looks: int
    split: str
    look: int
    corrected: pl.DataFrame
    ledger: pl.DataFrame


def read_results(store: Store, folder: Path, record: EvaluationRecord, progress: Progress) -> Results:
    """Return the results of an evaluation whose variants have all answered, computing them the first time.

    Raises:
        CurationError: the version of the evaluation is not in the project.
    """
    from pipelines.evaluation.verdict import summary_sentences

    if not store.runs.has_results(record.evaluation):
        _compute(store, folder / "evaluations" / record.evaluation, record, progress)
    from pipelines.evaluation.looks import correct_for_looks

    differences = store.runs.differences(record.evaluation)
    metrics = store.runs.metrics(record.evaluation)
    ledger = store.runs.looks(record.version)
    look = 0
    if is_sealed(record.split):
        # Looked at and not yet in the ledger cannot be; the last number is the careful one.
        names = ledger["evaluation"].to_list()
        look = names.index(record.evaluation) + 1 if record.evaluation in names else len(names)
    return Results(
        record.evaluation,
        metrics,
        differences,
        _verdict(differences),
        summary_sentences(differences),
        record.examples,
        ledger.height,
        record.split,
        look,
        correct_for_looks(metrics, look).clear() if look == 0 else correct_for_looks(metrics, look),
        ledger,
    )


def _compute(store: Store, folder: Path, record: EvaluationRecord, progress: Progress) -> None:
    from pipelines.embedding.minilm import load_encoder
    from pipelines.evaluation.compare import compare_variants
    from pipelines.evaluation.metric_settings import MetricSettings
    from pipelines.evaluation.metrics import METRICS
    from pipelines.evaluation.output_rules import checked_rules
    from pipelines.evaluation.score import score_outputs

    outputs = _read_outputs(folder, record.variants)
    ids = outputs["example_id"].unique().sort().to_list()
    further = record.settings.get("metrics") or []
    scores = score_outputs(
        outputs.select("variant", "example_id", "text"),
        store.examples.with_ids(ids).select("example_id", "completion"),
        encoder=load_encoder(),
        metrics=[name for name, entry in METRICS.items() if entry.default or name in further],
        rules=checked_rules(record.settings.get("rules") or []),
        settings=MetricSettings(json_schema=record.settings.get("json_schema")),
        progress=part_of(progress, 0.0, 0.7),
    )
    progress(0.75, "resampling for intervals")
    against = _opponents(record)
    compared = compare_variants(scores, against=against, groups=_groups(store, record, ids))
    tables = {
        "outputs": _with_runs(outputs, record),
        "output_scores": scores,
        "metrics": _with_runs(compared.metrics, record),
        "differences": compared.differences,
    }
    store.runs.store_results(record.evaluation, tables)
    if is_sealed(record.split):
        who, variants = str(record.settings.get("who")), ", ".join(record.variants)
        given = str(record.settings.get("why") or "")
        why = f"{given} ({variants})" if given else variants
        store.runs.add_look(record.evaluation, record.version, who, why, store.now())
    progress(1.0, "compared")


def labels_of(store: Store, record: EvaluationRecord) -> LabelReport:
    """Return the figures of labels of an evaluation whose results are stored; empty where answers are no labels."""
    from pipelines.evaluation.labels import label_report

    outputs = store.runs.outputs(record.evaluation)
    ids = outputs["example_id"].unique().sort().to_list()
    references = store.examples.with_ids(ids).select("example_id", "completion")
    return label_report(outputs, references, _groups(store, record, ids))


def speeds_of_evaluation(store: Store, folder: Path, record: EvaluationRecord) -> pl.DataFrame:
    """Return how fast each variant answered; imported answers have no times, and older ones no count of tokens."""
    from pipelines.evaluation.speed import speeds_of, timed_rows
    from workbench.jobs.files import read_rows

    rows = []
    for variant in record.variants:
        for row in read_rows(folder / "evaluations" / record.evaluation / "outputs" / f"{variant}.jsonl"):
            seconds, tokens = row.get("seconds"), row.get("tokens", row.get("completion_tokens"))
            if isinstance(seconds, int | float) and isinstance(row.get("example_id"), str):
                rows.append((variant, row["example_id"], float(seconds), tokens if isinstance(tokens, int) else None))
    timed = timed_rows(rows)
    return speeds_of(timed, _groups(store, record, timed["example_id"].unique().to_list()) if rows else None)


def _verdict(differences: pl.DataFrame) -> list[str]:
    """Return the sentences on the headline metrics: tuned variants against the prompted base and what raw data gave."""
    metrics = differences["metric"].unique().to_list()
    shown = ["json_exact" if "json_exact" in metrics else "exact_match", "chrf"]
    tuned = differences.filter(pl.col("variant").str.starts_with("tuned") & pl.col("metric").is_in(shown))
    curated = tuned.filter(~pl.col("variant").str.starts_with("tuned-raw"))
    told = differences.filter(pl.col("metric").is_in(shown)) if tuned.is_empty() else curated
    told = tuned if told.is_empty() else told
    if "few-shot" in told["against"]:
        # The prompted base is the bar to beat; the bare one is in the table.
        told = told.filter(pl.col("against") != "base")
    return told["sentence"].to_list()


def _opponents(record: EvaluationRecord) -> list[str]:
    """Return whom the other variants have to beat: the base, the prompted base, and what was tuned on raw data."""
    raw = [name for name in record.variants if name.startswith("tuned-raw")]
    others = [name for name in record.variants if name.startswith("tuned-curated")]
    prompted = ("base", "few-shot", "nearest", "system")
    chosen = [name for name in prompted if name in record.variants] + (raw if others else [])
    return chosen or record.variants[:1]


def _groups(store: Store, record: EvaluationRecord, ids: list[str]) -> pl.DataFrame:
    """Return the duplicate groups of the held-out examples: they are the units of the statistics."""
    members = store.versions.members(version_of(store, record).number)
    return members.filter(pl.col("example_id").is_in(ids)).select("example_id", "group_id")


def _with_runs(frame: pl.DataFrame, record: EvaluationRecord) -> pl.DataFrame:
    runs = pl.DataFrame(list(record.runs.items()), schema={"variant": pl.String, "run_id": pl.String}, orient="row")
    return frame.join(runs, on="variant", how="left", maintain_order="left")


def _read_outputs(folder: Path, variants: list[str]) -> pl.DataFrame:
    from workbench.jobs.files import read_rows

    schema = {"variant": pl.String, "example_id": pl.String, "text": pl.String, "seconds": pl.Float64}
    rows = [
        {"variant": variant, **{name: answer.get(name) for name in ("example_id", "text", "seconds")}}
        for variant in variants
        for answer in read_rows(folder / "outputs" / f"{variant}.jsonl")
    ]
    return pl.DataFrame(rows, schema=schema)


def answers(store: Store, evaluation: str, limit: int, offset: int) -> list[dict[str, Any]]:
    """Return answers side by side, those where the variants differ most first.

    Each is `{example_id, prompt, reference, outputs: {variant: text}, scores: {variant: {metric: value}}}`.
    """
    scores = store.runs.output_scores(evaluation)
    spread = (
        scores.group_by("example_id", "metric")
        .agg(spread=pl.col("value").max() - pl.col("value").min())
        .group_by("example_id")
        .agg(pl.col("spread").mean())
        .sort(["spread", "example_id"], descending=[True, False])
    )
    ids = spread["example_id"].slice(offset, limit).to_list()
    texts = store.runs.outputs(evaluation).filter(pl.col("example_id").is_in(ids))
    chosen = scores.filter(pl.col("example_id").is_in(ids))
    shown = []
    for example in as_evaluated(store, evaluation, ids).iter_rows(named=True):
        mine = pl.col("example_id") == example["example_id"]
        values: dict[str, dict[str, float]] = {}
        for row in chosen.filter(mine).iter_rows(named=True):
            values.setdefault(row["variant"], {})[row["metric"]] = row["value"]
        shown.append(
            {
                "example_id": example["example_id"],
                "prompt": example["prompt"],
                "reference": example["completion"],
                "outputs": {row["variant"]: row["text"] for row in texts.filter(mine).iter_rows(named=True)},
                "scores": values,
            }
        )
    return shown
