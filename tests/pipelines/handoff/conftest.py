from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pipelines.handoff.model_card import CardFacts
from pipelines.training.adapter import add_adapter, save_adapter, trainable
from pipelines.training.base import load_base
from pipelines.training.settings import TrainSettings
from tests.pipelines.training.tiny_model import make_tiny_model


def make_adapter(base: str, folder: Path, rank: int = 4) -> Path:
    """Save an adapter with random weights large enough to change answers."""
    model, _ = load_base(base)
    tuned = add_adapter(model, TrainSettings(base=base, rank=rank, alpha=2 * rank))
    generator = torch.Generator().manual_seed(7)
    for parameter in trainable(tuned):
        parameter.data = 0.2 * torch.randn(parameter.shape, generator=generator)
    save_adapter(tuned, folder, base)
    return folder


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("base") / "tiny-base")


@pytest.fixture(scope="session")
def adapter(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_adapter(str(tiny_base), tmp_path_factory.mktemp("run") / "adapter")


@pytest.fixture
def facts() -> Callable[..., CardFacts]:
    def make(base: str = "tiny-base") -> CardFacts:
        return CardFacts(
            run="run-0001",
            base=base,
            base_sha256="ab" * 32,
            version="v" * 16,
            data="curated",
            examples=12,
            settings={"rank": 4, "base": "/home/somebody/model"},
            result={"state": "finished", "steps": 3},
            metrics=[{"metric": "chrf", "variant": "tuned", "value": 0.5, "low": 0.4, "high": 0.6, "n": 9}],
            split="test",
            looks=2,
        )

    return make
