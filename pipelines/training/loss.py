"""The loss of one batch: cross-entropy of the trained tokens only, and what a step makes of it.

Logits are computed only at positions whose next token is trained, in most data less than half. The model's body and
its head are called apart for that; the first time, the result is compared with the model's own logits, and a model that
does more between body and head (soft-capping, scaling) is then asked for its logits in full.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from pipelines.training.batches import padded

TOLERANCE = 1e-3


class Objective(Protocol):
    """What a step makes smaller: a sum over the examples of a batch, and the number that it is divided by."""

    def weight(self, examples: Sequence[Any]) -> int:
        """Return what the sum of these examples is divided by."""
        ...

    def total(self, examples: Sequence[Any]) -> Any:
        """Return the sum as a scalar tensor that knows its gradient."""
        ...

    def by_example(self, examples: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Return (n,) float64 sum and (n,) float64 weight of each example, without gradients."""
        ...


class TokenLoss:
    """Negative log-likelihoods at the trained positions of a batch."""

    def __init__(self, model: Any, *, bf16: bool, device: str) -> None:
        import torch

        self._model = model
        plain = model.get_base_model() if hasattr(model, "get_base_model") else model
        self._body = getattr(plain, getattr(plain, "base_model_prefix", ""), None)
        self._head = plain.get_output_embeddings()
        self._autocast = torch.autocast(device_type=device, dtype=torch.bfloat16, enabled=bf16, cache_enabled=True)
        self._direct: bool | None = None if self._body is not None and self._head is not None else False

    def __call__(self, tokens: Any, where: Any, targets: Any) -> Any:
        """Return (n,) float32: the loss of each trained token.

        Args:
            tokens: (rows, longest) int64, padded on the right.
            where: (n,) int64, flat positions whose next token is trained.
            targets: (n,) int64, those tokens.
        """
        import torch

        if self._direct is None:
            self._direct = self._agrees(tokens)
        with self._autocast:
            logits = self._selected(tokens, where) if self._direct else self._full(tokens).flatten(0, 1)[where]
        return torch.nn.functional.cross_entropy(logits.float(), targets, reduction="none")

    def log_probabilities(self, tokens: Any, where: Any) -> Any:
        """Return (n, vocabulary) float32: the logarithms of the next token's probabilities at the given positions."""
        if self._direct is None:
            self._direct = self._agrees(tokens)
        with self._autocast:
            logits = self._selected(tokens, where) if self._direct else self._full(tokens).flatten(0, 1)[where]
        return logits.float().log_softmax(-1)

    def _selected(self, tokens: Any, where: Any) -> Any:
        assert self._body is not None
        hidden = self._body(input_ids=tokens, use_cache=False).last_hidden_state
        return self._head(hidden.flatten(0, 1).index_select(0, where))

    def _full(self, tokens: Any) -> Any:
        return self._model(input_ids=tokens, use_cache=False).logits

    def _agrees(self, tokens: Any) -> bool:
        import torch

        few = tokens[:1, :64]
        was_training = self._model.training
        self._model.eval()
        with torch.no_grad():
            short = self._selected(few, torch.arange(few.shape[1], device=few.device))
            full = self._full(few)[0]
        self._model.train(was_training)
        return short.shape == full.shape and bool((short - full).abs().max() <= TOLERANCE * (1 + full.abs().max()))


class AnswerLoss:
    """The loss of the trained tokens, each token as much as any other."""

    def __init__(self, token_loss: TokenLoss, *, pad_id: int, device: str) -> None:
        self._token_loss, self._pad_id, self._device = token_loss, pad_id, device

    def weight(self, examples: Sequence[Any]) -> int:
        """Return the trained tokens of some examples."""
        return sum(example.supervised for example in examples)

    def total(self, examples: Sequence[Any]) -> Any:
        """Return the summed loss of some examples as a scalar tensor."""
        return self._token_loss(*padded(examples, self._pad_id, self._device)).sum()

    def by_example(self, examples: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Return (n,) float64 summed loss and (n,) float64 trained tokens of each example."""
        import torch

        with torch.no_grad():
            tokens, where, targets = padded(examples, self._pad_id, self._device)
            losses = self._token_loss(tokens, where, targets).double().cpu().numpy()
        rows = (where // tokens.shape[1]).cpu().numpy()
        sums, counts = np.zeros(len(examples)), np.zeros(len(examples))
        np.add.at(sums, rows, losses)
        np.add.at(counts, rows, 1)
        return sums, counts
