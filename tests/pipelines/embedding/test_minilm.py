"""The bundled encoder against sentence-transformers' own `encode`."""

import json
from pathlib import Path

import numpy as np
import pytest

from pipelines.embedding.encoder import Encoder
from pipelines.embedding.minilm import READ_CHARACTERS, bundled_folder, load_encoder
from pipelines.errors import CurationError

TEXTS = [
    "Where is my order?",
    "My parcel has not arrived yet.",
    "",
    "a" * 20_000,
    "日本語の文章です。",
    "The quick brown fox jumps over the lazy dog. " * 30,
    "lone surrogate \ud800",
]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder()


def test_vectors_equal_those_of_sentence_transformers(encoder: Encoder) -> None:
    from sentence_transformers import SentenceTransformer

    stock = SentenceTransformer(str(bundled_folder()), device="cpu", local_files_only=True)
    plain = [text for text in TEXTS if "\ud800" not in text]
    expected = stock.encode(plain, normalize_embeddings=True, show_progress_bar=False)
    cosines = (encoder.encode(plain) * expected).sum(axis=1)
    assert cosines.min() > 0.99


def test_rows_are_unit_float32_and_independent_of_the_order(encoder: Encoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), encoder.dimension) == (7, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    np.testing.assert_array_equal(encoder.encode(TEXTS[::-1])[::-1], vectors)


def test_alike_texts_are_nearer_than_others(encoder: Encoder) -> None:
    where, parcel, bread = encoder.encode(
        ["Where is my parcel?", "My parcel has not come.", "Bake bread at 220 degrees."]
    )
    assert where @ parcel > 0.5 > where @ bread


def test_of_ten_megabytes_only_the_beginning_is_read(encoder: Encoder) -> None:
    long = "Where is my order? " * 550_000
    np.testing.assert_array_equal(encoder.encode([long])[0], encoder.encode([long[:READ_CHARACTERS]])[0])


def test_no_texts_give_no_rows(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


@pytest.mark.parametrize("content", [None, "{}", json.dumps({"model_type": "bert"})])
def test_a_folder_that_is_no_encoder_is_an_error_with_a_remedy(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(CurationError, match="no usable encoder") as caught:
        load_encoder(str(tmp_path))
    assert "safetensors" in caught.value.remedy


def test_a_name_that_is_not_on_this_machine_is_not_fetched() -> None:
    with pytest.raises(CurationError, match="no usable encoder"):
        load_encoder("nobody/no-such-model")
