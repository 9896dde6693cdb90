"""Which training examples are nearest to a question by embeddings, none of them from the question's duplicate group.

A leak-free split keeps every duplicate of a held-out example out of the training split; an example moved by hand, or
drawn from another version, could still be one. Here groups are compared, and equal prompts, whatever the split says.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

QUESTIONS_AT_ONCE = 256
Vectors = npt.NDArray[np.float32]


def nearest_shots(
    questions: Vectors,
    train: Vectors,
    k: int,
    *,
    question_groups: Sequence[str | None],
    train_groups: Sequence[str | None],
    question_prompts: Sequence[str],
    train_prompts: Sequence[str],
) -> list[list[int]]:
    """Choose the nearest training examples of each question.

    Args:
        questions: (n, d) float32, unit rows.
        train: (m, d) float32, unit rows.
        k: examples a question, at most.
        question_groups: the duplicate group of each question; None for none.
        train_groups: the same of the training examples.
        question_prompts: the text of each question.
        train_prompts: the same of the training examples.

    Returns:
        For each question positions of training examples, the nearest last, next to the question. Equally near ones go
        by their prompts, so that the order of the training examples does not matter. Fewer than k where fewer may be
        shown; none for no training examples.
    """
    if k < 1 or not len(train):
        return [[] for _ in question_prompts]
    rank = np.empty(len(train_prompts), dtype=np.int64)
    rank[sorted(range(len(train_prompts)), key=lambda place: train_prompts[place])] = np.arange(len(train_prompts))
    found: list[list[int]] = []
    for start in range(0, len(question_prompts), QUESTIONS_AT_ONCE):
        cosines = np.round(questions[start : start + QUESTIONS_AT_ONCE] @ train.T, 6)
        for offset, row in enumerate(cosines):
            group, prompt = question_groups[start + offset], question_prompts[start + offset]
            chosen: list[int] = []
            for place in np.lexsort((rank, -row)).tolist():
                same_group = group is not None and train_groups[place] == group
                if not same_group and train_prompts[place] != prompt:
                    chosen.append(place)
                    if len(chosen) == k:
                        break
            found.append(chosen[::-1])
    return found
