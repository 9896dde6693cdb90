"""The nearest of some texts to one text, by the vectors that the cache holds; no model is loaded, nothing is encoded.

The time is bounded by the number of texts: each costs a hash and a look into the index of keys. The first call reads
the keys of all shards once.

Not covered: an approximate index. The caller chooses which texts are looked at.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.embedding.cache import KEY, text_key
from pipelines.embedding.encoder import Vectors


class CachedVectors:
    """The vectors under a cache's folder, found by the hash of their text."""

    def __init__(self, folder: Path) -> None:
        """Use the folder of an `EmbeddingCache`; one that does not exist holds nothing."""
        self.folder = folder
        self._shards: dict[Path, tuple[NDArray[np.uint64], NDArray[np.intp]]] = {}

    def nearest(self, text: str, texts: Sequence[str], count: int) -> list[tuple[int, float]] | None:
        """Return the places of the texts nearest to a text, with their cosines, nearest first.

        Args:
            text: the text.
            texts: what is compared with it; those without a vector are passed over.
            count: how many at most.

        Returns:
            None when the text itself has no vector.
        """
        for encoder in self._encoders():
            _, own = self._vectors(encoder, [text])
            if len(own):
                places, vectors = self._vectors(encoder, texts)
                cosines = vectors @ own[0] if len(vectors) else np.zeros(0, np.float32)
                best = np.lexsort((places, -cosines))[:count]
                return [(int(places[row]), float(cosines[row])) for row in best]
        return None

    def _encoders(self) -> list[Path]:
        """Return the folders of encoders, the one used last first."""
        folders = [path for path in self.folder.glob("*") if path.is_dir()] if self.folder.is_dir() else []
        return sorted(folders, key=lambda path: (-path.stat().st_mtime_ns, path.name))

    def _vectors(self, encoder: Path, texts: Sequence[str]) -> tuple[NDArray[np.int64], Vectors]:
        """Return the places of the texts that have a vector, and their vectors."""
        wanted = np.frombuffer(b"".join(map(text_key, texts)), dtype=KEY)
        places: list[NDArray[np.int64]] = []
        vectors: list[Vectors] = []
        for path in sorted(encoder.glob("*.npy")):
            try:
                rows = np.load(path, mmap_mode="r", allow_pickle=False)
                keys, order = self._keys(path, rows)
            except (ValueError, OSError, IndexError, EOFError):
                continue
            if not len(keys):
                continue
            at = np.searchsorted(keys, wanted["high"]).clip(max=len(keys) - 1)
            alike = np.flatnonzero(keys[at] == wanted["high"])
            found = order[at[alike]]
            same = rows["key"]["low"][found] == wanted["low"][alike]
            places.append(alike[same])
            vectors.append(np.asarray(rows["vector"][found[same]], dtype=np.float32))
        if not places:
            return np.zeros(0, np.int64), np.zeros((0, 0), np.float32)
        unique, first = np.unique(np.concatenate(places), return_index=True)
        return unique, np.concatenate(vectors)[first]

    def _keys(self, path: Path, rows: NDArray[np.void]) -> tuple[NDArray[np.uint64], NDArray[np.intp]]:
        """Return half of each key of a shard in rising order, and the rows that they stand in."""
        if path not in self._shards:
            half = np.ascontiguousarray(rows["key"]["high"])
            order = np.argsort(half, kind="stable")
            self._shards[path] = half[order], order
        return self._shards[path]
