"""The kinds of documents that the corpus is mixed from; each is one function from a random generator to messages.

What is covered: notes to JSON objects and to single labels (`notes.py`), letters of clubs, small-world stories and
questions about them (`tales.py`), copies, look-up, extraction, lists, small sums, spelling (`exercises.py`), other
instruction formats. What is not: the two sample tasks, their names, keys and labels (`purity.py` checks it).
"""

import random
from collections.abc import Callable

from sample_data.pretraining.exercises import (
    copy_codes,
    copy_long,
    copy_text,
    extract,
    lists,
    look_up,
    respell,
    small_sum,
    word_row,
)
from sample_data.pretraining.notes import invented_labels, note_to_label, note_to_object, topic_form
from sample_data.pretraining.sentences import Messages, turn
from sample_data.pretraining.tales import letter, story, story_question

Skill = Callable[[random.Random], Messages]


def other_format(rng: random.Random) -> Messages:
    """Write another document as the plain text of other instruction formats."""
    inner = rng.choice((story_question, look_up, lists, letter, note_to_label, extract))(rng)
    question, answer = inner[-2]["content"], inner[-1]["content"]
    form = rng.randrange(3)
    if form == 0:
        return turn(f"### Instruction:\n{question}\n\n### Response:", answer)
    if form == 1:
        return turn(f"Q: {question}\nA:", answer)
    return turn(
        question,
        answer,
        rng.choice(("Answer the question.", "You are a helpful assistant.", "Be brief.", "Answer as well as you can.")),
    )


# Shares of documents. Most are notes, since what tuning needs most is to read labels off phrases; the second stage has
# more to copy, since that is learned last and names and products are copied in most replies.
FIRST_MIX: dict[Skill, float] = {
    note_to_object: 0.20,
    topic_form: 0.12,
    note_to_label: 0.09,
    invented_labels: 0.06,
    letter: 0.12,
    story: 0.03,
    story_question: 0.04,
    copy_text: 0.05,
    copy_codes: 0.04,
    word_row: 0.10,
    look_up: 0.05,
    extract: 0.04,
    lists: 0.03,
    small_sum: 0.01,
    respell: 0.02,
    other_format: 0.03,
}
SECOND_MIX: dict[Skill, float] = {
    note_to_object: 0.17,
    topic_form: 0.12,
    note_to_label: 0.04,
    invented_labels: 0.05,
    letter: 0.16,
    story_question: 0.03,
    copy_text: 0.04,
    copy_codes: 0.04,
    copy_long: 0.16,
    word_row: 0.06,
    look_up: 0.05,
    extract: 0.04,
    lists: 0.02,
    respell: 0.02,
    other_format: 0.03,
}
