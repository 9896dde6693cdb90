"""The training examples nearest to each held-out one, by the project's stored embeddings."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.generation.retrieved import nearest_shots
from workbench.vectors import project_vectors


def nearest_of(
    folder: Path,
    held_out: Sequence[Mapping[str, Any]],
    train: Sequence[Mapping[str, Any]],
    groups: Mapping[str, str | None],
    k: int,
    encoder: str = "default",
) -> list[dict[str, Any]]:
    """Return `{example_id, shots}` for each held-out example: ids of training examples, the nearest last.

    Args:
        folder: the project's folder, whose cache holds the embeddings; missing ones are computed.
        held_out: example_id and prompt.
        train: the same of the training examples.
        groups: example_id -> duplicate group; none of a question's own group is chosen.
        k: examples a question, at most.
        encoder: the setting `embeddings.encoder`.
    """
    asked, known = [str(row["prompt"]) for row in held_out], [str(row["prompt"]) for row in train]
    vectors = project_vectors(folder, [*asked, *known], encoder=encoder)
    chosen = nearest_shots(
        vectors[: len(asked)],
        vectors[len(asked) :],
        k,
        question_groups=[groups.get(row["example_id"]) for row in held_out],
        train_groups=[groups.get(row["example_id"]) for row in train],
        question_prompts=asked,
        train_prompts=known,
    )
    return [
        {"example_id": row["example_id"], "shots": [train[place]["example_id"] for place in shots]}
        for row, shots in zip(held_out, chosen, strict=True)
    ]
