"""Embedding similarity: the cosine of the encoder's rows for output and reference, -1 to 1.

High for the same subject, so it does not see a wrong number or a "not": read it beside the other metrics.
"""

from collections.abc import Sequence

import numpy as np

from pipelines.errors import CurationError
from pipelines.evaluation.registry import MetricContext, metric


@metric(
    name="embedding_similarity",
    title="Embedding similarity",
    description="Cosine between the embeddings of output and reference: near 1 where they speak of the same thing.",
    applies="text",
    needs_encoder=True,
)
def embedding_similarity(predictions: Sequence[str], references: Sequence[str], context: MetricContext) -> list[float]:
    """Score the cosine; every distinct text is encoded once.

    Raises:
        CurationError: there is no encoder, or its rows are not one unit row a text.
    """
    if context.encoder is None:
        raise CurationError("Embedding similarity needs an encoder.", "Hand one in, or leave this metric out.")
    distinct = list(dict.fromkeys([*predictions, *references]))
    rows = np.asarray(context.encoder.encode(distinct, progress=context.progress), dtype=np.float64)
    if rows.ndim != 2 or len(rows) != len(distinct) or not np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-2):
        raise CurationError(
            f"The encoder gave an array of shape {rows.shape} for {len(distinct)} texts, not one unit row a text.",
            "Use an encoder that returns unit rows, such as the built-in one.",
        )
    position = {text: index for index, text in enumerate(distinct)}
    left = rows[[position[text] for text in predictions]]
    right = rows[[position[text] for text in references]]
    cosines = np.einsum("ij,ij->i", left, right) / (np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1))
    return [float(value) for value in np.clip(cosines, -1.0, 1.0)]
