"""GPUs that can be rented: a dated price file that people edit, and what a run would take and cost on each.

    {"dated": "2026-11-27", "currency": "$",
     "gpus": [{"name": "H100", "memory_gib": 80, "teraflops": 989, "hourly": 1.99}]}

Method: tokens a second = utilisation x peak / (F x parameters), with F = 6 for full fine-tuning and 4 for an adapter
(no gradients of the base), 2 more where activations are computed again. Utilisation 0.25 is what plain transformers
code reached in published runs (0.45 packed and compiled). Not covered: several GPUs that share one model; `count` GPUs
each hold the whole of it.

Source: peak rates are the vendors' for dense bfloat16.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from pipelines.errors import CurationError
from pipelines.training.memory import GIB, Memory, Method, ModelShape

FLOPS_A_PARAMETER: dict[Method, int] = {"full": 6, "lora": 4, "qlora": 4}
UTILISATION = 0.25
# A driver's own context, and what fragmentation leaves unused.
CONTEXT_BYTES = 1.0 * GIB
FRAGMENTATION = 1.1
PACKAGED = Path(__file__).with_name("gpu_prices.json")


class Gpu(BaseModel, frozen=True, extra="forbid", allow_inf_nan=False):
    """A GPU that can be rented."""

    name: str = Field(min_length=1, max_length=100, description="Name.")
    memory_gib: float = Field(gt=0, le=100_000, description="Memory of one GPU, in GiB.")
    teraflops: float = Field(gt=0, le=1_000_000, description="Peak rate of one GPU, dense bfloat16, in 1e12 a second.")
    hourly: float = Field(ge=0, le=1_000_000, description="Price of all of them for an hour.")
    count: int = Field(1, ge=1, le=10_000, description="GPUs that come together.")


class GpuPrices(BaseModel, frozen=True, extra="forbid"):
    """The price file."""

    dated: str = Field(min_length=4, max_length=40, description="When the prices were written down.")
    currency: str = Field("$", max_length=8, description="Currency of the prices.")
    gpus: tuple[Gpu, ...] = Field(min_length=1, description="What can be rented.")


@dataclass(frozen=True)
class GpuEstimate:
    """What a run takes on one GPU. Memory in bytes with the driver's share; cost in the file's currency."""

    gpu: str
    method: Method
    memory: float
    available: float
    fits: bool
    seconds: float
    cost: float


def read_prices(path: Path = PACKAGED) -> GpuPrices:
    """Read a price file.

    Raises:
        CurationError: it is missing or holds something else; names the field.
    """
    remedy = "Mend the file, or remove it to get the packaged prices."
    try:
        return GpuPrices.model_validate(json.loads(path.read_text("utf-8")))
    except OSError as error:
        raise CurationError(f"The price file '{path.name}' cannot be read: {error.strerror}.", remedy) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CurationError(f"The price file '{path.name}': {where}: {first['msg']}.", remedy) from error
    except ValueError as error:
        raise CurationError(f"The price file '{path.name}' is no JSON: {error}.", remedy) from error


def on_gpu(gpu: Gpu, shape: ModelShape, method: Method, memory: Memory, padded_tokens: float) -> GpuEstimate:
    """Estimate a run on one GPU.

    Args:
        gpu: the GPU.
        shape: the base model.
        method: full, lora or qlora.
        memory: the run's peak by `peak_memory`.
        padded_tokens: tokens computed in training, padding included, over all epochs.
    """
    needed = memory.peak * FRAGMENTATION + CONTEXT_BYTES
    available = gpu.memory_gib * GIB
    rate = UTILISATION * gpu.teraflops * 1e12 * gpu.count / (FLOPS_A_PARAMETER[method] * shape.parameters)
    seconds = padded_tokens / rate
    return GpuEstimate(gpu.name, method, needed, available, needed <= available, seconds, seconds / 3600 * gpu.hourly)
