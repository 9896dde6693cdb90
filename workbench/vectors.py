"""The project's embeddings: the chosen encoder with a cache in the project's folder."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.progress import Progress, no_progress, part_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pipelines.embedding.encoder import Encoder
    from workbench.store.store import Store

# The encoder that filters and does not judge (`pipelines/embedding/choose.py`).
FAST = "fast"


def project_vectors(
    folder: Path, texts: list[str], progress: Progress = no_progress, encoder: str = "default"
) -> "NDArray[np.float32]":
    """Embed texts; those embedded before come from the cache.

    Args:
        folder: the project's folder.
        texts: what to embed.
        progress: told how far it is.
        encoder: the setting `embeddings.encoder`.

    Returns:
        (n, d) float32 unit rows, in the order of the texts.
    """
    from pipelines.embedding.cache import EmbeddingCache
    from pipelines.embedding.embed import embed_texts

    cache = EmbeddingCache(folder / "cache" / "embeddings")
    opened = project_encoder(folder, encoder, part_of(progress, 0.0, 0.05))
    return embed_texts(texts, opened, cache, progress=part_of(progress, 0.05, 1.0))


def project_encoder(folder: Path, encoder: str = "default", progress: Progress = no_progress) -> "Encoder":
    """Load an encoder; what is made of the bundled one stays in the project's cache."""
    from pipelines.embedding.choose import open_encoder

    return open_encoder(encoder, folder / "cache" / "encoders", progress=progress)


def chosen_encoder(store: "Store") -> str:
    """Return the setting `embeddings.encoder` of the last run of that stage, or the default."""
    record = store.analysis.stage("embeddings")
    return str(json.loads(record.settings)["encoder"]) if record else "default"
