"""Exercises: copies, look-up of keys and values, extraction, lists, small sums, spelling."""

import json
import random

from sample_data.pretraining import words
from sample_data.pretraining.aspects import TOPICS
from sample_data.pretraining.common import COMMON
from sample_data.pretraining.notes import note
from sample_data.pretraining.sentences import (
    Messages,
    capital,
    identifier,
    misspell,
    sentence,
    turn,
)


def copy_text(rng: random.Random) -> Messages:
    """Repeat a sentence, part of it, or words in a row, exactly."""
    text = rng.choice((sentence(rng), rng.choice(words.SAYINGS), rng.choice(words.SAYINGS) + " " + sentence(rng)))
    user = rng.choice(
        ("Repeat: {t}", "Copy this line.\n{t}", "Say it again: {t}", "{t}\nWrite the line above once more.")
    )
    return turn(user.format(t=text), text)


def copy_codes(rng: random.Random) -> Messages:
    """Repeat codes and made-up words exactly."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    parts = [
        identifier(rng)
        if rng.random() < 0.3
        else capital("".join(rng.choice(letters) for _ in range(rng.randint(2, 7))))
        if rng.random() < 0.5
        else "".join(rng.choice(letters) for _ in range(rng.randint(2, 8)))
        for _ in range(rng.randint(1, 8))
    ]
    text = rng.choice((" ", ", ", "-")).join(parts)
    return turn(f"{rng.choice(('Repeat', 'Copy', 'Again'))}: {text}", text)


def copy_long(rng: random.Random) -> Messages:
    """Repeat a long row of words, names and codes, or a whole note: what teaches to read back what stands before."""
    kind = rng.randrange(4)
    if kind == 0:
        topic = rng.choice(list(TOPICS))
        text = note(rng, topic, rng.sample(TOPICS[topic][1], 3))[0]
    else:
        pools = (COMMON, words.NAMES, COMMON + words.NAMES)
        pool = pools[kind - 1]
        row = [identifier(rng) if rng.random() < 0.08 else rng.choice(pool) for _ in range(rng.randint(8, 40))]
        text = rng.choice((" ", " ", ", ")).join(row)
    return turn(f"{rng.choice(('Repeat', 'Copy', 'Say it again', 'Again'))}: {text}", text)


def word_row(rng: random.Random) -> Messages:
    """Repeat, join or pick from a row of common words, so that each word is both read and written."""
    row = [
        rng.choice(COMMON) if rng.random() < 0.85 else capital(rng.choice(COMMON)) for _ in range(rng.randint(3, 10))
    ]
    choice = rng.randrange(5)
    if choice == 0:
        return turn(f"Last word? {' '.join(row)}", row[-1])
    if choice == 1:
        return turn(f"What comes after {row[1]}? {' '.join(row)}", row[row.index(row[1]) + 1])
    if choice == 2:
        return turn(
            f"As JSON: {row[0]} is {row[1]}, {row[2]} is {row[-1]}", json.dumps({row[0]: row[1], row[2]: row[-1]})
        )
    return turn(f"{rng.choice(('Repeat', 'Copy', 'Say it again'))}: {' '.join(row)}", " ".join(row))


def look_up(rng: random.Random) -> Messages:
    """Give the value of one key of a list."""
    keys = rng.sample([*COMMON, *words.THINGS["animal"], *words.THINGS["tool"], *words.NAMES[:40]], rng.randint(3, 6))
    values = [
        rng.choice((rng.choice(words.COLOURS), str(rng.randint(1, 999)), rng.choice(COMMON), identifier(rng)))
        for _ in keys
    ]
    key = rng.randrange(len(keys))
    form = rng.random()
    if form < 0.4:
        text = "\n".join(f"{k}: {v}" for k, v in zip(keys, values, strict=True))
    elif form < 0.7:
        text = json.dumps(dict(zip(keys, values, strict=True)))
    else:
        text = ", ".join(f"{k} = {v}" for k, v in zip(keys, values, strict=True))
    return turn(
        f"{text}\n{rng.choice(('What is {k}?', '{k}?', 'Give me the value of {k}.')).format(k=keys[key])}", values[key]
    )


def extract(rng: random.Random) -> Messages:
    """Take a name, a day, a code or a colour out of a sentence, as text or as an object."""
    name, day, code, colour = (
        rng.choice(words.NAMES),
        rng.choice(words.THINGS["day"]),
        identifier(rng),
        rng.choice(words.COLOURS),
    )
    noun = rng.choice(words.THINGS[rng.choice(("animal", "clothing", "tool"))])
    text = rng.choice(
        (
            "On {d} {n} left a {c} {t} under number {i}.",
            "{n} came on {d} for the {c} {t}, see {i}.",
            "{i}: the {c} {t} of {n}, {d}.",
            "The {c} {t} is with {n} until {d}. Its mark is {i}.",
            "I am {n}. My {c} {t} ({i}) got lost on {d}.",
        )
    ).format(d=day, n=name, c=colour, t=noun, i=code)
    facts = {"name": name, "day": day, "mark": code, "colour": colour, "thing": noun}
    keys = rng.sample(list(facts), rng.randint(1, 3))
    if rng.random() < 0.5:
        return turn(f"{text}\n{', '.join(keys)}?", ", ".join(facts[key] for key in keys))
    return turn(f"Take {', '.join(keys)} from: {text}", json.dumps({key: facts[key] for key in keys}))


def lists(rng: random.Random) -> Messages:
    """Sort, reverse, count, filter or name the kind of things."""
    kind = rng.choice(list(words.THINGS))
    members = rng.sample(words.THINGS[kind], min(len(words.THINGS[kind]), rng.randint(3, 5)))
    row = ", ".join(members)
    choice = rng.randrange(7)
    if choice == 0:
        return turn(f"Sort by letter: {row}", ", ".join(sorted(members)))
    if choice == 1:
        return turn(f"Backwards: {row}", ", ".join(reversed(members)))
    if choice == 2:
        return turn(f"How many words? {row}", str(len(members)))
    if choice == 3:
        return turn(f"What are these? {row}", f"Each is a {kind}.")
    if choice == 4:
        return turn(f"Name {len(members)} of the kind {kind}.", "\n".join(f"- {member}" for member in members))
    if choice == 5:
        return turn(f"As a JSON list: {row}", json.dumps(members))
    other = rng.choice(words.THINGS[rng.choice([name for name in words.THINGS if name != kind])])
    mixed = [*members, other]
    rng.shuffle(mixed)
    return turn(f"Which does not fit? {', '.join(mixed)}", other)


def small_sum(rng: random.Random) -> Messages:
    """Add, take away or compare small numbers."""
    a, b = rng.randint(0, 99), rng.randint(0, 20)
    return rng.choice(
        (
            turn(f"{a} + {b} =", str(a + b)),
            turn(f"What is {a + b} minus {b}?", str(a)),
            turn(f"Which is more, {a} or {b + 100}?", str(b + 100)),
        )
    )


def respell(rng: random.Random) -> Messages:
    """Mend misspelt sentences."""
    text = sentence(rng) + (" " + rng.choice(words.SAYINGS) if rng.random() < 0.5 else "")
    return turn(f"Mend the spelling: {misspell(rng, text, 0.06)}", text)
