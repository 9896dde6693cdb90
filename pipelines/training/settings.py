"""What a training run is told: its settings, and their defaults by size of data.

Method: LoRA on all linear layers. Defaults of large models follow the table in "LoRA Without Regret" (Schulman et al.
2025) and the published start values of common trainers: learning rate 2e-4, rank and epochs by number of examples.
A base folder may carry `training_defaults.json`, measured for that base; it wins over the table. Its keys are fields of
`TrainSettings` and `reason`; rsLoRA and dropout are off there unless the file says otherwise, because a measured
alpha/rank/learning rate belongs to plain LoRA.

Not covered: adapters of other kinds (prefix tuning, IA3).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from pipelines.errors import CurationError
from pipelines.training.base_name import base_folder

# Most examples in the row, epochs, rank, effective batch, learning rate. Source: the table named above; 3 epochs below
# 3,000 examples. Batches stay under 32, since LoRA tolerates large ones less than full fine-tuning does.
DEFAULTS_BY_SIZE: tuple[tuple[float, float, int, int, float], ...] = (
    (300, 4, 16, 8, 2e-4),
    (3_000, 3, 16, 8, 2e-4),
    (30_000, 2, 32, 16, 2e-4),
    (300_000, 1, 64, 16, 2e-4),
    (float("inf"), 1, 256, 24, 1e-4),
)
LARGE_MODEL_LEARNING_RATE = 2e-4
# An adapter's learning rate is divided by this for preference training: 1e-5 for a large model, near the 5e-6 of trl's
# own script for adapters. Dropout off and beta 0.1 are those of its DPOTrainer (1.16).
PREFERENCE_RATE = 20
# Learning rate of a soft prompt. Source: peft's guide to prompt tuning (3e-2 with AdamW); far above that of an adapter,
# because few values have to move far.
SOFT_PROMPT_RATE = 3e-2


class TrainSettings(BaseModel, frozen=True, extra="forbid", allow_inf_nan=False):
    """Settings of one run."""

    base: str = Field("default", min_length=1, description="Base model: `default` (embedded), a hub name or a folder.")
    method: Literal["lora", "full", "qlora", "prompt-tuning", "dpo"] = Field(
        "lora",
        description="How the model is tuned: an adapter, all weights, an adapter on a quantised base (CUDA only), a"
        " soft prompt, or an adapter on preference pairs.",
    )
    rank: int = Field(16, ge=1, le=1024, description="Rank of the adapter's matrices.")
    alpha: int = Field(32, ge=1, le=4096, description="Scale of the adapter; about twice the rank.")
    dropout: float = Field(0.05, ge=0, lt=1, description="Share of the adapter's inputs dropped while training.")
    targets: str = Field(
        "all-linear", min_length=1, description="Layers that get an adapter: `all-linear`, or names joined by commas."
    )
    rslora: bool = Field(True, description="Scale by alpha / sqrt(rank) (rsLoRA) instead of alpha / rank.")
    dora: bool = Field(
        False, description="Learn the length of each weight column apart (DoRA); about a quarter slower."
    )
    start: Literal["zero", "pissa", "eva"] = Field(
        "zero",
        description="How the adapter starts: adding nothing; as the main directions of each weight (PiSSA); or adding"
        " nothing along the main directions of what each layer reads in the training data (EVA).",
    )
    lora_plus: float = Field(
        1.0, ge=1, le=64, description="Learning rate of the adapter's second matrices, as a multiple (LoRA+; 1: off)."
    )
    bits: Literal[4, 8] = Field(4, description="Bits a weight of the base while qlora trains: 4 (nf4) or 8.")
    virtual_tokens: int = Field(
        16, ge=1, le=1024, description="Learned vectors that prompt-tuning puts before each conversation."
    )
    turns: Literal["all", "last"] = Field(
        "all", description="Assistant messages that are learned; a message of weight 0 never is."
    )
    beta: float = Field(
        0.1, gt=0, le=100, description="How strongly preference training holds on to the model that it starts from."
    )
    starts_from: str = Field(
        "", max_length=100, description="Run whose adapter preference training goes on with; empty: the base model."
    )
    learning_rate: float = Field(LARGE_MODEL_LEARNING_RATE, gt=0, le=1, description="Highest learning rate.")
    schedule: Literal["cosine", "linear", "constant", "stable-decay"] = Field(
        "cosine", description="How the learning rate falls after the warm-up; stable-decay: not before the last third."
    )
    warmup: float = Field(0.05, ge=0, le=0.5, description="Share of all steps in which the learning rate rises.")
    weight_decay: float = Field(0.01, ge=0, le=1, description="Decoupled weight decay (AdamW).")
    gradient_clip: float = Field(1.0, gt=0, le=1000, description="Longest gradient norm; longer ones are shortened.")
    epochs: float = Field(3, gt=0, le=1000, description="Passes over the training split.")
    batch_size: int = Field(8, ge=1, le=4096, description="Examples in one step (effective batch).")
    batches: Literal["mixed", "similar"] = Field(
        "similar",
        description="A step's examples: any, computed without padding (mixed), or of similar length, padded (similar)."
        " Mixed learns more in a step.",
    )
    memory_tokens: int = Field(
        8192, ge=16, le=10_000_000, description="Padded tokens computed at once; larger batches go in parts."
    )
    max_length: int = Field(
        2048, ge=16, le=1_000_000, description="Longest example in tokens; longer ones are cut at the end."
    )
    general_share: float = Field(
        0.0, ge=0, le=0.5, description="Share of general examples mixed in against forgetting (data/general.jsonl)."
    )
    evaluate_every: int | None = Field(
        None, ge=1, description="Steps between two validations; empty: each quarter epoch, at most a tenth of the time."
    )
    validation_limit: int = Field(
        256, ge=1, le=1_000_000, description="Most validation examples scored at one evaluation."
    )
    patience: int = Field(
        4, ge=0, le=1000, description="Evaluations without a real improvement before it stops early; 0: never."
    )
    checkpoint_every: int | None = Field(
        None, ge=1, description="Steps between two checkpoints; empty: at each evaluation."
    )
    sample_outputs: int = Field(
        3, ge=0, le=32, description="Validation prompts answered at evaluations, for people to look at; 0: none."
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Seed of the adapter's start, the order and the dropout.")
    threads: int = Field(1, ge=1, le=256, description="CPU threads of the run.")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where to compute; auto takes a GPU if any.")
    bf16: bool | None = Field(None, description="Compute in bfloat16; empty: where this processor does it in hardware.")
    reason: str = Field("", description="Why these values were proposed.")


def default_settings(base: str = "default", n_examples: int = 0) -> TrainSettings:
    """Propose settings for a base model and a number of training examples, with the reason in `reason`.

    Raises:
        CurationError: the base folder's `training_defaults.json` cannot be used.
    """
    folder = base_folder(base)
    measured = folder / "training_defaults.json" if folder else None
    if measured is not None and measured.is_file():
        return _measured_settings(base, measured)
    _, epochs, rank, batch, rate = next(row for row in DEFAULTS_BY_SIZE if n_examples < row[0])
    return TrainSettings(
        base=base,
        rank=rank,
        alpha=2 * rank,
        epochs=epochs,
        batch_size=batch,
        learning_rate=rate,
        batches="mixed",
        reason=f"{n_examples:,} training examples: {epochs:g} epochs, rank {rank} on all linear layers with alpha twice"
        f" that and rsLoRA (attention alone learns less at equal size), {batch} examples a step (LoRA wants fewer than"
        f" 32), learning rate {rate:g} (about ten times that of full fine-tuning), dropout 0.05, weight decay 0.01.",
    )


def method_defaults(method: str, proposed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a method begins with instead of the defaults of an adapter's training.

    Args:
        method: as in the settings.
        proposed: the defaults of an adapter's training.

    Returns:
        Fields that differ: a tenth of the learning rate for all weights ("LoRA Without Regret", 2025); a twentieth and
        no dropout for preference training; a soft prompt's own rate.
    """
    if method == "full":
        return {"learning_rate": proposed["learning_rate"] / 10}
    if method == "prompt-tuning":
        reason = (
            f"A soft prompt: few values that have to move far, hence a learning rate of {SOFT_PROMPT_RATE:g}; rank,"
            " alpha, targets and dropout are an adapter's and play no part."
        )
        return {"learning_rate": SOFT_PROMPT_RATE, "batches": "similar", "reason": reason}
    if method != "dpo":
        return {}
    rate = proposed["learning_rate"] / PREFERENCE_RATE
    reason = (
        f"Preference training: a twentieth of an adapter's learning rate ({rate:g}), because a model that can answer"
        " already is only moved a little; no dropout, because the reference has none; beta 0.1, the usual start."
    )
    # Two sides of a pair are computed padded: similar lengths waste least.
    return {"learning_rate": rate, "dropout": 0.0, "batches": "similar", "reason": reason}


def _measured_settings(base: str, path: Path) -> TrainSettings:
    remedy = "Mend the file, or remove it to get the defaults by data size."
    try:
        values: dict[str, Any] = {"rslora": False, "dropout": 0.0, **json.loads(path.read_text("utf-8"))}
        return TrainSettings(**{**values, "base": base})
    except (OSError, ValueError, TypeError) as error:
        detail = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise CurationError(f"The base model's {path.name} cannot be used: {detail}.", remedy) from error
