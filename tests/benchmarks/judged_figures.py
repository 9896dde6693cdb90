"""Filter by the fast encoder, judge by the accurate one: what share of the accurate one's pairs is found, at what cost.

    python -m tests.benchmarks.judged_figures [--rows 10000] [--threshold 0.95] [--seed 21]

Half of the rows are Alpaca's, half planted edits of them. Truth: every pair whose accurate cosine (the mean of the
prompts' and the completions') reaches the threshold, by brute force; also without exact and near duplicates, which are
found before and not judged. For each margin below the threshold from which on the fast encoder's pairs are judged: the
share of the truth that is found, the share of the rows embedded accurately (near-duplicates left out, as in the
stage), and CPU-seconds, beside those of embedding every row accurately.
"""

import argparse
import time

import numpy as np
import polars as pl

from pipelines.duplicates.find import find_duplicates
from pipelines.duplicates.judged import find_judged_duplicates
from pipelines.duplicates.settings import DuplicateSettings
from pipelines.embedding.encoder import Encoder, Vectors
from pipelines.embedding.minilm import load_encoder
from pipelines.embedding.static import load_static
from pipelines.examples import examples_frame
from tests.benchmarks.planted_edits import plant
from tests.benchmarks.public_data import rows_of, tell
from tests.benchmarks.static_encoder import KEPT

MARGINS = (0.0, 0.05, 0.1, 0.15, 0.2)
BLOCK = 1_024


def main() -> None:
    """Embed by both, search, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--threshold", type=float, default=0.95)
    parser.add_argument("--seed", type=int, default=21)
    chosen = parser.parse_args()
    examples = planted(chosen.rows, chosen.seed)
    fast_encoder = load_static(KEPT)
    fast, fast_seconds = embed(fast_encoder, examples)
    accurate, accurate_seconds = embed(load_encoder(), examples)
    settings = DuplicateSettings(semantic_threshold=chosen.threshold)
    known = find_duplicates(examples, settings).pairs
    truth = _pairs(examples, accurate, chosen.threshold)
    reworded = truth.join(known, on=["example_a", "example_b"], how="anti")
    table, figures = [], []
    for margin in MARGINS:
        lower = settings.model_copy(update={"filter_margin": margin})
        every = find_judged_duplicates(examples, fast, lambda rows, _: accurate[rows], lower, known=known[:0])
        asked: list[int] = []

        def judge(rows: np.ndarray, _: object, asked: list[int] = asked) -> Vectors:
            asked.append(len(rows))
            return accurate[rows]

        began = time.process_time()
        found = find_judged_duplicates(examples, fast, judge, lower, known=known)
        searched = time.process_time() - began
        share = sum(asked) / len(examples)
        recalls = (_share_of(truth, every), _share_of(reworded, found))
        table.append((margin, *recalls, share, fast_seconds + searched + share * accurate_seconds))
        figures.append({"margin": margin, "recall": [round(one, 4) for one in recalls], "judged": round(share, 4)})
    tell(
        f"{truth.height:,} pairs with an accurate cosine of {chosen.threshold} or more among {len(examples):,} rows,"
        f" {reworded.height:,} of them no near-duplicates; to embed all rows accurately takes {accurate_seconds:.0f}"
        " CPU-seconds",
        ("margin", "recall", "without near-duplicates", "share of the rows judged", "CPU-seconds"),
        table,
        {
            "rows": len(examples),
            "pairs": [truth.height, reworded.height],
            "accurate_seconds": round(accurate_seconds, 1),
            "margins": figures,
        },
    )


def _share_of(truth: pl.DataFrame, found: pl.DataFrame) -> float:
    return truth.join(_ordered(found), on=["example_a", "example_b"], how="semi").height / max(truth.height, 1)


def planted(count: int, seed: int) -> pl.DataFrame:
    """Return examples: rows of Alpaca, and as many edits of them."""
    turns = [
        ("\n".join(filter(None, (row["instruction"], row["input"]))), row["output"])
        for row in rows_of("alpaca/alpaca_raw_half_a.jsonl.gz")
    ][: count // 2]
    everything = list(dict.fromkeys(turns + plant(turns, seed)[0]))[:count]
    return examples_frame(
        [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}] for prompt, answer in everything
    ).unique("example_id", keep="first", maintain_order=True)


def embed(encoder: Encoder, examples: pl.DataFrame) -> tuple[Vectors, float]:
    """Return prompt and completion side by side as unit rows, and the CPU-seconds that it took."""
    began = time.process_time()
    joined = np.concatenate([encoder.encode(examples[side].to_list()) for side in ("prompt", "completion")], axis=1)
    seconds = time.process_time() - began
    return (joined / np.linalg.norm(joined, axis=1, keepdims=True).clip(min=1e-12)).astype(np.float32), seconds


def _pairs(examples: pl.DataFrame, vectors: Vectors, threshold: float) -> pl.DataFrame:
    parts = []
    for start in range(0, len(vectors), BLOCK):
        left, right = np.nonzero(vectors[start : start + BLOCK] @ vectors.T >= threshold)
        later = left + start < right
        parts.append(np.stack([left[later] + start, right[later]]))
    left, right = np.concatenate(parts, axis=1)
    ids = examples["example_id"]
    return _ordered(pl.DataFrame({"example_a": ids.gather(left), "example_b": ids.gather(right)}))


def _ordered(pairs: pl.DataFrame) -> pl.DataFrame:
    return pairs.select(
        example_a=pl.min_horizontal("example_a", "example_b"), example_b=pl.max_horizontal("example_a", "example_b")
    )


if __name__ == "__main__":
    main()
