"""Base and tuned model to ask by turns: one loaded model whose adapter is switched on and off.

The base answers with the adapter off, the tuned model with the adapter added into the weights while it answers, which
are put back after that bit for bit: both give the text that a comparison of the same run gives. After full
fine-tuning the tuned model is one of its own, and two are loaded.

Not covered: several adapters at once; answering several conversations at once.
"""

import gc
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pipelines.examples import Message
from pipelines.generation.answer import Answer, answer_conversation
from pipelines.generation.settings import AnswerSettings
from pipelines.progress import Progress, no_progress
from pipelines.training.adapter import load_adapter, merged_adapter
from pipelines.training.base import load_base
from pipelines.training.prepare import resolve_device
from pipelines.training.soft_prompt import has_soft_prompt

Side = Literal["base", "tuned"]
SIDES: tuple[Side, ...] = ("base", "tuned")


class ModelPair:
    """A base model and what a run made of it; one question at a time, whichever threads ask."""

    def __init__(self, models: dict[Side, Any], tokenizers: dict[Side, Any], *, switched: bool) -> None:
        self._models, self._tokenizers, self._switched = models, tokenizers, switched
        self._lock = threading.Lock()

    def answer(
        self,
        side: Side,
        messages: Sequence[Message],
        settings: AnswerSettings | None = None,
        *,
        on_text: Callable[[str], None] | None = None,
    ) -> Answer:
        """Let one of the two answer; see `answer_conversation`.

        Raises:
            CurationError: the template refuses the conversation, or it leaves no room for an answer.
        """
        with self._lock, self._asked(side) as model:
            return answer_conversation(messages, model, self._tokenizers[side], settings, on_text=on_text)

    @contextmanager
    def _asked(self, side: Side) -> Iterator[Any]:
        model = self._models[side]
        if not self._switched:
            yield model
        elif side == "base" and has_soft_prompt(model):
            yield model.get_base_model()
        elif side == "base":
            with model.disable_adapter():
                yield model
        else:
            with merged_adapter(model):
                yield model


def load_pair(base: str, tuned: Path, *, progress: Progress = no_progress) -> ModelPair:
    """Load a base model, and the adapter or the whole model that a run made of it.

    Args:
        base: `default`, a hub name or a folder.
        tuned: the run's adapter folder, or its model folder after full fine-tuning (`config.json` in it).
        progress: told before each of the two; `Cancelled` from it passes through.

    Raises:
        CurationError: the base cannot be loaded, or the adapter is not one of it.
    """
    device = resolve_device("auto")
    progress(0.0, "Loading the base model")
    model, tokenizer = load_base(base, device=device)
    progress(0.5, "Loading the tuned model")
    if (tuned / "config.json").is_file():
        whole, own = load_base(str(tuned), device=device)
        return ModelPair({"base": model, "tuned": whole}, {"base": tokenizer, "tuned": own}, switched=False)
    both = load_adapter(model, tuned, base)
    return ModelPair({"base": both, "tuned": both}, {"base": tokenizer, "tuned": tokenizer}, switched=True)


def free_memory() -> None:
    """Give back the memory of models that nothing refers to any more."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
