"""One model to serve: a run's tuned model, or its base with a prompt where the tuned one cannot be loaded.

The prompt is the system prompt that the run's training examples share, for conversations that bring none, and the
training examples most alike to what is asked, as `few_shot.py` chooses them.

Not covered: answering several conversations at once; several adapters.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.errors import CurationError
from pipelines.examples import Message
from pipelines.generation.answer import Answer, answer_conversation
from pipelines.generation.few_shot import few_shot_messages
from pipelines.generation.generate import position_limit, prompt_tokens
from pipelines.generation.settings import AnswerSettings
from pipelines.training.adapter import load_adapter
from pipelines.training.base import load_base
from pipelines.training.prepare import resolve_device
from pipelines.training.soft_prompt import has_soft_prompt

# Room that shown examples leave for an answer, in tokens.
LEAST_ROOM = 128


@dataclass
class ServedModel:
    """A loaded model with what stands before each conversation; it answers one at a time, whichever threads ask."""

    model: Any
    tokenizer: Any
    system: str = ""
    examples: Sequence[Sequence[Message]] = ()
    shots: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(
        self,
        messages: Sequence[Message],
        settings: AnswerSettings | None = None,
        *,
        on_text: Callable[[str], None] | None = None,
    ) -> Answer:
        """Answer a conversation; see `answer_conversation`.

        Raises:
            CurationError: the template refuses it, or it leaves no room for an answer.
        """
        asked = self.prompted(messages)
        with self.lock:
            return answer_conversation(asked, self.model, self.tokenizer, settings, on_text=on_text)

    def prompted(self, messages: Sequence[Message]) -> list[Message]:
        """Return a conversation as the model gets it: with system prompt and examples before it, where there are."""
        asked = list(messages)
        if self.system and not any(message.get("role") == "system" for message in asked):
            asked = [{"role": "system", "content": self.system}, *asked]
        if not self.shots or not self.examples:
            return asked
        limit = position_limit(self.model)

        def fits(prompt: list[Message]) -> bool:
            return limit is None or len(prompt_tokens(prompt, self.tokenizer)) + LEAST_ROOM <= limit

        return few_shot_messages(self.examples, asked, self.shots, fits=fits)


def load_tuned(base: str, tuned: Path) -> ServedModel:
    """Load a run's model, its adapter added into the weights; a soft prompt stays before them.

    Args:
        base: the run's base: `default`, a hub name or a folder.
        tuned: the run's adapter folder, or its model folder after full fine-tuning (`config.json` in it).

    Raises:
        CurationError: the base or the adapter cannot be loaded, or they do not belong together.
    """
    device = resolve_device("auto")
    if (tuned / "config.json").is_file():
        return ServedModel(*load_base(str(tuned), device=device))
    if not (tuned / "adapter_config.json").is_file():
        raise CurationError(f"There is no adapter in '{tuned}'.", "Wait until the run has finished, or resume it.")
    model, tokenizer = load_base(base, device=device)
    model = load_adapter(model, tuned, base)
    return ServedModel(model if has_soft_prompt(model) else model.merge_and_unload(), tokenizer)


def load_prompted(base: str, system: str, examples: Sequence[Sequence[Message]], shots: int) -> ServedModel:
    """Load a base model to be asked with a prompt.

    Args:
        base: `default`, a hub name or a folder.
        system: for conversations without a system prompt; '' for none.
        examples: training conversations that may be shown.
        shots: how many are, at most; fewer where they would not fit.

    Raises:
        CurationError: the base cannot be loaded.
    """
    model, tokenizer = load_base(base, device=resolve_device("auto"))
    return ServedModel(model, tokenizer, system, examples, shots)
