"""Sentences of the small world, and the small tools that the skills write them with."""

import random

from sample_data.pretraining import words

Messages = list[dict[str, str]]


def turn(user: str, assistant: str, system: str = "") -> Messages:
    """Make a conversation of one question and one answer."""
    head = [{"role": "system", "content": system}] if system else []
    return [*head, {"role": "user", "content": user}, {"role": "assistant", "content": assistant}]


def capital(text: str) -> str:
    """Write the first letter large."""
    return text[:1].upper() + text[1:]


def misspell(rng: random.Random, text: str, rate: float = 0.03) -> str:
    """Drop, double or swap letters here and there."""
    letters = list(text)
    for place in range(1, len(letters) - 1):
        if letters[place].isalpha() and rng.random() < rate:
            kind = rng.randrange(3)
            if kind == 0:
                letters[place] = ""
            elif kind == 1:
                letters[place] *= 2
            else:
                letters[place], letters[place + 1] = letters[place + 1], letters[place]
    return "".join(letters)


def some_thing(rng: random.Random) -> str:
    """Name a thing, often with an adjective or a colour."""
    noun = rng.choice(
        words.THINGS[rng.choice(("animal", "fruit", "vegetable", "furniture", "clothing", "plant", "tool"))]
    )
    adjective = rng.choice((*words.ADJECTIVES, *words.COLOURS)) if rng.random() < 0.6 else ""
    phrase = f"{adjective} {noun}".strip()
    article = rng.choice(("the", "a", "her", "his", "my", "our"))
    return f"{'an' if article == 'a' and phrase[0] in 'aeiou' else article} {phrase}"


def sentence(rng: random.Random, name: str = "") -> str:
    """Tell one small thing that somebody did."""
    who = name or rng.choice(
        (rng.choice(words.NAMES), f"The {rng.choice(words.THINGS['job'])}", "My sister", "We", "I", "They")
    )
    deed = rng.choice(words.DEEDS).format(a=some_thing(rng))
    tail = rng.choice((rng.choice(words.PLACES), rng.choice(words.TIMES), ""))
    return f"{who} {deed} {tail}".strip() + "."


def identifier(rng: random.Random) -> str:
    """Make a short code of letters and digits."""
    return "".join(rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(rng.randint(1, 2))) + str(
        rng.randint(10, 99999)
    )
