"""What a row costs over shards: CPU-seconds, bytes and memory of each stage, and the same work on Ray.

    python -m tests.benchmarks.engine_scaling [--rows 50000] [--shards 10] [--embedded 256] [--no-ray]

Rows are recombined as in `duplicates_growth`: two to five sentences of Alpaca rows, one of ten a copy of an earlier row
with a twentieth of its words replaced. The stages run in this process, one after the other, so that each one's
CPU-seconds are its own; `find_duplicates` in memory runs beside them on the same rows. Of clusters the assignment to
10,000 centres is measured, which is what it comes to beyond 600,000 rows. Then the same work runs in a pool of two
processes and on a Ray of two workers, whose CPU-seconds are those of all their processes, and the results are compared.
What a billion rows would take is computed from these figures (docs/scaling.md). Run it with OMP_NUM_THREADS=1 and
POLARS_MAX_THREADS=1.
"""

import argparse
import importlib.util
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psutil

from pipelines.coverage.cells import nearest_mean
from pipelines.coverage.settings import CoverageSettings
from pipelines.duplicates.find import find_duplicates
from pipelines.duplicates.settings import DuplicateSettings
from pipelines.embedding.settings import EmbeddingSettings
from pipelines.engine.clustering import MOST_CLUSTERS, cluster_shards
from pipelines.engine.duplicates import find_duplicate_shards
from pipelines.engine.embedding import embed_shards
from pipelines.engine.executor import Executor, LocalExecutor, Told
from pipelines.engine.ordering import Parts, put_in_order
from pipelines.engine.ray_executor import RayExecutor
from pipelines.engine.reading import read_shards
from pipelines.engine.scoring import score_shards
from pipelines.engine.shard_files import read_frames
from pipelines.engine.stages import Stages
from pipelines.quality.settings import QualitySettings
from tests.benchmarks.duplicates_growth import recombined_texts
from tests.benchmarks.public_data import tell

# Which piece of work a function belongs to.
WORK = {
    "reading": ("count_lines", "read_slice"),
    "order": ("sample_keys", "choose_cuts", "deal", "sort_part"),
    "signatures": ("sign_part", "find_classes"),
    "band exchange": ("deal_bands", "find_buckets", "answer_keys", "pair_crowds"),
    "candidates": ("gather_codes", "answer_places", "keep_pairs"),
    "verification": ("answer_texts", "verify_pairs", "join_kinds", "answer_sides", "guard_pairs"),
    "union and groups": ("unite", "deal_components", "group_components", "deal_members", "tell_lines"),
    "scores": ("score_part",),
    "embeddings": ("deal_prompts", "embed_partition"),
    "clusters": ("sample_points", "find_centres", "assign", "number_clusters", "write_clusters"),
}
BILLION = 1_000_000_000


class Measuring:
    """Runs every job in this process and notes CPU-seconds and the bytes of outputs, by piece of work."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.bytes: dict[str, int] = defaultdict(int)

    def map(self, function: Callable[..., Any], jobs: Sequence[tuple[Any, ...]], *, told: Told) -> None:
        work = next(name for name, functions in WORK.items() if function.__name__ in functions)
        began = time.process_time()
        for job in jobs:
            function(*job)
        self.seconds[work] += time.process_time() - began
        self.bytes[work] += sum(_size(job[-1]) for job in jobs)


@dataclass(frozen=True)
class Found:
    """The parts in order, and the pairs of duplicates."""

    parts: Parts
    pairs: pl.DataFrame


def main() -> None:
    """Measure, compare and tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--shards", type=int, default=10)
    parser.add_argument("--embedded", type=int, default=256)
    parser.add_argument("--no-ray", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few, path = folder / "few.jsonl", folder / "rows.jsonl"
        texts = recombined_texts(chosen.rows)
        _write_rows(few, texts[:500])
        _write_rows(path, texts)
        del texts
        # What is imported and loaded once is not counted.
        first = _duplicates(few, 2, folder / "first", LocalExecutor())
        _others(first.parts, 20, folder / "first", LocalExecutor())
        measuring = Measuring()
        own = _duplicates(path, chosen.shards, folder / "own", measuring)
        _others(own.parts, chosen.embedded, folder / "own", measuring)
        examples = read_frames(own.parts.examples).with_columns(messages=pl.lit("[]"))
        began = time.process_time()
        in_memory = find_duplicates(examples).pairs
        memory_seconds = time.process_time() - began
        assert in_memory.equals(own.pairs), "over shards other pairs were found than in memory"
        del examples, in_memory
        _tell_stages(measuring, chosen.rows, chosen.embedded, memory_seconds, path.stat().st_size)
        _tell_engines(path, chosen.shards, folder, own.pairs, with_ray=not chosen.no_ray)


def _write_rows(path: Path, texts: list[str]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for text in texts:
            question, _, answer = text.partition(". ")
            file.write(json.dumps({"prompt": question, "completion": answer or question}, ensure_ascii=False) + "\n")


def _duplicates(path: Path, shards: int, folder: Path, executor: Executor) -> Found:
    stages = Stages(executor, 50)
    read = read_shards([path], shards, folder / "read", stages)
    parts = put_in_order(read.paths, shards, folder / "examples", stages)
    found = find_duplicate_shards(parts, DuplicateSettings(), folder / "duplicates", stages)
    pairs = read_frames(found.pairs).drop("row_a", "row_b").sort("example_a", "example_b")
    return Found(parts, pairs)


def _others(parts: Parts, embedded: int, folder: Path, executor: Executor) -> None:
    """Score all parts, and embed and cluster the first rows: the encoder is a hundred times slower than the rest."""
    stages = Stages(executor, 50)
    score_shards(parts, QualitySettings(), folder / "scores", stages)
    few = folder / "few"
    few.mkdir()
    read_frames(parts.examples[:1]).sample(embedded, seed=1).write_parquet(few / "examples.parquet")
    vectors = embed_shards(Parts([few], np.array([0, embedded])), EmbeddingSettings(), folder / "vectors", stages)
    cluster_shards(vectors, embedded, CoverageSettings(), folder / "clusters", stages)


def _assignment() -> float:
    """Return the CPU-seconds that one row's assignment to so many centres takes."""
    draw = np.random.default_rng(0)
    points, centres = (draw.normal(size=(rows, 384)).astype(np.float32) for rows in (2_048, MOST_CLUSTERS))
    nearest_mean(points[:100], centres)
    began = time.process_time()
    nearest_mean(points, centres)
    return (time.process_time() - began) / len(points)


def _tell_stages(measuring: Measuring, rows: int, embedded: int, memory: float, size: int) -> None:
    counts = {work: embedded if work in ("embeddings", "clusters") else rows for work in WORK}
    table = [
        (
            work,
            round(measuring.seconds[work], 2),
            round(counts[work] / measuring.seconds[work]),
            round(measuring.bytes[work] / counts[work]),
            round(measuring.seconds[work] / counts[work] * BILLION / 3600),
            round(measuring.bytes[work] / counts[work] / 1_000, 2),
        )
        for work in WORK
    ]
    assignment = _assignment()
    rate, hours = round(1 / assignment), round(assignment * BILLION / 3600)
    table.append((f"assignment to {MOST_CLUSTERS:,} centres", "", rate, "", hours, ""))
    near = sum(measuring.seconds[work] for work in list(WORK)[1:7])
    tell(
        f"Over shards, {rows:,} rows of {size / rows:.0f} bytes ({embedded:,} for embeddings and clusters)",
        ("work", "CPU-seconds", "rows a CPU-second", "bytes a row", "core-hours for 10^9", "terabytes for 10^9"),
        table,
        {
            "cpu_seconds": {work: round(measuring.seconds[work], 3) for work in WORK},
            "bytes_a_row": {work: round(measuring.bytes[work] / counts[work], 1) for work in WORK},
            "duplicates_over_shards": round(near, 2),
            "duplicates_in_memory": round(memory, 2),
            "assigned_a_cpu_second": rate,
        },
    )


def _tell_engines(path: Path, shards: int, folder: Path, expected: pl.DataFrame, *, with_ray: bool) -> None:
    """Run the same work by two processes and by two Ray workers, and compare results and CPU-seconds."""
    engines: dict[str, Callable[[], LocalExecutor | RayExecutor]] = {"local, 2 processes": lambda: LocalExecutor(2)}
    if with_ray and importlib.util.find_spec("ray") is not None:
        engines["ray, 2 workers"] = lambda: RayExecutor(2)
    table, figures = [], {}
    for name, start in engines.items():
        before, clock = _cpu_seconds(), time.perf_counter()
        with start() as executor:
            started = time.perf_counter() - clock
            found = _duplicates(path, shards, folder / name.split(",")[0], executor)
            seconds, wall = _cpu_seconds() - before, time.perf_counter() - clock
            largest = max((_memory(process) for process in psutil.Process().children(recursive=True)), default=0)
        same = found.pairs.equals(expected)
        table.append((name, round(seconds, 1), round(started, 1), round(wall, 1), round(largest / 2**20), same))
        figures[name] = {"cpu_seconds": round(seconds, 1), "same": same, "largest_process": largest}
    columns = ("engine", "CPU-seconds", "start, seconds", "seconds", "largest process, MiB", "same pairs")
    tell("The same work by engine, reading and duplicates", columns, table, figures)


def _cpu_seconds() -> float:
    """Return the CPU-seconds of this process and all that it started, those that ended and were waited for too."""
    total = 0.0
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        with suppress(psutil.Error):
            total += sum(process.cpu_times()[:4])
    return total


def _memory(process: psutil.Process) -> int:
    """Return the most memory that a process has held, in bytes; 0 where the system does not tell."""
    with suppress(OSError, psutil.Error):
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def _size(output: Path) -> int:
    files = output.rglob("*") if output.is_dir() else [output]
    return sum(path.stat().st_size for path in files)


if __name__ == "__main__":
    main()
