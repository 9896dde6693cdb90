"""The batches of an epoch, in an order that depends on seed and epoch alone: each a random draw, or of similar length.

Method: shuffle and cut into batches; for similar lengths shuffle, cut into windows of many batches, sort each window by
length, cut it into batches, shuffle the batches. Padding then falls to a few per cent, but a batch holds one kind of
example, and at equal steps less is learned (`tests/benchmarks/training_speed.py`); random draws are computed without
padding instead (`packing.py`). Sequences are padded on the right: under causal attention no real token sees the
padding, so no attention mask is needed.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipelines.training.data import TokenisedExample
from pipelines.training.settings import TrainSettings

# Batches sorted together; more means less padding and less chance in a batch's make-up.
WINDOW = 32


def epoch_batches(
    lengths: Sequence[int], batch_size: int, *, seed: int, epoch: int, similar: bool = True
) -> list[list[int]]:
    """Return the batches of one epoch, as lists of positions; each position once.

    Args:
        lengths: tokens of each example.
        batch_size: examples a batch; the last one may be smaller.
        seed: seed of the run.
        epoch: number of the epoch, from 0; each has its own order.
        similar: whether a batch holds examples of similar length rather than any.
    """
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(lengths))
    sizes = np.asarray(lengths)
    batches: list[list[int]] = []
    wide = batch_size * (WINDOW if similar else 1)
    for start in range(0, len(order), wide):
        window = order[start : start + wide]
        window = window[np.argsort(sizes[window], kind="stable")]
        batches.extend(window[at : at + batch_size].tolist() for at in range(0, len(window), batch_size))
    return [batches[index] for index in generator.permutation(len(batches))]


def split_by_memory(batch: Sequence[int], lengths: Sequence[int], memory_tokens: int) -> list[list[int]]:
    """Cut a batch into parts of at most `memory_tokens` padded tokens; a part holds at least one example."""
    parts: list[list[int]] = []
    for position in sorted(batch, key=lambda index: (lengths[index], index)):
        part = parts[-1] if parts else None
        if part and lengths[position] * (len(part) + 1) <= memory_tokens:
            part.append(position)
        else:
            parts.append([position])
    return parts


def first_batches(lengths: Sequence[int], settings: TrainSettings) -> list[list[int]]:
    """Return the batches of a run's first epoch, as lists of positions."""
    similar = settings.batches == "similar"
    return epoch_batches(lengths, settings.batch_size, seed=settings.seed, epoch=0, similar=similar)


def computed_tokens(part: Sequence[int], lengths: Sequence[int], settings: TrainSettings) -> int:
    """Return the tokens that are computed for one part of a batch: with padding, or without where they are mixed."""
    if settings.batches == "mixed":
        return sum(lengths[index] for index in part)
    return max(lengths[index] for index in part) * len(part)


def length_sorted_batches(lengths: Sequence[int], memory_tokens: int) -> list[list[int]]:
    """Return all positions once, shortest first, in batches of at most `memory_tokens` padded tokens."""
    return split_by_memory(range(len(lengths)), lengths, memory_tokens)


def padded(examples: Sequence[TokenisedExample], pad_id: int, device: str) -> tuple[Any, Any, Any]:
    """Build the tensors of one batch.

    Returns:
        `tokens` (rows, longest) int64 padded on the right; `where` (n,) int64, flat positions in rows x longest whose
        next token is trained; `targets` (n,) int64, those next tokens.
    """
    import torch

    longest = max(len(example.tokens) for example in examples)
    tokens = np.full((len(examples), longest), pad_id, dtype=np.int64)
    trained = np.zeros((len(examples), longest), dtype=bool)
    for row, example in enumerate(examples):
        tokens[row, : len(example.tokens)] = example.tokens
        trained[row, : len(example.trained)] = example.trained
    rows, columns = np.nonzero(trained[:, 1:])
    where = torch.from_numpy(rows * longest + columns)
    targets = torch.from_numpy(tokens[rows, columns + 1])
    return torch.from_numpy(tokens).to(device), where.to(device), targets.to(device)
