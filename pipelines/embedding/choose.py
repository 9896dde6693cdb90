"""Encoders by name: which one a setting means.

The names are
    default     the bundled all-MiniLM-L6-v2
    int8        the same in 8-bit integers, about twice as fast; needs the extra [fast]
    fast        its vocabulary distilled to one vector a token, about a thousand times as fast: a filter, no judge
    other       a folder or name of a sentence-transformers model on this machine
"""

from pathlib import Path

from pipelines.embedding import minilm
from pipelines.embedding.encoder import Encoder
from pipelines.progress import Progress, no_progress

# Encoders that are made of the bundled one and kept.
MADE_ONCE = ("int8", "fast")


def open_encoder(name: str, folder: Path, *, progress: Progress = no_progress) -> Encoder:
    """Load an encoder.

    Args:
        name: as above.
        folder: keeps what is made of the bundled model once, for `fast` and `int8`.
        progress: is told while that is made.

    Raises:
        CurationError: there is no such encoder, or what it needs is not installed.
    """
    if name == "fast":
        from pipelines.embedding.static import load_static

        return load_static(folder, progress=progress)
    if name == "int8":
        from pipelines.embedding.int8 import load_int8

        return load_int8(folder, progress=progress)
    return minilm.load_encoder(name)
