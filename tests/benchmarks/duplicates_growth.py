"""Growth of the near-duplicate engine: CPU-seconds and memory from 10,000 rows on, and the exponent.

    python -m tests.benchmarks.duplicates_growth [--rows 10000 50000 200000] [--peer [ROWS]] [--plot FILE.svg]

Rows are recombined: two to five sentences of Alpaca rows each; one of ten is a copy of an earlier row with a twentieth
of its words replaced. Any prefix has the same make-up. Each size runs in a process of its own, which tells its
CPU-seconds (texts made and imports done before) and its peak memory; beside it datasketch's, where `--peer` is given,
up to so many rows.
The exponent is the slope of log seconds on log rows. Run it with OMP_NUM_THREADS=1 and POLARS_MAX_THREADS=1.
"""

import argparse
import json
import random
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.duplicates.near import find_near_duplicates
from pipelines.duplicates.settings import DuplicateSettings
from tests.benchmarks.duplicate_peers import datasketch_pairs
from tests.benchmarks.growth_plot import write_growth_plot
from tests.benchmarks.public_data import rows_of, tell

SENTENCE = re.compile(r"(?<=[.!?])\s+")


def main() -> None:
    """Run each size in its own process and print the table; with `--one` run a size here."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 50_000, 200_000])
    parser.add_argument("--peer", type=int, nargs="?", const=10**9, default=0, metavar="ROWS")
    parser.add_argument("--plot", type=Path, help="where the growth is drawn")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(_measure(chosen.one, peer=bool(chosen.peer))))
        return
    table = []
    for rows in chosen.rows:
        own = _in_a_process(rows, [])
        peer = _in_a_process(rows, ["--peer"]) if rows <= chosen.peer else {"seconds": float("nan"), "megabytes": 0}
        table.append((rows, own["pairs"], own["seconds"], own["megabytes"], peer["seconds"], peer["megabytes"]))
    if chosen.plot:
        lines = {"this engine": [(row[0], row[2]) for row in table]}
        if chosen.peer:
            lines["datasketch"] = [(row[0], row[4]) for row in table if row[0] <= chosen.peer]
        write_growth_plot(chosen.plot, "Near-duplicates, one core", lines, "rows", "CPU-seconds")
    slope = float(np.polyfit(np.log([row[0] for row in table]), np.log([row[2] for row in table]), 1)[0])
    tell(
        "Growth of the near-duplicate engine (words a shingle 3, threshold 0.7)",
        ("rows", "pairs", "CPU-seconds", "peak MB", "datasketch CPU-seconds", "datasketch peak MB"),
        table,
        {"exponent": round(slope, 3), "rows": [row[0] for row in table], "cpu_seconds": [row[2] for row in table]},
    )


def _in_a_process(rows: int, more: list[str]) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.duplicates_growth", "--one", str(rows), *more]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def _measure(rows: int, *, peer: bool) -> dict[str, float]:
    texts = recombined_texts(rows)
    settings = DuplicateSettings(shingle_words=3, near_threshold=0.7, short_words=0)
    if peer:
        began = time.process_time()
        pairs = len(datasketch_pairs(texts, 3, 0.7))
    else:
        ids = pl.int_range(len(texts), eager=True).cast(pl.String)
        examples = pl.DataFrame({"example_id": ids, "prompt": texts, "completion": [""] * len(texts)})
        del texts
        find_near_duplicates(examples[:500], settings)
        began = time.process_time()
        pairs = len(find_near_duplicates(examples, settings))
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"pairs": pairs, "seconds": round(seconds, 2), "megabytes": round(peak)}


def recombined_texts(count: int) -> list[str]:
    draw = random.Random(2026)
    sentences = [
        sentence
        for row in rows_of("alpaca/alpaca_raw_half_a.jsonl.gz")
        for sentence in SENTENCE.split(f"{row['instruction']} {row['output']}")
        if len(sentence) > 20
    ]
    words = [word for sentence in sentences[:20_000] for word in sentence.split()]
    texts: list[str] = []
    for place in range(count):
        if place % 10 == 9:
            copy = texts[draw.randrange(place)].split()
            for at in draw.sample(range(len(copy)), max(len(copy) // 20, 1)):
                copy[at] = draw.choice(words)
            texts.append(" ".join(copy))
        else:
            texts.append(" ".join(draw.choices(sentences, k=draw.randint(2, 5))))
    return texts


if __name__ == "__main__":
    main()
