"""How far tuning has moved a model from its base: KL divergence by token, and loss on text it was not tuned on.

KL(base || tuned) is taken at the trained positions of a panel of examples, with their own answers as the text so far:
on task examples while training, as the early warning ("RL's Razor", arXiv 2509.04259: forgetting goes with the KL on
the new task), on general examples at the end, as the check. The base's distributions are computed once, before the
model is changed, so that it makes no difference how it is tuned.

Not covered: KL on the base's own answers, which would have to be generated first.
"""

import math
from collections.abc import Sequence
from typing import Any

from pipelines.training.batches import length_sorted_batches, padded
from pipelines.training.data import TokenisedExample
from pipelines.training.loss import TokenLoss

# Examples of a panel, at most.
TASK_PANEL, GENERAL_PANEL = 16, 200
# The base's distributions of a panel are kept in this much memory; a large vocabulary means a smaller panel.
PANEL_BYTES = 64 << 20


class Drift:
    """A panel of examples and what the base says on it."""

    def __init__(
        self,
        examples: Sequence[TokenisedExample],
        loss: TokenLoss,
        *,
        vocabulary: int,
        memory_tokens: int,
        pad_id: int,
        device: str,
    ) -> None:
        """Compute the base's distributions.

        Args:
            examples: the panel; those beyond the memory set aside for it are left out.
            loss: of the base model, before it is changed.
            vocabulary: tokens of the model.
            memory_tokens: padded tokens computed at once.
            pad_id: padding token.
            device: where to compute.
        """
        room = PANEL_BYTES // (4 * vocabulary)
        kept: list[TokenisedExample] = []
        for example in examples:
            if kept and example.supervised > room:
                break
            kept.append(example)
            room -= example.supervised
        self.examples = kept
        self._pad_id, self._device = pad_id, device
        self._parts = length_sorted_batches([len(example.tokens) for example in kept], memory_tokens)
        said = [(logs.cpu(), losses.cpu()) for logs, losses in self._forward(loss)]
        self._base = [logs for logs, _ in said]
        self.base_loss = self._mean([losses for _, losses in said])

    def measure(self, loss: TokenLoss) -> tuple[float, float]:
        """Compare the model as it is now with the base.

        Args:
            loss: of the tuned model, in evaluation mode.

        Returns:
            Mean KL divergence by trained token, in nats, and the mean loss; both 0 for an empty panel.
        """
        total, count, losses = 0.0, 0, []
        for base, (now, targets) in zip(self._base, self._forward(loss), strict=True):
            here = base.to(now.device)
            total += float((here.exp() * (here - now)).sum())
            count += int(now.shape[0])
            losses.append(targets)
        return (max(0.0, total / count), self._mean(losses)) if count else (0.0, 0.0)

    def _forward(self, loss: TokenLoss) -> Any:
        import torch

        with torch.no_grad():
            for part in self._parts:
                tokens, where, targets = padded([self.examples[i] for i in part], self._pad_id, self._device)
                logs = loss.log_probabilities(tokens, where)
                yield logs, -logs.gather(1, targets[:, None])[:, 0]

    def _mean(self, parts: Sequence[Any]) -> float:
        count = sum(int(part.numel()) for part in parts)
        return math.fsum(float(part.double().sum()) for part in parts) / count if count else 0.0
