"""What a report tells: data, funnel, certificate, training, results, ratings, looks. No text of an example is in it."""

from typing import Any

import polars as pl

from workbench.comparing import Comparing
from workbench.judging import Judging
from workbench.overview import Overview
from workbench.rating import Rating
from workbench.report.document import (
    BarChart,
    Block,
    Interval,
    IntervalChart,
    LineChart,
    Paragraph,
    Report,
    Section,
    Table,
)
from workbench.results import Results
from workbench.rubric import Rubric
from workbench.store.store import Store
from workbench.training import Training

_RUNS_TOLD, _SENTENCES = 6, 12


def report_of(
    name: str,
    store: Store,
    overview: Overview,
    training: Training,
    comparing: Comparing,
    rating: Rating,
    judging: Judging,
    rubric: Rubric,
) -> Report:
    """Gather a project's figures; an evaluation that nobody has looked at yet is not opened by this."""
    newest = next((record for record in store.runs.evaluations() if store.runs.has_results(record.evaluation)), None)
    results = comparing.results(newest.evaluation) if newest else None
    current = store.versions.current()
    version = f"version {current.version[:12]}" if current else "not split yet"
    return Report(
        f"{name}: data, training and results",
        f"{version}; written {store.now():%Y-%m-%d %H:%M} UTC",
        [
            Section("Verdict", _verdict(results)),
            Section("Data", _data(store)),
            Section("Curation", _funnel(overview, store)),
            Section("Splits and their certificate", _certificate(store)),
            Section("Training", _training(training)),
            Section("Results", _results(results, store)),
            Section("Blind ratings", _ratings(rating, rubric)),
            Section("Judge models", _judges(store, judging)),
            Section("Looks at the test split", _looks(store)),
        ],
    )


def _verdict(results: Results | None) -> list[Block]:
    if results is None:
        return [Paragraph("Nothing was compared yet, so nothing is known about whether tuning helped.")]
    return [Paragraph(sentence) for sentence in [*results.verdict, *results.summary]]


def _data(store: Store) -> list[Block]:
    columns = ["source", "role", "format", "lines", "accepted", "rejected"]
    blocks: list[Block] = [_frame(store.examples.sources().select(columns))]
    gaps = store.analysis.gaps()
    blocks.append(Paragraph(f"Clusters that production asks about and training lacks: {gaps.height}."))
    if gaps.height:
        blocks.append(_frame(gaps.select("title", "train_count", "production_count", "ratio", "collect").head(20)))
    kinds = store.analysis.personal_data_counts()
    blocks += [Paragraph("Personal data found before curation:"), _frame(kinds)]
    return blocks


def _funnel(overview: Overview, store: Store) -> list[Block]:
    funnel = overview.funnel()
    names = ("imported", "unique", "kept", "dropped", "flagged", "pending", "train", "validation", "test")
    bars = [(name, int(getattr(funnel, name))) for name in names]
    return [
        BarChart("Training examples along the way", bars),
        Paragraph("What curation suggested, and why:"),
        _frame(store.analysis.suggestion_counts()),
    ]


def _certificate(store: Store) -> list[Block]:
    current = store.versions.current()
    if current is None:
        return [Paragraph("Nothing was split yet.")]
    counts = store.versions.counts(current.number)
    blocks: list[Block] = [Table(("split", "examples"), list(counts.items()))]
    checks = current.certificate.get("checks", [])
    passed = current.certificate.get("passed")
    blocks.append(Paragraph(f"The splits share nothing that was looked for: {'yes' if passed else 'no'}."))
    if checks:
        blocks.append(Table(tuple(checks[0]), [tuple(_cell(value) for value in row.values()) for row in checks]))
    return [*blocks, *(Paragraph(note) for note in current.notes)]


def _training(training: Training) -> list[Block]:
    runs = training.runs()
    if not runs:
        return [Paragraph("Nothing was trained yet.")]
    blocks: list[Block] = [
        Table(
            ("run", "data", "base", "method", "state", "train", "validation", "best loss"),
            [
                (
                    run.run_id,
                    run.data,
                    run.base,
                    run.method,
                    run.state,
                    run.train_examples,
                    run.validation_examples,
                    run.best_loss,
                )
                for run in runs
            ],
        )
    ]
    for run in runs[:_RUNS_TOLD]:
        frame = training.metrics(run.run_id)
        lines = [
            (title, [(float(x), float(y)) for x, y in frame.select("step", name).drop_nulls().iter_rows()])
            for title, name in (("training", "loss"), ("validation", "validation_loss"))
        ]
        blocks.append(LineChart(f"{run.run_id} on {run.data} data", "steps", "loss", lines))
    return blocks


def _results(results: Results | None, store: Store) -> list[Block]:
    if results is None:
        return [Paragraph("No evaluation has results yet.")]
    looks = f"; looks at this test split so far: {results.looks}" if results.look else ""
    blocks: list[Block] = [
        Paragraph(f"{results.evaluation}: {results.examples:,} examples of the {results.split} split{looks}.")
    ]
    for metric in results.metrics["metric"].unique(maintain_order=True):
        rows = results.metrics.filter((pl.col("metric") == metric) & pl.col("value").is_not_null())
        found = [Interval(r["variant"], r["value"], r["low"], r["high"]) for r in rows.iter_rows(named=True)]
        blocks.append(IntervalChart(str(metric), found))
    blocks.append(_frame(results.metrics.select("metric", "variant", "value", "low", "high", "n")))
    names = ["variant", "against", "metric", "difference", "low", "high", "q_value", "n", "verdict"]
    blocks.append(Paragraph("Differences, paired on the same examples; q is corrected for the number of comparisons."))
    blocks.append(_frame(results.differences.select(names)))
    slices = store.failures.slices(results.evaluation)
    found_slices = slices.filter(pl.col("finding"))["sentence"].head(_SENTENCES).to_list()
    if slices.height:
        blocks.append(Paragraph(f"Slices on which a variant is bad or worse: {int(slices['finding'].sum())}."))
    return [*blocks, *(Paragraph(sentence) for sentence in found_slices)]


def _ratings(rating: Rating, rubric: Rubric) -> list[Block]:
    """Tell the ratings of every evaluation that has some: raters may have judged another one than the newest."""
    rated = rating.ratings()["evaluation"].unique().sort(descending=True).to_list()
    blocks = [block for evaluation in rated for block in _ratings_of(evaluation, rating)]
    blocks += [block for evaluation in rubric.evaluations() for block in _rubric_of(evaluation, rubric)]
    return blocks or [Paragraph("Nobody has rated any answers.")]


def _ratings_of(evaluation: str, rating: Rating) -> list[Block]:
    rates = rating.win_rates(evaluation)
    if rates.is_empty():
        return []
    found = [
        Interval(f"{row['variant']} against {row['against']}", row["win_rate"], row["low"], row["high"])
        for row in rates.iter_rows(named=True)
    ]
    title = f"{evaluation}: win rate (a tie counts half)"
    blocks: list[Block] = [IntervalChart(title, found), _frame(rates)]
    blocks += [Paragraph(stopping.sentence) for stopping in rating.stopping(evaluation)]
    agreement = rating.agreement(evaluation)
    return [*blocks, *([Paragraph(str(agreement["note"]))] if agreement else [])]


def _judges(store: Store, judging: Judging) -> list[Block]:
    """Tell of every judge, its agreement with people before its verdict."""
    names = [record.evaluation for record in store.runs.evaluations()]
    told = [
        f"{name}: {sentence}" for name in names for report in judging.reports(name) for sentence in report.sentences
    ]
    return [Paragraph(sentence) for sentence in told] or [Paragraph("No judge model was asked.")]


def _rubric_of(evaluation: str, rubric: Rubric) -> list[Block]:
    """Tell the scores on criteria, under the newest wording that has some; the notes name the others."""
    results = rubric.results(evaluation)
    if results is None:
        return []
    blocks: list[Block] = []
    for criterion in results.levels["criterion"].unique(maintain_order=True):
        rows = results.levels.filter(pl.col("criterion") == criterion).iter_rows(named=True)
        found = [Interval(row["variant"], row["mean"], row["low"], row["high"]) for row in rows]
        blocks.append(IntervalChart(f"{evaluation}: {criterion}, 1 (worst) to 5 (best)", found, (1, 2, 3, 4, 5)))
    names = ["variant", "against", "criterion", "difference", "low", "high", "q_value", "higher", "lower", "n"]
    blocks += [_frame(results.levels.drop("method")), _frame(results.differences.select(names))]
    return [*blocks, *(Paragraph(sentence) for sentence in results.sentences())]


def _looks(store: Store) -> list[Block]:
    current = store.versions.current()
    if current is None:
        return [Paragraph("There is no test split yet.")]
    looks = store.runs.looks(current.version)
    return [Paragraph(f"Looks at this version's test split: {looks.height}."), _frame(looks)]


def _frame(frame: pl.DataFrame) -> Table:
    return Table(frame.columns, [tuple(_cell(value) for value in row) for row in frame.iter_rows()])


def _cell(value: Any) -> str | int | float | bool | None:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
