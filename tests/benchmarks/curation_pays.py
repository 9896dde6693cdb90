"""Does curation pay on the sample data? Three seeds of the demo's two trainings, on the demo's held-out examples.

    python -m tests.benchmarks.curation_pays [FOLDER] [--seeds 0,1,2] [--data-seed N]

Runs the demo's own steps up to the split (or takes the project in FOLDER), trains on curated and on raw data with each
seed, two runs at a time, lets base, few-shot prompted base and every run answer the test split, and prints the median
and range of each metric. The settings are those that ship with the base model, chosen on validation data. With
--data-seed the sample data are generated anew with that seed: examples on which nothing was ever chosen.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import polars as pl

from pipelines.progress import no_progress
from sample_data.generator.__main__ import write_sample_data
from workbench import sample
from workbench.demo import DemoReport, prepare_demo, settings_of_equal_steps
from workbench.project import DATABASE, Project

SHOWN = ("json_exact", "field_accuracy", "json_valid", "exact_match", "chrf", "rouge_l", "token_f1")


def main() -> None:
    """Measure and print a Markdown table and one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="a project that is split; a new one when not given")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--data-seed", type=int, help="of freshly generated sample data; none: the committed")
    chosen = parser.parse_args()
    seeds = [int(seed) for seed in chosen.seeds.split(",")]
    with tempfile.TemporaryDirectory() as scratch:
        data = sample.FOLDER
        if chosen.data_seed is not None:
            data = Path(scratch) / "data"
            write_sample_data(data, chosen.data_seed)
        folder = chosen.folder or Path(scratch) / "project"
        with Project.open(folder) if (folder / DATABASE).exists() else Project.create(folder) as project:
            prepare_demo(project, DemoReport(folder), print, no_progress, data)
            figures = measure(project, seeds)
    print(table(figures))
    print(json.dumps(figures))


def measure(project: Project, seeds: list[int]) -> dict[str, object]:
    """Train with each seed on both kinds of data, compare all on the test split, and return the values by kind."""
    runs: dict[str, str] = {}
    seconds = []
    for seed in seeds:
        begin = time.perf_counter()
        chosen = settings_of_equal_steps(project, seed)
        started = {project.training.start(settings, data): data for data, settings in chosen.items()}
        for run_id in started:
            project.training.wait(run_id)
        runs |= started
        seconds.append(round(time.perf_counter() - begin, 1))
    evaluation = project.comparing.start(list(runs), "test", who="benchmark")
    project.comparing.wait(evaluation)
    results = project.comparing.results(evaluation)
    run_of = project.tables.table("metrics").filter(pl.col("evaluation") == evaluation)
    values: dict[str, dict[str, list[float]]] = {}
    counts: dict[str, int] = {}
    for row in run_of.iter_rows(named=True):
        kind = runs.get(row["run_id"], row["variant"])
        values.setdefault(kind, {}).setdefault(row["metric"], []).append(row["value"])
        counts[row["metric"]] = row["n"]
    return {"examples": results.examples, "n": counts, "values": values, "seconds_a_pair_of_runs": seconds}


def table(figures: dict[str, object]) -> str:
    """Return a Markdown table of medians and ranges."""
    values: dict[str, dict[str, list[float]]] = figures["values"]  # type: ignore[assignment]
    counts: dict[str, int] = figures["n"]  # type: ignore[assignment]
    kinds = list(values)
    lines = ["| metric | n | " + " | ".join(kinds) + " |", "| --- |" * 1 + " --- |" * (len(kinds) + 1)]
    for metric in SHOWN:
        cells = [_cell(values[kind].get(metric, [])) for kind in kinds]
        lines.append(f"| {metric} | {counts.get(metric, 0)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(values: list[float]) -> str:
    if not values:
        return ""
    if len(values) == 1:
        return f"{values[0]:.3f}"
    return f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


if __name__ == "__main__":
    main()
