"""Rows per CPU-second of the bundled encoder, beside sentence-transformers' own `encode` on the same rows.

python -m tests.benchmarks.encoder_speed [--rows 400]
"""

import argparse
import time

import numpy as np
import torch

from pipelines.embedding.minilm import bundled_folder, load_encoder
from tests.benchmarks.public_data import rows_of, tell


def main() -> None:
    """Encode the same texts by both on one thread, in turn, and print rows per CPU-second."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=400)
    count = parser.parse_args().rows
    torch.set_num_threads(1)
    from sentence_transformers import SentenceTransformer

    stock = SentenceTransformer(str(bundled_folder()), device="cpu")
    ours = load_encoder()
    alpaca = [row["instruction"] + "\n" + row["output"] for row in rows_of("alpaca/alpaca_raw_half_a.jsonl.gz")[:count]]
    queries = [row["text"] for row in rows_of("clinc150/clinc150.jsonl.gz")[: 2 * count]]
    table, figures = [], {}
    for name, texts in (("instructions with answers", alpaca), ("short queries", queries)):
        seconds = {}
        began = time.process_time()
        theirs = stock.encode(texts, show_progress_bar=False, normalize_embeddings=True)
        seconds["stock"] = time.process_time() - began
        began = time.process_time()
        mine = ours.encode(texts)
        seconds["ours"] = time.process_time() - began
        cosine = float((np.asarray(theirs) * mine).sum(axis=1).mean())
        table.append((name, len(texts), len(texts) / seconds["ours"], len(texts) / seconds["stock"], cosine))
        figures[name] = {
            "rows_a_cpu_second": round(len(texts) / seconds["ours"], 1),
            "times_stock": round(seconds["stock"] / seconds["ours"], 2),
            "mean_cosine": round(cosine, 5),
        }
    tell(
        f"Encoder {ours.name}",
        ("texts", "rows", "rows a CPU-second", "sentence-transformers' own", "mean cosine"),
        table,
        figures,
    )


if __name__ == "__main__":
    main()
