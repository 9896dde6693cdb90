r"""Notes on everyday topics, and what is asked of them: a JSON object, one label, labels told by the context.

[{"role": "user", "content": "Fill in animal, coat, age.\nIts plumage was fluffed up. ..."},
{"role": "assistant", "content": '{"animal": "stork", "coat": "feathers", "age": "young"}'}]
"""

import json
import random

from sample_data.pretraining import words
from sample_data.pretraining.aspects import ASPECTS, TOPICS
from sample_data.pretraining.sentences import (
    Messages,
    capital,
    identifier,
    misspell,
    sentence,
    turn,
)


def note(rng: random.Random, topic: str, keys: list[str]) -> tuple[str, dict[str, str]]:
    """Write a note on a topic that tells one value of each key, in any order, between other remarks."""
    subjects = TOPICS[topic][0]
    labels = {topic: rng.choice(subjects)}
    lines = [
        rng.choice(
            ("About the {s}", "Here is my note on the {s}", "The {s}", "{s}", "I write of the {s}", "A word on the {s}")
        ).format(s=labels[topic])
    ]
    told = []
    for key in keys:
        labels[key] = rng.choice(list(ASPECTS[key]))
        told.append(rng.choice(ASPECTS[key][labels[key]]))
    if rng.random() < 0.7:
        told.append(
            rng.choice(
                (rng.choice(words.SAYINGS).rstrip("."), sentence(rng).rstrip("."), f"the number was {identifier(rng)}")
            )
        )
    rng.shuffle(told)
    if rng.random() < 0.6:
        told.insert(rng.randrange(len(told) + 1), lines[0])
    else:
        told.insert(0, lines[0])
    text = ""
    for part in told:
        joiner = rng.choice((". ", ". ", ". ", ", ", " and ", "! ", " - ")) if text else ""
        text += joiner + (capital(part) if joiner[:1] in ".!" or not text else part)
    text = text + rng.choice((".", ".", "", "!"))
    if rng.random() < 0.25:
        text = misspell(rng, text, 0.015)
    if rng.random() < 0.3:
        text = rng.choice(
            (
                f"{rng.choice(words.NAMES)}: {text}",
                f"{text} {rng.choice(words.NAMES)}",
                f"Note {identifier(rng)}. {text}",
            )
        )
    return text, labels


def note_to_object(rng: random.Random) -> Messages:
    """Ask for a note as a JSON object: keys listed, or always all of a topic's keys."""
    topic = rng.choice(list(TOPICS))
    keys = rng.sample(TOPICS[topic][1], rng.randint(2, 4))
    text, labels = note(rng, topic, keys)
    first = rng.random() < 0.7
    order = [topic, *keys] if first else [*keys, topic]
    answer = json.dumps({key: labels[key] for key in order})
    request = ", ".join(order)
    user = rng.choice(
        (
            f"Fill in {request}.\n{text}",
            f"{text}\nKeys: {request}",
            f"Note: {text}\nForm: {request}",
            f"As JSON ({request}): {text}",
        )
    )
    return turn(user, answer)


def topic_form(rng: random.Random) -> Messages:
    """Ask for a topic's fixed form, without naming its keys: the first three of them, always in one order."""
    topic = rng.choice(list(TOPICS))
    keys = list(TOPICS[topic][1][:3])
    text, labels = note(rng, topic, keys)
    answer = json.dumps({key: labels[key] for key in (topic, *keys)})
    return turn(f"{capital(topic)}: {text}", answer)


def note_to_label(rng: random.Random) -> Messages:
    """Ask for one value only, with or without the choices."""
    topic = rng.choice(list(TOPICS))
    keys = rng.sample(TOPICS[topic][1], rng.randint(1, 3))
    text, labels = note(rng, topic, keys)
    key = rng.choice(keys)
    choices = rng.sample(list(ASPECTS[key]), len(ASPECTS[key]))
    user = rng.choice(
        (
            f"{text}\nWhat is the {key}?",
            f"Choose the {key}: {', '.join(choices)}.\n{text}",
            f"{key} of this note: {text}",
        )
    )
    return turn(user, rng.choice((labels[key], labels[key], capital(labels[key]) + ".")))


def invented_labels(rng: random.Random) -> Messages:
    """Label notes by made-up words that examples in the same conversation tell: learning from the context."""
    key = rng.choice(list(ASPECTS))
    values = rng.sample(list(ASPECTS[key]), 2)
    codes = rng.sample([identifier(rng).lower() for _ in range(2)] + rng.sample(sorted(words.ADJECTIVES), 2), 2)
    messages: Messages = []
    order = [0, 1] if rng.random() < 0.5 else [1, 0]
    order += [rng.randrange(2) for _ in range(rng.randint(1, 4))]
    for which in order:
        phrase = capital(rng.choice(ASPECTS[key][values[which]])) + "."
        messages += turn(phrase, json.dumps({"kind": codes[which]}) if len(messages) % 4 > 5 else codes[which])
    return messages
