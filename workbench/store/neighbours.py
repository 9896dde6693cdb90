"""Which examples a neighbour is looked for among: those of the same cluster first, then any others."""

import polars as pl

from workbench.store.database import Database


class NeighbourStore:
    """The one question that a search for neighbours asks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def candidates(self, example_id: str, limit: int) -> pl.DataFrame:
        """Return examples to compare with: example_id, prompt; the example itself and sealed ones are left out.

        Half of the limit goes to the example's own cluster, the rest to a fixed sample of all examples.
        """
        return self._database.frame(
            "WITH own AS (SELECT example_id FROM clusters WHERE cluster_id IN"
            " (SELECT cluster_id FROM clusters WHERE example_id = $example_id) ORDER BY hash(example_id) LIMIT $half),"
            " others AS (SELECT example_id FROM examples ORDER BY hash(example_id) LIMIT $half),"
            " pool AS (SELECT example_id FROM own UNION SELECT example_id FROM others)"
            " SELECT e.example_id, e.prompt FROM examples e JOIN pool USING (example_id)"
            " WHERE e.example_id <> $example_id AND e.example_id IN (SELECT example_id FROM occurrences WHERE"
            " role = 'train') AND e.example_id IN (SELECT example_id FROM present)"
            " AND e.example_id NOT IN (SELECT example_id FROM sealed) ORDER BY e.example_id",
            {"example_id": example_id, "half": limit // 2},
        )
