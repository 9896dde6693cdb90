"""Rows per CPU-second of the accurate encoders, beside sentence-transformers' own `encode` on the same rows.

python -m tests.benchmarks.encoder_speed [--rows 400]

The encoder int8 is measured where ONNX Runtime is installed: pip install -e '.[fast]'.
"""

import argparse
import importlib.util
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from pipelines.embedding.choose import open_encoder
from pipelines.embedding.minilm import bundled_folder
from tests.benchmarks.public_data import rows_of, tell

KEPT = Path(tempfile.gettempdir()) / "workbench-benchmark-encoders"


def main() -> None:
    """Encode the same texts by each on one thread, in turn, and print rows per CPU-second."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=400)
    count = parser.parse_args().rows
    torch.set_num_threads(1)
    from sentence_transformers import SentenceTransformer

    stock = SentenceTransformer(str(bundled_folder()), device="cpu")
    names = ["default", *(["int8"] if importlib.util.find_spec("onnxruntime") else [])]
    alpaca = [row["instruction"] + "\n" + row["output"] for row in rows_of("alpaca/alpaca_raw_half_a.jsonl.gz")[:count]]
    queries = [row["text"] for row in rows_of("clinc150/clinc150.jsonl.gz")[: 2 * count]]
    for encoder in (open_encoder(name, KEPT) for name in names):
        table, figures = [], {}
        for name, texts in (("instructions with answers", alpaca), ("short queries", queries)):
            began = time.process_time()
            theirs = stock.encode(texts, show_progress_bar=False, normalize_embeddings=True)
            stock_seconds = time.process_time() - began
            began = time.process_time()
            mine = encoder.encode(texts)
            seconds = time.process_time() - began
            cosine = (np.asarray(theirs) * mine).sum(axis=1)
            alike = float(cosine.mean())
            table.append((name, len(texts), len(texts) / seconds, len(texts) / stock_seconds, alike))
            figures[name] = {
                "rows_a_cpu_second": round(len(texts) / seconds, 1),
                "times_stock": round(stock_seconds / seconds, 2),
                "mean_cosine": round(alike, 5),
                "least_cosine": round(float(cosine.min()), 4),
            }
        tell(
            f"Encoder {encoder.name}",
            ("texts", "rows", "rows a CPU-second", "sentence-transformers' own", "mean cosine"),
            table,
            figures,
        )


if __name__ == "__main__":
    main()
