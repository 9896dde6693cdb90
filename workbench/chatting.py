"""Talk with base and tuned model side by side: the same questions to both, each with its own answers before them.

Only what a person types is asked. No example of the project is read but the system prompt that a run's training data
share; nothing of a conversation is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.errors import CurationError
from pipelines.examples import Message
from pipelines.progress import Cancelled, Progress, no_progress
from workbench.run_prompts import training_examples, usual_system
from workbench.settings import checked_settings
from workbench.store.store import Store
from workbench.training import RunView, Training

if TYPE_CHECKING:
    from pipelines.generation.pair import ModelPair
    from pipelines.generation.settings import AnswerSettings

# Training examples that are read for the system prompt that they share.
LOOKED_AT = 1000


@dataclass
class Turn:
    """A question with the answers so far, by side; `stopped` where somebody cancelled before the last was whole."""

    prompt: str
    answers: dict[str, str] = field(default_factory=dict)
    stopped: bool = False


@dataclass
class Conversation:
    """Turns with base and tuned model; `asked` is the one that is being answered."""

    turns: list[Turn] = field(default_factory=list)
    asked: Turn | None = None

    def messages(self, side: str, system: str, prompt: str) -> list[Message]:
        """Return what one side is asked: the system prompt, the turns with its own answers, the question."""
        messages: list[Message] = [{"role": "system", "content": system}] if system.strip() else []
        for turn in self.turns:
            messages.append({"role": "user", "content": turn.prompt})
            messages.append({"role": "assistant", "content": turn.answers.get(side, "")})
        return [*messages, {"role": "user", "content": prompt}]


class ChatModels:
    """A run's base and tuned model: loaded with the first question, kept until closed."""

    def __init__(self, base: str, tuned: Path) -> None:
        self._base, self._tuned = base, tuned
        self._pair: ModelPair | None = None
        self.closed = False

    @property
    def loaded(self) -> bool:
        """Whether they are in memory."""
        return self._pair is not None

    def pair(self, progress: Progress) -> ModelPair:
        """Return the models, loading them the first time.

        Raises:
            CurationError: one of them cannot be loaded.
        """
        from pipelines.generation.pair import load_pair

        if self._pair is None:
            self._pair = load_pair(self._base, self._tuned, progress=progress)
        return self._pair

    def release(self) -> None:
        """Give the memory back; the next question loads the models again."""
        if self._pair is not None:
            from pipelines.generation.pair import free_memory

            self._pair = None
            free_memory()

    def close(self) -> None:
        """Give the memory back for good; whoever is being answered is stopped."""
        self.closed = True
        self.release()


class Chatting:
    """Finds the runs that can be talked with, and asks them."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._folder = folder / "runs"
        self._training = Training(store, folder)

    def runs(self) -> list[RunView]:
        """Return the runs that are over and left a model: those on curated data first, the newest of each first."""
        ended = [run for run in self._training.runs() if run.state in {"finished", "cancelled"}]
        return sorted(filter(self._has_model, ended), key=lambda run: run.data != "curated")

    def _has_model(self, run: RunView) -> bool:
        try:
            self._training.adapter(run.run_id)
        except CurationError:
            return False
        return True

    def models(self, run_id: str) -> ChatModels:
        """Return a run's models, not loaded yet.

        Raises:
            CurationError: no such run, or it has no model.
        """
        return ChatModels(self._training.run(run_id).base, self._training.adapter(run_id))

    def system(self, run_id: str) -> str:
        """Return the system prompt that most of a run's training examples share, or ''."""
        return usual_system(training_examples(self._folder / self._training.run(run_id).run_id, LOOKED_AT))

    def settings(self, values: dict[str, Any] | None = None) -> AnswerSettings:
        """Return how questions are answered: greedily unless said otherwise.

        Raises:
            CurationError: an unknown setting, or a value out of its bounds.
        """
        from pipelines.generation.settings import AnswerSettings

        return checked_settings(AnswerSettings, values or {}, "chat")

    def ask(
        self,
        models: ChatModels,
        conversation: Conversation,
        prompt: str,
        *,
        system: str = "",
        settings: AnswerSettings | None = None,
        progress: Progress = no_progress,
    ) -> Turn:
        """Put one question to base and tuned model, and its answers into the conversation.

        A question that is cancelled after an answer has begun stays with what was said; before that, or on an error,
        the conversation is as it was.

        Raises:
            CurationError: nothing was asked, a model cannot be loaded, or the conversation has grown too long for it.
        """
        from pipelines.generation.pair import SIDES

        if not prompt.strip():
            raise CurationError("Nothing was asked.", "Type a question.")
        if conversation.asked is not None:
            raise CurationError("The question before is still being answered.", "Wait for it, or cancel it first.")
        turn = conversation.asked = Turn(prompt)

        def tell(share: float, message: str) -> None:
            if models.closed:
                raise Cancelled
            progress(share, message)

        def written_by(side: str, share: float) -> Callable[[str], None]:
            def written(text: str) -> None:
                turn.answers[side] = text
                tell(share, f"The {side} model answers")

            return written

        try:
            pair = models.pair(tell)
            for place, side in enumerate(SIDES):
                written = written_by(side, place / len(SIDES))
                asked = conversation.messages(side, system, prompt)
                turn.answers[side] = pair.answer(side, asked, settings, on_text=written).text
            conversation.turns.append(turn)
        except Cancelled:
            turn.stopped = True
            if any(turn.answers.values()):
                conversation.turns.append(turn)
            raise
        except CurationError as error:
            if conversation.turns and "leaves no room" in error.message:
                raise CurationError(error.message, "Begin a new conversation, or ask something shorter.") from error
            raise
        finally:
            conversation.asked = None
        return turn
