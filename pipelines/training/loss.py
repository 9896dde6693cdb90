"""The loss of one batch: cross-entropy of the trained tokens only.

Logits are computed only at positions whose next token is trained, in most data less than half. The model's body and
its head are called apart for that; the first time, the result is compared with the model's own logits, and a model that
does more between body and head (soft-capping, scaling) is then asked for its logits in full.
"""

from typing import Any

TOLERANCE = 1e-3


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
