"""Prompt tuning: vectors that stand before every conversation are learned, the model stays as it is.

Method: peft's prompt tuning, begun with the embeddings of tokens drawn from the vocabulary, which learns better than
random numbers. The vectors take places of the model's positions like tokens do.
Source: Lester et al. 2021, "The Power of Scale for Parameter-Efficient Prompt Tuning" (3.1, 5).

The model is called without peft's own `forward`, which would put the vectors before each new token of an answer again.

Not covered: prefix tuning; a soft prompt and an adapter at once; adding it into the weights, which nobody can.
"""

import json
from pathlib import Path
from typing import Any

from pipelines.errors import CurationError
from pipelines.training.settings import TrainSettings

# peft's name for the weights in its file.
WEIGHTS_NAME = "prompt_embeddings"


def add_soft_prompt(model: Any, settings: TrainSettings) -> Any:
    """Put a fresh soft prompt before a base model; its start depends on the seed alone."""
    import torch
    from peft import PromptTuningConfig, get_peft_model

    config = PromptTuningConfig(
        task_type="CAUSAL_LM", num_virtual_tokens=settings.virtual_tokens, prompt_tuning_init="SAMPLE_VOCAB"
    )
    torch.manual_seed(settings.seed)
    return get_peft_model(model, config)


def has_soft_prompt(model: Any) -> bool:
    """Say whether a soft prompt stands before a model."""
    config = getattr(model, "peft_config", None)
    return bool(config) and bool(model.active_peft_config.is_prompt_learning)


def virtual_tokens(model: Any) -> int:
    """Return how many positions a model's soft prompt takes; 0 without one."""
    return int(model.active_peft_config.num_virtual_tokens) if has_soft_prompt(model) else 0


def embedded(model: Any, tokens: Any) -> Any:
    """Return (rows, virtual + length, hidden): the soft prompt and the embeddings of tokens (rows, length) after it."""
    import torch

    words = model.get_base_model().get_input_embeddings()(tokens)
    return torch.cat([model.get_prompt(batch_size=tokens.shape[0]).to(words.dtype), words], 1)


def is_soft_prompt(folder: Path) -> bool:
    """Say whether an adapter folder holds a soft prompt."""
    try:
        config = json.loads((folder / "adapter_config.json").read_text("utf-8"))
        return str(config.get("peft_type")) == "PROMPT_TUNING"
    except (OSError, ValueError, AttributeError):
        return False


def refuse_soft_prompt(folder: Path, wanted: str) -> None:
    """Refuse to turn a soft prompt into changed weights.

    Args:
        folder: of a run's adapter.
        wanted: what was asked for, as the subject of a sentence.

    Raises:
        CurationError: the folder holds a soft prompt.
    """
    if is_soft_prompt(folder):
        raise CurationError(
            f"{wanted} needs changed weights; a soft prompt changes none, it stands before each conversation.",
            "Hand off the folder for peft (--target hf), serve the run here (workbench serve), or train with lora.",
        )
