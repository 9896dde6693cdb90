"""The duplicate groups of the examples that an evaluation asks: they are the units of its statistics."""

import polars as pl

from workbench.store.store import Store


def groups_of(store: Store, evaluation: str) -> pl.DataFrame | None:
    """Return example_id, group_id of an evaluation's version; None where the project no longer has that version."""
    for record in store.runs.evaluations():
        if record.evaluation == evaluation:
            version = store.versions.with_version(record.version)
            if version is None:
                return None
            return store.versions.members(version.number).select("example_id", "group_id").drop_nulls()
    return None
