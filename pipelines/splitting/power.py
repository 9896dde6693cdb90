"""The power of the check: the share of planted edits of held-out prompts that it recognises.

Held-out prompts are drawn (seeded), edited in every kind of `edits.py`, and compared with their originals just as the
splits are compared with each other. An edit that folds back to the original is found by equality, as it would be.
"""

from typing import Any

import numpy as np

from pipelines.embedding.encoder import Encoder
from pipelines.progress import no_progress
from pipelines.splitting.edits import edit, edit_kinds
from pipelines.splitting.settings import CertificateSettings
from pipelines.splitting.similar import folded, similar_texts


def measure_power(
    prompts: list[str], settings: CertificateSettings, encoder: Encoder | None
) -> dict[str, dict[str, Any]]:
    """Plant edits and count which are found.

    Args:
        prompts: the held-out prompts, in a fixed order.
        settings: thresholds, how many to plant, seed.
        encoder: where given, the cosine's power is measured too.

    Returns:
        {measure: {"planted": n, "found": share, "by_edit": {kind: share}}} for exact, near and cosine; empty when there
        is nothing to plant.
    """
    distinct = sorted({prompt for prompt in prompts if prompt.strip()})
    random = np.random.default_rng(settings.seed)
    count = min(settings.planted, len(distinct))
    if not count:
        return {}
    drawn = [distinct[place] for place in sorted(random.choice(len(distinct), count, replace=False))]
    kinds = edit_kinds()
    originals = [text for _ in kinds for text in drawn]
    edited = [edit(text, kind, random) for kind in kinds for text in drawn]
    found = {"exact": np.array([folded(a) == folded(b) for a, b in zip(originals, edited, strict=True)])}
    # Compared with all originals; only the own one counts.
    pairs = similar_texts(edited, drawn, threshold=settings.near_threshold, short_words=settings.short_words)
    near = np.zeros(len(edited), bool)
    near[pairs.left[pairs.left % count == pairs.right]] = True
    found["near"] = near | found["exact"]
    if encoder is not None:
        vectors = encoder.encode([*drawn, *edited], progress=no_progress)
        own = np.tile(vectors[:count], (len(kinds), 1))
        found["cosine"] = (own * vectors[count:]).sum(axis=1) >= settings.cosine_threshold
    return {
        measure: {
            "planted": len(edited),
            "found": float(hits.mean()),
            "by_edit": {kind: float(hits[at * count : (at + 1) * count].mean()) for at, kind in enumerate(kinds)},
        }
        for measure, hits in found.items()
    }
