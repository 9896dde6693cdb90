"""Compute a batch as one row without padding, while no example sees another.

Method: the examples' tokens stand one after the other in a single row, with positions that begin anew at each. All that
works token by token (most of a model's time) then sees no padding, whatever the lengths; attention, the one part that
looks from token to token, is computed for each example by itself. Result and gradient are those of a padded batch up to
rounding. Whether a model allows that is not believed but tried: the first examples are computed both ways.

Not covered: attention with soft-capping, sinks or a window that an example exceeds (computed padded), soft prompts.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from pipelines.training.data import TokenisedExample

NAME = "workbench_packed"
# What a model may hand to its attention that is not computed here.
NOT_COMPUTED = ("softcap", "s_aux", "position_bias")


def packed(examples: Sequence[TokenisedExample], device: str) -> tuple[Any, Any, list[int], Any, Any]:
    """Build the tensors of one batch.

    Returns:
        `tokens` (1, n) int64; `places` (1, n) int64, positions from 0 in each example; the examples' lengths; `where`
        (m,) int64, places in the row whose next token is trained; `targets` (m,) int64, those next tokens.
    """
    import torch

    lengths = [len(example.tokens) for example in examples]
    tokens = np.concatenate([np.asarray(example.tokens, dtype=np.int64) for example in examples])
    places = np.concatenate([np.arange(length) for length in lengths])
    trained = np.concatenate([[*example.trained[1:], False] for example in examples]).astype(bool)
    where = np.nonzero(trained)[0]
    rows = torch.from_numpy(tokens)[None].to(device), torch.from_numpy(places)[None].to(device)
    return *rows, lengths, torch.from_numpy(where).to(device), torch.from_numpy(tokens[where + 1]).to(device)


def packed_hidden(body: Any, tokens: Any, places: Any, lengths: list[int]) -> Any:
    """Return (n, hidden): what a model's body makes of a row of examples.

    Raises:
        NotImplementedError: its attention does something that is not computed here.
    """
    with _packed_attention(body.config):
        made = body(input_ids=tokens, position_ids=places, use_cache=False, packed_lengths=lengths)
    return made.last_hidden_state[0]


def within_window(body: Any, lengths: Sequence[int]) -> bool:
    """Say whether every example fits into the model's attention window, if it has one."""
    window = getattr(body.config, "sliding_window", None)
    return not window or max(lengths) <= window


@contextmanager
def _packed_attention(config: Any) -> Iterator[None]:
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, _attention)
    before = config._attn_implementation
    config._attn_implementation = NAME
    try:
        yield
    finally:
        config._attn_implementation = before


def _attention(
    module: Any, query: Any, key: Any, value: Any, attention_mask: Any, scaling: float | None = None, **told: Any
) -> tuple[Any, None]:
    """Attend within each example; heads (1, heads, n, size), the result (1, n, heads, size)."""
    import torch

    lengths = told.get("packed_lengths")
    if lengths is None or any(told.get(name) is not None for name in NOT_COMPUTED):
        raise NotImplementedError("this attention cannot be computed example by example")
    alike = key.shape[1] == query.shape[1]
    dropped = told.get("dropout", 0.0) if module.training else 0.0
    queries, keys, values = (heads.split(lengths, 2) for heads in (query, key, value))
    parts = [
        torch.nn.functional.scaled_dot_product_attention(
            q, k, v, dropout_p=dropped, is_causal=True, scale=scaling, enable_gqa=not alike
        )
        for q, k, v in zip(queries, keys, values, strict=True)
    ]
    return torch.cat(parts, 2).transpose(1, 2).contiguous(), None
