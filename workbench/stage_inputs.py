"""What the stages of curation read from the project: the examples, and the vectors of their texts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from pipelines.examples import EXAMPLES
from pipelines.progress import Progress, part_of
from workbench.store.store import Store
from workbench.vectors import project_vectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pipelines.duplicates.judged import Judge

# Which rows a stage reads, besides the training examples.
_READS = {
    "embeddings": ("production",),
    "duplicates": ("ranks",),
    "coverage": ("production_counts",),
    "contamination": ("held_out",),
}


@dataclass
class Inputs:
    """What all stages read; texts are embedded once, whoever asks first."""

    folder: Path
    examples: pl.DataFrame
    production: pl.DataFrame
    production_counts: pl.DataFrame
    ranks: pl.DataFrame
    held_out: pl.DataFrame
    _vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    @classmethod
    def read(cls, store: Store, folder: Path) -> Inputs:
        """Read the examples from the store."""
        examples = store.examples.with_role("train")
        production = store.examples.with_role("production")
        return cls(
            folder,
            examples,
            # A query that is a training example too stands on the map once, as training.
            production.join(examples, on="example_id", how="anti"),
            store.examples.occurrence_counts("production"),
            store.decisions.ranks(),
            store.examples.with_role("test"),
        )

    def fingerprint(self, stage: str) -> str:
        """Hash the ids of the training examples and the rows of what else the stage reads."""
        digest = hashlib.blake2b(self._examples_csv, digest_size=16)
        for name in _READS.get(stage, ()):
            frame: pl.DataFrame = getattr(self, name)
            digest.update(frame.drop(set(EXAMPLES) - {"example_id"}, strict=False).write_csv().encode())
        return digest.hexdigest()

    @cached_property
    def _examples_csv(self) -> bytes:
        return self.examples.select("example_id").write_csv().encode()

    def vectors(self, text: str, encoder: str, progress: Progress) -> NDArray[np.float32]:
        """Return embeddings in row order: of `prompt` or `completion` of the examples; `production`, `held_out`."""
        if text not in self._vectors:
            others = {"production": self.production, "held_out": self.held_out}
            texts = others[text]["prompt"] if text in others else self.examples[text]
            self._vectors[text] = project_vectors(self.folder, texts.to_list(), progress, encoder)
        return self._vectors[text]

    def pair_vectors(self, encoder: str, progress: Progress) -> NDArray[np.float32]:
        """Return unit rows of prompt and completion side by side: their dot product is the mean of the two cosines."""
        prompts = self.vectors("prompt", encoder, part_of(progress, 0.0, 0.6))
        return _side_by_side(prompts, self.vectors("completion", encoder, part_of(progress, 0.6, 1.0)))

    def judge(self, side: str) -> Judge:
        """Return what embeds some rows of the examples by the default encoder, the side that duplicates compare."""

        def vectors_of(rows: NDArray[np.int64], progress: Progress) -> NDArray[np.float32]:
            chosen = self.examples[rows]
            one_side = side in ("prompt", "completion")
            names = (side,) if one_side else ("prompt", "completion")
            embedded = [
                project_vectors(
                    self.folder, chosen[name].to_list(), part_of(progress, at / len(names), (at + 1) / len(names))
                )
                for at, name in enumerate(names)
            ]
            return embedded[0] if one_side else _side_by_side(*embedded)

        return vectors_of


def _side_by_side(prompts: NDArray[np.float32], completions: NDArray[np.float32]) -> NDArray[np.float32]:
    import numpy as np

    joined = np.concatenate([prompts, completions], axis=1)
    # In place: a million such rows are two gigabytes.
    joined /= np.linalg.norm(joined, axis=1, keepdims=True).clip(min=1e-12)
    return joined
