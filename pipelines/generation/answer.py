"""Answer one conversation and tell the text while it grows.

Greedy by default, by the same computation as `generate.py`, so that the text is the same. With a temperature T tokens
are drawn from softmax(logits / T), with top_p only from the most likely ones that together hold that share (Holtzman et
al., "The Curious Case of Neural Text Degeneration", 2020), by a seed.

Not covered: several conversations at once (`generate.py`), tools.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.examples import Message
from pipelines.generation.generate import answer_tokens, check_room, end_tokens, prompt_tokens
from pipelines.generation.settings import AnswerSettings

# What a decoder writes for bytes that are not a whole character yet.
_UNFINISHED = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Answer:
    """A text with what it took; `ended` says that the model, or a stop text, ended it and not the limit."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    ended: bool


def answer_conversation(
    messages: Sequence[Message],
    model: Any,
    tokenizer: Any,
    settings: AnswerSettings | None = None,
    *,
    on_text: Callable[[str], None] | None = None,
) -> Answer:
    """Answer a conversation; its last assistant message, if it ends with one, is not shown to the model.

    Args:
        messages: with `role` and `content`.
        model: a causal language model, with or without adapter.
        tokenizer: its tokenizer, with a chat template.
        settings: longest answer, temperature, stop texts.
        on_text: told the whole text so far after each token, never with half a character or a stop text that may be
            beginning; what it raises passes through and ends the answer.

    Raises:
        CurationError: the template refuses the conversation, or it leaves no room in the model's positions.
    """
    settings = settings or AnswerSettings()
    prompt = prompt_tokens(messages, tokenizer)
    check_room([prompt], model)
    stopped = False

    def decoded(tokens: list[int]) -> str:
        return str(tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def step(answers: list[list[int]]) -> bool:
        nonlocal stopped
        if on_text is None and not settings.stop:
            return True
        text = decoded(answers[0])
        stopped = _cut(text, settings.stop) is not None
        if on_text is not None and not stopped:
            on_text(_certain(text, settings.stop))
        return not stopped

    last = -1
    ends = end_tokens(model, tokenizer)
    choose = _chooser(settings)

    def choose_and_note(logits: Any) -> Any:
        nonlocal last
        following = choose(logits)
        last = int(following[0])
        return following

    (tokens,) = answer_tokens([prompt], model, ends, settings.max_new_tokens, choose=choose_and_note, on_step=step)
    text = decoded(tokens)
    text = text if (cut := _cut(text, settings.stop)) is None else cut
    if on_text is not None:
        on_text(text)
    return Answer(text, len(prompt), len(tokens), stopped or last in ends)


def _cut(text: str, stops: Sequence[str]) -> str | None:
    """Return the text before the first stop text, or None where there is none."""
    places = [place for stop in stops if stop and (place := text.find(stop)) >= 0]
    return text[: min(places)] if places else None


def _certain(text: str, stops: Sequence[str]) -> str:
    """Return what no later token will change: no half character, no beginning of a stop text."""
    text = text.rstrip(_UNFINISHED)
    beginnings = (size for stop in stops for size in range(1, len(stop)) if text.endswith(stop[:size]))
    held = max(beginnings, default=0)
    return text[: len(text) - held]


def _chooser(settings: AnswerSettings) -> Callable[[Any], Any]:
    """Return what takes logits (1, vocabulary) to the next token's id (1,)."""
    import torch

    if settings.temperature == 0:
        return lambda logits: logits.argmax(-1)

    generator = torch.Generator().manual_seed(settings.seed)

    def choose(logits: Any) -> Any:
        shares = (logits.float().cpu() / settings.temperature).softmax(-1)
        ordered, places = shares.sort(-1, descending=True)
        outside = ordered.cumsum(-1) - ordered >= settings.top_p
        shares = torch.zeros_like(shares).scatter(-1, places, ordered.masked_fill(outside, 0.0))
        return torch.multinomial(shares, 1, generator=generator)[:, 0].to(logits.device)

    return choose
