"""Reading an evaluation for people: computing its results once, and the words and orders of its tables."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench.app.watching import run_in_background
from workbench.comparing import EvaluationView, Results
from workbench.jobs.background import task
from workbench.project import Project

if TYPE_CHECKING:
    from pipelines.rating.judge import JudgeReport

VERDICT_ORDER = ("better", "worse", "no evidence", "too few")
NAMED = 4


def title_of(evaluation: EvaluationView) -> str:
    """Return what an evaluation is chosen by: its name, its split, and its variants where they are few."""
    few = len(evaluation.variants) <= NAMED
    variants = ", ".join(evaluation.variants) if few else f"{len(evaluation.variants)} variants"
    return f"{evaluation.evaluation} · {evaluation.split} · {variants}"


def collect_key(evaluation: EvaluationView) -> str:
    """Name the background work that computes an evaluation's metrics: other variants are other work."""
    return f"collect-{evaluation.evaluation}-{'-'.join(evaluation.variants)}"


def measure_by_rules(project: Project, evaluation: EvaluationView) -> None:
    """Measure an evaluation by the project's rules as they are now, in the background."""
    project.comparing.measure_rules(evaluation.evaluation)
    start_collecting(project, evaluation, again=True)


def start_collecting(project: Project, evaluation: EvaluationView, *, again: bool = False) -> None:
    """Compute the results of a finished evaluation in the background, once; and once more with `again`."""
    key = collect_key(evaluation)
    if again or task(project, key) is None:
        run_in_background(
            project,
            key,
            "Computing metrics",
            lambda progress: project.comparing.results(evaluation.evaluation, progress),
        )


def main_differences(results: Results) -> pl.DataFrame:
    """Return the differences as a table for reading: clear ones first."""
    order = {verdict: place for place, verdict in enumerate(VERDICT_ORDER)}
    return (
        results.differences.with_columns(
            place=pl.col("verdict").replace_strict(order, default=len(order), return_dtype=pl.Int32)
        )
        .sort(["variant", "against", "place", "metric"])
        .drop("place")
    )


def judge_rates(report: JudgeReport) -> pl.DataFrame:
    """Return the win rates by people, by the judge and by both together: said by, win_rate, low, high, n."""
    columns = ("said by", "win_rate", "low", "high", "n")
    rows: list[tuple[str, float | None, float | None, float | None, int]] = [
        ("the judge alone", report.win_rate, report.low, report.high, report.pairs - report.unreadable)
    ]
    found = report.combined
    if found is not None:
        people = ("people alone", found.people, found.people_low, found.people_high, found.rated)
        both = ("people, helped by the judge", found.value, found.low, found.high, found.rated + found.judged_only)
        rows = [people, both, *rows]
    return pl.DataFrame(rows, schema=columns, orient="row")


def judge_command(project: Project, evaluation: str) -> str:
    """Return the command that asks a judge, for a shell: a folder's name may hold spaces and worse."""
    return f"workbench judge {quote(str(project.folder))} {evaluation} --endpoint URL --model NAME --key-env VAR"


def prompted(nearest: bool) -> tuple[str, ...]:
    """Return the variants to compare: the base prompted in several ways, and the tuned models."""
    return ("base", "few-shot", "nearest", "tuned") if nearest else ("base", "few-shot", "tuned")


def further_metrics() -> dict[str, str]:
    """Return the metrics that are computed only where they are asked for: name -> title; without the schema's."""
    from pipelines.evaluation.metrics import METRICS

    return {name: entry.title for name, entry in METRICS.items() if not entry.default and not entry.needs_schema}


def metric_titles() -> dict[str, str]:
    """Return what each metric is called, by its name."""
    from pipelines.evaluation.metrics import METRICS

    return {name: metric.title for name, metric in METRICS.items()}


def titled(rows: pl.DataFrame) -> pl.DataFrame:
    """Return a table of results with its metrics by their titles."""
    if "metric" not in rows.columns:
        return rows
    return rows.with_columns(pl.col("metric").replace(metric_titles()))


def answers_of(row: dict[str, Any], variants: list[str], metric: str | None) -> list[dict[str, Any]]:
    """Return one example's answers in the order of the variants, each with its score."""
    answers, titles = [], metric_titles()
    for variant in variants:
        scores = row["scores"].get(variant, {})
        note = ", ".join(
            f"{titles.get(name, name).partition(' (')[0]} {value:.2f}"
            for name, value in sorted(scores.items())
            if metric in (None, name)
        )
        answers.append({"title": variant, "text": row["outputs"].get(variant, ""), "note": note})
    return answers
