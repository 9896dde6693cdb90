"""What the model answers to a few fixed prompts while it is trained: best, worst and random by the base's loss.

Not covered: judging the answers.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipelines.examples import Message, prompt_text, text_of
from pipelines.generation.generate import generate_outputs
from pipelines.generation.settings import GenerationSettings

KINDS = ("best", "worst", "random")
LONGEST_ANSWER = 96


def choose_samples(losses: np.ndarray, count: int, seed: int) -> list[tuple[str, int]]:
    """Choose the prompts: in turn the lowest loss, the highest, and one at random; each example once.

    Args:
        losses: (n,) the base's loss of each validation example.
        count: how many.
        seed: of the random ones.

    Returns:
        Kind and position of each.
    """
    order = np.argsort(losses, kind="stable").tolist()
    shuffled = np.random.default_rng([seed, len(order)]).permutation(len(order)).tolist()
    queues = {"best": order, "worst": order[::-1], "random": shuffled}
    chosen: dict[int, str] = {}
    for number in range(min(count, len(order))):
        kind = KINDS[number % len(KINDS)]
        chosen[next(position for position in queues[kind] if position not in chosen)] = kind
    return [(kind, position) for position, kind in chosen.items()]


def sample_answers(
    chosen: Sequence[tuple[str, int]], conversations: Sequence[Sequence[Message]], model: Any, tokenizer: Any
) -> list[dict[str, str]]:
    """Answer the chosen prompts greedily.

    Args:
        chosen: kind and position of each prompt.
        conversations: what the positions point into; a last assistant message is the reference.
        model: the model as it is now, in evaluation mode.
        tokenizer: its tokenizer.

    Returns:
        One object a prompt: kind, prompt, reference, text.
    """
    asked = [conversations[position] for _, position in chosen]
    settings = GenerationSettings(max_new_tokens=LONGEST_ANSWER, batch_size=max(1, len(asked)))
    texts = generate_outputs(asked, model, tokenizer, settings) if asked else []
    return [
        {
            "kind": kind,
            "prompt": prompt_text(messages),
            "reference": text_of(messages[-1].get("content")) if messages[-1].get("role") == "assistant" else "",
            "text": text,
        }
        for (kind, _), messages, text in zip(chosen, asked, texts, strict=True)
    ]
