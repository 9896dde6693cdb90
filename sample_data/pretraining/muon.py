"""Muon: momentum whose update is made orthogonal, for the matrices of the model; one rank, single precision.

Source: K. Jordan and others, "Muon: an optimizer for hidden layers in neural networks" (2024); the five-step
Newton-Schulz coefficients are theirs. Matrices of one shape are worked on together, which is what makes it cheap on a
CPU. Not covered: weight decay.
"""

from collections import defaultdict
from collections.abc import Iterable

import torch

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
STEPS = 5


def orthogonal(matrices: torch.Tensor) -> torch.Tensor:
    """Bring the singular values of each matrix near 1.

    Args:
        matrices: (k, m, n) float32.
    """
    a, b, c = COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.transpose(1, 2) if tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(STEPS):
        gram = x @ x.transpose(1, 2)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.transpose(1, 2) if tall else x


class Muon:
    """Update matrices by orthogonal momentum (Nesterov)."""

    def __init__(self, parameters: Iterable[torch.nn.Parameter], momentum: float = 0.95) -> None:
        self.momentum = momentum
        groups: dict[tuple[int, ...], list[torch.nn.Parameter]] = defaultdict(list)
        for parameter in parameters:
            groups[tuple(parameter.shape)].append(parameter)
        self.groups = list(groups.values())
        self.buffers = [torch.zeros(len(group), *group[0].shape) for group in self.groups]

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Take one step along the gradients that the parameters hold."""
        for group, buffer in zip(self.groups, self.buffers, strict=True):
            gradient = torch.stack([parameter.grad for parameter in group])
            buffer.lerp_(gradient, 1 - self.momentum)
            update = orthogonal(gradient.lerp(buffer, self.momentum))
            scale = learning_rate * max(1.0, group[0].shape[0] / group[0].shape[1]) ** 0.5
            for parameter, change in zip(group, update, strict=True):
                parameter.sub_(change, alpha=scale)
