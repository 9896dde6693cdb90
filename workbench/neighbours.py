"""The examples that ask the most alike, by the vectors that the embeddings stage left."""

from dataclasses import dataclass
from pathlib import Path

from pipelines.embedding.neighbours import CachedVectors
from pipelines.errors import CurationError
from workbench.store.store import Store

# Examples that one is compared with: half a second at most with vectors of 384 numbers, on one core.
LOOKED_AT = 20_000


@dataclass(frozen=True)
class Neighbour:
    """An example near another one; `similarity` is the cosine of the prompts."""

    example_id: str
    prompt: str
    completion: str
    state: str
    similarity: float


class Neighbours:
    """Finds neighbours among a bounded number of examples: the same cluster's, and a sample of all."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._vectors = CachedVectors(folder / "cache" / "embeddings")

    def of(self, example_id: str, count: int = 5) -> list[Neighbour]:
        """Return the nearest examples, nearest first; an unknown id has none.

        Raises:
            CurationError: the example was not embedded.
        """
        own = self._store.browse.rows([example_id])
        if own.is_empty():
            return []
        candidates = self._store.neighbours.candidates(example_id, LOOKED_AT)
        found = self._vectors.nearest(own["prompt"][0], candidates["prompt"].to_list(), count)
        if found is None:
            raise CurationError(
                "This example has no embedding yet.", "Run the stages on the Quality page: its neighbours come from it."
            )
        near = {candidates["example_id"][place]: cosine for place, cosine in found}
        rows = self._store.browse.rows(list(near)).iter_rows(named=True)
        return [
            Neighbour(row["example_id"], row["prompt"], row["completion"], row["state"], near[row["example_id"]])
            for row in rows
        ]
