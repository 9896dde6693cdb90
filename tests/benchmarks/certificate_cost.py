"""What does the certificate of a split cost?

    python -m tests.benchmarks.certificate_cost [--rows 100000] [--vectors]

Synthetic examples (`million.py`), split 80/10/10 by place; --vectors adds random unit vectors, so that the cosine is
computed too. Prints processor seconds, peak memory, and the pairs that each measure covered.
"""

import argparse
import json
import resource
import time

import numpy as np
import polars as pl

from pipelines.examples import examples_frame
from pipelines.splitting.certificate import certify_split
from tests.benchmarks.million import chat_lines, phrase_pool

DIMENSIONS = 384


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--vectors", action="store_true", help="with the cosine")
    chosen = parser.parse_args()
    generator = np.random.default_rng(0)
    lines, _ = chat_lines(0, chosen.rows, phrase_pool(generator), generator)
    examples = examples_frame([json.loads(line)["messages"] for line in lines["line"]])
    sides = np.array(["train"] * 8 + ["validation", "test"])[np.arange(examples.height) % 10]
    ids = examples["example_id"]
    assignments = pl.DataFrame({"example_id": ids, "split": sides, "group_id": ids})
    vectors = None
    if chosen.vectors:
        vectors = generator.standard_normal((examples.height, DIMENSIONS), dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    begin = time.process_time()
    found = certify_split(examples, assignments, vectors=vectors)
    figures = {
        "rows": examples.height,
        "cpu": round(time.process_time() - begin, 1),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "checked": {f"{row.measure} {row.split_a}-{row.split_b}": row.pairs_checked for row in found.checks},
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
