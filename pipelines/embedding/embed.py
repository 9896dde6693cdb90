"""Embed texts: every distinct text once, none that the cache knows, and what is done stays when it is cancelled."""

from collections.abc import Sequence

import numpy as np

from pipelines.embedding.cache import EmbeddingCache
from pipelines.embedding.encoder import Encoder, Vectors, texts_at_once
from pipelines.progress import Progress, no_progress, part_of


def embed_texts(
    texts: Sequence[str], encoder: Encoder, cache: EmbeddingCache | None = None, *, progress: Progress = no_progress
) -> Vectors:
    """Return a unit vector for each text.

    Args:
        texts: any texts; repeated ones are encoded once.
        encoder: gives the vectors.
        cache: where vectors are looked up and kept, or None.
        progress: is told each batch; what was encoded before it raises `Cancelled` is in the cache.

    Returns:
        `(n, dimension)` float32 in the order of the texts; `(0, dimension)` for none.
    """
    distinct = sorted(set(texts), key=lambda text: (len(text), text))
    if cache is None:
        vectors, known = np.zeros((len(distinct), encoder.dimension), np.float32), np.zeros(len(distinct), bool)
    else:
        vectors, known = cache.get(distinct, encoder.name, encoder.dimension)
    missing = np.flatnonzero(~known)
    weights = np.cumsum([24 + min(len(distinct[index]), 1_000) for index in missing])
    size = texts_at_once(encoder)
    for start in range(0, len(missing), size):
        chunk = missing[start : start + size]
        before = float(weights[start - 1] / weights[-1]) if start else 0.0
        after = float(weights[start + len(chunk) - 1] / weights[-1])
        batch = [distinct[index] for index in chunk]
        progress(before, f"Embedding {start:,} of {len(missing):,} new texts")
        told = part_of(progress, before, after)
        vectors[chunk] = encoder.encode(batch, progress=_counting(told, start, len(chunk), len(missing)))
        if cache is not None:
            cache.put(batch, vectors[chunk], encoder.name)
    progress(1.0, f"Embedded {len(missing):,} new texts; {len(distinct) - len(missing):,} were known")
    row_of = {text: row for row, text in enumerate(distinct)}
    return vectors[[row_of[text] for text in texts]]


def _counting(progress: Progress, start: int, size: int, total: int) -> Progress:
    """Say how many of all new texts are done, in place of the encoder's own count within a chunk."""

    def report(share: float, message: str) -> None:
        progress(share, f"Embedding {start + int(share * size):,} of {total:,} new texts")

    return report
