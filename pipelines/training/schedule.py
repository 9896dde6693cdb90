"""When things happen in a run: learning rate by step, evaluations, early stopping.

Early stopping compares the validation loss example by example: an evaluation counts as better only when the mean
improvement exceeds its own standard error (a paired comparison; the same examples are scored each time) and a
thousandth of the loss, since a tiny but steady gain is certain and still not worth waiting for. While a stable-decay
schedule is at its top, none is held against the run: the loss stands still there and falls with the rate. The adapter
that is kept is the one of the lowest mean loss, whether or not that difference is beyond noise.

Not covered: choosing by quality of answers; loss is a stand-in, comparisons and ratings judge.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from pipelines.training.settings import TrainSettings

# An evaluation costs about a third of a training step a token (no backward pass); all of them together at most a tenth.
FORWARD_SHARE = 1 / 3
EVALUATION_SHARE = 0.1
EVALUATIONS_AN_EPOCH = 4
# The rate that a cosine or linear schedule ends at, as a share of the highest.
FINAL_SHARE = 0.0
# Share of the steps in which "stable-decay" falls to zero. Source: Hägele et al. 2024, "Scaling Laws and
# Compute-Optimal Training Beyond Fixed Training Durations": a constant rate and a linear fall over the last 10 to 30 %
# end as low as a cosine. The long end of that range, because runs here are short.
DECAY_SHARE = 0.3
# Least improvement that counts, as a share of the loss.
WORTH_WAITING = 1e-3


def total_steps(settings: TrainSettings, n_examples: int) -> int:
    """Return the steps of the whole run."""
    return max(1, round(settings.epochs * math.ceil(n_examples / settings.batch_size)))


def learning_rate_at(step: int, steps: int, settings: TrainSettings) -> float:
    """Return the learning rate of a step (from 0): linear warm-up, then the schedule.

    `cosine` and `linear` fall to zero after the last step, `stable-decay` stays at the top until its last part and
    falls linearly then, `constant` stays.
    """
    warm = round(settings.warmup * steps)
    if step < warm:
        return settings.learning_rate * (step + 1) / (warm + 1)
    if settings.schedule == "constant":
        return settings.learning_rate
    if settings.schedule == "stable-decay":
        return settings.learning_rate * min(1.0, (steps - step) / max(1, steps - stays_until(steps, settings)))
    done = (step - warm) / max(1, steps - warm)
    share = (1 + math.cos(math.pi * done)) / 2 if settings.schedule == "cosine" else 1 - done
    return settings.learning_rate * (FINAL_SHARE + (1 - FINAL_SHARE) * share)


def stays_until(steps: int, settings: TrainSettings) -> int:
    """Return the step up to which a stable-decay schedule stays at its highest rate; 0 for the others."""
    return steps - round(DECAY_SHARE * steps) if settings.schedule == "stable-decay" else 0


def evaluation_interval(settings: TrainSettings, steps_an_epoch: int, train_tokens: int, validation_tokens: int) -> int:
    """Return the steps between evaluations: as set, or a quarter epoch unless that would cost over a tenth of the time.

    Args:
        settings: the run's settings.
        steps_an_epoch: optimiser steps in one pass.
        train_tokens: tokens in one pass.
        validation_tokens: tokens scored at one evaluation.
    """
    if settings.evaluate_every is not None:
        return settings.evaluate_every
    cost_in_steps = FORWARD_SHARE * validation_tokens / max(1.0, train_tokens / steps_an_epoch)
    return max(1, math.ceil(steps_an_epoch / EVALUATIONS_AN_EPOCH), math.ceil(cost_in_steps / EVALUATION_SHARE))


@dataclass
class EarlyStopping:
    """What validation has said so far."""

    patience: int
    best_loss: float = math.inf
    best_step: int = 0
    without_improvement: int = 0
    reference: np.ndarray = field(default_factory=lambda: np.zeros(0))
    """Losses by example at the last evaluation that was better by enough."""

    def record(self, step: int, loss: float, by_example: np.ndarray, *, counts: bool = True) -> bool:
        """Take in one evaluation; returns whether its mean loss is the lowest so far.

        Args:
            step: steps done.
            loss: mean over all validation tokens.
            by_example: (n,) mean loss of each validation example, always the same examples.
            counts: whether patience is spent where it is not better.
        """
        if self.reference.size != by_example.size or improved_enough(self.reference, by_example):
            self.reference = by_example
            self.without_improvement = 0
        elif counts:
            self.without_improvement += 1
        if loss >= self.best_loss:
            return False
        self.best_loss, self.best_step = loss, step
        return True

    @property
    def should_stop(self) -> bool:
        """Whether patience has run out."""
        return self.patience > 0 and self.without_improvement >= self.patience


def improved_enough(before: np.ndarray, after: np.ndarray) -> bool:
    """Say whether the mean of `before - after` is above its standard error and worth waiting for.

    Args:
        before: (n,) losses by example at the earlier evaluation.
        after: (n,) losses of the same examples now. One example alone has no standard error; it must fall by enough.
    """
    gains = before - after
    noise = gains.std(ddof=1) / math.sqrt(gains.size) if gains.size > 1 else 0.0
    return bool(gains.mean() > max(noise, WORTH_WAITING * before.mean()))
