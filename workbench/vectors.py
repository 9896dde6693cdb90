"""The project's embeddings: the bundled encoder with a cache in the project's folder."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.progress import Progress, no_progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def project_vectors(
    folder: Path, texts: list[str], progress: Progress = no_progress, encoder: str = "default"
) -> "NDArray[np.float32]":
    """Embed texts; those embedded before come from the cache.

    Args:
        folder: the project's folder.
        texts: what to embed.
        progress: told how far it is.
        encoder: name or folder of a sentence-transformers model.

    Returns:
        (n, d) float32 unit rows, in the order of the texts.
    """
    from pipelines.embedding.cache import EmbeddingCache
    from pipelines.embedding.embed import embed_texts
    from pipelines.embedding.minilm import load_encoder

    cache = EmbeddingCache(folder / "cache" / "embeddings")
    return embed_texts(texts, load_encoder(encoder), cache, progress=progress)
