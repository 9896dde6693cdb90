"""What production asks about, and how: how often it asks about each cluster, and how sloppily it writes."""

from __future__ import annotations

from typing import Any

import polars as pl

from pipelines.errors import CurationError
from workbench.store.store import Store


def production_clusters(store: Store) -> pl.DataFrame:
    """Return the clusters that production asks about: cluster, title, weight (how often its queries came).

    A query that is a training example too counts as a query. Queries that came in after the stage coverage ran are in
    no cluster, and play no part.

    Raises:
        CurationError: there is no production query, or no clusters; says how to get them.
    """
    _queries(store)
    clusters = store.analysis.production_clusters()
    if clusters.is_empty():
        raise CurationError(
            "The production queries are in no cluster yet.",
            "Run the stages: workbench curate PROJECT --only embeddings,coverage, or the Quality page.",
        )
    return clusters


def production_noise(store: Store, examples: pl.DataFrame) -> tuple[dict[str, Any], list[str]]:
    """Measure how production writes against how the training prompts are written.

    Args:
        store: of the project.
        examples: `EXAMPLES`, the curated ones.

    Returns:
        the rates of both sides and the chances (see `pipelines/splitting/noise.py`), and what a person should know.

    Raises:
        CurationError: there is no production query, or the queries are written as cleanly as the training prompts.
    """
    from pipelines.splitting.noise import NoiseRates, measure_noise

    noise = measure_noise(_queries(store)["prompt"], examples["prompt"])
    if not noise.any:
        raise CurationError(
            "The production queries are written as cleanly as the training prompts: there is no noise to put on.",
            "Split without a second test set.",
        )
    told = ", ".join(
        f"{str(field.description).rstrip('.').lower()} {getattr(noise.production, name):.1%}"
        f" (in training {getattr(noise.training, name):.1%})"
        for name, field in NoiseRates.model_fields.items()
        if getattr(noise.chances, name) > 0
    )
    return noise.model_dump(), [f"The second test set, test_noisy, is written as production is: {told}."]


def _queries(store: Store) -> pl.DataFrame:
    found = store.examples.with_role("production")
    if found.is_empty():
        raise CurationError(
            "There are no production queries to match the test split with.",
            "Import some: workbench import PROJECT FILE --as production; then run the stage coverage.",
        )
    return found
