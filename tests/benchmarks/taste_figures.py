"""How well the reviewer's taste is learned, on data that people and judges labelled; and how long a refit takes.

    python -m tests.benchmarks.taste_figures [wellformedness] [further] [alpaca] [mbpp] [speed]

Nothing named: all of them. To bound the time, 9,000 of the questions at random are read, and of Alpaca the rows of its
random subset of 9,000 that are at hand; MBPP whole. `further` reads
the other questions, which nothing was chosen on. Every AUC is of left-out predictions, five folds; the learning
curve is of a fixed third of the rows that no model saw. See `public_data.py` for where the data is looked for.
"""

import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from pipelines.examples import examples_frame
from pipelines.quality.calibration import auc_interval, calibration_error, reliability_table
from pipelines.quality.score import score_examples
from pipelines.quality.taste import DECISIONS, Taste, learn_taste, taste_scores
from pipelines.quality.taste_features import TasteFeatures, taste_features
from tests.benchmarks.public_data import conversation, rows_of, tell, vectors_of

COLUMNS = ("labels", "good", "AUC", "low", "high", "calibration error", "CPU-seconds")
SIZES = (50, 100, 200, 400, 800)
SEEDS = 6
ROWS = 9_000


def wellformedness() -> None:
    """Ratings of five people, good from 0.8: all labels by cross-validation, and a learning curve."""
    _well_formed("Taste: well-formed questions, rated by people", slice(ROWS))


def further() -> None:
    """The same on the questions that are left, which no setting was chosen on."""
    _well_formed("Taste: further well-formed questions, not used before", slice(ROWS, None))


def _well_formed(title: str, part: slice) -> None:
    rows = rows_of("query_wellformedness/train_dev.jsonl.gz")
    chosen = np.random.default_rng(0).permutation(len(rows))[part]
    rating = {rows[row]["text"]: rows[row]["rating"] for row in chosen}
    texts = list(rating)
    good = np.array([rating[text] >= 0.8 for text in texts])
    features = _features([(text, "") for text in texts])
    table = [("all", *_learned(features, good))]
    order = np.random.default_rng(0).permutation(len(texts))
    held, rest = order[: len(order) // 3], order[len(order) // 3 :]
    for size in SIZES:
        figures = []
        for seed in range(SEEDS):
            chosen = np.random.default_rng(seed).choice(rest, size, replace=False)
            began = time.process_time()
            taste = learn_taste(features, _decisions(features, chosen, good))
            scores = taste_scores(taste, features)[held]
            seconds = time.process_time() - began
            auc = auc_interval(scores, good[held])[0]
            figures.append((auc, calibration_error(reliability_table(scores, good[held])), seconds))
        auc, error, seconds = np.mean(figures, axis=0)
        low, high = np.quantile([figure[0] for figure in figures], [0.0, 1.0])
        table.append(
            (f"{size}, mean of {SEEDS} draws, least and most", size, float(good.mean()), auc, low, high, error, seconds)
        )
    tell(title, ("", *COLUMNS), table, _figures(table))


def alpaca() -> None:
    """Two flags of a judge on Alpaca's answers, five folds."""
    rows = [row for row in rows_of("alpaca/alpaca_raw_half_a.jsonl.gz") if row["in_random_9k"]]
    features = _features([("\n".join(filter(None, (row["instruction"], row["input"]))), row["output"]) for row in rows])
    table = []
    for flag in ("helpfulness_ge_4_5", "claude_ge_4_5"):
        good = np.array([row[flag] for row in rows])
        table.append((flag, *_learned(features, good)))
        length = np.array([float(len(row["output"])) for row in rows])
        table.append(
            (f"{flag}, by length alone", len(rows), float(good.mean()), *auc_interval(length, good), None, 0.0)
        )
    tell("Taste: a judge's flags on Alpaca", ("", *COLUMNS), table, _figures(table))


def mbpp() -> None:
    """Rows that people had to edit against those that they left as they were."""
    rows = rows_of("mbpp/mbpp_raw_vs_sanitized_half_a.jsonl.gz")
    rows = [row for row in rows if row["status"] in ("edited", "unchanged")]
    features = _features([(row["prompt"], row["code"]) for row in rows])
    table = [("unchanged", *_learned(features, np.array([row["status"] == "unchanged" for row in rows])))]
    tell("Taste: MBPP rows that people left as they were", ("", *COLUMNS), table, _figures(table))


def speed() -> None:
    """A refit at 100,000 examples: vectors are random, as their values do not change how long it takes."""
    random = np.random.default_rng(0)
    words = [row["text"] for row in rows_of("query_wellformedness/train_dev.jsonl.gz")]
    pairs = [(f"{words[row % len(words)]} {row}", words[(row * 7) % len(words)]) for row in range(100_000)]
    examples = examples_frame([conversation(*pair) for pair in pairs])
    vectors = [random.normal(size=(len(pairs), 384)).astype(np.float32) for _ in range(2)]
    vectors = [part / np.linalg.norm(part, axis=1, keepdims=True) for part in vectors]
    scores = pl.DataFrame(schema={"example_id": pl.String, "scorer": pl.String, "score": pl.Float64})
    began = time.process_time()
    features = taste_features(examples, scores, prompt_vectors=vectors[0], completion_vectors=vectors[1])
    table: list[tuple[object, ...]] = [("features, once", 100_000, time.process_time() - began, None)]
    for count in (50, 200, 800, 2_000):
        rows = random.choice(len(pairs), count, replace=False)
        decisions = _decisions(features, rows, random.random(len(pairs)) < 0.7)
        began, clock = time.process_time(), time.perf_counter()
        taste_scores(learn_taste(features, decisions), features)
        table.append(
            (f"refit on {count:,} decisions", 100_000, time.process_time() - began, time.perf_counter() - clock)
        )
    tell(
        "Taste: time of a refit",
        ("", "examples", "CPU-seconds", "seconds"),
        table,
        {str(row[0]): row[2] for row in table},
    )


def _features(pairs: Sequence[tuple[str, str]]) -> TasteFeatures:
    examples = examples_frame([conversation(prompt, answer) for prompt, answer in pairs])
    vectors = vectors_of([prompt for prompt, _ in pairs])
    answers = vectors_of([answer for _, answer in pairs]) if any(answer for _, answer in pairs) else None
    scores = (
        score_examples(examples).scores
        if answers is not None
        else pl.DataFrame(schema={"example_id": pl.String, "scorer": pl.String, "score": pl.Float64})
    )
    return taste_features(examples, scores, prompt_vectors=vectors, completion_vectors=answers)


def _decisions(features: TasteFeatures, rows: np.ndarray, good: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame(
        {"example_id": features.example_ids.gather(rows), "reviewer": "rater", "kept": good[rows], "random": True},
        schema=DECISIONS,
    )


def _learned(features: TasteFeatures, good: np.ndarray) -> tuple[object, ...]:
    began = time.process_time()
    taste: Taste = learn_taste(features, _decisions(features, np.arange(len(good)), good))
    seconds = time.process_time() - began
    return len(good), float(good.mean()), taste.auc, taste.low, taste.high, taste.error, seconds


def _figures(table: Sequence[Sequence[object]]) -> dict[str, object]:
    return {
        str(row[0]): {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in zip(COLUMNS, row[1:], strict=True)
        }
        for row in table
    }


PARTS: dict[str, Callable[[], None]] = {
    "wellformedness": wellformedness,
    "further": further,
    "alpaca": alpaca,
    "mbpp": mbpp,
    "speed": speed,
}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
