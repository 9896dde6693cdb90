"""Vectors on disk, found by the hash of their text.

One folder an encoder, in it append-only shards: `.npy` files of rows (128-bit key, float32 vector). A shard is written
to a temporary file and renamed, so that a process that dies leaves whole shards only. A shard that cannot be read is
passed over: a cache can always be computed again.

Not covered: throwing old vectors away; delete the folder for that.
"""

import contextlib
import hashlib
import os
import re
import uuid
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.embedding.encoder import Vectors
from pipelines.errors import CurationError

KEY = np.dtype([("high", "<u8"), ("low", "<u8")])


class EmbeddingCache:
    """Keeps the vectors of each encoder apart and finds them by the text's hash."""

    def __init__(self, folder: Path) -> None:
        """Use a folder, which is made when the first vectors are put."""
        self.folder = folder
        self._positions: dict[str, dict[bytes, tuple[Path, int]]] = {}

    def get(self, texts: Sequence[str], encoder: str, dimension: int) -> tuple[Vectors, NDArray[np.bool_]]:
        """Look texts up.

        Returns:
            `(n, dimension)` float32 with zeros where nothing is kept, and `(n,)` whether it is.

        Raises:
            CurationError: what is kept under the encoder's name has another dimension.
        """
        vectors = np.zeros((len(texts), dimension), dtype=np.float32)
        known = np.zeros(len(texts), dtype=bool)
        positions = self._index(encoder, dimension)
        wanted: dict[Path, list[tuple[int, int]]] = {}
        for index, key in enumerate(map(text_key, texts)):
            if key in positions:
                path, row = positions[key]
                wanted.setdefault(path, []).append((index, row))
        for path, pairs in wanted.items():
            rows = np.load(path, mmap_mode="r", allow_pickle=False)
            into, outof = (list(side) for side in zip(*pairs, strict=True))
            vectors[into] = rows["vector"][outof]
            known[into] = True
        return vectors, known

    def put(self, texts: Sequence[str], vectors: Vectors, encoder: str) -> None:
        """Keep the vectors of texts, `(n, d)` float32, as one further shard."""
        if not len(texts):
            return
        keys = [text_key(text) for text in texts]
        shard = np.zeros(len(texts), dtype=[("key", KEY), ("vector", "<f4", (vectors.shape[1],))])
        shard["key"] = np.frombuffer(b"".join(keys), dtype=KEY)
        shard["vector"] = vectors
        folder = self._folder_of(encoder)
        path = folder / f"{uuid.uuid4().hex}.npy"
        temporary = path.with_suffix(".part")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as stream:
                np.save(stream, shard, allow_pickle=False)
            os.replace(temporary, path)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise CurationError(
                f"The embedding cache '{folder}' cannot be written: {error.strerror or error}.",
                "Free space or make the folder writable, then run the stage again; what was kept before stays.",
            ) from error
        if encoder in self._positions:
            self._positions[encoder].update((key, (path, row)) for row, key in enumerate(keys))

    def _index(self, encoder: str, dimension: int) -> dict[bytes, tuple[Path, int]]:
        """Return where each key of an encoder lies, reading the shards' keys once."""
        if encoder in self._positions:
            return self._positions[encoder]
        positions: dict[bytes, tuple[Path, int]] = {}
        for path in sorted(self._folder_of(encoder).glob("*.npy")):
            try:
                rows = np.load(path, mmap_mode="r", allow_pickle=False)
                keys, width = np.ascontiguousarray(rows["key"]).tobytes(), rows["vector"].shape[1]
            except (ValueError, OSError, IndexError, EOFError):
                continue
            if width != dimension:
                raise CurationError(
                    f"The embedding cache holds vectors of length {width} for '{encoder}'; the encoder gives "
                    f"{dimension}.",
                    f"Delete the folder '{path.parent}'; the vectors are computed again.",
                )
            size = KEY.itemsize
            positions.update((keys[row * size : (row + 1) * size], (path, row)) for row in range(len(rows)))
        self._positions[encoder] = positions
        return positions

    def _folder_of(self, encoder: str) -> Path:
        digest = hashlib.blake2b(encoder.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
        return self.folder / f"{re.sub('[^A-Za-z0-9._-]+', '-', encoder)[:80]}-{digest}"


def text_key(text: str) -> bytes:
    """Hash a text: 16 bytes of BLAKE2b."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
