"""Batches of similar length, in an order that depends on seed and epoch alone.

Method: shuffle, cut into windows of many batches, sort each window by length, cut it into batches, shuffle the batches.
Padding falls to a few per cent while each batch stays a random draw of its window. Sequences are padded on the right:
under causal attention no real token sees the padding, so no attention mask is needed. Examples are never packed into
one row, so none attends to another.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipelines.training.data import TokenisedExample

# Batches sorted together; more means less padding and less chance in a batch's make-up.
WINDOW = 32


def epoch_batches(lengths: Sequence[int], batch_size: int, *, seed: int, epoch: int) -> list[list[int]]:
    """Return the batches of one epoch, as lists of positions; each position once.

    Args:
        lengths: tokens of each example.
        batch_size: examples a batch; the last one may be smaller.
        seed: seed of the run.
        epoch: number of the epoch, from 0; each has its own order.
    """
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(lengths))
    sizes = np.asarray(lengths)
    batches: list[list[int]] = []
    for start in range(0, len(order), batch_size * WINDOW):
        window = order[start : start + batch_size * WINDOW]
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
