"""The static encoder: distilled from a tiny BERT made here, against the tokenizer and the model themselves."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModel

from pipelines.duplicates.semantic import find_semantic_duplicates
from pipelines.embedding import static
from pipelines.embedding.cache import EmbeddingCache
from pipelines.embedding.choose import open_encoder
from pipelines.embedding.distil import SIF, Distilled, distil, distilled
from pipelines.embedding.embed import embed_texts
from pipelines.embedding.static import StaticEncoder, load_static
from pipelines.errors import CurationError
from pipelines.examples import examples_frame
from tests.pipelines.embedding.tiny_bert import ENDS, WORDS, make_tiny_bert

TEXTS = [
    "Where is my order?",
    "My ORDERS, my parcel.",
    "later unknown zzz",
    "the the the",
    "where's [MASK] order",
    "late a",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bert(tmp_path_factory.mktemp("tiny-bert"))


@pytest.fixture(scope="module")
def model(folder: Path) -> Distilled:
    return distil(folder, dimension=8)


def test_tokens_are_what_the_model_says_of_each_alone_reduced_and_weighted(folder: Path, model: Distilled) -> None:
    bert = AutoModel.from_pretrained(folder).eval()
    rows = range(len(ENDS), len(ENDS) + len(WORDS))
    with torch.no_grad():
        said = [bert(input_ids=torch.tensor([[3, row, 4]])).last_hidden_state[0].mean(dim=0).numpy() for row in rows]
    centred = np.array(said) - np.mean(said, axis=0)
    left, scale, _ = np.linalg.svd(centred, full_matrices=False)
    ranks = 1 / np.arange(2, len(WORDS) + 2)
    weights = SIF / (SIF + ranks / ranks.sum())
    expected = (left * scale)[:, :8] * weights[:, None]
    found = model.vectors[len(ENDS) :]
    # Principal axes have no sign of their own: what does not depend on it is compared.
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, rtol=5e-3, atol=1e-9)
    assert not model.vectors[: len(ENDS)].any()


def test_a_text_is_the_sum_of_its_tokens(folder: Path, model: Distilled) -> None:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    for text, vector in zip(TEXTS, StaticEncoder(model, "tiny").encode(TEXTS), strict=True):
        # The names of special tokens are words like others: "[MASK]" in a text masks nothing.
        ids = tokenizer.encode(text.replace("[MASK]", "[ mask ]"), add_special_tokens=False).ids
        total = model.vectors[ids].sum(axis=0)
        np.testing.assert_allclose(vector, total / np.linalg.norm(total), atol=1e-6)


def test_rows_are_unit_and_depend_neither_on_order_nor_on_pieces(
    model: Distilled, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = StaticEncoder(model, "tiny")
    vectors = encoder.encode(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), encoder.dimension) == (6, 8)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    monkeypatch.setattr(static, "PIECE", 20)
    np.testing.assert_array_equal(encoder.encode(TEXTS[::-1])[::-1], vectors)


def test_no_texts_give_no_rows(model: Distilled) -> None:
    assert StaticEncoder(model, "tiny").encode([]).shape == (0, 8)


def test_texts_without_a_known_token_are_zeros_and_no_duplicates(model: Distilled) -> None:
    texts = ["", " \n", "zzz", "🙂", "\ud800", "x" * 500]
    vectors = StaticEncoder(model, "tiny").encode(texts)
    assert not vectors.any()
    examples = examples_frame([[{"role": "user", "content": f"{row}"}] for row in range(len(texts))])
    assert find_semantic_duplicates(examples, vectors).is_empty()


def test_a_text_of_ten_megabytes_is_read_whole(model: Distilled) -> None:
    encoder = StaticEncoder(model, "tiny")
    long, short = encoder.encode(["where is my order " * 600_000 + "late", "where is my order"])
    assert long @ short > 0.999
    assert not np.array_equal(long, short)


def test_a_hundred_thousand_equal_texts_are_one_text(model: Distilled, tmp_path: Path) -> None:
    encoder = StaticEncoder(model, "tiny")
    vectors = embed_texts(["Where is my order?"] * 100_000, encoder, EmbeddingCache(tmp_path))
    np.testing.assert_array_equal(vectors[[0, -1]], encoder.encode(["Where is my order?"])[[0, 0]])
    assert sum(len(np.load(shard)) for shard in tmp_path.rglob("*.npy")) == 1


def test_it_is_distilled_once_and_a_damaged_file_is_made_anew(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "encoders" / "tiny.safetensors"
    told: list[str] = []
    first = distilled(folder, file, progress=lambda share, message: told.append(message))
    assert told
    told.clear()
    second = distilled(folder, file, progress=lambda share, message: told.append(message))
    assert not told
    np.testing.assert_array_equal(first.vectors, second.vectors)
    assert StaticEncoder(first, "tiny").name == StaticEncoder(second, "tiny").name
    file.write_bytes(file.read_bytes()[:-40])
    np.testing.assert_array_equal(distilled(folder, file).vectors, first.vectors)
    assert [path.name for path in file.parent.iterdir()] == ["tiny.safetensors"]


def test_other_vectors_have_another_name(model: Distilled) -> None:
    other = Distilled(model.vocabulary, model.vectors * 2, model.unknown)
    assert StaticEncoder(model, "tiny").name != StaticEncoder(other, "tiny").name


@pytest.mark.parametrize("damage", ["no tokenizer", "no json", "no word pieces", "no weights"])
def test_a_folder_that_cannot_be_distilled_is_an_error_with_a_remedy(folder: Path, tmp_path: Path, damage: str) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    tokenizer = tmp_path / "tokenizer.json"
    if damage == "no tokenizer":
        tokenizer.unlink()
    elif damage == "no json":
        tokenizer.write_text("{")
    elif damage == "no word pieces":
        tokenizer.write_text(tokenizer.read_text("utf-8").replace('"WordPiece"', '"BPE"', 1), "utf-8")
    else:
        (tmp_path / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(CurationError) as caught:
        distil(tmp_path)
    assert "'default'" in caught.value.remedy


def test_a_folder_that_cannot_be_written_is_an_error_with_a_remedy(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(CurationError, match="cannot be kept") as caught:
        distilled(folder, tmp_path / "file" / "tiny.safetensors")
    assert "writable" in caught.value.remedy


def test_an_installation_without_the_bundled_model_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(static, "bundled_folder", lambda: tmp_path / "nowhere")
    with pytest.raises(CurationError, match="missing from this installation"):
        load_static(tmp_path)


def test_the_name_fast_means_the_static_encoder(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(static, "bundled_folder", lambda: folder)
    encoder = open_encoder("fast", tmp_path)
    assert encoder.encode(TEXTS).shape == (len(TEXTS), encoder.dimension)
    assert open_encoder("fast", tmp_path).name == encoder.name
