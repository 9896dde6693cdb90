"""The training loop's state and its two moves: one step, one evaluation.

AdamW on the adapter's weights, gradients clipped, the loss averaged over all trained tokens of the step's batch, or
over its pairs (also where memory cuts the batch into parts). All of the state can be written to a checkpoint and read
back; on a CPU the steps after that are the same bits as without the interruption.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.errors import CurationError
from pipelines.training.adapter import adapter_weights, put_weights, trainable
from pipelines.training.batches import epoch_batches, length_sorted_batches, split_by_memory
from pipelines.training.loss import AnswerLoss, Objective, TokenLoss
from pipelines.training.schedule import EarlyStopping, learning_rate_at
from pipelines.training.settings import TrainSettings


@dataclass(frozen=True)
class StepFigures:
    """What one step did; the loss is a sum over `weight` trained tokens or pairs, the norm that before clipping."""

    loss_sum: float
    weight: int
    tokens: int
    computed: int
    gradient_norm: float


class Loop:
    """A model with adapter, its optimiser, its data, and how far it is."""

    def __init__(
        self,
        model: Any,
        train: Sequence[Any],
        validation: Sequence[Any],
        settings: TrainSettings,
        *,
        steps: int,
        pad_id: int,
        device: str,
        bf16: bool,
        objective: Callable[[TokenLoss], Objective] | None = None,
    ) -> None:
        """Set the loop up before its first step.

        Args:
            model: with adapter, or with all weights trainable.
            train: what is learned from; each knows its `size` in a batch and the tokens `read` for it.
            validation: scored at evaluations.
            settings: of the run.
            steps: of the whole run.
            pad_id: padding token.
            device: where to compute.
            bf16: whether to compute in bfloat16.
            objective: makes what a step makes smaller from the model's loss by token; the loss of the trained tokens
                where it is not given.
        """
        import torch

        self.model, self.settings, self.steps = model, settings, steps
        self._train, self._validation, self._device = train, validation, device
        self._lengths = [example.size for example in train]
        self._parameters = trainable(model)
        groups: Any = self._parameters
        if settings.lora_plus > 1:
            second = {id(parameter) for name, parameter in model.named_parameters() if "lora_B" in name}
            apart = [[p for p in self._parameters if (id(p) in second) == which] for which in (False, True)]
            groups = [{"params": apart[0], "ratio": 1.0}, {"params": apart[1], "ratio": settings.lora_plus}]
            self._parameters = [*apart[0], *apart[1]]
        self._optimiser = torch.optim.AdamW(
            groups, lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
        )
        self.memory_tokens = settings.memory_tokens
        self.token_loss = TokenLoss(model, bf16=bf16, device=device)
        made = objective(self.token_loss) if objective else None
        self._similar = settings.batches == "similar"
        self._objective = made or AnswerLoss(self.token_loss, pad_id=pad_id, device=device, packs=not self._similar)
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

        parts, loss_sum = self._gradients(self._next_batch())
        weight = self._objective.weight([self._train[index] for part in parts for index in part])
        for group in self._optimiser.param_groups:
            group["lr"] = self.learning_rate * group.get("ratio", 1.0)
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
        tokens = sum(self._train[index].read for part in parts for index in part)
        computed = tokens if self.token_loss.unpadded else self._largest(parts, self._lengths)[1]
        return StepFigures(loss_sum, weight, tokens, computed, norm)

    def _gradients(self, batch: list[int]) -> tuple[list[list[int]], float]:
        """Compute the batch's gradients, in smaller parts where memory runs out; returns the parts and summed loss.

        However it is cut, the gradient is that of the whole batch: the effective batch stays what was set.
        """
        self.model.train()
        while True:
            parts = split_by_memory(batch, self._lengths, self.memory_tokens)
            weight = self._objective.weight([self._train[index] for index in batch])
            loss_sum = 0.0
            try:
                for part in parts:
                    total = self._objective.total([self._train[index] for index in part])
                    (total / weight).backward()
                    loss_sum += float(total.detach())
                return parts, loss_sum
            except (RuntimeError, MemoryError) as error:
                self._optimiser.zero_grad(set_to_none=True)
                self._compute_less(parts, self._lengths, error)

    def _compute_less(self, parts: list[list[int]], lengths: list[int], error: Exception) -> None:
        """Halve what is computed at once after memory ran out.

        Raises:
            CurationError: a single example is computed at once already.
        """
        if not out_of_memory(error):
            raise error
        if all(len(part) == 1 for part in parts):
            raise CurationError(
                f"There was not enough memory for a single example of {max(lengths[i] for p in parts for i in p):,}"
                f" tokens at step {self.step + 1}.",
                "Lower max_length or rank, or use a smaller base model or a machine with more memory, and start again.",
            ) from error
        self.memory_tokens = max(1, self._largest(parts, lengths)[0] // 2)
        if self._device == "cuda":
            import torch

            torch.cuda.empty_cache()

    @staticmethod
    def _largest(parts: list[list[int]], lengths: list[int]) -> tuple[int, int]:
        """Return the padded tokens of the largest part, and of all of them."""
        sizes = [max(lengths[index] for index in part) * len(part) for part in parts]
        return max(sizes), sum(sizes)

    def evaluate(self) -> tuple[float, np.ndarray]:
        """Score the validation examples.

        Returns:
            The mean loss over all trained tokens (over all pairs of a preference training), and (n,) float64 the mean
            of each example.
        """
        self.model.eval()
        lengths = [example.size for example in self._validation]
        while True:
            parts = length_sorted_batches(lengths, self.memory_tokens)
            try:
                return self._evaluate(parts)
            except (RuntimeError, MemoryError) as error:
                self._compute_less(parts, lengths, error)

    def _evaluate(self, parts: list[list[int]]) -> tuple[float, np.ndarray]:
        sums, counts = np.zeros(len(self._validation)), np.zeros(len(self._validation))
        for part in parts:
            sums[part], counts[part] = self._objective.by_example([self._validation[index] for index in part])
        return float(sums.sum() / counts.sum()), sums / counts

    def keep_best(self) -> None:
        """Remember the adapter as it is now as the best."""
        self.best = adapter_weights(self.model)

    def take_best(self) -> None:
        """Put the best adapter into the model, in evaluation mode; no step may follow."""
        self.model.eval()
        if self.best:
            put_weights(self.model, self.best)

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
            "memory_tokens": self.memory_tokens,
            "without_improvement": self.stopping.without_improvement,
        }
        return tensors, figures

    def restore(self, tensors: dict[str, Any], figures: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        import torch

        self.step = int(figures["step"])
        self.memory_tokens = int(figures.get("memory_tokens", self.settings.memory_tokens))
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
            self._batches = epoch_batches(
                self._lengths, self.settings.batch_size, seed=self.settings.seed, epoch=epoch, similar=self._similar
            )
        return self._batches[at]


def out_of_memory(error: BaseException) -> bool:
    """Say whether an error means that memory ran out, on the processor or on a GPU."""
    text = str(error)
    return isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text
