"""Embedding of texts through the cache, with a toy encoder that counts what it is asked."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from pipelines.embedding.cache import EmbeddingCache
from pipelines.embedding.embed import embed_texts
from pipelines.embedding.encoder import texts_at_once
from pipelines.errors import CurationError
from pipelines.progress import Cancelled, Progress, no_progress


class HashEncoder:
    """A unit vector drawn from each text's hash."""

    def __init__(self, name: str = "hash", dimension: int = 8) -> None:
        self.name = name
        self.dimension = dimension
        self.seen: list[str] = []

    def encode(self, texts: Sequence[str], *, progress: Progress = no_progress) -> np.ndarray:
        self.seen.extend(texts)
        rows = []
        for text in texts:
            seed = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:4], "big")
            vector = np.random.default_rng(seed).normal(size=self.dimension)
            rows.append(vector / np.linalg.norm(vector))
        return np.array(rows, dtype=np.float32).reshape(len(texts), self.dimension)


CHUNK = texts_at_once(HashEncoder())


def test_rows_come_back_in_the_order_of_the_texts_and_each_distinct_text_is_encoded_once() -> None:
    encoder = HashEncoder()
    texts = ["banana", "a", "banana", "", "cherry", "a"]
    vectors = embed_texts(texts, encoder)
    assert vectors.shape == (6, 8)
    assert sorted(encoder.seen) == ["", "a", "banana", "cherry"]
    for text, vector in zip(texts, vectors, strict=True):
        np.testing.assert_array_equal(vector, HashEncoder().encode([text])[0])


def test_the_second_run_encodes_nothing_also_in_another_process(tmp_path: Path) -> None:
    texts = [f"text {number}" for number in range(50)]
    first = embed_texts(texts, HashEncoder(), EmbeddingCache(tmp_path))
    encoder = HashEncoder()
    second = embed_texts(texts[::-1], encoder, EmbeddingCache(tmp_path))
    assert encoder.seen == []
    np.testing.assert_array_equal(first[::-1], second)


def test_encoders_do_not_share_vectors(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path)
    embed_texts(["one"], HashEncoder("a"), cache)
    encoder = HashEncoder("a/b")
    embed_texts(["one"], encoder, cache)
    assert encoder.seen == ["one"]


def test_cancelling_keeps_what_was_encoded_before(tmp_path: Path) -> None:
    texts = [f"text {number:05}" for number in range(3 * CHUNK)]

    def cancel_half_way(share: float, message: str) -> None:
        if share > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        embed_texts(texts, HashEncoder(), EmbeddingCache(tmp_path), progress=cancel_half_way)
    encoder = HashEncoder()
    embed_texts(texts, encoder, EmbeddingCache(tmp_path))
    assert 0 < len(encoder.seen) < len(texts)


def test_a_damaged_shard_is_computed_again(tmp_path: Path) -> None:
    embed_texts(["one", "two"], HashEncoder(), EmbeddingCache(tmp_path))
    for shard in tmp_path.rglob("*.npy"):
        shard.write_bytes(shard.read_bytes()[:-10])
    encoder = HashEncoder()
    embed_texts(["one", "two"], encoder, EmbeddingCache(tmp_path))
    assert sorted(encoder.seen) == ["one", "two"]


def test_a_cache_of_another_dimension_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    embed_texts(["one"], HashEncoder(dimension=8), EmbeddingCache(tmp_path))
    with pytest.raises(CurationError, match="length 8") as caught:
        embed_texts(["one"], HashEncoder(dimension=4), EmbeddingCache(tmp_path))
    assert "Delete the folder" in caught.value.remedy


def test_a_folder_that_cannot_be_written_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    with pytest.raises(CurationError, match="cannot be written"):
        embed_texts(["one"], HashEncoder(), EmbeddingCache(blocked))


def test_no_texts_give_no_rows_and_lone_surrogates_have_a_key(tmp_path: Path) -> None:
    assert embed_texts([], HashEncoder(), EmbeddingCache(tmp_path)).shape == (0, 8)
    assert embed_texts(["\ud800 broken"], HashEncoder(), EmbeddingCache(tmp_path)).shape == (1, 8)


def test_progress_never_goes_back_and_ends_at_one() -> None:
    shares: list[float] = []
    embed_texts([str(n) for n in range(2 * CHUNK)], HashEncoder(), progress=lambda share, _: shares.append(share))
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
