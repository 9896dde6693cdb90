"""What a run will take: memory, time and cost, on this machine and on rented GPUs, before it starts.

The base is read without its weights, the data are tokenised as in the run, so that lengths, padding and trained tokens
are exact. Memory follows `memory.py`, time on GPUs `gpus.py`; time on this machine is measured by a few real steps
(`preflight.py`) and handed in. Where memory is short, the estimate says which setting to change, and to what.

Not covered: what else the machine does meanwhile; validation on GPUs (a tenth is added).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipelines.errors import CurationError
from pipelines.training.base import LARGE_MODEL_PARAMETERS, load_outline
from pipelines.training.batches import computed_tokens, first_batches, split_by_memory
from pipelines.training.data import TokenisedData
from pipelines.training.gpus import GpuEstimate, GpuPrices, on_gpu
from pipelines.training.memory import (
    GIB,
    Batch,
    Memory,
    Method,
    ModelShape,
    Plan,
    adapter_parameters,
    peak_memory,
    shape_of,
)
from pipelines.training.pairs import PairData, tokenise_for
from pipelines.training.prepare import hardware_bf16, longest, resolve_device
from pipelines.training.schedule import EVALUATION_SHARE
from pipelines.training.settings import TrainSettings

# What Python and torch take on a processor before a model is loaded: measured 0.45 to 0.6 GiB.
RUNTIME_BYTES = 0.6 * GIB
METHODS: tuple[Method, ...] = ("full", "lora", "qlora")
LEAST_MEMORY_TOKENS = 16


@dataclass(frozen=True)
class Estimate:
    """What a run will take. Memory in bytes."""

    shape: ModelShape
    trainable: int
    tokens: int
    """Real tokens of one epoch."""
    padded_tokens: int
    """Computed tokens of one epoch, padding included."""
    batch: Batch
    here: Memory
    here_needed: float
    here_available: float
    here_seconds: float | None
    """Measured on this machine; None where it was not."""
    advice: list[str]
    gpus: list[GpuEstimate]
    prices_dated: str
    currency: str

    @property
    def fits_here(self) -> bool:
        """Whether this machine has the memory."""
        return self.here_needed <= self.here_available


def estimate_run(
    source: Sequence[Any],
    settings: TrainSettings,
    prices: GpuPrices,
    *,
    available: float,
    seconds_here: float | None = None,
) -> Estimate:
    """Estimate a run.

    Args:
        source: the training examples: conversations, or a `Pair` each for preference training.
        settings: the run's settings.
        prices: what GPUs cost.
        available: memory that is free on this machine, in bytes.
        seconds_here: measured time of the whole run on this machine.

    Raises:
        CurationError: the base model cannot be used, or there is nothing to learn from.
    """
    model, tokenizer = load_outline(settings.base)
    data = tokenise_for(settings, source, tokenizer, max_length=longest(model, settings))
    if not data.examples:
        raise CurationError("No example has anything to learn.", "Keep examples that end with an assistant message.")
    shape = shape_of(model)
    trainable = adapter_parameters(model, settings.rank, settings.targets)
    if settings.method == "prompt-tuning":
        trainable = settings.virtual_tokens * shape.hidden
    elif settings.method == "full":
        trainable = shape.parameters
    batch = largest_batch(data, settings)
    padded = _padded_tokens(data, settings)
    plan = plan_here(shape, trainable, settings)
    here = peak_memory(shape, batch, plan)
    needed = here.peak + RUNTIME_BYTES
    rows = []
    for gpu in prices.gpus:
        for method in METHODS:
            memory = peak_memory(shape, batch, _plan_on_gpu(method, trainable))
            rows.append(on_gpu(gpu, shape, method, memory, padded * settings.epochs * (1 + EVALUATION_SHARE)))
    return Estimate(
        shape=shape,
        trainable=trainable,
        tokens=data.tokens,
        padded_tokens=padded,
        batch=batch,
        here=here,
        here_needed=needed,
        here_available=available,
        here_seconds=seconds_here,
        advice=advice(shape, data, settings, plan, available) if needed > available else [],
        gpus=rows,
        prices_dated=prices.dated,
        currency=prices.currency,
    )


def largest_batch(data: TokenisedData | PairData, settings: TrainSettings) -> Batch:
    """Return the largest batch that is computed at once in the first epoch."""
    examples = data.examples
    lengths = [example.size for example in examples]
    parts = _parts(lengths, settings)
    return Batch(
        tokens=max(computed_tokens(part, lengths, settings) for part in parts),
        logit_positions=max(sum(examples[index].supervised for index in part) for part in parts),
    )


def plan_here(shape: ModelShape, trainable: int, settings: TrainSettings) -> Plan:
    """Say how this trainer computes on this machine: adapters and their states in float32, a whole model in its own."""
    device = resolve_device(settings.device)
    wide = device == "cpu" and shape.parameters < LARGE_MODEL_PARAMETERS
    bf16 = hardware_bf16(device) if settings.bf16 is None else settings.bf16
    quantised = settings.method == "qlora" and device == "cuda"
    whole = settings.method == "full"
    own = 2 if whole and not wide else 4
    return Plan(
        method="qlora" if quantised else "full" if whole else "lora",
        bits=settings.bits,
        embedding_bytes=4,
        trainable=trainable,
        weight_bytes=4 if wide else 2,
        activation_bytes=2 if bf16 or not wide else 4,
        gradient_bytes=own,
        state_bytes=own,
    )


def advice(
    shape: ModelShape, data: TokenisedData | PairData, settings: TrainSettings, plan: Plan, available: float
) -> list[str]:
    """Say which setting to change, and to what, so that a run fits; the first that is enough comes alone.

    Args:
        shape: the base model.
        data: the tokenised examples.
        settings: the run's settings.
        plan: how it computes.
        available: memory in bytes.
    """

    def fits(changed: TrainSettings, cut: int | None = None) -> bool:
        shorter = data if cut is None else _cut(data, cut)
        return peak_memory(shape, largest_batch(shorter, changed), plan).peak + RUNTIME_BYTES <= available

    tokens = min(settings.memory_tokens, largest_batch(data, settings).tokens)
    while (tokens := tokens // 2) >= LEAST_MEMORY_TOKENS:
        changed = settings.model_copy(update={"memory_tokens": tokens})
        if fits(changed):
            return [f"Set memory_tokens to {tokens:,}: batches are then computed in parts, with the same result."]
    least = settings.model_copy(update={"memory_tokens": LEAST_MEMORY_TOKENS})
    length = max(len(side.tokens) for example in data.examples for side in example.sides)
    while (length := length // 2) >= LEAST_MEMORY_TOKENS:
        if fits(least, length):
            return [
                f"Set max_length to {length:,} and memory_tokens to {length:,}: longer examples are then cut.",
                "Or use a smaller base model, or a machine with more memory.",
            ]
    gib = (peak_memory(shape, Batch(0, 0), plan).peak + RUNTIME_BYTES) / GIB
    return [f"The model alone needs {gib:.1f} GiB: use a smaller base model, or a machine with more memory."]


def _plan_on_gpu(method: Method, trainable: int) -> Plan:
    """How this trainer would compute there: bfloat16 weights, an adapter's own values in float32."""
    own = 2 if method == "full" else 4
    return Plan(method=method, trainable=trainable, gradient_bytes=own, state_bytes=own, embedding_bytes=4)


def _parts(lengths: Sequence[int], settings: TrainSettings) -> list[list[int]]:
    batches = first_batches(lengths, settings)
    return [part for batch in batches for part in split_by_memory(batch, lengths, settings.memory_tokens)]


def _padded_tokens(data: TokenisedData | PairData, settings: TrainSettings) -> int:
    lengths = [example.size for example in data.examples]
    return sum(computed_tokens(part, lengths, settings) for part in _parts(lengths, settings))


def _cut(data: TokenisedData | PairData, length: int) -> TokenisedData | PairData:
    if isinstance(data, PairData):
        return replace(data, examples=[pair.cut(length) for pair in data.examples])
    return replace(data, examples=[example.cut(length) for example in data.examples])
