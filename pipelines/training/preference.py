"""Direct preference optimisation (DPO): raise the chosen answer against the rejected one, without a reward model.

    reward(answer) = beta (log p(answer | prompt) - log p_reference(answer | prompt))
    margin         = reward(chosen) - reward(rejected)
    loss           = -log sigmoid(margin), mean over pairs

The reference is the model that training starts from. Its log-probabilities never change, so they are computed once,
before the first step, and kept in the run folder: no second model is held in memory, and a run that goes on uses the
same bits. Log-probabilities are sums over the answer's tokens, end of turn included.

Source: Rafailov et al. 2023, "Direct Preference Optimization", equation 7. Not covered: label smoothing, other losses
of the family (IPO, KTO), a share of the ordinary loss on the chosen answers.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.evaluation.statistics import mean_estimate
from pipelines.training.batches import length_sorted_batches, padded
from pipelines.training.loop import out_of_memory
from pipelines.training.loss import TokenLoss
from pipelines.training.pairs import TokenisedPair
from pipelines.training.prepare import Prepared
from pipelines.training.settings import TrainSettings

REFERENCE = "reference.safetensors"
CONFIDENCE = 0.95
RESAMPLES = 1000


class PairLoss:
    """The DPO loss of a model on pairs whose reference is known."""

    def __init__(self, token_loss: TokenLoss, *, beta: float, pad_id: int, device: str) -> None:
        self._token_loss, self._beta = token_loss, beta
        self._pad_id, self._device = pad_id, device

    def log_probabilities(self, pairs: Sequence[TokenisedPair]) -> Any:
        """Return (2, n) float32: the answers' log-probabilities in nats, those of the chosen ones first."""
        import torch

        rows = [*(pair.chosen for pair in pairs), *(pair.rejected for pair in pairs)]
        tokens, where, targets = padded(rows, self._pad_id, self._device)
        losses = self._token_loss(tokens, where, targets)
        summed = torch.zeros(len(rows), dtype=torch.float32, device=losses.device)
        return -summed.index_add(0, where // tokens.shape[1], losses).view(2, len(pairs))

    def margins(self, pairs: Sequence[TokenisedPair]) -> Any:
        """Return (n,) float32: reward of the chosen answer less reward of the rejected one."""
        import torch

        now = self.log_probabilities(pairs)
        reference = torch.tensor([pair.reference for pair in pairs], dtype=torch.float32, device=now.device).T
        ratios = now - reference
        return self._beta * (ratios[0] - ratios[1])

    def weight(self, examples: Sequence[TokenisedPair]) -> int:
        """Return the number of pairs."""
        return len(examples)

    def total(self, examples: Sequence[TokenisedPair]) -> Any:
        """Return the summed loss of some pairs as a scalar tensor."""
        import torch

        return -torch.nn.functional.logsigmoid(self.margins(examples)).sum()

    def by_example(self, examples: Sequence[TokenisedPair]) -> tuple[np.ndarray, np.ndarray]:
        """Return (n,) float64 loss of each pair, and ones."""
        import torch

        with torch.no_grad():
            margins = self.margins(examples).double().cpu().numpy()
        return np.logaddexp(0.0, -margins), np.ones(len(examples))


def with_preferences(
    folder: Path, prepared: Prepared, model: Any, settings: TrainSettings
) -> tuple[Prepared, Callable[[TokenLoss], PairLoss]]:
    """Fill the reference into a run's pairs, from what was kept or by the model as it is now; returns the loss as well.

    Args:
        folder: the run folder; gets `reference.safetensors`.
        prepared: of the run.
        model: what training starts from, with its adapter.
        settings: of the run.
    """
    objective = preference_loss(settings, pad_id=prepared.tokenizer.pad_token_id or 0, device=prepared.device)
    assert objective is not None
    splits = {"train": prepared.train, "validation": prepared.validation}
    kept = read_reference(folder, prepared.fingerprint)
    if kept is None or any(kept[name].shape != (len(pairs), 2) for name, pairs in splits.items()):
        model.eval()
        loss = objective(TokenLoss(model, bf16=prepared.bf16, device=prepared.device))
        kept = {name: reference_of(pairs, loss, settings.memory_tokens) for name, pairs in splits.items()}
        write_reference(folder, prepared.fingerprint, kept)
    filled = {
        name: [replace(pair, reference=tuple(said)) for pair, said in zip(pairs, kept[name].tolist(), strict=True)]
        for name, pairs in splits.items()
    }
    return replace(prepared, train=filled["train"], validation=filled["validation"]), objective


def preference_loss(settings: TrainSettings, *, pad_id: int, device: str) -> Callable[[TokenLoss], PairLoss] | None:
    """Return what makes the DPO loss of a model's loss by token; None for a method that does not train on pairs."""
    if settings.method != "dpo":
        return None
    return lambda token_loss: PairLoss(token_loss, beta=settings.beta, pad_id=pad_id, device=device)


def reference_of(pairs: Sequence[TokenisedPair], loss: PairLoss, memory_tokens: int) -> np.ndarray:
    """Return (n, 2) float32: log-probabilities of the chosen and of the rejected answers as the model is now.

    Args:
        pairs: the pairs.
        loss: of the model, in evaluation mode.
        memory_tokens: padded tokens computed at once; halved where memory runs out.
    """
    import torch

    while True:
        said = np.zeros((len(pairs), 2), np.float32)
        parts = length_sorted_batches([pair.size for pair in pairs], memory_tokens)
        try:
            with torch.no_grad():
                for part in parts:
                    said[part] = loss.log_probabilities([pairs[index] for index in part]).T.cpu().numpy()
            return said
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error) or all(len(part) == 1 for part in parts):
                raise
            memory_tokens = max(1, memory_tokens // 2)


def preferences_told(losses: np.ndarray, pairs: Sequence[Any]) -> dict[str, float | None]:
    """Return the figures of an evaluation under their names in a run's metrics; nothing where these are no pairs."""
    if not all(isinstance(pair, TokenisedPair) for pair in pairs):
        return {}
    numbers = {prompt: number for number, prompt in enumerate({pair.prompt: None for pair in pairs})}
    found = preference_figures(losses, [numbers[pair.prompt] for pair in pairs])
    return {
        "reward_margin": found.margin,
        "preference_accuracy": found.accuracy,
        "preference_low": found.low,
        "preference_high": found.high,
    }


def reference_losses(pairs: Sequence[TokenisedPair]) -> np.ndarray:
    """Return (n,) float64: mean loss by token of the chosen answers before training."""
    return np.array([-pair.reference[0] / pair.chosen.supervised for pair in pairs])


@dataclass(frozen=True)
class PreferenceFigures:
    """How a model judges pairs: mean margin, and the share whose chosen answer it raises more, with its interval."""

    margin: float
    accuracy: float
    low: float | None
    high: float | None
    """95 %: Wilson's where each pair has its own prompt, else by prompts (t or bootstrap); None for one prompt."""
    pairs: int


def preference_figures(losses: np.ndarray, prompts: Sequence[int]) -> PreferenceFigures:
    """Read margin and accuracy out of the losses, of which the margin is a function: -log(exp(loss) - 1).

    Args:
        losses: (n,) float64 loss of each pair, at least one.
        prompts: (n,) a number for each pair's prompt: pairs of one prompt are no independent evidence.

    Returns:
        The figures; a margin of exactly 0 counts half.
    """
    losses = np.maximum(losses, np.finfo(np.float64).tiny)
    margins = -(losses + np.log(-np.expm1(-losses)))
    # The untouched model's loss is log 2 up to the last bit.
    right = np.where(np.abs(margins) < 1e-12, 0.5, (margins > 0).astype(np.float64))
    groups = np.unique(np.asarray(prompts, dtype=np.int64), return_inverse=True)[1]
    alone = len(np.unique(groups)) == len(groups)
    found = mean_estimate(right, None if alone else groups, confidence=CONFIDENCE, resamples=RESAMPLES, seed=0)
    return PreferenceFigures(float(margins.mean()), float(right.mean()), found.low, found.high, len(losses))


def read_reference(folder: Path, fingerprint: str) -> dict[str, np.ndarray] | None:
    """Read what was kept, by split; None where nothing is there, it is damaged, or belongs to other data."""
    from safetensors import safe_open

    try:
        with safe_open(folder / REFERENCE, "numpy") as file:
            if (file.metadata() or {}).get("fingerprint") != fingerprint:
                return None
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
    except Exception:  # damaged in whatever way: it is computed again
        return None


def write_reference(folder: Path, fingerprint: str, splits: dict[str, np.ndarray]) -> None:
    """Keep the reference of each split beside the run's checkpoints, as one file that appears whole."""
    from safetensors.numpy import save_file

    fresh = folder / f"{REFERENCE}.new"
    save_file(splits, fresh, {"fingerprint": fingerprint})
    os.replace(fresh, folder / REFERENCE)
