"""How long the server takes to draw the next pair for a rater, with thousands of pairs drawn and answers stored.

    python -m tests.benchmarks.rating_speed [--pairs 5000] [--presses 200]

A project with PAIRS examples that two variants answered, with a chat of about 1,000 characters each, all drawn for one
rater. Told are the milliseconds, median and 95th percentile, of one press: storing the rating, and drawing what the
card needs next (`RatingQueue.data`: twenty pairs, the last one, the counts). CPU time of the process beside it, as
another process may hold the clock up.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import polars as pl

from tests.benchmarks.public_data import conversation, tell
from workbench.project import Project
from workbench.store.runs import EvaluationRecord

EVALUATION, VARIANTS = "evaluation-0001", ["base", "tuned"]
AT_ONCE = 20


def main() -> None:
    """Build the project, press, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=5000)
    parser.add_argument("--presses", type=int, default=200)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, Project.create(Path(scratch) / "project") as project:
        build(project, Path(scratch) / "chats.jsonl", chosen.pairs)
        wall, used = press(project, chosen.presses)
    rows: list[list[object]] = []
    figures: dict[str, object] = {"pairs": chosen.pairs}
    for name, values in (("clock", wall), ("CPU", used)):
        median, high = statistics.median(values), statistics.quantiles(values, n=20)[-1]
        rows.append([name, 1000 * median, 1000 * high])
        figures[name] = {"median_ms": 1000 * median, "p95_ms": 1000 * high}
    tell(f"A press among {chosen.pairs:,} pairs, milliseconds", ("time", "median", "95th percentile"), rows, figures)


def build(project: Project, path: Path, count: int) -> None:
    """Import chats, let two variants answer all of them, and draw every pair for one rater."""
    text = " ".join(f"word{number}" for number in range(120))
    lines = [json.dumps({"messages": conversation(f"Question {n}? {text}", f"Reference {n}.")}) for n in range(count)]
    path.write_text("\n".join(lines), "utf-8")
    project.importing.import_files([path])
    ids = project.store.examples.with_role("train")["example_id"].to_list()
    record = EvaluationRecord(EVALUATION, "v", "validation", VARIANTS, {}, {}, count, project.store.now())
    project.store.runs.add_evaluation(record)
    outputs = pl.DataFrame(
        [{"variant": name, "example_id": key, "text": f"{name} {key} {text}"} for name in VARIANTS for key in ids]
    )
    empty = pl.DataFrame(schema={"variant": pl.String})
    tables = {"outputs": outputs, "output_scores": empty, "metrics": empty, "differences": empty}
    project.store.runs.store_results(EVALUATION, tables)
    project.rating.begin(EVALUATION, *VARIANTS, "ada", count)


def press(project: Project, presses: int) -> tuple[list[float], list[float]]:
    """Rate one pair after the other; returns seconds of each press by the clock, and of the processor."""
    wall, used = [], []
    card = project.rating.pending(EVALUATION, "ada", 1)[0]
    for sequence in range(1, presses + 1):
        event = {"session": "s", "sequence": sequence, "comparison_id": card.comparison_id, "choice": "left"}
        began, spent = time.perf_counter(), time.process_time()
        project.rating.rate([event], "ada")
        card = project.rating.at_hand(EVALUATION, "ada", AT_ONCE).pairs[0]
        wall.append(time.perf_counter() - began)
        used.append(time.process_time() - spent)
    return wall, used


if __name__ == "__main__":
    main()
