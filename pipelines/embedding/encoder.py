"""What an encoder is: one method from texts to unit vectors.

Whatever has these three members can be handed to a stage: the bundled sentence-transformers model (`minilm.py`), its
faster forms (`int8.py`, `static.py`), a dictionary of vectors in a test, or a client of an embedding service.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.progress import Progress, no_progress

Vectors = NDArray[np.float32]


class Encoder(Protocol):
    """Turns texts into vectors whose dot product is their similarity."""

    @property
    def name(self) -> str:
        """Names the model and its weights; equal names give equal vectors, so it is part of the cache key."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def encode(self, texts: Sequence[str], *, progress: Progress = no_progress) -> Vectors:
        """Return one unit row a text, `(n, dimension)` float32, in the order of the texts.

        Zeros for a text that the encoder can say nothing about: it is alike to no other.
        """


def texts_at_once(encoder: Encoder) -> int:
    """Return how many texts an encoder takes between two writes to the cache: about ten seconds of work on one core.

    An encoder that is faster than a model says so by a number `texts_at_once`.
    """
    return int(getattr(encoder, "texts_at_once", 512))
