"""What a split keeps in proportion: the cluster, task, source and language of every example."""

from __future__ import annotations

import polars as pl

from workbench.store.store import Store

# A beginning that fewer prompts share is no task of its own: a tenth of it would be less than two examples.
_LEAST_OF_TASK = 20
# Telling a language costs a fifth of a millisecond; beyond so many examples it is left out, and that is said.
_MOST_TOLD = 200_000


def with_strata(store: Store, examples: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Add the dimensions that a split keeps in proportion.

    Args:
        store: of the project.
        examples: `EXAMPLES`, in any order.

    Returns:
        the examples with the columns cluster (null before the coverage stage, or for examples that came in since),
        task, source and language (of the answer; null where it is too short to tell), and notes.
    """
    from pipelines.quality.language import identify_languages
    from pipelines.quality.tasks import task_keys

    clusters = store.analysis.cluster_of().select("example_id", cluster=pl.col("cluster_id").cast(pl.String))
    sources = store.examples.first_sources("train").select("example_id", "source")
    notes = []
    languages: list[str | None] = [None] * examples.height
    if examples.height <= _MOST_TOLD:
        languages = [told[0] if told else None for told in identify_languages(examples["completion"])]
    else:
        notes.append(f"Of more than {_MOST_TOLD:,} examples the languages are not told, nor kept in proportion.")
    found = examples.join(clusters, on="example_id", how="left", maintain_order="left")
    found = found.join(sources, on="example_id", how="left", maintain_order="left")
    return found.with_columns(
        task=pl.Series(task_keys(examples, _LEAST_OF_TASK), dtype=pl.String),
        language=pl.Series(languages, dtype=pl.String),
    ), notes
