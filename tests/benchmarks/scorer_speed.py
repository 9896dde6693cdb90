"""CPU-seconds that every scorer takes for 100,000 examples, without vectors.

    python -m tests.benchmarks.scorer_speed [ROWS]

Rows: half are the sample data's, half Alpaca's answers (all the sample's where those are absent), each repeated with
other digits so that no two are equal until ROWS (20,000 unless given) are there.
"""

import json
import random
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from pipelines.examples import examples_frame
from pipelines.quality.language import identify_language
from pipelines.quality.registry import ScoringContext
from pipelines.quality.score import chosen_scorers
from pipelines.quality.settings import QualitySettings
from tests.benchmarks.public_data import PUBLIC_DATA, conversation, rows_of, tell

SAMPLE = Path(__file__).parents[2] / "sample_data" / "train.jsonl"
ALPACA = "alpaca/alpaca_raw_half_a.jsonl.gz"


def main(rows: int) -> None:
    """Time the shared readings and every scorer, and print seconds for 100,000 rows."""
    examples = _examples(rows)
    settings = QualitySettings()
    context = ScoringContext(examples, settings)
    began = time.process_time()
    identify_language("The language model is read once, before anything is timed.")
    loading = time.process_time() - began
    scale = 100_000 / max(examples.height, 1)
    table: list[tuple[str, float, float]] = []

    def timed(name: str, work: Callable[[], object]) -> None:
        began, clock = time.process_time(), time.perf_counter()
        work()
        table.append((name, (time.process_time() - began) * scale, (time.perf_counter() - clock) * scale))

    timed("reading JSON", lambda: context.json_texts)
    timed("reading tasks", lambda: context.tasks)
    for entry in chosen_scorers(settings):
        timed(entry.name, lambda entry=entry: entry.function(examples, context))
    total = sum(row[1] for row in table)
    table.sort(key=lambda row: -row[1])
    table.append(("all", total, sum(row[2] for row in table)))
    figures = {
        "loading_the_language_model": round(loading, 2),
        "cpu_seconds": {name: round(seconds, 2) for name, seconds, _ in table},
        "a_million_cpu_minutes": round(total / 6, 2),
    }
    title = f"Scorers without a model: {examples.height:,} examples measured, told for 100,000"
    tell(title, ("scorer", "CPU-seconds", "seconds"), table, figures)


def _examples(rows: int) -> pl.DataFrame:
    draw = random.Random(0)
    sources = [[json.loads(line)["messages"] for line in SAMPLE.read_text(encoding="utf-8").splitlines()]]
    if (PUBLIC_DATA / ALPACA).exists():
        sources.append(
            [
                conversation("\n".join(filter(None, (row["instruction"], row["input"]))), row["output"])
                for row in rows_of(ALPACA)
            ]
        )
    conversations = []
    for source in sources:
        for place in range(rows // len(sources)):
            messages = source[place % len(source)]
            conversations.append(
                [
                    {**message, "content": re.sub(r"\d", lambda _: str(draw.randint(1, 9)), message["content"])}
                    for message in messages
                ]
                if place >= len(source) or len(sources) == 1
                else messages
            )
    return examples_frame(conversations).unique("example_id", keep="first").sort("example_id")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
