"""A base in 4 or 8 bits, to train an adapter on (QLoRA): refused where it cannot work, and how it is loaded.

Method: bitsandbytes through transformers; 4 bits as nf4 with its scales quantised again, computed in bfloat16; 8 bits
as LLM.int8. Embeddings, head and norms are kept in float32 (peft's preparation). What a run leaves is an ordinary
adapter: comparing, serving and hand-off put it on the base in full precision.
Source: Dettmers et al. 2023, "QLoRA", arXiv 2305.14314; Dettmers et al. 2022, "LLM.int8()", arXiv 2208.07339.

Not covered: bases whose folder is quantised already; quantised full fine-tuning.
"""

from importlib.util import find_spec
from typing import Any

from pipelines.errors import CurationError
from pipelines.training.settings import TrainSettings

LIBRARY = "bitsandbytes"


def check_quantised(settings: TrainSettings, device: str) -> None:
    """Refuse QLoRA where it cannot work, before anything is loaded.

    Raises:
        CurationError: no CUDA GPU, no bitsandbytes, or a start that needs the weights in full.
    """
    if device != "cuda":
        raise CurationError(
            f"QLoRA keeps the base in {settings.bits} bits, which needs a CUDA GPU and bitsandbytes; this machine has"
            " no such GPU that torch can use, or device is cpu.",
            "Choose method lora, here or on a GPU; `workbench train PROJECT --estimate` says what each needs.",
        )
    if find_spec(LIBRARY) is None:
        raise CurationError(
            f"QLoRA keeps the base in {settings.bits} bits through bitsandbytes, which is not installed.",
            "Install it: pip install 'finetuning-workbench[qlora]'. Or choose method lora.",
        )
    if settings.start == "pissa":
        raise CurationError(
            "PiSSA starts from the directions of the weights, and a quantised base does not have them in full.",
            "Set start to zero or eva, or choose method lora.",
        )


def quantisation(bits: int) -> Any:
    """Return transformers' configuration of a base in 4 or 8 bits."""
    import torch
    from transformers import BitsAndBytesConfig

    if bits == 8:
        return BitsAndBytesConfig(load_in_8bit=True)  # type: ignore[no-untyped-call]
    return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def prepared_base(model: Any) -> Any:
    """Freeze a quantised base; what is not quantised (embeddings, head, norms) computes in float32."""
    from peft import prepare_model_for_kbit_training

    return prepare_model_for_kbit_training(model, use_gradient_checkpointing=False).eval()  # type: ignore[no-untyped-call]
