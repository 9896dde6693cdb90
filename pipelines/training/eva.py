"""EVA: an adapter that starts along the main directions of what each layer reads in the training data.

Method: peft's own (incremental principal components of each layer's inputs until they stay the same), with the same
rank in every layer: a rank that moves between layers would change what an adapter of rank r is. The second matrices
start at zero, so that training begins with the base. What comes out depends on base, data, rank and seed alone.
Source: Paischer et al. 2024, "One Initialization to Rule them All" (Explained Variance Adaptation), arXiv 2410.07170.

Not covered: moving rank between layers (rho above 1), whitening.
"""

from collections.abc import Sequence
from typing import Any

from pipelines.errors import CurationError
from pipelines.training.batches import padded
from pipelines.training.settings import TrainSettings

# Padded tokens of a batch that principal components are taken from, and the batches after which it must have settled.
TOKENS, MOST_BATCHES = 4096, 500


def start_from_data(model: Any, examples: Sequence[Any], settings: TrainSettings) -> None:
    """Set the first matrices of a fresh adapter that was made with `init_lora_weights="eva"`.

    Args:
        model: with the adapter.
        examples: of the training split, in the run's order.
        settings: of the run.

    Raises:
        CurationError: too little text for the rank, or directions that do not settle.
    """
    import torch
    from peft.tuners.lora.eva import initialize_lora_eva_weights

    device = str(next(model.parameters()).device)
    sides = [example.sides[0] for example in examples]
    order = torch.randperm(len(sides), generator=torch.Generator().manual_seed(settings.seed)).tolist()
    batches: list[dict[str, Any]] = []
    for part in _batches([len(sides[index].tokens) for index in order], settings):
        rows = [sides[order[at]] for at in part]
        tokens, _, _ = padded(rows, 0, device)
        lengths = torch.tensor([len(row.tokens) for row in rows], device=device)
        mask = torch.arange(tokens.shape[1], device=device)[None] < lengths[:, None]
        if int(mask.sum()) >= 2 * settings.rank:  # a batch of fewer tokens has not enough directions
            batches.append({"input_ids": tokens, "attention_mask": mask.long()})
    if not batches:
        raise CurationError(
            f"The training data are too small to find {settings.rank} directions in them.",
            "Lower rank, or set start to zero.",
        )
    passed = 0

    def forward(called: Any, inputs: dict[str, Any]) -> None:
        nonlocal passed
        passed += 1
        if passed > MOST_BATCHES:
            raise CurationError(
                f"The main directions of the layers' inputs had not settled after {MOST_BATCHES} batches.",
                "Lower rank, or set start to zero.",
            )
        called(**inputs)

    initialize_lora_eva_weights(model, batches, forward_fn=forward, show_progress_bar=False)


def _batches(lengths: Sequence[int], settings: TrainSettings) -> list[list[int]]:
    """Cut places into batches of mixed lengths: each run of about `TOKENS` padded tokens, in the given order."""
    most = min(TOKENS, settings.memory_tokens)
    found: list[list[int]] = [[]]
    longest = 0
    for at, length in enumerate(lengths):
        longest = max(longest, length)
        if found[-1] and longest * (len(found[-1]) + 1) > most:
            found.append([])
            longest = length
        found[-1].append(at)
    return found
