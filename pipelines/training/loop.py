"""The training loop's state and its two moves: one step, one evaluation.

AdamW on the adapter's weights, gradients clipped, the loss averaged over all trained tokens of the step's batch (also
where memory cuts the batch into parts). All of the state can be written to a checkpoint and read back; on a CPU the
steps after that are the same bits as without the interruption.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.errors import CurationError
from pipelines.training.adapter import adapter_weights, trainable
from pipelines.training.batches import epoch_batches, length_sorted_batches, padded, split_by_memory
from pipelines.training.data import TokenisedExample
from pipelines.training.loss import TokenLoss
from pipelines.training.schedule import EarlyStopping, learning_rate_at
from pipelines.training.settings import TrainSettings


@dataclass(frozen=True)
class StepFigures:
    """What one step did: summed loss, trained tokens, all real tokens, gradient norm before clipping."""

    loss_sum: float
    supervised: int
    tokens: int
    gradient_norm: float


class Loop:
    """A model with adapter, its optimiser, its data, and how far it is."""

    def __init__(
        self,
        model: Any,
        train: Sequence[TokenisedExample],
        validation: Sequence[TokenisedExample],
        settings: TrainSettings,
        *,
        steps: int,
        pad_id: int,
        device: str,
        bf16: bool,
    ) -> None:
        import torch

        self.model, self.settings, self.steps = model, settings, steps
        self._train, self._validation = train, validation
        self._pad_id, self._device = pad_id, device
        self._lengths = [len(example.tokens) for example in train]
        self._parameters = trainable(model)
        self._optimiser = torch.optim.AdamW(
            self._parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
        )
        self._loss = TokenLoss(model, bf16=bf16, device=device)
        self._epoch, self._batches = -1, [[0]]
        self.steps_an_epoch = math.ceil(len(train) / settings.batch_size)
        self.step = 0
        self.stopping = EarlyStopping(settings.patience)
        self.best: dict[str, Any] = {}

    @property
    def epoch(self) -> float:
        """Passes over the data so far."""
        return self.step / self.steps_an_epoch

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        return learning_rate_at(self.step, self.steps, self.settings)

    def advance(self) -> StepFigures:
        """Do one step.

        Raises:
            CurationError: the loss is no number any more.
        """
        import torch

        parts = split_by_memory(self._next_batch(), self._lengths, self.settings.memory_tokens)
        supervised = sum(self._train[index].supervised for part in parts for index in part)
        for group in self._optimiser.param_groups:
            group["lr"] = self.learning_rate
        self.model.train()
        loss_sum = 0.0
        for part in parts:
            losses = self._loss(*padded([self._train[index] for index in part], self._pad_id, self._device))
            total = losses.sum()
            (total / supervised).backward()
            loss_sum += float(total.detach())
        norm = float(torch.nn.utils.clip_grad_norm_(self._parameters, self.settings.gradient_clip, foreach=True))
        if not math.isfinite(loss_sum) or not math.isfinite(norm):
            raise CurationError(
                f"The loss became {loss_sum} at step {self.step + 1} "
                f"(learning rate {self.learning_rate:g}, gradient norm {norm:g}).",
                "Lower learning_rate (a third is a good next try) or gradient_clip, or raise warmup, and start again.",
            )
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        self.step += 1
        return StepFigures(loss_sum, supervised, sum(self._lengths[index] for part in parts for index in part), norm)

    def evaluate(self) -> tuple[float, np.ndarray]:
        """Score the validation examples.

        Returns:
            The mean loss over all trained tokens, and (n,) float64 the mean of each example.
        """
        import torch

        self.model.eval()
        sums, counts = np.zeros(len(self._validation)), np.zeros(len(self._validation))
        lengths = [len(example.tokens) for example in self._validation]
        with torch.no_grad():
            for part in length_sorted_batches(lengths, self.settings.memory_tokens):
                tokens, where, targets = padded([self._validation[i] for i in part], self._pad_id, self._device)
                losses = self._loss(tokens, where, targets).double().cpu().numpy()
                rows = np.asarray(part)[(where // tokens.shape[1]).cpu().numpy()]
                np.add.at(sums, rows, losses)
                np.add.at(counts, rows, 1)
        return float(sums.sum() / counts.sum()), sums / counts

    def keep_best(self) -> None:
        """Remember the adapter as it is now as the best."""
        self.best = adapter_weights(self.model)

    def state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the tensors and the figures of a checkpoint."""
        import torch

        tensors = {f"parameter.{i}": parameter for i, parameter in enumerate(self._parameters)}
        for index, moments in self._optimiser.state_dict()["state"].items():
            tensors |= {f"{name}.{index}": moments[name].clone() for name in ("exp_avg", "exp_avg_sq")}
        tensors |= {f"best.{name}": tensor for name, tensor in self.best.items()}
        tensors["random"] = torch.get_rng_state()
        if self._device == "cuda":
            tensors["random_cuda"] = torch.cuda.get_rng_state()
        tensors["reference"] = torch.from_numpy(self.stopping.reference.copy())
        figures = {
            "step": self.step,
            "best_loss": None if math.isinf(self.stopping.best_loss) else self.stopping.best_loss,
            "best_step": self.stopping.best_step,
            "without_improvement": self.stopping.without_improvement,
        }
        return tensors, figures

    def restore(self, tensors: dict[str, Any], figures: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        import torch

        self.step = int(figures["step"])
        moments: dict[int, dict[str, Any]] = {}
        with torch.no_grad():
            for index, parameter in enumerate(self._parameters):
                parameter.copy_(tensors[f"parameter.{index}"])
                if f"exp_avg.{index}" in tensors:
                    moments[index] = {name: tensors[f"{name}.{index}"] for name in ("exp_avg", "exp_avg_sq")}
                    moments[index]["step"] = torch.tensor(float(self.step))
        self._optimiser.load_state_dict(
            {"state": moments, "param_groups": self._optimiser.state_dict()["param_groups"]}
        )
        self.best = {name[5:]: tensor for name, tensor in tensors.items() if name.startswith("best.")}
        torch.set_rng_state(tensors["random"])
        if self._device == "cuda" and "random_cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random_cuda"])
        best = figures["best_loss"]
        self.stopping = EarlyStopping(
            self.settings.patience,
            math.inf if best is None else best,
            figures["best_step"],
            figures["without_improvement"],
            tensors["reference"].numpy(),
        )

    def _next_batch(self) -> list[int]:
        epoch, at = divmod(self.step, self.steps_an_epoch)
        if epoch != self._epoch:
            self._epoch = epoch
            self._batches = epoch_batches(self._lengths, self.settings.batch_size, seed=self.settings.seed, epoch=epoch)
        return self._batches[at]
