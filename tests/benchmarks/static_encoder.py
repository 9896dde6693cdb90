"""The fast encoder beside model2vec's own `encode` with the same vectors, and how its order agrees with MiniLM's.

    python -m tests.benchmarks.static_encoder [--rows 25000] [--pairs 1500]

Peer: model2vec (pip install model2vec), on one thread; without it the comparison is left out. Each of both encodes all
texts three times in turn, and the fastest counts. Run it with OMP_NUM_THREADS=1 and POLARS_MAX_THREADS=1.

Near neighbours are the ten nearest of each row by MiniLM; as many random pairs are compared too. Both show how
far the fast encoder may be trusted: to filter, not to judge.
"""

import argparse
import importlib
import importlib.util
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from pipelines.embedding.minilm import bundled_folder
from pipelines.embedding.static import StaticEncoder, load_static
from tests.benchmarks.public_data import file_of, rows_of, tell, vectors_of

KEPT = Path(tempfile.gettempdir()) / "workbench-benchmark-encoders"
NEIGHBOURS = 10


def main() -> None:
    """Measure speed, then agreement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=25_000)
    parser.add_argument("--pairs", type=int, default=1_500)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    file_of("alpaca/alpaca_raw_half_a.jsonl.gz")
    rows = rows_of("alpaca/alpaca_raw_half_a.jsonl.gz")[: chosen.rows]
    texts = ["\n".join(filter(None, (row["instruction"], row["input"], row["output"]))) for row in rows]
    began = time.process_time()
    encoder = load_static(KEPT)
    print(f"Loaded (the first time distilled) in {time.process_time() - began:.1f} CPU-seconds.")
    speed(encoder, texts)
    agreement(encoder, texts[: chosen.pairs])


def speed(encoder: StaticEncoder, texts: list[str]) -> None:
    """Print rows a CPU-second of both and the cosines between their vectors."""
    ours: list[float] = []
    theirs: list[float] = []
    peer = None
    if importlib.util.find_spec("model2vec"):
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(bundled_folder() / "tokenizer.json"))
        peer = importlib.import_module("model2vec").StaticModel(encoder._vectors, tokenizer, normalize=True)
    for _ in range(3):
        began = time.process_time()
        mine = encoder.encode(texts)
        ours.append(time.process_time() - began)
        if peer is not None:
            began = time.process_time()
            peer.encode(texts, use_multiprocessing=False)
            theirs.append(time.process_time() - began)
    table: list[tuple[object, ...]] = [("fast", round(len(texts) / min(ours)), "")]
    figures: dict[str, object] = {"rows": len(texts), "rows_a_cpu_second": round(len(texts) / min(ours))}
    if peer is None:
        print("model2vec is not installed: no comparison.")
    else:
        # model2vec stops at 512 tokens unless it is told not to; the fast encoder reads on.
        whole = (mine * peer.encode(texts, use_multiprocessing=False, max_length=None)).sum(axis=1)
        cut = (mine * peer.encode(texts, use_multiprocessing=False)).sum(axis=1)
        table.append(("model2vec", round(len(texts) / min(theirs)), f"{whole.mean():.5f} (least {whole.min():.5f})"))
        figures |= {
            "model2vec_rows_a_cpu_second": round(len(texts) / min(theirs)),
            "times_model2vec": round(min(theirs) / min(ours), 2),
            "mean_cosine": round(float(whole.mean()), 6),
            "least_cosine": round(float(whole.min()), 6),
            "least_cosine_to_512_tokens": round(float(cut.min()), 4),
        }
    tell(f"{len(texts):,} rows of Alpaca", ("encoder", "rows a CPU-second", "cosine to fast"), table, figures)


def agreement(encoder: StaticEncoder, texts: list[str]) -> None:
    """Print how the cosines of the fast encoder are ordered beside MiniLM's, and what a filter by them would keep."""
    from scipy.stats import spearmanr

    accurate, fast = vectors_of(texts), encoder.encode(texts)
    cosine = accurate @ accurate.T
    np.fill_diagonal(cosine, -1.0)
    near = np.argsort(-cosine, axis=1)[:, :NEIGHBOURS]
    left = np.repeat(np.arange(len(texts)), NEIGHBOURS)
    sides = {"near neighbours": near.reshape(-1), "random pairs": np.random.default_rng(0).permutation(left)}
    rows, figures = [], {}
    for name, right in sides.items():
        judged, quick = cosine[left, right], (fast[left] * fast[right]).sum(axis=1)
        kept = judged > -1.0
        order = float(spearmanr(judged[kept], quick[kept]).statistic)
        rows.append((name, int(kept.sum()), order))
        figures[name] = round(order, 3)
    tell("Spearman with MiniLM's cosine", ("pairs", "number", "Spearman"), rows, figures)


if __name__ == "__main__":
    main()
