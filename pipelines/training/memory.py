"""Peak memory of a training run, from the model's shape and the batch, before anything is loaded.

Method: the maximum over two phases, not a sum, since activations and gradients of a full fine-tuning peak at different
times: after the forward pass (weights, optimiser, activations, logits; an adapter's gradients as well) and after the
backward pass (weights, gradients, optimiser). All sizes in bytes.

    weights      2 a parameter in bfloat16; 4-bit: 2 for the embeddings (4 here: `quantised.py`), 0.516 for the rest
    activations  layers x tokens x hidden x c, with c = 22 + 10 M/H (compiled: 11 + 9 M/H); with checkpointing
                 2 x layers x tokens x hidden and one layer of the above
    logits       10 x positions x vocabulary; an eighth where the loss is computed in chunks

Source: this project's own fit to twelve published peaks (torchtune README at bd2a0fc, peft's method comparison at
5d602fd); mean absolute error 8.3 % on them. c and the 10 bytes were chosen looking at five of the twelve, so expect
more than that on other models. What a driver shows is higher by its own context and by fragmentation.

Not covered: attention without a memory-efficient kernel, several devices that share one model.
"""

from dataclasses import dataclass
from typing import Any, Literal

Method = Literal["full", "lora", "qlora"]
BYTES_A_QUANTISED_PARAMETER = 0.516
# LLM.int8: a byte a weight; its scale a row of thousands of weights is not counted.
BYTES_IN_EIGHT_BITS = 1.0
LOGIT_BYTES = 10
CHUNKS = 8
GIB = 1 << 30


@dataclass(frozen=True)
class ModelShape:
    """What of a model decides its memory and its time."""

    parameters: int
    embedding_parameters: int
    layers: int
    hidden: int
    intermediate: int
    vocabulary: int


@dataclass(frozen=True)
class Batch:
    """What is computed at once: padded tokens, and positions whose logits are needed (all of them in most trainers)."""

    tokens: int
    logit_positions: int


@dataclass(frozen=True)
class Plan:
    """How a run computes. Bytes are of one value: weight, trained weight's gradient, one of two optimiser states."""

    method: Method = "lora"
    trainable: int = 0
    weight_bytes: float = 2
    activation_bytes: float = 2
    gradient_bytes: float = 2
    state_bytes: float = 2
    checkpointing: bool = False
    compiled: bool = False
    chunked_loss: bool = False
    fused_backward: bool = False
    bits: int = 4
    """Of a quantised base's weights."""
    embedding_bytes: float = 2
    """Of its embeddings, which are not quantised."""


@dataclass(frozen=True)
class Memory:
    """Peak memory in bytes, and its parts."""

    weights: float
    gradients: float
    optimiser: float
    activations: float
    logits: float
    peak: float


def peak_memory(shape: ModelShape, batch: Batch, plan: Plan) -> Memory:
    """Estimate the peak of a run.

    Args:
        shape: the base model's shape.
        batch: the largest batch that is computed at once.
        plan: method and number formats; the published peaks are those of bfloat16.
    """
    weights = plan.weight_bytes * shape.parameters
    if plan.method == "qlora":
        rest = shape.parameters - shape.embedding_parameters
        each_weight = BYTES_A_QUANTISED_PARAMETER if plan.bits == 4 else BYTES_IN_EIGHT_BITS
        weights = plan.embedding_bytes * shape.embedding_parameters + each_weight * rest
    adapter = 0.0 if plan.method == "full" else plan.trainable * plan.weight_bytes
    trained = shape.parameters if plan.method == "full" else plan.trainable
    gradients = 0.0 if plan.fused_backward else trained * plan.gradient_bytes
    optimiser = trained * 2 * plan.state_bytes
    wide = shape.intermediate / shape.hidden
    each = 11 + 9 * wide if plan.compiled else 22 + 10 * wide
    layer = batch.tokens * shape.hidden * plan.activation_bytes / 2
    activations = shape.layers * layer * each
    if plan.checkpointing:
        activations = 2 * shape.layers * layer + layer * each
    if plan.method == "qlora":  # one matrix at a time is put back into bfloat16
        activations += 2 * shape.hidden * shape.intermediate
    logits = LOGIT_BYTES * batch.logit_positions * shape.vocabulary / (CHUNKS if plan.chunked_loss else 1)
    forward = weights + adapter + optimiser + (gradients if plan.method != "full" else 0) + activations + logits
    return Memory(
        weights + adapter,
        gradients,
        optimiser,
        activations,
        logits,
        max(forward, weights + adapter + gradients + optimiser),
    )


def shape_of(model: Any) -> ModelShape:
    """Read a model's shape; its weights may be on the meta device."""
    config = model.config.get_text_config()
    embeddings = [model.get_input_embeddings(), model.get_output_embeddings()]
    weights = {id(part.weight): part.weight.numel() for part in embeddings if part is not None}
    return ModelShape(
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        embedding_parameters=sum(weights.values()),
        layers=int(config.num_hidden_layers),
        hidden=int(config.hidden_size),
        intermediate=int(getattr(config, "intermediate_size", None) or 4 * config.hidden_size),
        vocabulary=int(config.vocab_size),
    )


def adapter_parameters(model: Any, rank: int, targets: str) -> int:
    """Count the parameters of a LoRA adapter: rank x (inputs + outputs) of every linear layer that gets one."""
    import torch

    names = {name.strip() for name in targets.split(",")}
    head = model.get_output_embeddings()
    layers = [
        part
        for name, part in model.named_modules()
        if isinstance(part, torch.nn.Linear)
        and part is not head
        and (targets == "all-linear" or name.rsplit(".", 1)[-1] in names)
    ]
    return sum(rank * (layer.in_features + layer.out_features) for layer in layers)
