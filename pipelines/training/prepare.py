"""All that is read, checked and refused before the first step of a run.

Not covered: looking at the data token by token (`preflight.py`).
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.errors import CurationError
from pipelines.examples import Message
from pipelines.progress import Progress, no_progress, part_of
from pipelines.training.adapter import WEIGHTS, check_adapter
from pipelines.training.base import base_fingerprint, load_base
from pipelines.training.data import TokenisedExample, read_conversations, tokenise
from pipelines.training.drift import GENERAL_PANEL
from pipelines.training.findings import problems_of, refuse
from pipelines.training.pairs import conversation_of, read_for, tokenise_for
from pipelines.training.quantised import check_quantised
from pipelines.training.settings import TrainSettings

# Where a run's data hold the adapter that it starts from (`starts_from`).
STARTING_ADAPTER = "start"
# Positions that a soft prompt must leave.
LEAST_LENGTH = 16
# Settings that came later, with what runs did before them: left out of the fingerprint at that value, so that a run
# of an older version can still be resumed.
ADDED: dict[str, Any] = {
    "dora": False,
    "start": "zero",
    "lora_plus": 1.0,
    "turns": "all",
    "beta": 0.1,
    "starts_from": "",
    "bits": 4,
    "virtual_tokens": 16,
    "batches": "similar",
}


@dataclass(frozen=True)
class Prepared:
    """A base model and the tokenised data of one run."""

    model: Any
    tokenizer: Any
    train: Sequence[Any]
    """Of `TokenisedExample`, or of `TokenisedPair` for preference training."""
    validation: Sequence[Any]
    validation_messages: list[list[Message]]
    general: list[TokenisedExample]
    """General examples that are not trained on, to measure forgetting."""
    device: str
    bf16: bool
    max_length: int
    truncated: int
    vanished: int
    fingerprint: str

    def panel(self, most: int) -> list[TokenisedExample]:
        """Return the first validation examples, of pairs those with the chosen answer."""
        return [example.sides[0] for example in self.validation[:most]]


def prepare(
    run_folder: Path, settings: TrainSettings, *, forced: bool = False, progress: Progress = no_progress
) -> Prepared:
    """Load the base model and the run's data, mixing general examples in as set.

    Raises:
        CurationError: anything that cannot work, before any work is done.
    """
    data = run_folder / "data"
    conversations = read_for(settings, data / "train.jsonl")
    if not conversations:
        raise CurationError("The training split is empty.", "Keep some examples, split again and start a new run.")
    held_out = read_for(settings, data / "validation.jsonl") if (data / "validation.jsonl").is_file() else []
    general = read_conversations(data / "general.jsonl") if (data / "general.jsonl").is_file() else []
    device = resolve_device(settings.device)
    check_method(settings, device)
    if settings.starts_from:
        check_adapter(data / STARTING_ADAPTER, settings.base)
    progress(0.0, "Loading the base model")
    model, tokenizer = load_base(settings.base, device=device, bits=base_bits(settings))
    max_length = longest(model, settings)
    if settings.general_share > 0:
        mixed = mixed_in(general, len(conversations), settings)
        conversations = conversations + [general[index] for index in mixed]
        general = [messages for index, messages in enumerate(general) if index not in set(mixed)]
    general = [general[index] for index in chosen(len(general), GENERAL_PANEL, settings.seed)]
    held_out = [held_out[index] for index in chosen(len(held_out), settings.validation_limit, settings.seed)]
    train, validation = (
        tokenise_for(settings, rows, tokenizer, max_length=max_length, progress=part_of(progress, start, end))
        for rows, start, end in ((conversations, 0.2, 0.9), (held_out, 0.9, 1.0))
    )
    if not train.examples:
        raise CurationError(
            f"None of the {len(conversations):,} training examples has anything to learn within {max_length:,} tokens.",
            "Raise max_length, or check that each ends with an assistant message, pairs with two different ones.",
        )
    refuse(problems_of(train, conversations, model, tokenizer), forced=forced)
    return Prepared(
        model=model,
        tokenizer=tokenizer,
        train=train.examples,
        validation=validation.examples,
        validation_messages=[conversation_of(held_out[position]) for position in validation.positions],
        general=tokenise(general, tokenizer, max_length=max_length).examples,
        device=device,
        bf16=hardware_bf16(device) if settings.bf16 is None else settings.bf16,
        max_length=max_length,
        truncated=len(train.truncated),
        vanished=len(train.vanished),
        fingerprint=run_fingerprint(settings, [*train.examples, *validation.examples], data / STARTING_ADAPTER),
    )


def resolve_device(device: str) -> str:
    """Turn `auto` into the device that is there.

    Raises:
        CurationError: a GPU is asked for and there is none.
    """
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise CurationError("There is no CUDA GPU that torch can use.", "Set device to auto or cpu.")
    return "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"


def check_method(settings: TrainSettings, device: str) -> None:
    """Refuse a method that cannot work here, or switches that belong to another.

    Raises:
        CurationError: says why, and what to choose.
    """
    if settings.method == "qlora":
        check_quantised(settings, device)
    if settings.starts_from and settings.method != "dpo":
        raise CurationError(
            "starts_from names the run that preference training goes on with; the other methods begin with the base.",
            "Choose method dpo, or leave starts_from empty.",
        )
    if settings.method == "dpo" and settings.general_share > 0:
        raise CurationError(
            "General examples have no rejected answer and cannot be mixed into preference pairs.",
            "Set general_share to 0; a higher beta holds on to the model more firmly.",
        )
    without = {"full": "full fine-tuning has none", "prompt-tuning": "a soft prompt is none"}.get(settings.method)
    if without and (settings.dora or settings.start != "zero" or settings.lora_plus > 1):
        raise CurationError(
            f"dora, start and lora_plus are about adapters; {without}.",
            "Leave them at their defaults, or choose method lora.",
        )


def base_bits(settings: TrainSettings) -> int | None:
    """Return the bits a weight that a run's base is loaded in; None for full precision."""
    return settings.bits if settings.method == "qlora" else None


def hardware_bf16(device: str) -> bool:
    """Say whether bfloat16 products run in hardware there (else they are emulated and slow)."""
    import torch

    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return any(
        bool(getattr(torch.cpu, name, lambda: False)())
        for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    )


def longest(model: Any, settings: TrainSettings) -> int:
    """Return the longest example in tokens: as set, and no more than the model's positions leave.

    Raises:
        CurationError: a soft prompt fills them.
    """
    positions = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    if not isinstance(positions, int):
        return settings.max_length
    if settings.method == "prompt-tuning":
        positions -= settings.virtual_tokens
        if positions < LEAST_LENGTH:
            raise CurationError(
                f"A soft prompt of {settings.virtual_tokens} virtual tokens leaves no room in the model's positions.",
                "Lower virtual_tokens.",
            )
    return min(settings.max_length, positions)


def chosen(n: int, limit: int, seed: int) -> list[int]:
    """Choose at most `limit` of n positions by the seed, in ascending order."""
    if n <= limit:
        return list(range(n))
    return sorted(np.random.default_rng([seed, n]).choice(n, size=limit, replace=False).tolist())


def mixed_in(general: list[Any], n_examples: int, settings: TrainSettings) -> list[int]:
    """Choose general examples, as positions, so that they make up `general_share` of the mix.

    Raises:
        CurationError: there are none.
    """
    if not general:
        raise CurationError(
            f"general_share is {settings.general_share:g}, but the run has no general examples.",
            "Import general examples, or set general_share to 0.",
        )
    wanted = round(n_examples * settings.general_share / (1 - settings.general_share))
    return chosen(len(general), wanted, settings.seed)


def run_fingerprint(settings: TrainSettings, examples: Sequence[Any], starting_adapter: Path) -> str:
    """Hash what decides a run's course: settings, base model, starting adapter, every token and label of its data."""
    digest = hashlib.sha256()
    told = settings.model_dump(mode="json", exclude={"reason", "threads", "sample_outputs"})
    told = {name: value for name, value in told.items() if name not in ADDED or value != ADDED[name]}
    digest.update(json.dumps([told, base_fingerprint(settings.base)], sort_keys=True).encode())
    for example in examples:
        for side in example.sides:
            digest.update(np.asarray(side.tokens, dtype=np.int64).tobytes())
            digest.update(np.asarray(side.trained, dtype=bool).tobytes())
    if settings.starts_from:
        digest.update((starting_adapter / WEIGHTS).read_bytes())
    return digest.hexdigest()
