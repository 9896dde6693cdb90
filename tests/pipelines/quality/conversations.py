"""Short conversations for the tests of this folder, and an encoder of a handful of subjects."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from pipelines.examples import examples_frame


def pairs(*turns: tuple[str, str], system: str = "") -> pl.DataFrame:
    """Build a frame of examples from (prompt, completion) pairs."""
    before = [{"role": "system", "content": system}] if system else []
    return examples_frame(
        [
            [*before, {"role": "user", "content": prompt}, {"role": "assistant", "content": completion}]
            for prompt, completion in turns
        ]
    )


def word_vectors(texts: Sequence[str], dimension: int = 64) -> np.ndarray:
    """Embed texts as unit sums of one fixed random direction a word: common words make texts alike."""
    directions: dict[str, np.ndarray] = {}
    rows = np.zeros((len(texts), dimension), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in text.lower().split() or ["-"]:
            if word not in directions:
                seed = int.from_bytes(word.encode()[:8].ljust(8, b"\0"), "little") % 2**32
                directions[word] = np.random.default_rng(seed).standard_normal(dimension).astype(np.float32)
            rows[row] += directions[word]
        rows[row] /= np.linalg.norm(rows[row])
    return rows
