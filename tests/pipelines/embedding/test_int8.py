"""The quantised encoder against the bundled one; where ONNX Runtime is not installed, what is said then."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from pipelines.embedding.choose import open_encoder
from pipelines.embedding.encoder import Encoder
from pipelines.embedding.int8 import FILE, load_int8
from pipelines.embedding.minilm import load_encoder
from pipelines.errors import CurationError

INSTALLED = all(importlib.util.find_spec(name) for name in ("onnxruntime", "onnx"))
needs_runtime = pytest.mark.skipif(not INSTALLED, reason="onnxruntime and onnx are not installed: extra [fast]")
TEXTS = [
    "Where is my order?",
    "My parcel has not arrived yet, and nobody answers the telephone.",
    "",
    "日本語の文章です。",
    "The quick brown fox jumps over the lazy dog. " * 60,
    "lone surrogate \ud800",
]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("encoders")


@pytest.fixture(scope="module")
def encoder(kept: Path) -> Encoder:
    return open_encoder("int8", kept)


@needs_runtime
def test_vectors_are_near_those_of_the_bundled_encoder(encoder: Encoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), encoder.dimension) == (6, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    cosines = (vectors * load_encoder().encode(TEXTS)).sum(axis=1)
    assert cosines.min() > 0.95
    assert cosines.mean() > 0.985


@needs_runtime
def test_a_text_has_one_vector_whatever_else_is_encoded(encoder: Encoder) -> None:
    vectors = encoder.encode(TEXTS)
    np.testing.assert_array_equal(encoder.encode(TEXTS[::-1])[::-1], vectors)
    np.testing.assert_array_equal(encoder.encode(TEXTS[1:2])[0], vectors[1])
    assert encoder.encode([]).shape == (0, 384)


@needs_runtime
def test_the_graph_is_made_once_and_a_damaged_one_anew(encoder: Encoder, kept: Path) -> None:
    made = (kept / FILE).stat().st_mtime_ns
    again = load_int8(kept)
    assert again.name == encoder.name != load_encoder().name
    assert (kept / FILE).stat().st_mtime_ns == made
    (kept / FILE).write_bytes((kept / FILE).read_bytes()[:1_000])
    np.testing.assert_array_equal(load_int8(kept).encode(TEXTS[:1]), encoder.encode(TEXTS[:1]))
    assert [path.name for path in kept.iterdir()] == [FILE]


@needs_runtime
def test_a_folder_that_cannot_be_written_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(CurationError, match="cannot be kept") as caught:
        load_int8(tmp_path / "file")
    assert "writable" in caught.value.remedy


def test_without_onnx_runtime_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(CurationError, match="needs ONNX Runtime") as caught:
        open_encoder("int8", tmp_path)
    assert "[fast]" in caught.value.remedy
