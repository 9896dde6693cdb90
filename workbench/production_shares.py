"""What production asks about: how often each cluster, and what the clusters do not know."""

from __future__ import annotations

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
    if store.examples.with_role("production").is_empty():
        raise CurationError(
            "There are no production queries to match the test split with.",
            "Import some: workbench import PROJECT FILE --as production; then run the stage coverage.",
        )
    clusters = store.analysis.production_clusters()
    if clusters.is_empty():
        raise CurationError(
            "The production queries are in no cluster yet.",
            "Run the stages: workbench curate PROJECT --only embeddings,coverage, or the Quality page.",
        )
    return clusters
