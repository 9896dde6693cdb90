"""Decontamination of gsm8k: which rephrased test questions are found, and how many clean ones are called so.

    python -m tests.benchmarks.contamination_figures

1,315 rephrased test questions and 3,500 clean training questions against the 1,319 test questions. The thresholds are
those that the stage calibrates itself, without knowing which rows are rephrased. Two minutes on one core that is free.
"""

import numpy as np
import polars as pl

from pipelines.examples import examples_frame
from pipelines.splitting.contamination import find_contamination, nearest_rows
from tests.benchmarks.public_data import rows_of, tell, vectors_of

CLEAN = 3_500


def main() -> None:
    """Mix rephrased test questions into training questions and print what is found."""
    rephrased = [row["rephrased_question"] for row in rows_of("gsm8k/test_rephrased.jsonl.gz")]
    clean = [row["question"] for row in rows_of("gsm8k/train.jsonl.gz")[:CLEAN]]
    test = [row["question"] for row in rows_of("gsm8k/test.jsonl.gz")]
    examples = _frame([*rephrased, *clean]).with_columns(planted=pl.Series([True] * len(rephrased) + [False] * CLEAN))
    held_out = _frame(test)
    vectors, tests = vectors_of([*rephrased, *clean]), vectors_of(test)
    found = find_contamination(examples.drop("planted"), held_out, vectors=vectors, held_out_vectors=tests)
    planted = examples["planted"].to_numpy()
    table, figures = [], {}
    for name, wanted in (
        ("13 words", pl.col("kind") == "13 words"),
        ("8 words", pl.col("kind") == "8 words"),
        ("embedding, contaminated", (pl.col("kind") == "embedding") & (pl.col("verdict") == "contaminated")),
        ("embedding, with those for a person", pl.col("kind") == "embedding"),
    ):
        hit = examples["example_id"].is_in(found.contamination.filter(wanted)["example_id"].implode()).to_numpy()
        table.append((name, float(hit[planted].mean()), float(hit[~planted].mean())))
        figures[name] = [round(value, 4) for value in table[-1][1:]]
    _, cosine, lead = nearest_rows(vectors, tests)
    for name, near in (("cosine", cosine), ("lead", lead)):
        for alarms in (0.001, 0.01):
            least = float(np.quantile(near[~planted], 1 - alarms))
            recall = float((near[planted] >= least).mean())
            table.append((f"{name} with exactly {alarms:.1%} false alarms (from {least:.3f})", recall, alarms))
            figures[f"{name}: recall at {alarms}"] = [round(recall, 4)]
    figures["thresholds"] = [
        round(value, 4) for value in (found.threshold, found.review_threshold) if value is not None
    ]
    tell("Rephrased gsm8k test questions among training questions", ("check", "recall", "false alarms"), table, figures)


def _frame(texts: list[str]) -> pl.DataFrame:
    return examples_frame([[{"role": "user", "content": text}] for text in texts])


if __name__ == "__main__":
    main()
