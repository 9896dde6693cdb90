"""Few-shot prompts: training examples shown before the question.

Method: for each conversation the k training examples whose prompts are most alike (cosine of TF-IDF over words and word
pairs), the most alike last, next to the question. Retrieval makes this a strong variant: it needs no list of tasks, and
a tuned model that beats it beats more than a fixed prompt. Only training examples are shown, never one whose prompt
equals the question's; a leak-free split keeps every duplicate of a held-out example out of the training split.

Not covered: tuning k or the order; fitting shots to a model's context beyond leaving some out (`that_fit`).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pipelines.examples import Message, prompt_text

NEAREST_AT_ONCE = 256


def few_shot_messages(
    train: Sequence[Sequence[Message]],
    conversation: Sequence[Message],
    k: int,
    seed: int = 0,
    fits: Callable[[list[Message]], bool] | None = None,
) -> list[Message]:
    """Put k training examples before one conversation. For many conversations use `few_shot_conversations`."""
    return few_shot_conversations(train, [conversation], k, seed=seed, fits=fits)[0]


def few_shot_conversations(
    train: Sequence[Sequence[Message]],
    conversations: Sequence[Sequence[Message]],
    k: int,
    *,
    seed: int = 0,
    fits: Callable[[list[Message]], bool] | None = None,
    nearest: Sequence[Sequence[int]] | None = None,
) -> list[list[Message]]:
    """Put the k most alike training examples before each conversation.

    Args:
        train: training conversations, each ending with an assistant message.
        conversations: what is asked; a last assistant message is left out.
        k: examples shown, at most.
        seed: decides between equally alike examples, whatever their order.
        fits: says whether a prompt has room in the model; the least alike examples are left out until it does.
        nearest: positions of the training examples for each conversation, the most alike last, where they were chosen
            before (`pipelines.generation.retrieved`); else they are found by their words.

    Returns:
        For each conversation its system messages, the examples as user and assistant turns, then the question. An
        example's system message is left out: the question's stands for all.
    """
    questions = [_question(conversation) for conversation in conversations]
    if k <= 0 or not train:
        return questions
    if nearest is None:
        nearest = _nearest([prompt_text(example) for example in train], [prompt_text(q) for q in questions], k, seed)
    prompts: list[list[Message]] = []
    for question, shots in zip(questions, nearest, strict=True):
        system = [message for message in question if message.get("role") == "system"]
        asked = [message for message in question if message.get("role") != "system"]
        for first in range(len(shots) + 1):
            shown = [m for shot in shots[first:] for m in train[shot] if m.get("role") != "system"]
            prompt = [*system, *shown, *asked]
            if fits is None or fits(prompt):
                break
        prompts.append(prompt)
    return prompts


def _question(conversation: Sequence[Message]) -> list[Message]:
    messages = list(conversation)
    return messages[:-1] if messages and messages[-1].get("role") == "assistant" else messages


def _nearest(train: list[str], questions: list[str], k: int, seed: int) -> list[list[int]]:
    """Return for each question the positions of its k most alike training prompts, the most alike last."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\S+")
    try:
        known: Any = vectorizer.fit_transform(train)
    except ValueError:  # not one word in all of the training prompts
        return [[] for _ in questions]
    # Ties go by a seeded rank of the text, so that the order of the training examples does not matter.
    distinct = sorted(set(train))
    rank = dict(zip(distinct, np.random.default_rng(seed).permutation(len(distinct)).tolist(), strict=True))
    ranks = np.array([rank[text] for text in train])
    found: list[list[int]] = []
    for start in range(0, len(questions), NEAREST_AT_ONCE):
        chunk = questions[start : start + NEAREST_AT_ONCE]
        alike = (vectorizer.transform(chunk) @ known.T).toarray()
        for question, row in zip(chunk, alike, strict=True):
            order = np.lexsort((ranks, -np.round(row, 9)))
            shots = [index for index in order.tolist() if train[index] != question][:k]
            found.append(shots[::-1])
    return found
