"""The fast encoder: a text's vector is the sum of the vectors of its tokens.

No model runs: words are cut by `words.py`, each distinct word is taken apart into tokens once, and rows are summed by
an embedding bag. On one core that is about a thousand times as fast as the model that the vectors come from
(`distil.py`).

It is for browsing, clustering and as a filter before the model, not for judging: it sees which words stand in a text,
not how. Where two texts are near to each other, its order agrees with the model's at a Spearman of 0.60 only, and it
sees a changed number even less than the model does.

A text is read whole, however long. A text without any known token has no direction: its row is zeros, which no stage
takes for alike to anything.

Source: model2vec (Tulkens and van Dongen 2024), `StaticModel.encode`.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.embedding.distil import Distilled, distilled
from pipelines.embedding.encoder import Vectors
from pipelines.embedding.minilm import REINSTALL, bundled_folder
from pipelines.embedding.words import bert_words
from pipelines.errors import CurationError
from pipelines.progress import Progress, no_progress

FILE = "all-MiniLM-L6-v2-static.safetensors"
# Characters whose words are in memory at once, and texts of an encoder's call: some seconds of work.
PIECE = 1 << 24
TEXTS_AT_ONCE = 131_072
# Longer words are unknown, as they are to BERT.
WORD_CHARACTERS = 100

Numbers = NDArray[np.int64]


class StaticEncoder:
    """An encoder that looks tokens up."""

    texts_at_once = TEXTS_AT_ONCE

    def __init__(self, model: Distilled, of: str) -> None:
        """Use a vocabulary and its vectors; `of` names the model that they come from."""
        from tokenizers import Tokenizer
        from tokenizers.models import WordPiece

        digest = hashlib.blake2b(model.vectors.tobytes(), digest_size=6)
        digest.update("\n".join(model.vocabulary).encode())
        self.name = f"{of}-static-{digest.hexdigest()}"
        self.dimension = int(model.vectors.shape[1])
        self._vectors = model.vectors
        self._pieces = Tokenizer(
            WordPiece(model.vocabulary, unk_token=model.unknown, max_input_chars_per_word=WORD_CHARACTERS)
        )

    def encode(self, texts: Sequence[str], *, progress: Progress = no_progress) -> Vectors:
        """Return unit rows in the order of the texts, zeros for a text without a known token."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for start, end in _pieces(texts):
            progress(start / len(texts), f"Embedding text {start + 1:,} of {len(texts):,}")
            vectors[start:end] = self._sums(bert_words(texts[start:end]))
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors /= np.maximum(lengths, np.finfo(np.float32).tiny)
        return vectors

    def _sums(self, words: pl.Series) -> Vectors:
        """Sum the vectors of each row's tokens."""
        import torch

        flat = words.explode(empty_as_null=False, keep_nulls=False)
        word, tokens, begins = self._distinct(flat)
        counts = np.diff(begins)[word]
        ends = np.cumsum(counts)
        # Where each word's tokens stand, one word after the other.
        places = np.repeat(begins[word] - ends + counts, counts) + np.arange(len(counts) and ends[-1])
        row_ends = np.cumsum(words.list.len().to_numpy().astype(np.int64))
        starts = np.concatenate([[0], ends])[np.concatenate([[0], row_ends[:-1]])]
        summed = torch.nn.functional.embedding_bag(
            torch.from_numpy(tokens[places]), torch.from_numpy(self._vectors), torch.from_numpy(starts), mode="sum"
        )
        return np.asarray(summed.numpy(), dtype=np.float32)

    def _distinct(self, words: pl.Series) -> tuple[Numbers, Numbers, Numbers]:
        """Take each distinct word apart once.

        Returns:
            The number of the distinct word at each place, the tokens of all distinct words one after the other, and
            where those of each begin, with the end behind the last.
        """
        coded = words.cast(pl.Categorical(pl.Categories.random())).to_physical()
        word = coded.to_numpy().astype(np.int64)
        first = np.zeros(int(word.max()) + 1 if len(word) else 0, dtype=np.int64)
        first[word[::-1]] = np.arange(len(word))[::-1]
        found = words.gather(first).to_list()
        # One encoding of all words: an object for each would take most of the time.
        pieces = self._pieces.encode(found, is_pretokenized=True, add_special_tokens=False)
        begins = np.searchsorted(np.array(pieces.word_ids, dtype=np.int64), np.arange(len(found) + 1))
        return word, np.array(pieces.ids, dtype=np.int64), begins


def _pieces(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Cut texts into runs of bounded size."""
    start = size = 0
    for end, text in enumerate(texts):
        size += len(text)
        if size > PIECE and end > start:
            yield start, end
            start, size = end, len(text)
    if start < len(texts):
        yield start, len(texts)


def load_static(folder: Path, *, progress: Progress = no_progress) -> StaticEncoder:
    """Load the static encoder of the bundled model.

    Args:
        folder: where its vectors are kept; distilled and written there the first time.
        progress: is told while it is distilled.

    Raises:
        CurationError: the bundled model is missing, or the folder cannot be written.
    """
    if not bundled_folder().is_dir():
        raise CurationError("The bundled encoder is missing from this installation.", REINSTALL)
    return StaticEncoder(distilled(bundled_folder(), folder / FILE, progress=progress), "all-MiniLM-L6-v2")
