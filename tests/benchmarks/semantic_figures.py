"""Semantic duplicates in cells beside brute force: which share of the pairs is found, and in which time.

    python -m tests.benchmarks.semantic_figures [--rows 50000] [--threshold 0.9]

The vectors are made without a model, so that 50,000 rows take seconds: Alpaca with planted edits (several copies of a
row are planted until there are so many rows), character and word counts of it, reduced to 256 dimensions by a random
projection of TF-IDF weights. Their neighbourhoods are denser than those of MiniLM. Run it with OMP_NUM_THREADS=1.
"""

import argparse
import time

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.random_projection import SparseRandomProjection

from pipelines.duplicates.cells import close_pairs
from pipelines.duplicates.semantic import PAIRS_A_ROW
from tests.benchmarks.planted_edits import Turn, plant
from tests.benchmarks.public_data import rows_of, tell

BLOCK = 2_048


def main() -> None:
    """Make vectors, search both ways, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--threshold", type=float, default=0.9)
    chosen = parser.parse_args()
    turns: list[Turn] = [
        ("\n".join(filter(None, (row["instruction"], row["input"]))), row["output"])
        for row in rows_of("alpaca/alpaca_raw_half_a.jsonl.gz")
    ]
    seed, everything = 0, list(turns)
    while len(everything) < chosen.rows:
        seed += 1
        everything = list(dict.fromkeys(everything + plant(turns, seed)[0]))
    texts = [f"{prompt}\n{answer}" for prompt, answer in everything[: chosen.rows]]
    counts = TfidfVectorizer(sublinear_tf=True, min_df=2).fit_transform(texts)
    raw = SparseRandomProjection(256, random_state=0, dense_output=True).fit_transform(counts).astype(np.float32)
    raw = np.unique(raw[np.any(raw != 0, axis=1)], axis=0)
    vectors = np.ascontiguousarray(raw / np.linalg.norm(raw, axis=1, keepdims=True), dtype=np.float32)
    began = time.process_time()
    truth = _brute_force(vectors, chosen.threshold)
    brute = time.process_time() - began
    began = time.process_time()
    parts = [left * len(vectors) + right for left, right, _ in close_pairs(vectors, chosen.threshold, most=PAIRS_A_ROW)]
    cells = time.process_time() - began
    found = np.concatenate(parts)
    recall = len(np.intersect1d(found, truth)) / max(len(truth), 1)
    tell(
        f"Pairs with a cosine of {chosen.threshold} or more among {len(vectors):,} vectors",
        ("search", "pairs", "recall", "CPU-seconds"),
        [("brute force", len(truth), 1.0, brute), ("in cells", len(found), recall, cells)],
        {
            "rows": len(vectors),
            "pairs": len(truth),
            "recall": round(recall, 4),
            "false": len(np.setdiff1d(found, truth)),
            "cpu_seconds_brute": round(brute, 2),
            "cpu_seconds_cells": round(cells, 2),
        },
    )


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
