"""The loss of one batch: cross-entropy of the trained tokens only, and what a step makes of it.

Logits are computed only at positions whose next token is trained, in most data less than half. The model's body and
its head are called apart for that; the first time, the result is compared with the model's own logits, and a model that
does more between body and head (soft-capping, scaling) is then asked for its logits in full.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from pipelines.training.batches import padded
from pipelines.training.packing import packed, packed_hidden, within_window
from pipelines.training.soft_prompt import embedded, virtual_tokens

TOLERANCE = 1e-3
# Mean difference of two ways to compute the same logits, as a share of their mean size, by bytes of a weight. An
# example that saw its neighbour would differ by far more.
SAME_SHARE = {4: 1e-3, 2: 3e-2}


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
        self._before = virtual_tokens(model)
        self._autocast = torch.autocast(device_type=device, dtype=torch.bfloat16, enabled=bf16, cache_enabled=True)
        self._direct: bool | None = None if self._body is not None and self._head is not None else False
        self._packs: bool | None = False if self._before else None
        self.unpadded = False
        """Whether the last batch was computed without padding."""

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

    def packed(self, examples: Sequence[Any], pad_id: int, device: str) -> Any:
        """Return (n,) float32: the loss of each trained token of some examples, computed without padding.

        None where this model or these lengths do not allow it (`packing.py`).
        """
        import torch

        if self._direct is None:
            self._direct = self._agrees(padded(examples[:1], pad_id, device)[0])
        if self._packs is None:
            self._packs = bool(self._direct) and self._packs_alike(examples, pad_id, device)
        self.unpadded = self._packs and within_window(self._body, [len(example.tokens) for example in examples])
        if not self.unpadded:
            return None
        tokens, places, lengths, where, targets = packed(examples, device)
        assert self._head is not None
        with self._autocast:
            logits = self._head(packed_hidden(self._body, tokens, places, lengths).index_select(0, where))
        return torch.nn.functional.cross_entropy(logits.float(), targets, reduction="none")

    def _packs_alike(self, examples: Sequence[Any], pad_id: int, device: str) -> bool:
        """Try both ways on the longest and the shortest example, the long one first."""
        import torch

        few = sorted(examples, key=lambda example: -len(example.tokens))
        few = [few[0], few[-1]]
        assert self._head is not None
        was_training = self._model.training
        self._model.eval()
        try:
            with torch.no_grad():
                tokens, places, lengths, where, _ = packed(few, device)
                one = self._head(packed_hidden(self._body, tokens, places, lengths).index_select(0, where))
                other = self._selected(*padded(few, pad_id, device)[:2])
        except (NotImplementedError, TypeError, ValueError, AttributeError):
            return False
        finally:
            self._model.train(was_training)
        share = SAME_SHARE[2 if one.dtype in (torch.bfloat16, torch.float16) else 4]
        return one.shape == other.shape and bool((one - other).abs().mean() <= share * other.abs().mean())

    def _selected(self, tokens: Any, where: Any) -> Any:
        assert self._body is not None
        if self._before:
            body = self._body(inputs_embeds=embedded(self._model, tokens), use_cache=False)
            hidden = body.last_hidden_state[:, self._before :]
        else:
            hidden = self._body(input_ids=tokens, use_cache=False).last_hidden_state
        return self._head(hidden.flatten(0, 1).index_select(0, where))

    def _full(self, tokens: Any) -> Any:
        return self._model(input_ids=tokens, use_cache=False).logits[:, self._before :]

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

    def __init__(self, token_loss: TokenLoss, *, pad_id: int, device: str, packs: bool = False) -> None:
        self._token_loss, self._pad_id, self._device, self._packs = token_loss, pad_id, device, packs

    def weight(self, examples: Sequence[Any]) -> int:
        """Return the trained tokens of some examples."""
        return sum(example.supervised for example in examples)

    def total(self, examples: Sequence[Any]) -> Any:
        """Return the summed loss of some examples as a scalar tensor."""
        if self._packs:
            losses = self._token_loss.packed(examples, self._pad_id, self._device)
            if losses is not None:
                return losses.sum()
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
