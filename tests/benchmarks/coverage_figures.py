"""Clusters and gaps on data that people labelled.

    python -m tests.benchmarks.coverage_figures [gaps] [clusters]

gaps: eight intents of clinc150 missing from training, twelve cut to 15 %, three seeds. 75 intents, 100 training prompts
and 50 production queries of each. A cluster is truly short when most of its queries are of missing or cut intents.
Precision: share of the reported gaps that are truly short; recall: share of the truly short clusters that are reported;
queries: share of the queries of missing intents that lie in a reported gap.

clusters: topics, without being told their number, against intents, as the adjusted Rand index; beside it the topics
when their number is given, those of HDBSCAN, and k-means on the vectors with the true number. Settings were chosen on
the half of clinc150's intents that is left out of the first set (the weight of words on 40 drawn from all).
"""

import sys
import time
from collections.abc import Callable

import numpy as np
import polars as pl

from pipelines.coverage.cluster import cluster_prompts
from pipelines.coverage.cover import map_coverage
from pipelines.coverage.settings import CoverageSettings
from tests.benchmarks.public_data import rows_of, tell, vectors_of

MISSING, CUT, CUT_TO = 8, 12, 0.15


def gaps() -> None:
    """Measure the three seeds and print them."""
    rows = rows_of("clinc150/clinc150.jsonl.gz")
    intents = sorted({row["intent"] for row in rows} - {"oos"})
    texts_of = {intent: [row["text"] for row in rows if row["intent"] == intent] for intent in intents}
    table = [(f"seed {seed}", *_measured(np.random.default_rng(seed), texts_of, intents)) for seed in range(3)]
    columns = ("gaps", "precision", "recall", "queries", "CPU-seconds")
    tell(
        "Gaps on clinc150",
        ("", *columns),
        table,
        {name: [round(float(row[place]), 3) for row in table] for place, name in enumerate(columns, start=1)},
    )


def _measured(random: np.random.Generator, texts_of: dict[str, list[str]], intents: list[str]) -> tuple[float, ...]:
    chosen = [intents[place] for place in random.choice(len(intents), 75, replace=False)]
    short = set(chosen[: MISSING + CUT])
    train: list[tuple[str, str]] = []
    production: list[tuple[str, str]] = []
    for place, intent in enumerate(chosen):
        texts = [texts_of[intent][row] for row in random.permutation(len(texts_of[intent]))]
        kept = 0 if place < MISSING else round(100 * CUT_TO) if place < MISSING + CUT else 100
        train += [(text, intent) for text in texts[:kept]]
        production += [(text, intent) for text in texts[100:150]]
    pool = train + production
    examples = pl.DataFrame(
        {
            "example_id": [f"{row:05}" for row in range(len(pool))],
            "prompt": [text for text, _ in pool],
            "role": ["train"] * len(train) + ["production"] * len(production),
        }
    )
    vectors = vectors_of(examples["prompt"])
    began = time.process_time()
    found = map_coverage(examples, vectors)
    seconds = time.process_time() - began
    cluster = dict(found.clusters.select("example_id", "cluster_id").iter_rows())
    asked: dict[int, list[bool]] = {}
    for row in range(len(train), len(pool)):
        asked.setdefault(cluster[f"{row:05}"], []).append(pool[row][1] in short)
    truth = {number for number, wanted in asked.items() if sum(wanted) > len(wanted) / 2}
    claimed = set(found.gaps["cluster_id"])
    missing = [row for row in range(len(train), len(pool)) if pool[row][1] in chosen[:MISSING]]
    inside = sum(cluster[f"{row:05}"] in claimed for row in missing) / len(missing)
    precision = len(claimed & truth) / max(len(claimed), 1)
    return len(claimed), precision, len(claimed & truth) / max(len(truth), 1), inside, seconds


def clusters() -> None:
    """Measure topics against intents and print them."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score

    clinc = [row for row in rows_of("clinc150/clinc150.jsonl.gz") if row["intent"] != "oos"]
    names = sorted({row["intent"] for row in clinc})
    chosen_on = {names[place] for place in np.random.default_rng(101).choice(len(names), 75, replace=False)}
    sets = {
        "clinc150, 75 intents": [row for row in clinc if row["intent"] not in chosen_on],
        "clinc150, all 150": clinc,
        "snips": rows_of("snips/snips.jsonl.gz"),
    }
    table = []
    for name, rows in sets.items():
        texts, intents = [row["text"] for row in rows], np.array([row["intent"] for row in rows])
        vectors = vectors_of(texts)
        true = len(set(intents))
        began = time.process_time()
        found = cluster_prompts(texts, vectors, CoverageSettings()).topics
        seconds = time.process_time() - began
        told = cluster_prompts(texts, vectors, CoverageSettings(topics=true)).topics
        dense = cluster_prompts(texts, vectors, CoverageSettings(topics_by="hdbscan")).topics
        plain = KMeans(true, n_init=1, random_state=0).fit_predict(vectors)
        scores = [float(adjusted_rand_score(intents, labels)) for labels in (found, told, dense, plain)]
        table.append((name, true, int(found.max()) + 1, *scores, seconds))
    columns = ("intents", "found", "ARI", "number given", "HDBSCAN", "k-means, number given", "CPU-seconds")
    tell("Topics against intents", ("data", *columns), table, {row[0]: row[1:] for row in table})


PARTS: dict[str, Callable[[], None]] = {"gaps": gaps, "clusters": clusters}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
