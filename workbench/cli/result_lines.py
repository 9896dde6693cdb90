"""An evaluation's results as figures and as lines for a person."""

from dataclasses import asdict
from typing import Any

import polars as pl

from workbench.project import Project
from workbench.results import Results

_SLICES_TOLD = 8
_LABELS_TOLD = 8


def result_figures(project: Project, results: Results) -> dict[str, Any]:
    """Return an evaluation's figures."""
    labels = project.comparing.labels(results.evaluation)
    return {
        "evaluation": results.evaluation,
        "split": results.split,
        "examples": results.examples,
        "looks": results.looks,
        "look": results.look,
        "corrected": results.corrected.to_dicts(),
        "ledger": results.ledger.to_dicts(),
        "metrics": results.metrics.to_dicts(),
        "differences": results.differences.to_dicts(),
        "win_rates": project.rating.win_rates(results.evaluation).to_dicts(),
        "stopping": [asdict(found) for found in project.rating.stopping(results.evaluation)],
        "length_controlled": [asdict(found) for found in project.rating.length_controlled(results.evaluation)],
        "self_agreement": project.rating.self_agreement(results.evaluation).to_dicts(),
        "rubric": [found.figures() for found in project.rubric.all_results(results.evaluation)],
        "slices": project.collecting.slices(results.evaluation).to_dicts(),
        "raters": project.rating.raters(results.evaluation).to_dicts(),
        "agreement": project.rating.agreement(results.evaluation),
        **judge_figures(project, results.evaluation),
        "costs": [asdict(cost) for cost in project.comparing.costs(results.evaluation)],
        "speeds": project.comparing.speeds(results.evaluation).to_dicts(),
        "labels": labels.macro.to_dicts(),
        "label_classes": labels.classes.to_dicts(),
        "verdict": results.verdict,
    }


def result_lines(project: Project, results: Results) -> list[str]:
    """Return a table of metrics by variant, win rates where there are ratings, and the verdict."""
    variants = results.metrics["variant"].unique(maintain_order=True).to_list()
    lines = [
        f"{results.evaluation}: {results.examples:,} examples of the {results.split} split"
        + (f" (looks at it so far: {results.looks})" if results.look else ""),
        f"{'metric':<22}" + "".join(f"{variant:>28}" for variant in variants),
    ]
    for metric in results.metrics["metric"].unique(maintain_order=True):
        rows = results.metrics.filter(pl.col("metric") == metric)
        cells = {row["variant"]: _interval(row) for row in rows.iter_rows(named=True)}
        lines.append(f"{metric:<22}" + "".join(f"{cells.get(variant, ''):>28}" for variant in variants))
    lines += label_lines(project, results)
    lines += project.comparing.speeds(results.evaluation)["sentence"].to_list()
    lines += [cost.sentence for cost in project.comparing.costs(results.evaluation)]
    lines += look_lines(results)
    for row in project.rating.win_rates(results.evaluation).iter_rows(named=True):
        lines.append(
            f"rated blind: {row['variant']} against {row['against']}: win rate {row['win_rate']:.2f}"
            f" [{row['low']:.2f}, {row['high']:.2f}] over {row['n']} examples"
        )
    lines += [found.sentence for found in project.rating.stopping(results.evaluation)]
    lines += [found.note for found in project.rating.length_controlled(results.evaluation)]
    lines += project.rating.self_agreement(results.evaluation)["note"].to_list()
    lines += judge_lines(project, results.evaluation)
    lines += rubric_lines(project, results)
    slices = project.collecting.slices(results.evaluation)
    lines += slices.filter(pl.col("finding"))["sentence"].head(_SLICES_TOLD).to_list()
    before, moved = project.collecting.moved(results.evaluation)
    told = moved.filter(pl.col("moved") != "no evidence")["sentence"].head(_SLICES_TOLD)
    lines += [f"since {before}: {sentence}" for sentence in told]
    return [*lines, *results.verdict]


def judge_figures(project: Project, evaluation: str) -> dict[str, Any]:
    """Return what is to be said of the judges of an evaluation, and what they have cost."""
    return {
        "judges": [asdict(report) for report in project.judging.reports(evaluation)],
        "judge_costs": [asdict(cost) for cost in project.judging.costs(evaluation)],
    }


def judge_lines(project: Project, evaluation: str) -> list[str]:
    """Return the sentences about each judge, its agreement with people before its verdicts, and the costs."""
    lines = [sentence for report in project.judging.reports(evaluation) for sentence in report.sentences]
    return [*lines, *(f"judge {cost.sentence}" for cost in project.judging.costs(evaluation))]


def label_lines(project: Project, results: Results) -> list[str]:
    """Return accuracy and macro figures of each variant where answers are labels, and its labels, worst first."""
    found = project.comparing.labels(results.evaluation)
    lines = []
    for row in found.macro.iter_rows(named=True):
        interval = "" if row["low"] is None else f" [{row['low']:.3f}, {row['high']:.3f}]"
        lines.append(
            f"labels: {row['variant']}: macro F1 {row['f1']:.3f}{interval}, precision {row['precision']:.3f}, recall"
            f" {row['recall']:.3f}, accuracy {row['accuracy']:.3f} over {row['labels']} labels, n={row['n']}"
        )
        mine = found.classes.filter(pl.col("variant") == row["variant"]).sort("f1", "label")
        lines += [
            f"  {each['label']:<24} F1 {each['f1']:.3f}, precision {each['precision']:.3f}, recall"
            f" {each['recall']:.3f}, n={each['support']}"
            for each in mine.head(_LABELS_TOLD).iter_rows(named=True)
        ]
        if mine.height > _LABELS_TOLD:
            lines.append(f"  and {mine.height - _LABELS_TOLD} labels more, with --json")
    return lines


def rubric_lines(project: Project, results: Results) -> list[str]:
    """Return what was rated on criteria: levels, differences and agreement, under each wording of the criteria."""
    lines = []
    for found in project.rubric.all_results(results.evaluation):
        lines.append(f"rated on criteria 1 to 5 (version {found.version} of the criteria):")
        for row in found.levels.iter_rows(named=True):
            interval = "" if row["low"] is None else f" [{row['low']:.2f}, {row['high']:.2f}]"
            lines.append(f"  {row['criterion']:<24} {row['variant']:<20} {row['mean']:.2f}{interval} n={row['n']}")
        lines += found.sentences()
    return lines


def look_lines(results: Results) -> list[str]:
    """Return what the number of looks at the test split means for its figures; nothing on validation."""
    if not results.look:
        return []
    lines = [
        f"look {results.look} of {results.looks} at this test split; expected optimism of the best of so many, and"
    ]
    lines.append("intervals corrected for it (alpha divided by the number of the look):")
    for row in results.corrected.iter_rows(named=True):
        if row["optimism"] is not None:
            lines.append(
                f"  {row['metric']:<20} {row['variant']:<16} {row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
                f" optimism +{row['optimism']:.3f}"
            )
    for row in results.ledger.iter_rows(named=True):
        lines.append(
            f"  looked at {row['looked_at']:%Y-%m-%d %H:%M} by {row['who']}: {row['evaluation']}, {row['why']}"
        )
    return lines


def _interval(row: dict[str, Any]) -> str:
    if row["value"] is None:
        return "-"
    if row["low"] is None:
        return f"{row['value']:.3f} n={row['n']}"
    return f"{row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}] n={row['n']}"
