"""A static encoder distilled from a BERT-like one: each token of the vocabulary gets one vector, once and for all.

Each token runs alone through the model; the mean over its positions is what the model says of it. The principal
components of all tokens keep 256 of the 384 dimensions, and common tokens are weighted down: a token's probability is
taken from its place in the vocabulary, which BERT orders by frequency, by Zipf's law.

That takes about half a minute on one core, so the vectors are kept in a file (safetensors, 16-bit floats, 15 MB). A
file that is damaged, or of another vocabulary, is written anew.

Not covered: vocabularies without word pieces (SentencePiece, byte-level BPE); they are refused.

Source: model2vec (Tulkens and van Dongen 2024), `distill` with its defaults; weights: smooth inverse frequency, Arora,
Liang and Ma 2017, "A simple but tough-to-beat baseline for sentence embeddings".
"""

import contextlib
import json
import os
import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.embedding.encoder import Vectors
from pipelines.errors import CurationError
from pipelines.progress import Progress, no_progress

DIMENSION = 256
# Smooth inverse frequency: a / (a + probability).
SIF = 1e-4
# Tokens that run through the model at once; with both ends each is three positions long.
BATCH = 256
NO_WORD_PIECES = "The static encoder is distilled from models with BERT's lower-case word pieces only: use 'default'."


@dataclass(frozen=True)
class Distilled:
    """A vocabulary and its vectors.

    Attributes:
        vocabulary: token -> row.
        vectors: `(len(vocabulary), d)` float32, weighted; zeros for tokens that say nothing (unknown, unused).
        unknown: the token of words that the vocabulary cannot spell.
    """

    vocabulary: dict[str, int]
    vectors: Vectors
    unknown: str


def distil(folder: Path, *, dimension: int = DIMENSION, progress: Progress = no_progress) -> Distilled:
    """Run a model's vocabulary through it.

    Args:
        folder: a model with safetensors weights and a `tokenizer.json` of BERT's lower-case word pieces.
        dimension: of the vectors; the model's own where that is less.
        progress: is told each batch.

    Raises:
        CurationError: the folder holds no such model.
    """
    vocabulary, silent, unknown = _vocabulary(folder)
    said = _run_alone(folder, vocabulary, progress)
    tokens = [row for token, row in sorted(vocabulary.items(), key=lambda item: item[1]) if token not in silent]
    vectors = np.zeros((max(vocabulary.values()) + 1, min(dimension, said.shape[1])), dtype=np.float32)
    vectors[tokens] = _principal(said[tokens], vectors.shape[1]) * _weights(len(tokens))[:, None]
    # The file keeps 16 bits; who distils now and who reads later get the same.
    return Distilled(vocabulary, vectors.astype(np.float16).astype(np.float32), unknown)


def distilled(folder: Path, file: Path, *, progress: Progress = no_progress) -> Distilled:
    """Return the vectors of a model's vocabulary that a file keeps; distil and write them where it keeps none.

    Raises:
        CurationError: the folder holds no usable model, or the file cannot be written.
    """
    from safetensors.numpy import load_file, save_file

    vocabulary, _, unknown = _vocabulary(folder)
    # Whatever is wrong with the file, the model can be distilled again.
    with contextlib.suppress(Exception):
        kept = load_file(file)["vectors"]
        if kept.ndim == 2 and len(kept) == max(vocabulary.values()) + 1 and np.isfinite(kept).all():
            return Distilled(vocabulary, kept.astype(np.float32), unknown)
    made = distil(folder, progress=progress)
    temporary = file.with_name(f"{uuid.uuid4().hex}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        save_file({"vectors": made.vectors.astype(np.float16)}, temporary)
        os.replace(temporary, file)
    except Exception as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise CurationError(
            f"The fast encoder cannot be kept in '{file.parent}': {error}.",
            "Free space or make the folder writable, then run the stage again.",
        ) from error
    return made


def _vocabulary(folder: Path) -> tuple[dict[str, int], set[str], str]:
    """Return token -> row, the tokens that say nothing of a text, and the unknown one."""
    try:
        file = json.loads((folder / "tokenizer.json").read_text("utf-8"))
        model, normalizer = file["model"], file["normalizer"]
        vocabulary = {str(token): int(row) for token, row in model["vocab"].items()}
        pieces = model["type"] == "WordPiece" and model["continuing_subword_prefix"] == "##"
        fitting = pieces and normalizer["type"] == "BertNormalizer" and normalizer["lowercase"]
        unknown = str(model["unk_token"])
        silent = {str(token["content"]) for token in file["added_tokens"]} | {unknown}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CurationError(f"'{folder}' holds no tokenizer of word pieces: {error!r}.", NO_WORD_PIECES) from error
    if not fitting or unknown not in vocabulary or normalizer["strip_accents"] is False:
        raise CurationError(f"'{folder}' has another tokenizer than BERT's lower-case word pieces.", NO_WORD_PIECES)
    return vocabulary, silent | {token for token in vocabulary if token.startswith("[unused")}, unknown


def _run_alone(folder: Path, vocabulary: dict[str, int], progress: Progress) -> Vectors:
    """Return what the model says of each row of the vocabulary: the mean over the token and both ends."""
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoModel

    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        first, last = tokenizer.encode("").ids
        model = AutoModel.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True
        ).eval()
    except Exception as error:
        raise CurationError(f"'{folder}' is no usable encoder: {error}.", NO_WORD_PIECES) from error
    rows = np.array(sorted(vocabulary.values()))
    said = np.zeros((rows[-1] + 1, model.config.hidden_size), dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, len(rows), BATCH):
            progress(start / len(rows), f"Distilling the fast encoder, once: token {start:,} of {len(rows):,}")
            batch = rows[start : start + BATCH]
            ids = torch.tensor([[first, row, last] for row in batch.tolist()])
            hidden = model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
            said[batch] = hidden.mean(dim=1).float().numpy()
    return said


def _principal(said: Vectors, dimension: int) -> NDArray[np.float64]:
    """Project centred rows on their first principal components; of the two signs the one with the larger peak."""
    centred = said.astype(np.float64) - said.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    places: NDArray[np.float64] = centred @ axes[:, ::-1][:, :dimension]
    peaks = places[np.abs(places).argmax(axis=0), np.arange(places.shape[1])]
    return places * np.where(peaks < 0, -1.0, 1.0)


def _weights(count: int) -> NDArray[np.float64]:
    """Weight `count` tokens, the commonest first: probabilities as 1 over their rank, which starts at 2."""
    inverse = 1.0 / np.arange(2, count + 2)
    weights: NDArray[np.float64] = SIF / (SIF + inverse / inverse.sum())
    return weights
