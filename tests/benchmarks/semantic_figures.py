"""Semantic duplicates in cells beside brute force and semhash: which share of the pairs is found, in which time.

    python -m tests.benchmarks.semantic_figures [--rows 50000] [--threshold 0.9] [--million 1000000]

The rows are Alpaca with planted edits (several copies of a row are planted until there are so many), embedded by the
fast encoder. Peer: semhash (pip install semhash) with the same token vectors on the same rows; both are measured from
the texts to what is removed. Without it the comparison is left out.

`--million` searches so many synthetic vectors of 256 dimensions besides: topics with noise around them, a tenth of the
rows near copies of others. Run it with OMP_NUM_THREADS=1 and POLARS_MAX_THREADS=1.
"""

import argparse
import importlib
import importlib.util
import resource
import time

import numpy as np
import polars as pl
import torch

from pipelines.duplicates.cells import close_pairs
from pipelines.duplicates.groups import star_groups
from pipelines.duplicates.semantic import PAIRS_A_ROW, find_semantic_duplicates
from pipelines.duplicates.settings import DuplicateSettings
from pipelines.embedding.minilm import bundled_folder
from pipelines.embedding.static import StaticEncoder, load_static
from tests.benchmarks.planted_edits import Turn, plant
from tests.benchmarks.public_data import rows_of, tell
from tests.benchmarks.static_encoder import KEPT

BLOCK = 2_048
TOPICS, DIMENSION, COPIES = 5_000, 256, 0.1


def main() -> None:
    """Embed rows, search them by each, print; then the many synthetic vectors, where they are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--threshold", type=float, default=0.9)
    parser.add_argument("--million", type=int, default=0)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if chosen.rows:
        texts = planted_rows(chosen.rows)
        encoder = load_static(KEPT)
        encoder.encode(texts[:100])
        recall(encoder, texts, chosen.threshold)
        beside_semhash(encoder, texts, chosen.threshold)
    if chosen.million:
        many(chosen.million)


def planted_rows(count: int) -> list[str]:
    """Return distinct rows of Alpaca and of edits of them."""
    turns: list[Turn] = [
        ("\n".join(filter(None, (row["instruction"], row["input"]))), row["output"])
        for row in rows_of("alpaca/alpaca_raw_half_a.jsonl.gz")
    ]
    seed, everything = 0, list(dict.fromkeys(turns))
    while len(everything) < count:
        seed += 1
        everything = list(dict.fromkeys(everything + plant(turns, seed)[0]))
    return [f"{prompt}\n{answer}" for prompt, answer in everything[:count]]


def recall(encoder: StaticEncoder, texts: list[str], threshold: float) -> None:
    """Print the share of the pairs that the cells find."""
    vectors = np.unique(encoder.encode(texts), axis=0)
    vectors = np.ascontiguousarray(vectors[np.any(vectors != 0, axis=1)])
    began = time.process_time()
    truth = _brute_force(vectors, threshold)
    brute = time.process_time() - began
    began = time.process_time()
    parts = [left * len(vectors) + right for left, right, _ in close_pairs(vectors, threshold, most=PAIRS_A_ROW)]
    cells = time.process_time() - began
    found = np.concatenate(parts)
    share = len(np.intersect1d(found, truth)) / max(len(truth), 1)
    tell(
        f"Pairs with a cosine of {threshold} or more among {len(vectors):,} vectors of the fast encoder",
        ("search", "pairs", "recall", "CPU-seconds"),
        [("brute force", len(truth), 1.0, brute), ("in cells", len(found), share, cells)],
        {
            "rows": len(vectors),
            "pairs": len(truth),
            "recall": round(share, 4),
            "false": len(np.setdiff1d(found, truth)),
            "cpu_seconds_brute": round(brute, 2),
            "cpu_seconds_cells": round(cells, 2),
        },
    )


def beside_semhash(encoder: StaticEncoder, texts: list[str], threshold: float) -> None:
    """Print the time from texts to what is removed, here and in semhash."""
    examples = pl.DataFrame({"example_id": [f"{row:08}" for row in range(len(texts))]})
    settings = DuplicateSettings(semantic_threshold=threshold)
    began = time.process_time()
    pairs = find_semantic_duplicates(examples, encoder.encode(texts), settings)
    groups = star_groups(examples["example_id"], pairs.with_columns(kind=pl.lit("semantic")))
    ours = time.process_time() - began
    removed = len(groups) - groups["group_id"].n_unique()
    table = [("cells", removed, ours)]
    figures: dict[str, object] = {"removed": removed, "cpu_seconds": round(ours, 2)}
    if not importlib.util.find_spec("semhash"):
        print("semhash is not installed: no comparison.")
        return
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(bundled_folder() / "tokenizer.json"))
    model = importlib.import_module("model2vec").StaticModel(encoder._vectors, tokenizer, normalize=True)
    began = time.process_time()
    result = importlib.import_module("semhash").SemHash.from_records(texts, model=model).self_deduplicate(threshold)
    theirs = time.process_time() - began
    table.append(("semhash", len(result.filtered), theirs))
    figures |= {
        "semhash_removed": len(result.filtered),
        "semhash_cpu_seconds": round(theirs, 2),
        "share_of_semhash": round(ours / theirs, 3),
    }
    tell(
        f"From {len(texts):,} texts to what is removed at a cosine of {threshold}",
        ("search", "removed", "CPU-seconds"),
        table,
        figures,
    )


def many(rows: int) -> None:
    """Print time and memory of a search among many vectors, and the share of the planted copies that it finds."""
    vectors, original, copy = _synthetic(rows)
    examples = pl.DataFrame({"example_id": [f"{row:08}" for row in range(rows)]})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    pairs = find_semantic_duplicates(examples, vectors)
    seconds = time.process_time() - began
    alike = (vectors[original] * vectors[copy]).sum(axis=1) >= DuplicateSettings().semantic_threshold
    found = pairs["example_a"].cast(pl.Int64) * rows + pairs["example_b"].cast(pl.Int64)
    share = float(np.isin(original[alike] * rows + copy[alike], found.to_numpy()).mean())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tell(
        f"{rows:,} synthetic vectors of {DIMENSION} dimensions",
        ("planted pairs", "found", "CPU-seconds", "GB at the peak", "GB before"),
        [(int(alike.sum()), share, seconds, peak / 1e6, before / 1e6)],
        {
            "rows": rows,
            "planted": int(alike.sum()),
            "recall": round(share, 4),
            "cpu_seconds": round(seconds, 1),
            "gigabytes": round(peak / 1e6, 2),
        },
    )


def _synthetic(rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return unit rows, and of which row which later one is a noisy copy."""
    generator = np.random.default_rng(0)
    topics = generator.normal(size=(TOPICS, DIMENSION)).astype(np.float32)
    first = rows - int(COPIES * rows)
    vectors = np.empty((rows, DIMENSION), dtype=np.float32)
    original, copy = generator.integers(first, size=rows - first), np.arange(first, rows)
    for start in range(0, first, BLOCK):
        part = vectors[start : min(start + BLOCK, first)]
        part[:] = topics[generator.integers(TOPICS, size=len(part))]
        part += generator.normal(size=part.shape).astype(np.float32)
    for start in range(0, rows - first, BLOCK):
        part = vectors[first:][start : start + BLOCK]
        part[:] = vectors[original[start : start + BLOCK]]
        part += (generator.normal(size=part.shape) * generator.uniform(0.03, 0.6, (len(part), 1))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors, original, copy


def _brute_force(vectors: np.ndarray, threshold: float) -> np.ndarray:
    parts = []
    for start in range(0, len(vectors), BLOCK):
        for other in range(start, len(vectors), BLOCK):
            one, two = np.nonzero(vectors[start : start + BLOCK] @ vectors[other : other + BLOCK].T >= threshold)
            later = one + start < two + other
            parts.append((one[later] + start) * len(vectors) + two[later] + other)
    return np.concatenate(parts)


if __name__ == "__main__":
    main()
